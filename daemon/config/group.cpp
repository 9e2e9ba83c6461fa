#include "daemon/config/group.h"

#include <grp.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace wgospf::daemon {

std::optional<gid_t> find_group(const std::string& name) {
  constexpr std::size_t kRoom = 1 << 12, kRoomMost = 1 << 24;  // of the list of a group's members
  for (std::size_t room = kRoom; room <= kRoomMost; room *= 4) {
    std::vector<char> text(room);
    ::group entry{};
    ::group* found = nullptr;
    const int status = ::getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
    if (status == ERANGE) continue;
    if (found == nullptr) return std::nullopt;
    return found->gr_gid;
  }
  return std::nullopt;
}

}  // namespace wgospf::daemon
