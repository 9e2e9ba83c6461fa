#include "wgadapter/hello_probe.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "wgadapter/device.h"

namespace wgospf::wg {
namespace {

constexpr std::uint8_t kProtocolOspf = 89;
constexpr std::uint8_t kHello = 1;
/// For a few hellos: what finds no room is not missed.
constexpr int kReceiveBuffer = 4096;
/// Packets that one take() looks at.
constexpr int kTaken = 64;

/// RFC 791 section 3.1 and RFC 2328 A.3.1: protocol, destination, and the type behind the IP header.
Result<void> attach_filter(int fd) {
  std::array<sock_filter, 9> code{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kProtocolOspf, 0, 6),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kAllSpfRouters.value, 0, 4),
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, 1),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kHello, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0) return {};
  return system_error(errno, "cannot attach a filter to a packet socket");
}

std::uint32_t word_at(const std::uint8_t* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = (value << 8) | bytes[i];
  return value;
}

}  // namespace

HelloProbe::HelloProbe(HelloProbe&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

HelloProbe& HelloProbe::operator=(HelloProbe&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

HelloProbe::~HelloProbe() {
  if (fd_ >= 0) ::close(fd_);
}

Result<HelloProbe> HelloProbe::open(const std::string& interface, std::uint32_t ifindex) {
  // Without a protocol until it is bound: it would hear every interface, and everything, at first.
  const int fd = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_error(errno, "cannot open a packet socket for " + interface);
  HelloProbe probe(fd);
  if (auto done = attach_filter(fd); !done) return done.error();
  (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_IP);
  address.sll_ifindex = static_cast<int>(ifindex);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return system_error(errno, "cannot bind a packet socket to " + interface);
  return probe;
}

std::optional<HelloProbe::Hello> HelloProbe::take() {
  constexpr std::size_t kAddressAt = 12, kRouterIdAt = 4, kWord = 4;
  std::optional<Hello> last;
  std::array<std::uint8_t, 128> packet{};
  for (int i = 0; i < kTaken; ++i) {
    const auto length = ::recv(fd_, packet.data(), packet.size(), 0);
    if (length < 0) break;
    const std::size_t header = static_cast<std::size_t>(packet[0] & 0x0f) * 4;
    if (static_cast<std::size_t>(length) < header + kRouterIdAt + kWord) continue;
    last = Hello{Ipv4Address{word_at(packet.data() + kAddressAt)},
                 word_at(packet.data() + header + kRouterIdAt)};
  }
  return last;
}

}  // namespace wgospf::wg
