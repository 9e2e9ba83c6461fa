#include "rib/socket_holder.h"

#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string_view>

#include "net/netlink_socket.h"

namespace wgospf::rib {

namespace {

/// There may be many sockets.
constexpr std::chrono::seconds kPatience{10};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int operator*() const { return number_; }

 private:
  int number_;
};

/// By connecting, which only one that listens allows, and only as often as its backlog has room.
SocketHolder listener_at(const sockaddr_un& address, socklen_t length) {
  const Descriptor client(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (*client < 0) return {};
  if (connect(*client, reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    return {.listens = errno == EAGAIN};  // no room in its backlog
  }
  if (getsockopt(*client, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {.listens = true};
  SocketHolder holder{.user = credentials.uid, .listens = true};
  if (credentials.pid > 0) holder.process = credentials.pid;
  return holder;
}

/// The user in a unix_diag_msg about a socket with this name, in whatever state it is.
std::optional<uid_t> user_in(netlink::Bytes message, std::string_view name) {
  const auto body = netlink::header_at<unix_diag_msg>(message, sizeof(nlmsghdr));
  if (netlink::header_of(message).nlmsg_type != SOCK_DIAG_BY_FAMILY || !body) return std::nullopt;
  // Connections that nobody has accepted bear the listener's name and have no inode.
  if (body->udiag_type != SOCK_STREAM || body->udiag_ino == 0) return std::nullopt;
  bool named = false;
  std::optional<uid_t> user;
  const auto attributes = netlink::attributes_of<unix_diag_msg>(message);
  netlink::for_each_attribute(attributes, [&](std::uint16_t type, netlink::Bytes value) {
    const std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
    if (type == UNIX_DIAG_NAME) named = text == name;
    if (type == UNIX_DIAG_UID) user = netlink::header_at<uid_t>(value);
  });
  return named ? user : std::nullopt;
}

/// By asking the kernel for its sockets (CONFIG_UNIX_DIAG).
std::optional<uid_t> owner_of(std::string_view name) {
  auto diag = netlink::Socket::open({.protocol = NETLINK_SOCK_DIAG, .place = "the kernel's sockets"});
  if (!diag) return std::nullopt;
  netlink::MessageBuffer request;
  request.begin(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP);
  unix_diag_req wanted{};
  wanted.sdiag_family = AF_UNIX;
  wanted.udiag_states = ~0U;
  wanted.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_UID;
  request.put_header(wanted);
  request.end();
  std::optional<uid_t> owner;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  (void)diag->request(request.bytes(), deadline, [&](netlink::Bytes message) -> Result<void> {
    if (const auto user = user_in(message, name)) owner = user;
    return {};
  });
  return owner;
}

}  // namespace

SocketHolder find_holder(const sockaddr_un& address, socklen_t length) {
  const SocketHolder listener = listener_at(address, length);
  if (listener.user) return listener;
  return {.user = owner_of({address.sun_path, length - offsetof(sockaddr_un, sun_path)}),
          .listens = listener.listens};
}

}  // namespace wgospf::rib
