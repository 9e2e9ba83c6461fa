#include "rib/socket_holder.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <string_view>

#include "rib/attribute.h"
#include "rib/message.h"

namespace wgospf::rib {

namespace {

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
std::optional<uid_t> user_in(std::span<const std::byte> message, std::string_view name) {
  const auto body = header_at<unix_diag_msg>(message, sizeof(nlmsghdr));
  if (message_type(message) != SOCK_DIAG_BY_FAMILY || !body) return std::nullopt;
  // Connections that nobody has accepted bear the listener's name and have no inode.
  if (body->udiag_type != SOCK_STREAM || body->udiag_ino == 0) return std::nullopt;
  bool named = false;
  std::optional<uid_t> user;
  const auto attributes = message.subspan(sizeof(nlmsghdr) + sizeof(unix_diag_msg));
  for_each_attribute(attributes, [&](std::uint16_t type, std::span<const std::byte> value) {
    const std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
    if (type == UNIX_DIAG_NAME) named = text == name;
    if (type == UNIX_DIAG_UID) user = header_at<uid_t>(value);
  });
  return named ? user : std::nullopt;
}

/// By asking the kernel for its sockets (CONFIG_UNIX_DIAG).
std::optional<uid_t> owner_of(std::string_view name) {
  const Descriptor diag(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  MessageBuffer request;
  request.begin(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1);
  unix_diag_req wanted{};
  wanted.sdiag_family = AF_UNIX;
  wanted.udiag_states = ~0U;
  wanted.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_UID;
  request.put_header(wanted);
  request.end();
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (*diag < 0 || sendto(*diag, request.bytes().data(), request.bytes().size(), 0,
                          reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel)) < 0) {
    return std::nullopt;
  }
  std::optional<uid_t> owner;
  std::array<std::byte, 32768> buffer{};
  for (bool done = false; !done;) {
    const ssize_t received = recv(*diag, buffer.data(), buffer.size(), 0);
    if (received <= 0) return owner;
    for_each_message(std::span(buffer).first(static_cast<std::size_t>(received)), [&](auto message) {
      const std::uint16_t type = message_type(message);
      done = done || type == NLMSG_DONE || type == NLMSG_ERROR;
      if (const auto user = user_in(message, name)) owner = user;
    });
  }
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
