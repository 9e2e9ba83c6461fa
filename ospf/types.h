#pragma once
// Identifiers of the protocol core. Each identifier is a type of its own, so that a router id
// cannot be passed where an area id is meant.

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "net/ip.h"
#include "ospf/base/clock.h"

namespace wgospf::ospf {

/// An integer with an identity.
template <class Tag, class Rep = std::uint32_t>
struct Strong {
  using rep = Rep;
  Rep value{};
  constexpr auto operator<=>(const Strong&) const = default;
};

/// 32-bit identifiers written as dotted quads.
template <class Tag>
struct DottedId : Strong<Tag> {
  constexpr DottedId() = default;
  constexpr explicit DottedId(std::uint32_t v) : Strong<Tag>{v} {}
  constexpr auto operator<=>(const DottedId&) const = default;
  [[nodiscard]] std::string to_string() const { return Ipv4Address{this->value}.to_string(); }
  [[nodiscard]] static std::optional<DottedId> parse(std::string_view text) {
    const auto address = Ipv4Address::parse(text);
    if (!address) return std::nullopt;
    return DottedId{address->value};
  }
};
using RouterId = DottedId<struct RouterIdTag>;
using AreaId = DottedId<struct AreaIdTag>;
/// Link State ID: an address for some v2 types, an opaque number in v3.
using LinkStateId = DottedId<struct LinkStateIdTag>;

/// A device of the host as the driver names it: stable for the life of the process, whatever the kernel's
/// ifindex does. It has the addresses, the MTU and the state.
using DeviceId = Strong<struct DeviceIdTag>;
/// A link as the driver names it, one of any number that a device has: it has the cost, the timers and the
/// neighbours.
using LinkId = Strong<struct LinkIdTag>;
/// The interface index that goes on the wire (unnumbered Link Data, v3 interface ids).
using InterfaceIndex = Strong<struct InterfaceIndexTag>;
/// A next-hop set of the route calculation; maps one to one to a kernel next-hop group.
using SetId = Strong<struct SetIdTag>;
/// The number of a route calculation; grows by one with each that changed anything.
using Generation = Strong<struct GenerationTag, std::uint64_t>;

inline constexpr AreaId kBackbone{0};

}  // namespace wgospf::ospf

template <class Tag, class Rep>
struct std::hash<wgospf::ospf::Strong<Tag, Rep>> {
  std::size_t operator()(const wgospf::ospf::Strong<Tag, Rep>& id) const noexcept {
    return static_cast<std::size_t>(wgospf::hash_mix(id.value));
  }
};
template <class Tag>
struct std::hash<wgospf::ospf::DottedId<Tag>> {
  std::size_t operator()(const wgospf::ospf::DottedId<Tag>& id) const noexcept {
    return static_cast<std::size_t>(wgospf::hash_mix(id.value));
  }
};
