#pragma once
// Groups of this machine, by name.

#include <sys/types.h>

#include <optional>
#include <string>

namespace wgospf::daemon {

/// The id of a group; nullopt when there is none of that name. May be called on any thread, and may wait for
/// a directory service.
[[nodiscard]] std::optional<gid_t> find_group(const std::string& name);

}  // namespace wgospf::daemon
