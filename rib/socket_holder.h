#pragma once
// Who has bound a Unix stream socket of this network namespace to a name. Any user may bind an abstract name,
// so the answer decides whether the name means anything.

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <optional>

namespace wgospf::rib {

/// What can be seen from here; nothing at all when the name has become free meanwhile.
struct SocketHolder {
  std::optional<uid_t> user{};
  std::optional<pid_t> process{};  ///< only of one that listens and has room for another connection
  bool listens = false;
};

[[nodiscard]] SocketHolder find_holder(const sockaddr_un& address, socklen_t length);

}  // namespace wgospf::rib
