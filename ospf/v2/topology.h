#pragma once
// How OSPFv2's LSAs make up the topology (RFC 2328 A.4): readers over the bytes, for the route calculation.
// V2::validate_lsa has looked at lengths and counts only: what means nothing (a link of an unknown type, a
// mask with a hole) is passed over here.

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <vector>

#include "ospf/base/bytes.h"
#include "ospf/lsa.h"
#include "ospf/route/topology.h"
#include "ospf/v2/v2.h"

namespace wgospf::ospf {

template <>
struct Topology<V2> {
  using Key = LsaKey;

  [[nodiscard]] static constexpr TopologyRole role(LsaType type) {
    switch (type) {
      case LsaType::router:
        return TopologyRole::router;
      case LsaType::network:
        return TopologyRole::network;
      case LsaType::summary_network:
        return TopologyRole::inter_prefix;
      case LsaType::summary_asbr:
        return TopologyRole::inter_router;
      case LsaType::as_external:
        return TopologyRole::external;
      case LsaType::nssa_external:
        return TopologyRole::nssa_external;
      default:
        return TopologyRole::none;
    }
  }
  /// The LSA type that plays a part (not `none`).
  [[nodiscard]] static constexpr LsaType type(TopologyRole role) {
    if (role == TopologyRole::nssa_external) return LsaType::nssa_external;
    return v2::lsa_type(static_cast<std::uint8_t>(role));
  }
  /// RFC 2328 section 16.1: a network is known by its designated router's address alone; the advertising
  /// router is not part of it.
  [[nodiscard]] static constexpr VertexKey network_vertex(LinkStateId id, RouterId /*designated_router*/) {
    return {id.value, true};
  }
  [[nodiscard]] static constexpr VertexKey vertex(const Key& key) {
    return key.type == LsaType::network ? network_vertex(key.id, key.advertising_router)
                                        : router_vertex(key.advertising_router);
  }
  /// Section 12.1.4: the Link State ID of a router-LSA is the router's id; any other is none of a router's.
  [[nodiscard]] static constexpr bool is_of_its_vertex(const Key& key) {
    return key.type == LsaType::network || key.id.value == key.advertising_router.value;
  }
  /// A prefix that no router forwards to: within 0/8, 127/8, 169.254/16 (RFC 1122 section 3.2.1.3, RFC 3927
  /// section 2.7), 224/4 or 240/4. The default route and its halves are no such prefixes.
  [[nodiscard]] static constexpr bool is_martian(const Ipv4Prefix& prefix) {
    constexpr Ipv4Prefix kMartians[] = {
        {{0x00000000}, 8}, {{0x7f000000}, 8}, {{0xa9fe0000}, 16}, {{0xe0000000}, 4}, {{0xf0000000}, 4}};
    for (const Ipv4Prefix& martian : kMartians)
      if (martian.covers(prefix)) return true;
    return false;
  }
  /// The Link State ID of the router-LSA of a router.
  [[nodiscard]] static constexpr LinkStateId router_lsa_id(RouterId router) {
    return LinkStateId{router.value};
  }
  [[nodiscard]] static constexpr bool has_forwarding_address(Ipv4Address address) {
    return !address.is_zero();
  }
  /// The address of a router on a transit network, from the data of its link to it (section 16.1.1).
  [[nodiscard]] static constexpr std::optional<IpAddress> address_on_network(std::uint32_t link_data) {
    return IpAddress{Ipv4Address{link_data}};
  }

