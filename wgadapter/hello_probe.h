#pragma once
// Hellos that come in on an interface, before the kernel decides on them.
//
// The kernel drops in silence what bears an address of its own as its source, and what its reverse path filter
// or its packet filter refuses; no raw socket ever hears of it. A packet socket does. This one lets nothing in
// but OSPF's hellos to 224.0.0.5, so that it costs who opens it a look at each IPv4 packet that comes in, and
// nothing of what goes out.

#include <cstdint>
#include <optional>
#include <string>

#include "net/ip.h"
#include "net/result.h"

namespace wgospf::wg {

class HelloProbe {
 public:
  /// Never waits. Errors: permission, unsupported, system.
  [[nodiscard]] static Result<HelloProbe> open(const std::string& interface, std::uint32_t ifindex);
  HelloProbe(HelloProbe&& other) noexcept;
  HelloProbe& operator=(HelloProbe&& other) noexcept;
  /// Waits for the kernel, some milliseconds.
  ~HelloProbe();

  struct Hello {
    Ipv4Address source{};
    std::uint32_t router_id = 0;
  };
  /// The last of those that came since the last call; nullopt when none did. Never waits.
  [[nodiscard]] std::optional<Hello> take();

 private:
  explicit HelloProbe(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace wgospf::wg
