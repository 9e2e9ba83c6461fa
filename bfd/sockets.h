#pragma once
// The sockets of BFD over UDP (RFC 5881): for each interface and family one that hears port 3784, for each session
// one that sends. All are bound to their interface, so that what a packet came from is a fact and not a guess.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "bfd/table.h"
#include "net/ip.h"
#include "net/result.h"

namespace wgospf::bfd {

/// RFC 5881 4.
inline constexpr std::uint16_t kPort = 3784;

/// A file descriptor that closes itself.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Where sockets are: the interface by its name, which must be that of the ifindex.
struct Device {
  std::string name{};
  std::uint32_t ifindex = 0;
  auto operator<=>(const Device&) const = default;
};

/// Hears what comes to port 3784 on the device, with its TTL. Errors: the port is another program's, the device is
/// gone or created anew, permission.
[[nodiscard]] Result<Socket> open_receiver(const Device& device, Family family);
/// Sends from the address, from a port of 49152 to 65535 that is its own, with TTL 255 (RFC 5881 4 and 5), and hears
/// nothing.
[[nodiscard]] Result<Socket> open_sender(const Device& device, const IpAddress& source, std::uint32_t seed);

struct Received {
  IpAddress source{};
  std::uint8_t ttl = 0;
  std::span<const std::byte> payload{};  ///< of the buffer
};
/// The next packet into `buffer`; nullopt when there is none now.
[[nodiscard]] Result<std::optional<Received>> receive(const Socket& socket, std::span<std::byte> buffer);
[[nodiscard]] Result<void> send(const Socket& socket, const Place& to, std::span<const std::byte> payload);

}  // namespace wgospf::bfd
