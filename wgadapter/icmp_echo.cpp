#include "wgadapter/icmp_echo.h"

#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace wgospf::wg {
namespace {

/// linux/icmp.h, which does not go with net/if.h: the types that are left out, as bits.
constexpr int kIcmpFilter = 1;

/// RFC 1071.
std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += bytes[i] << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void put_u16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}

std::uint16_t u16_at(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}

sockaddr_in socket_address(Ipv4Address address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(address.value);
  return result;
}

Result<void> set_option(int fd, int level, int option, int value, const char* name) {
  if (::setsockopt(fd, level, option, &value, sizeof(value)) == 0) return {};
  return system_error(errno, std::string("cannot set ") + name);
}

/// The kernel hands over IPv4 packets with their header, and ICMPv6 messages without.
std::optional<EchoReply> reply6_in(std::span<const std::uint8_t> message) {
  if (message.size() < kIcmpHeader || message[0] != ICMP6_ECHO_REPLY) return std::nullopt;
  return EchoReply{u16_at(&message[4]), u16_at(&message[6]), message};
}

std::optional<EchoReply> reply_in(std::span<const std::uint8_t> packet) {
  if (packet.size() < kIpHeader + kIcmpHeader) return std::nullopt;
  const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
  if (header < kIpHeader || packet.size() < header + kIcmpHeader) return std::nullopt;
  const auto message = packet.subspan(header);
  if (message[0] != ICMP_ECHOREPLY) return std::nullopt;
  return EchoReply{u16_at(&message[4]), u16_at(&message[6]), message};
}

}  // namespace

EchoSocket::EchoSocket(EchoSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), destination_(other.destination_) {}

EchoSocket& EchoSocket::operator=(EchoSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(destination_, other.destination_);
  return *this;
}

EchoSocket::~EchoSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<EchoSocket> EchoSocket::open(const EchoTarget& target) {
  const bool is_v6 = target.destination6.has_value();
  const IpAddress destination = is_v6 ? IpAddress(*target.destination6) : IpAddress(target.destination);
  EchoSocket socket(::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
                             is_v6 ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP)),
                    destination);
  const int fd = socket.fd_;
  if (fd < 0) return system_error(errno, "cannot open a socket for ICMP");
  if (is_v6) {
    icmp6_filter filter{};
    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    if (::setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) != 0)
      return system_error(errno, "cannot set ICMP6_FILTER");
  } else if (auto done = set_option(fd, SOL_RAW, kIcmpFilter, ~(1 << ICMP_ECHOREPLY), "ICMP_FILTER"); !done) {
    return done.error();
  }
  if (target.mark != 0)
    if (auto done = set_option(fd, SOL_SOCKET, SO_MARK, static_cast<int>(target.mark), "SO_MARK"); !done)
      return done.error();
  if (!target.device.empty())
    if (auto done = socket.bind_to_neighbor(target); !done) return done.error();
  if (auto done = socket.connect(); !done) return done.error();
  return socket;
}

Result<void> EchoSocket::bind_to_neighbor(const EchoTarget& target) const {
  if (::setsockopt(fd_, SOL_SOCKET, SO_BINDTODEVICE, target.device.c_str(),
                   static_cast<socklen_t>(target.device.size())) != 0)
    return system_error(errno, "cannot bind to " + target.device);
  if (::if_nametoindex(target.device.c_str()) != target.ifindex)
    return Error{ErrorCode::not_found, target.device + " is another interface by now"};
  if (auto done = set_option(fd_, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE, "IP_MTU_DISCOVER"); !done)
    return done;
  if (auto done = set_option(fd_, IPPROTO_IP, IP_TTL, 1, "IP_TTL"); !done) return done;
  if (!target.source) return {};
  const auto own = socket_address(*target.source);
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof(own)) != 0)
    return system_error(errno, "cannot send from " + target.source->to_string());
  return {};
}

Result<void> EchoSocket::connect() const {
  int done = 0;
  if (const auto* v4 = std::get_if<Ipv4Address>(&destination_)) {
    const auto peer = socket_address(*v4);
    done = ::connect(fd_, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer));
  } else {
    sockaddr_in6 peer{};
    peer.sin6_family = AF_INET6;
    std::memcpy(&peer.sin6_addr, std::get<Ipv6Address>(destination_).bytes.data(), sizeof(peer.sin6_addr));
    done = ::connect(fd_, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer));
  }
  if (done == 0) return {};
  return system_error(errno, "cannot send to " + to_string(destination_));
}

Result<void> EchoSocket::send(std::span<std::uint8_t> message, std::uint16_t identifier,
                              std::uint16_t sequence) const {
  const bool is_v6 = std::holds_alternative<Ipv6Address>(destination_);
  message[0] = is_v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
  message[1] = 0;
  put_u16(&message[2], 0);
  put_u16(&message[4], identifier);
  put_u16(&message[6], sequence);
  // That of ICMPv6 is the kernel's (RFC 3542 section 3.1).
  if (!is_v6) put_u16(&message[2], internet_checksum(message));
  if (::send(fd_, message.data(), message.size(), 0) >= 0) return {};
  // The queue is full, or an ICMP error came in answer to an earlier one, from whomever: as if it were lost.
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ECONNREFUSED ||
      errno == EHOSTUNREACH || errno == ENOPROTOOPT || errno == EPROTO || errno == EOPNOTSUPP)
    return {};
  return system_error(errno, "cannot send " + std::to_string(kIpHeader + message.size()) + " bytes to " +
                                 to_string(destination_));
}

bool EchoSocket::receive(int most, const std::function<void(const EchoReply&)>& heard) const {
  std::array<std::uint8_t, kIpDatagramMost> packet;
  for (int i = 0; i < most; ++i) {
    const auto length = ::recv(fd_, packet.data(), packet.size(), 0);
    if (length < 0) return false;
    const auto bytes = std::span(packet).first(static_cast<std::size_t>(length));
    const bool is_v6 = std::holds_alternative<Ipv6Address>(destination_);
    if (const auto reply = is_v6 ? reply6_in(bytes) : reply_in(bytes)) heard(*reply);
  }
  return true;
}

}  // namespace wgospf::wg
