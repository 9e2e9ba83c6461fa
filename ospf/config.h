#pragma once
// What the core is told to do: configuration values and the facts about links, as drivers hand them in.
// Leaves bear the names of the IETF OSPF YANG model (RFC 9129).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "ospf/constants.h"
#include "ospf/ip_address.h"
#include "ospf/neighbor_state.h"
#include "ospf/types.h"

namespace wgospf::ospf {

enum class InterfaceType : std::uint8_t { point_to_point, broadcast };

struct InterfaceConfig {
  LinkId link;
  std::string name;  ///< for people only
  AreaId area;
  InterfaceType type = InterfaceType::point_to_point;
  bool passive = false;  ///< no packets; the prefixes are advertised as stubs
  std::uint16_t cost = 10;
  std::uint16_t hello_interval = 10;      ///< seconds
  std::uint32_t dead_interval = 40;       ///< seconds
  std::uint16_t retransmit_interval = 5;  ///< seconds
  std::uint16_t transmit_delay = 1;       ///< seconds, added to the age of every LSA sent
  bool mtu_ignore = false;
  bool operator==(const InterfaceConfig&) const = default;
};

struct AreaConfig {
  AreaId id;
  bool operator==(const AreaConfig&) const = default;
};

/// RFC 8405 section 3 and 5.1: delays of the route calculation.
struct SpfDelay {
  Duration initial_delay = Duration::zero();
  Duration short_delay = milliseconds{50};
  Duration long_delay = milliseconds{5000};
  Duration hold_down = milliseconds{10000};
  Duration time_to_learn = milliseconds{500};
  bool operator==(const SpfDelay&) const = default;
};

struct InstanceConfig {
  RouterId router_id;
  std::vector<AreaConfig> areas;
  std::vector<InterfaceConfig> interfaces;
  SpfDelay spf_delay;
  Duration ls_refresh_time = kLsRefreshTime;
  /// RFC 9129 database-control/max-lsa: beyond so many LSAs no more are taken from neighbours. Our own always
  /// are, and newer instances of what is there.
  std::size_t max_lsa = kMaxLsa;
  /// The same in bytes of LSAs; an instance that is no larger than its predecessor always has room.
  std::size_t max_lsa_bytes = kMaxLsaBytes;
  /// On the request lists of all neighbours together: beyond it a Database Description waits its turn, unless
  /// its neighbour has fewer than kRequestShare on its own.
  std::size_t max_requests = kRequestsMost;
  bool operator==(const InstanceConfig&) const = default;
};

/// An address of a link with the length of its subnet.
struct InterfaceAddress {
  IpAddress address;
  std::uint8_t prefix_length = 0;
  /// The far end, where the address names one ("address X peer Y"); the prefix is then a host's.
  std::optional<IpAddress> peer = std::nullopt;
  bool operator==(const InterfaceAddress&) const = default;
  template <class Family>
  [[nodiscard]] Prefix<Family> prefix() const {
    return Prefix<Family>::make(as<Family>(address), prefix_length);
  }
  [[nodiscard]] IpPrefix prefix() const {
    return std::visit(
        [this](const auto& own) -> IpPrefix {
          return Prefix<std::decay_t<decltype(own)>>::make(own, prefix_length);
        },
        address);
  }
};

/// The state of a link, as the driver sees it. A link that does not exist (yet, or any more) is simply not
/// up.
struct LinkStatus {
  bool up = false;                                           ///< administratively up and running
  InterfaceReason down_reason = InterfaceReason::link_down;  ///< when it is not up
  bool loopback = false;                                     ///< its addresses are advertised as host routes
  InterfaceIndex ifindex;  ///< the kernel's; may change when an interface is re-created
  std::uint32_t mtu = 0;   ///< bytes
  /// The first address is the one hellos are sent from. v2 without any address: an unnumbered link.
  std::vector<InterfaceAddress> addresses;
  /// Unnumbered links: the address to send from (of `unnumbered: IFNAME`, or the first global one on
  /// loopback).
  std::optional<IpAddress> unnumbered_source;
  bool operator==(const LinkStatus&) const = default;
};

/// A prefix to advertise as AS-external (type 5), of the version's address family.
struct ExternalRoute {
  IpPrefix prefix;
  std::uint32_t metric = 20;  ///< 24 bits
  bool type2 = true;
  std::uint32_t tag = 0;
  std::optional<IpAddress> forwarding_address;
  bool operator==(const ExternalRoute&) const = default;
};

}  // namespace wgospf::ospf
