#pragma once
// A configuration that waits for its confirmation, or did not get it, in the state directory: with the one that was in
// force before, which runs at a next start as long as the file is the unconfirmed one. Any thread.

#include <optional>
#include <string>

#include "daemon/config/config.h"
#include "net/result.h"

namespace wgospf::daemon {

/// Written to the disk when it returns.
[[nodiscard]] Result<void> write_unconfirmed(const Config& former, const Config& unconfirmed);
/// Nothing waits any more. Harmless when nothing did.
[[nodiscard]] Result<void> remove_unconfirmed(const std::string& state_directory);

/// The former configuration, if `config` is the one that was not confirmed; what is known of another one is
/// forgotten then. The error says why a former one cannot be used.
[[nodiscard]] Result<std::optional<Config>> former_instead_of(const Config& config);

}  // namespace wgospf::daemon
