#pragma once
// What the core is told to do: configuration values and the facts about devices, as drivers hand them in.
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

enum class InterfaceType : std::uint8_t {
  point_to_point,
  broadcast,
  /// The device's addresses are advertised as host routes, not their subnets (RFC 2328 section 12.4.1.4).
  /// Each of its links has one neighbour: what the text calls one interface with many neighbours is many
  /// links of one device here. A passive one advertises the addresses even while there is no other.
  point_to_multipoint,
};

/// Which routers may be neighbours on a link. Who is behind it, the driver knows by other means than their
/// packets (WireGuard's keys).
struct AdmittedRouters {
  enum class Kind : std::uint8_t {
    any,
    unclaimed,  ///< any but InstanceConfig::claimed_router_ids
    one,        ///< `router_id` alone
    none,       ///< no hello goes out, and nothing that comes counts
  };
  Kind kind = Kind::any;
  RouterId router_id{};
  bool operator==(const AdmittedRouters&) const = default;
};

struct InterfaceConfig {
  LinkId link;
  DeviceId device;
  std::string name;  ///< for people only
  AreaId area;
  InterfaceType type = InterfaceType::point_to_point;
  /// The OSPF address of the one neighbour behind the link: everything goes to it by unicast, and what comes
  /// from another address does not count. nullopt: to and from the group. Not of a broadcast link.
  std::optional<IpAddress> peer_address;
  /// The peer is a router, as a former run found: hellos go to it always. One that is not known to be is left
  /// asleep (peer_wake.h).
  bool peer_is_router = false;
  bool passive = false;  ///< no packets; the prefixes are advertised as stubs
  std::uint16_t cost = 10;
  std::uint16_t hello_interval = 10;      ///< seconds
  std::uint32_t dead_interval = 40;       ///< seconds
  std::uint16_t retransmit_interval = 5;  ///< seconds
  std::uint16_t transmit_delay = 1;       ///< seconds, added to the age of every LSA sent
  bool mtu_ignore = false;
  AdmittedRouters admitted{};  ///< a neighbour that is not among them any more is ended
  bool operator==(const InterfaceConfig&) const = default;

  [[nodiscard]] bool has_one_neighbor() const { return type != InterfaceType::broadcast; }
};

/// RFC 9129: "normal-area", "stub-area", "nssa-area". The backbone is a normal area (RFC 2328 section 3.6).
enum class AreaType : std::uint8_t { normal, stub, nssa };

/// An address range of an area (RFC 2328 C.2).
struct AreaRange {
  IpPrefix prefix;
  bool advertise = true;
  std::optional<std::uint32_t> cost = std::nullopt;  ///< 24 bits; nullopt: the largest of its parts
  bool operator==(const AreaRange&) const = default;
};

/// A type 7 address range of an NSSA (RFC 3101 section 2.2): what it covers is translated into one AS-external-LSA,
/// or into none.
struct NssaRange {
  IpPrefix prefix;
  bool advertise = true;
  std::uint32_t tag = 0;
  bool operator==(const NssaRange&) const = default;
};

/// NssaTranslatorRole (RFC 3101 appendix D).
enum class TranslatorRole : std::uint8_t { candidate, always };

struct AreaConfig {
  AreaId id;
  AreaType type = AreaType::normal;
  std::uint32_t default_cost =
      1;  ///< StubDefaultCost (C.2), 24 bits: of the default into a stub area or NSSA
  std::vector<AreaRange> ranges = {};
  /// Of a stub area or NSSA: whether border routers say the prefixes of other areas there (ImportSummaries of
  /// RFC 3101 appendix D). Without, the default says it all: "totally stubby".
  bool summary = true;
  // Of an NSSA.
  std::vector<NssaRange> nssa_ranges = {};
  TranslatorRole translator_role = TranslatorRole::candidate;
  std::uint16_t translator_stability_interval = 40;  ///< seconds
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
  /// Router ids that are spoken for on links of their own: on links with AdmittedRouters::Kind::unclaimed they do
  /// not count. In order.
  std::vector<RouterId> claimed_router_ids{};
  SpfDelay spf_delay;
  /// RFC1583Compatibility (C.1): the same in all routers. Without, no preferences of section 16.4.1.
  bool rfc1583_compatibility = false;
  Duration ls_refresh_time = kLsRefreshTime;
  /// RFC 9129 database-control/max-lsa: beyond so many LSAs no more are taken from neighbours. Our own always
  /// are, and newer instances of what is there.
  std::size_t max_lsa = kMaxLsa;
  /// The same in bytes of LSAs; an instance that is no larger than its predecessor always has room.
  std::size_t max_lsa_bytes = kMaxLsaBytes;
  /// On the request lists of all neighbours together: beyond it a Database Description waits its turn, unless
  /// its neighbour has fewer than kRequestShare on its own.
  std::size_t max_requests = kRequestsMost;
  /// Opaque types (RFC 5250) whose LSAs, of other routers, are told as OpaqueReceived.
  std::vector<std::uint8_t> opaque_types;
  bool operator==(const InstanceConfig&) const = default;
};

/// An address of a device with the length of its subnet.
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

/// The state of a device, as the driver sees it. One that does not exist (yet, or any more) is simply not up.
struct DeviceStatus {
  bool up = false;                                           ///< administratively up and running
  InterfaceReason down_reason = InterfaceReason::link_down;  ///< when it is not up
  bool loopback = false;                                     ///< its addresses are advertised as host routes
  InterfaceIndex ifindex;  ///< the kernel's; may change when an interface is re-created
  std::uint32_t mtu = 0;   ///< bytes
  /// The first address is the one hellos are sent from. v2 without any address: its links are unnumbered.
  std::vector<InterfaceAddress> addresses;
  /// Unnumbered links: the address to send from (of `unnumbered: IFNAME`, or the first global one on
  /// loopback).
  std::optional<IpAddress> unnumbered_source;
  bool operator==(const DeviceStatus&) const = default;

  /// The address packets are sent from: the first, or the borrowed one.
  [[nodiscard]] std::optional<IpAddress> source() const {
    if (!addresses.empty()) return addresses.front().address;
    return unnumbered_source;
  }
  [[nodiscard]] bool has_address(const IpAddress& address) const {
    for (const auto& own : addresses)
      if (own.address == address) return true;
    return unnumbered_source == address;
  }
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
