#pragma once
// What a packet filter must let pass for the router to work, and whether it does. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/firewall/verdict.h"
#include "net/ip.h"

namespace wgospf::daemon::firewall {

/// A WireGuard device that OSPF runs on.
struct Tunnel {
  std::string name{};      ///< as the kernel calls it, as are all names here
  std::uint16_t port = 0;  ///< of its datagrams; 0: not known
  /// Where the datagrams of its peers come in, with the peer's address.
  struct Uplink {
    std::string name{};
    std::optional<Ipv4Address> peer{};
    bool operator==(const Uplink&) const = default;
  };
  std::vector<Uplink> uplinks{};
  bool must_be_called = false;  ///< a peer has no endpoint here, or has never answered: it must call first
  bool is_active = true;        ///< hellos are sent and taken
  std::vector<Ipv4Address> neighbors{};
  bool is_multicast = true;  ///< packets come to 224.0.0.5
  bool has_bfd = false;      ///< BFD is configured on some link over it
  bool operator==(const Tunnel&) const = default;
};

struct Needs {
  std::vector<Tunnel> tunnels{};
  std::vector<std::string> lans{};  ///< the other interfaces that are announced
  bool operator==(const Needs&) const = default;
};

struct Opening {
  enum class Kind : std::uint8_t {
    wireguard,  ///< UDP from the uplink
    ospf,       ///< protocol 89 over the tunnel
    bfd,        ///< UDP 3784 over the tunnel, for who uses BFD (RFC 5881)
    forwarding,
  };
  enum class State : std::uint8_t {
    unknown,
    open,
    closed,
    closed_to_new,  ///< what this side has begun passes: a peer cannot call first
  };
  Kind kind = Kind::ospf;
  Packet::Way way = Packet::Way::in;
  std::string tunnel{};     ///< whose it is
  std::string in{}, out{};  ///< interfaces; "": any
  std::uint16_t port = 0;   ///< UDP; 0: not of this kind
  State state = State::unknown;
  bool is_needed_now = true;        ///< without it something does not work as things stand
  std::string by{};                 ///< what drops it, or may
  std::vector<ChainName> chains{};  ///< where a rule in front opens it
};

/// What is shown of it.
struct View {
  std::vector<Opening> openings{};
  std::string problem{};  ///< why states are not known; empty when they are
};

/// `ruleset`: nullptr where it could not be read: then all states are unknown.
[[nodiscard]] std::vector<Opening> openings_of(const Needs& needs, const Ruleset* ruleset);

/// What of it is closed and concerns the tunnel, for people, with the cure; empty when nothing is.
[[nodiscard]] std::string problem_of(const std::string& tunnel, const std::vector<Opening>& openings);

}  // namespace wgospf::daemon::firewall
