#include "wgadapter/ospf_socket.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wgospf::wg {
namespace {

constexpr int kProtocolOspf = 89;
constexpr int kTosInternetworkControl = 0xc0;
constexpr int kPriorityControl = 7;
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

in_addr to_in_addr(Ipv4Address address) {
  return in_addr{htonl(address.value)};
}

/// Drops what this host sent itself: another OSPF program beside us may leave multicast looping on.
Result<void> attach_filter(int fd) {
  std::array<sock_filter, 4> code{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_LOOPBACK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  }};
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
    return system_error(errno, "cannot attach a filter to the OSPF socket");
  return {};
}

Result<void> set_int(int fd, int level, int option, int value, const char* name) {
  if (::setsockopt(fd, level, option, &value, sizeof(value)) == 0) return {};
  return system_error(errno, std::string("cannot set ") + name + " of the OSPF socket");
}

/// The buffer's size beyond the system's limit where we may, else up to the limit.
void set_buffer(int fd, int force_option, int option, int bytes) {
  if (::setsockopt(fd, SOL_SOCKET, force_option, &bytes, sizeof(bytes)) != 0)
    (void)::setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes));
}

/// For an interface that is down and for a source that is not ours the kernel says ENETUNREACH alike (it
/// looks for no route when a socket is bound), so that the true reason must be looked for.
int true_reason(int fd, int error_number, const std::string& interface, bool source_given) {
  if (error_number != ENETUNREACH) return error_number;
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) == 0) return ENETDOWN;
  return source_given ? EADDRNOTAVAIL : ENETUNREACH;
}

/// What a failed send means here, and what helps.
Error explain_send(int error_number, const std::string& interface, Ipv4Address destination,
                   std::optional<Ipv4Address> source) {
  const std::string to = destination.to_string();
  const std::string place = "cannot send OSPF to " + to + " on " + interface + ": ";
  switch (error_number) {
    case ENOKEY:
      return {ErrorCode::no_route,
              place + "no peer's allowed-ips cover it; add " + to + "/32 to the neighbour's allowed-ips",
              error_number};
    case EDESTADDRREQ:
      return {ErrorCode::no_route,
              place + "the WireGuard peer has no endpoint; set one, or wait for its first packet",
              error_number};
    case ENETDOWN:
      return {ErrorCode::link_down, place + "the interface is down; set it up", error_number};
    case ENODEV:
    case ENXIO:
      return {ErrorCode::link_down, place + "the interface was removed; open another socket when it is back",
              error_number};
    case ENOBUFS:
    case EAGAIN:
      return {ErrorCode::would_block, place + "out of buffers; the queue drains by itself", error_number};
    case EMSGSIZE:
      return {ErrorCode::too_large, place + "the packet is longer than an IP datagram can be", error_number};
    case EINVAL:
    case EADDRNOTAVAIL:
      return {ErrorCode::invalid,
              place + "the source " + (source ? source->to_string() : std::string("address")) +
                  " is not an address of this host; add it, or configure another one",
              error_number};
    case ENETUNREACH:
    case EHOSTUNREACH:
      return {ErrorCode::no_route, place + "no route; give the interface or the loopback an address",
              error_number};
    case EPERM:
    case EACCES:
      return {ErrorCode::permission, place + "refused by the local firewall; allow protocol 89 out",
              error_number};
    default:
      return system_error(error_number, place.substr(0, place.size() - 2));
  }
}

/// The interface that packet info names; 0 when the kernel attached none.
std::uint32_t arrival_interface(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO) continue;
    in_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(c), sizeof(info));
    return static_cast<std::uint32_t>(info.ipi_ifindex);
  }
  return 0;
}

}  // namespace

