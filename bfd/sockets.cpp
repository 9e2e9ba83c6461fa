#include "bfd/sockets.h"

#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wgospf::bfd {

namespace {

constexpr int kSentTtl = 255;
constexpr int kTosInternetworkControl = 0xc0;
/// What the kernel lets pass first; more needs a capability.
constexpr int kPriority = 6;
/// RFC 5881 4: the source port.
constexpr std::uint32_t kFirstPort = 49152, kPorts = 65536 - 49152;
constexpr unsigned kPortsTried = 64;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const IpAddress& address, std::uint16_t port, std::uint32_t ifindex) {
  SocketAddress result;
  if (const auto* v4 = std::get_if<Ipv4Address>(&address)) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    in.sin_addr.s_addr = htonl(v4->value);
    std::memcpy(&result.storage, &in, sizeof in);
    result.size = sizeof in;
    return result;
  }
  const auto& v6 = std::get<Ipv6Address>(address);
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  std::memcpy(&in.sin6_addr, v6.bytes.data(), v6.bytes.size());
  if (v6.is_link_local()) in.sin6_scope_id = ifindex;
  std::memcpy(&result.storage, &in, sizeof in);
  result.size = sizeof in;
  return result;
}

IpAddress address_of(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &storage, sizeof in);
    return Ipv4Address{ntohl(in.sin_addr.s_addr)};
  }
  sockaddr_in6 in{};
  std::memcpy(&in, &storage, sizeof in);
  Ipv6Address address;
  std::memcpy(address.bytes.data(), &in.sin6_addr, address.bytes.size());
  return address;
}

Result<void> set_int(const Socket& socket, int level, int name, int value) {
  if (::setsockopt(socket.fd(), level, name, &value, sizeof value) == 0) return {};
  return system_error(errno, "cannot prepare a BFD socket");
}

Result<Socket> open_on(const Device& device, Family family) {
  Socket socket{
      ::socket(family == Family::ipv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!socket) return system_error(errno, "cannot open a BFD socket for " + device.name);
  if (::setsockopt(socket.fd(), SOL_SOCKET, SO_BINDTODEVICE, device.name.c_str(),
                   static_cast<socklen_t>(device.name.size() + 1)) != 0)
    return system_error(errno, "cannot bind a BFD socket to " + device.name);
  // The name may have passed to a new interface since the caller learnt the ifindex.
  std::uint32_t bound = 0;
  socklen_t length = sizeof bound;
  if (::getsockopt(socket.fd(), SOL_SOCKET, SO_BINDTOIFINDEX, &bound, &length) != 0)
    return system_error(errno, "cannot read the binding of the BFD socket on " + device.name);
  if (bound != device.ifindex)
    return Error{ErrorCode::not_found, "interface " + device.name + " was created anew meanwhile"};
  return socket;
}

/// A classic BPF program that takes nothing.
Result<void> hear_nothing(const Socket& socket) {
  sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &drop};
  if (::setsockopt(socket.fd(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0) return {};
  return system_error(errno, "cannot prepare a BFD socket");
}

}  // namespace

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}
Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Socket> open_receiver(const Device& device, Family family) {
  auto socket = open_on(device, family);
  if (!socket) return socket;
  const bool is_v4 = family == Family::ipv4;
  // What comes from all neighbours of the device while this thread does not run.
  constexpr int kRoom = 8 << 20;
  if (::setsockopt(socket->fd(), SOL_SOCKET, SO_RCVBUFFORCE, &kRoom, sizeof kRoom) != 0)
    (void)set_int(*socket, SOL_SOCKET, SO_RCVBUF, kRoom);
  if (!is_v4) {
    if (auto done = set_int(*socket, IPPROTO_IPV6, IPV6_V6ONLY, 1); !done) return done.error();
  }
  const auto with_ttl = is_v4 ? set_int(*socket, IPPROTO_IP, IP_RECVTTL, 1)
                              : set_int(*socket, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  if (!with_ttl) return with_ttl.error();
  const auto any = socket_address(is_v4 ? IpAddress{Ipv4Address{}} : IpAddress{Ipv6Address{}}, kPort, 0);
  if (::bind(socket->fd(), any.get(), any.size) != 0) {
    if (errno == EADDRINUSE)
      return Error{EADDRINUSE, "UDP port 3784 (BFD) on " + device.name +
                                   " is another program's, FRR's bfdd or BIRD perhaps; stop that, or set "
                                   "bfd enabled: false"};
    return system_error(errno, "cannot hear BFD on " + device.name);
  }
  return socket;
}

Result<Socket> open_sender(const Device& device, const IpAddress& source, std::uint32_t seed) {
  const Family family = family_of(source);
  auto socket = open_on(device, family);
  if (!socket) return socket;
  const bool is_v4 = family == Family::ipv4;
  const int level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (auto done = set_int(*socket, level, is_v4 ? IP_TTL : IPV6_UNICAST_HOPS, kSentTtl); !done)
    return done.error();
  // Sets the priority too, so SO_PRIORITY comes after it.
  if (auto done = set_int(*socket, level, is_v4 ? IP_TOS : IPV6_TCLASS, kTosInternetworkControl); !done)
    return done.error();
  if (auto done = set_int(*socket, SOL_SOCKET, SO_PRIORITY, kPriority); !done) return done.error();
  if (auto done = hear_nothing(*socket); !done) return done.error();
  for (unsigned i = 0; i < kPortsTried; ++i) {
    const auto port = static_cast<std::uint16_t>(kFirstPort + (seed + i * 61U) % kPorts);
    const auto own = socket_address(source, port, device.ifindex);
    if (::bind(socket->fd(), own.get(), own.size) == 0) return socket;
    if (errno != EADDRINUSE)
      return system_error(errno, "cannot send BFD from " + to_string(source) + " on " + device.name);
  }
  return Error{EADDRINUSE, "no free UDP port from 49152 on to send BFD from on " + device.name};
}

Result<std::optional<Received>> receive(const Socket& socket, std::span<std::byte> buffer) {
  sockaddr_storage from{};
  iovec data{buffer.data(), buffer.size()};
  alignas(cmsghdr) std::array<char, 64> control{};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = -1;
  do {
    got = ::recvmsg(socket.fd(), &message, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    if (errno == EAGAIN) return std::optional<Received>{};
    return failure("cannot receive BFD", errno);
  }
  Received received{address_of(from), 0, buffer.first(static_cast<std::size_t>(got))};
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    const bool is_ttl = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
                        (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT);
    if (!is_ttl) continue;
    int ttl = 0;
    std::memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
    received.ttl = static_cast<std::uint8_t>(ttl);
  }
  return std::optional<Received>(received);
}

Result<void> send(const Socket& socket, const Place& to, std::span<const std::byte> payload) {
  const auto address = socket_address(to.neighbor, kPort, to.ifindex);
  ssize_t sent = -1;
  do {
    sent = ::sendto(socket.fd(), payload.data(), payload.size(), MSG_DONTWAIT | MSG_NOSIGNAL, address.get(),
                    address.size);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  return failure("cannot send BFD to " + to_string(to.neighbor), errno);
}

}  // namespace wgospf::bfd
