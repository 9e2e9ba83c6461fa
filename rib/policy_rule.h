#pragma once
// A routing policy rule of ours (ip-rule(8)), as a value. IPv4.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/ip.h"

namespace wgospf::rib {

/// The routing table for routes that tunnels' own datagrams must not follow. It belongs to the daemon whose table is
/// main.
inline constexpr std::uint32_t kApartTable = 8957;

/// Rules are asked in the order of their priorities; known as ours by their protocol (kProtocol).
struct PolicyRule {
  enum class Action : std::uint8_t {
    look_up,  ///< in `table`
    jump,     ///< to the rule of priority `target`, which must be there
    nothing,  ///< somewhere to jump to
  };
  std::uint32_t priority = 0;
  Action action = Action::look_up;
  std::uint32_t table = 0;
  std::uint32_t target = 0;
  std::uint32_t mark = 0, mask = 0;     ///< a datagram's mark and this mask; mask 0: whatever its mark
  bool inverted = false;                ///< "not": of datagrams that do not meet the conditions
  std::optional<Ipv4Address> source{};  ///< of datagrams from this address
  std::optional<Ipv4Address> destination{};
  bool is_local_udp = false;      ///< of UDP that is made on this machine
  std::uint16_t source_port = 0;  ///< of that; 0: whatever it is
  /// A route whose prefix is so long or shorter is passed over.
  std::optional<std::uint32_t> suppress_prefix_length{};
  auto operator<=>(const PolicyRule&) const = default;
};
/// As `ip rule add` takes it: "pref 5191 iif lo ipproto udp sport 51820 goto 5299".
[[nodiscard]] std::string to_string(const PolicyRule& rule);

/// All rules that are to be there.
struct WantedRules {
  std::uint64_t ticket = 0;  ///< grows
  std::vector<PolicyRule> rules{};
  /// What a former run left and is not among them goes, too; else it stays beside them.
  bool is_claimed = false;
};

}  // namespace wgospf::rib