std::optional<Datagram> parse_ip_datagram(std::span<const std::uint8_t> packet, std::uint32_t ifindex) {
  if (packet.size() < 20 || (packet[0] >> 4) != 4) return std::nullopt;
  const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
  const std::size_t total = static_cast<std::size_t>((packet[2] << 8) | packet[3]);
  const int fragment = ((packet[6] << 8) | packet[7]) & 0x3fff;  // "more fragments" and the offset
  if (header < 20 || total < header || total > packet.size()) return std::nullopt;
  if (packet[9] != kProtocolOspf || fragment != 0) return std::nullopt;
  const auto address = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = (value << 8) | packet[at + i];
    return Ipv4Address{value};
  };
  return Datagram{address(12), address(16), ifindex, packet[8], packet.subspan(header, total - header)};
}

OspfSocket::OspfSocket(int fd, std::string interface, std::uint32_t ifindex, OspfSocketOptions options)
    : fd_(fd), interface_(std::move(interface)), ifindex_(ifindex), options_(options) {}

OspfSocket::OspfSocket(OspfSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      interface_(std::move(other.interface_)),
      ifindex_(other.ifindex_),
      options_(other.options_),
      counters_(other.counters_),
      joined_all_d_routers_(other.joined_all_d_routers_) {}

OspfSocket& OspfSocket::operator=(OspfSocket&& other) noexcept {
  if (this == &other) return *this;
  if (fd_ >= 0) ::close(fd_);
  fd_ = std::exchange(other.fd_, -1);
  interface_ = std::move(other.interface_);
  ifindex_ = other.ifindex_;
  options_ = other.options_;
  counters_ = other.counters_;
  joined_all_d_routers_ = other.joined_all_d_routers_;
  return *this;
}

OspfSocket::~OspfSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<OspfSocket> OspfSocket::open(const std::string& interface, std::uint32_t ifindex,
                                    OspfSocketOptions options) {
  if (interface.empty() || interface.size() >= IFNAMSIZ)
    return Error{ErrorCode::invalid, "'" + interface + "' is no interface name: 1 to 15 characters"};
  const int fd = ::socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, kProtocolOspf);
  if (fd < 0) return system_error(errno, "cannot open a raw OSPF socket for " + interface);
  OspfSocket socket(fd, interface, ifindex, options);
  if (auto done = socket.configure(); !done) return done.error();
  return socket;
}

