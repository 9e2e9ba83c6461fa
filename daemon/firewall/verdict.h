#pragma once
// What the packet filter does with a packet, as far as its rules tell (ruleset.h). Pure.
//
// A rule whose condition cannot be decided here (a mark, a rate, an address that is not known) is taken to
// apply and not to apply: what can become of the packet is then more than one thing, and the answer is that it
// is not known. So neither "passes" nor "dropped" is ever said of a packet that may fare otherwise.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/firewall/ruleset.h"
#include "net/ip.h"

namespace wgospf::daemon::firewall {

/// An IPv4 packet. What is not given may be anything.
struct Packet {
  enum class Way : std::uint8_t { in, through, out };
  Way way = Way::in;
  std::optional<std::string> in{}, out{};  ///< interfaces; `in` is none for Way::out, `out` for Way::in
  std::optional<std::uint8_t> protocol{};
  std::optional<std::uint16_t> destination_port{};
  std::optional<Ipv4Address> source{}, destination{};
  std::string connection_state = "new";
};

/// A chain, as a command names it.
struct ChainName {
  std::string family{}, table{}, name{};
  bool operator==(const ChainName&) const = default;
};

struct Fate {
  enum class Kind : std::uint8_t { passes, dropped, unknown };
  Kind kind = Kind::passes;
  std::string by{};  ///< where it is dropped, or may be: "chain input of table inet filter (policy)"
  /// The base chains that do not surely let it pass, where a rule in front of the others does.
  std::vector<ChainName> chains{};
};

[[nodiscard]] Fate fate_of(const Packet& packet, const Ruleset& ruleset);

}  // namespace wgospf::daemon::firewall
