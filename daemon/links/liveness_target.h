#pragma once

#include <optional>

#include "daemon/links/liveness.h"
#include "wgadapter/icmp_echo.h"
#include "wgadapter/key.h"

namespace wgospf::daemon {

/// How the neighbour of a link is asked whether it is there, and how long it is waited for.
struct LivenessTarget {
  wg::EchoTarget echo{};          ///< the destination is the neighbour's
  std::optional<wg::Key> peer{};  ///< of a device with a link for each; nullopt: the only one
  Liveness::Settings settings{};
};

}  // namespace wgospf::daemon