  [[nodiscard]] static RouterFlags router_flags(const Lsa& lsa) {
    const std::uint8_t flags = load_u8(lsa.body().data());
    return {(flags & v2::RouterLsa::kBorder) != 0, (flags & v2::RouterLsa::kExternal) != 0,
            (flags & v2::RouterLsa::kTranslator) != 0};
  }
  /// `link(TopologyLink)` for each link to a vertex, `stub(Prefix, cost)` for each prefix, in the LSA's
  /// order. A stub whose mask has a hole is left out, and so is a link of a type that is none.
  template <class Link, class Stub>
  static void read_router(const Lsa& lsa, Link&& link, Stub&& stub) {
    Reader in(lsa.body());
    in.u16();
    for (unsigned left = in.u16(); left > 0 && in.remaining() >= 12; --left) {
      const std::uint32_t id = in.u32(), data = in.u32();
      const auto type = static_cast<v2::RouterLinkType>(in.u8());
      const std::size_t tos_bytes = std::size_t{in.u8()} * 4;
      const std::uint16_t metric = in.u16();
      in.take(tos_bytes);
      switch (type) {
        case v2::RouterLinkType::point_to_point:
        case v2::RouterLinkType::virtual_link:
          // Link Data of an unnumbered link is the MIB-II ifIndex (A.4.2): no address begins with 0.
          link(TopologyLink{router_vertex(RouterId{id}), metric, data, (data >> 24) == 0});
          break;
        case v2::RouterLinkType::transit:
          link(TopologyLink{network_vertex(LinkStateId{id}, RouterId{}), metric, data, false});
          break;
        case v2::RouterLinkType::stub:
          if (const auto length = mask_length(data)) stub(Ipv4Prefix::make(Ipv4Address{id}, *length), metric);
          break;
      }
    }
  }
  /// Section 12.4.1.4: a point-to-multipoint interface is a host route without cost for its address, and links
  /// that have this address as Link Data. `stubs`: the LSA's, each with `prefix` and `cost`.
  template <class Stubs>
  static void mark_multipoint(std::span<TopologyLink> links, const Stubs& stubs) {
    const auto is_host = [](const auto& stub) {
      return stub.cost == 0 && stub.prefix.length == Ipv4Address::kBits;
    };
    const auto first = std::find_if(stubs.begin(), stubs.end(), is_host);
    if (first == stubs.end()) return;
    std::vector<std::uint32_t> hosts;  // when there are several
    for (auto at = std::next(first); at != stubs.end(); ++at)
      if (is_host(*at)) hosts.push_back(at->prefix.address.value);
    std::sort(hosts.begin(), hosts.end());
    for (TopologyLink& link : links) {
      if (link.data_is_index || link.target.is_network) continue;
      link.is_multipoint = link.data == first->prefix.address.value ||
                           (!hosts.empty() && std::binary_search(hosts.begin(), hosts.end(), link.data));
    }
  }
  /// `router(RouterId)` for each router on the network.
  template <class Router>
  static void read_network(const Lsa& lsa, Router&& router) {
    Reader in(lsa.body());
    in.u32();
    while (in.remaining() >= 4) router(RouterId{in.u32()});
  }
  [[nodiscard]] static std::optional<Ipv4Prefix> network_prefix(const Lsa& lsa) {
    return prefix_of(load_u32(lsa.bytes().data() + 4), load_u32(lsa.body().data()));
  }
  /// nullopt when the mask has a hole.
  [[nodiscard]] static std::optional<InterAreaPart<Ipv4Address>> read_inter_prefix(const Lsa& lsa) {
    const auto prefix = prefix_of(load_u32(lsa.bytes().data() + 4), load_u32(lsa.body().data()));
    if (!prefix) return std::nullopt;
    return InterAreaPart<Ipv4Address>{*prefix, load_u32(lsa.body().data() + 4) & kLsInfinity};
  }
  struct InterRouter {
    RouterId router;
    std::uint32_t metric = 0;
  };
  [[nodiscard]] static InterRouter read_inter_router(const Lsa& lsa) {
    return {RouterId{load_u32(lsa.bytes().data() + 4)}, load_u32(lsa.body().data() + 4) & kLsInfinity};
  }
  [[nodiscard]] static std::optional<ExternalPart<Ipv4Address>> read_external(const Lsa& lsa) {
    const std::byte* body = lsa.body().data();
    const auto prefix = prefix_of(load_u32(lsa.bytes().data() + 4), load_u32(body));
    if (!prefix) return std::nullopt;
    const std::uint32_t metric = load_u32(body + 4);
    const std::uint8_t options = load_u8(lsa.bytes().data() + 2);  // the P-bit means something in type 7 only
    return ExternalPart<Ipv4Address>{*prefix,
                                     metric & kLsInfinity,
                                     (metric >> 31) != 0,
                                     Ipv4Address{load_u32(body + 8)},
                                     load_u32(body + 12),
                                     (options & Options::kNssa) != 0};
  }

 private:
  [[nodiscard]] static std::optional<Ipv4Prefix> prefix_of(std::uint32_t id, std::uint32_t mask) {
    const auto length = mask_length(mask);
    if (!length) return std::nullopt;
    return Ipv4Prefix::make(Ipv4Address{id}, *length);
  }
};

}  // namespace wgospf::ospf
