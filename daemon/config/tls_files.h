#pragma once
// Whether the files of api.tls can be used, found out before anything listens.

#include <optional>
#include <string>

#include "daemon/config/api_options.h"

namespace wgospf::daemon {

struct TlsProblem {
  std::string field{};  ///< "certificate", "key" or "client-ca"
  std::string text{};   ///< what is wrong with the file and the cure, in words that follow the field's name
};
/// Certificates and key can be read, the key has no passphrase and is that of the certificate; nullopt when
/// all is well.
[[nodiscard]] std::optional<TlsProblem> problem_of_tls(const ApiTls& tls);

}  // namespace wgospf::daemon