Result<void> OspfSocket::configure() {
  if (::setsockopt(fd_, SOL_SOCKET, SO_BINDTODEVICE, interface_.c_str(),
                   static_cast<socklen_t>(interface_.size() + 1)) != 0) {
    if (errno == ENODEV)
      return Error{ErrorCode::not_found,
                   "interface " + interface_ + " does not exist in this network namespace; create it",
                   ENODEV};
    return system_error(errno, "cannot bind an OSPF socket to " + interface_);
  }
  // The name may have passed to a new interface since the caller learnt the ifindex.
  std::uint32_t bound = 0;
  socklen_t length = sizeof(bound);
  if (::getsockopt(fd_, SOL_SOCKET, SO_BINDTOIFINDEX, &bound, &length) != 0)
    return system_error(errno, "cannot read the binding of the OSPF socket on " + interface_);
  if (bound != ifindex_)
    return Error{ErrorCode::not_found,
                 "interface " + interface_ + " was created anew meanwhile; read the links again"};
  if (auto done = attach_filter(fd_); !done) return done;

  struct Option {
    int level, name, value;
    const char* text;
  };
  // IP_TOS sets the priority too, so SO_PRIORITY comes after it. IP_MULTICAST_ALL off: of groups that others
  // on this host have joined, this socket wants nothing.
  const std::array<Option, 8> list{{
      {IPPROTO_IP, IP_TTL, 1, "IP_TTL"},
      {IPPROTO_IP, IP_MULTICAST_TTL, 1, "IP_MULTICAST_TTL"},
      {IPPROTO_IP, IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP"},
      {IPPROTO_IP, IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL"},
      {IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO"},
      {IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER"},
      {IPPROTO_IP, IP_TOS, kTosInternetworkControl, "IP_TOS"},
      {SOL_SOCKET, SO_PRIORITY, kPriorityControl, "SO_PRIORITY"},
  }};
  for (const Option& option : list)
    if (auto done = set_int(fd_, option.level, option.name, option.value, option.text); !done) return done;
  set_buffer(fd_, SO_RCVBUFFORCE, SO_RCVBUF, options_.receive_buffer);
  set_buffer(fd_, SO_SNDBUFFORCE, SO_SNDBUF, options_.send_buffer);

  ip_mreqn outgoing{};
  outgoing.imr_ifindex = static_cast<int>(ifindex_);
  if (::setsockopt(fd_, IPPROTO_IP, IP_MULTICAST_IF, &outgoing, sizeof(outgoing)) != 0)
    return system_error(errno, "cannot send multicast out of " + interface_);
  if (options_.joining == Joining::later) return {};
  return rejoin();
}

Result<void> OspfSocket::change_membership(int option, Ipv4Address group) {
  ip_mreqn membership{};
  membership.imr_multiaddr = to_in_addr(group);
  membership.imr_ifindex = static_cast<int>(ifindex_);
  if (::setsockopt(fd_, IPPROTO_IP, option, &membership, sizeof(membership)) == 0) return {};
  // Already a member, or no longer one: what was asked for holds.
  if (errno == EADDRINUSE || (option == IP_DROP_MEMBERSHIP && errno == EADDRNOTAVAIL)) return {};
  return system_error(errno, "cannot change the membership of " + interface_ + " in " + group.to_string());
}

Result<void> OspfSocket::rejoin() {
  // The kernel keeps a membership by ifindex when the interface has gone, and would take a new one for it.
  (void)change_membership(IP_DROP_MEMBERSHIP, Ipv4Address{0xe0000005});
  if (auto done = change_membership(IP_ADD_MEMBERSHIP, Ipv4Address{0xe0000005}); !done) return done;
  if (!joined_all_d_routers_) return {};
  (void)change_membership(IP_DROP_MEMBERSHIP, Ipv4Address{0xe0000006});
  return join_all_d_routers();
}

Result<void> OspfSocket::join_all_d_routers() {
  joined_all_d_routers_ = true;
  return change_membership(IP_ADD_MEMBERSHIP, Ipv4Address{0xe0000006});
}

Result<void> OspfSocket::leave_all_d_routers() {
  joined_all_d_routers_ = false;
  return change_membership(IP_DROP_MEMBERSHIP, Ipv4Address{0xe0000006});
}

Result<void> OspfSocket::send(Ipv4Address destination, std::span<const std::uint8_t> packet,
                              std::optional<Ipv4Address> source) {
  if (!source) source = options_.source;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr = to_in_addr(destination);
  iovec data{const_cast<std::uint8_t*>(packet.data()), packet.size()};
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = sizeof(to);
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> control{};
  if (source) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
    in_pktinfo info{};
    info.ipi_ifindex = static_cast<int>(ifindex_);
    info.ipi_spec_dst = to_in_addr(*source);
    std::memcpy(CMSG_DATA(c), &info, sizeof(info));
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    ++counters_.send_errors;
    return explain_send(true_reason(fd_, errno, interface_, source.has_value()), interface_, destination,
                        source);
  }
  ++counters_.sent;
  return {};
}

Result<std::optional<Datagram>> OspfSocket::receive(std::span<std::uint8_t> buffer) {
  for (;;) {
    iovec data{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, 128> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(fd_, &message, MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return std::optional<Datagram>{};
      return system_error(errno, "cannot receive OSPF on " + interface_);
    }
    // Between its creation and its binding the socket hears every interface; such packets are not ours.
    if (arrival_interface(message) != ifindex_) continue;
    const auto datagram =
        (message.msg_flags & MSG_TRUNC) != 0
            ? std::nullopt
            : parse_ip_datagram(std::span<const std::uint8_t>(buffer.data(), static_cast<std::size_t>(got)),
                                ifindex_);
    if (!datagram) {
      ++counters_.malformed;
      continue;
    }
    ++counters_.received;
    return std::optional<Datagram>(*datagram);
  }
}

}  // namespace wgospf::wg
