#pragma once
// The rules axis of the version concept: what shared algorithms ask of a version beyond its data and codec.
// Rules<V> is specialised beside each version (v2/rules.h).

#include <optional>
#include <span>
#include <vector>

#include "ospf/config.h"
#include "ospf/neighbor_state.h"
#include "ospf/packet.h"
#include "ospf/types.h"

namespace wgospf::ospf {

/// What origination needs to know of an interface.
template <class V>
struct InterfaceFacts {
  const InterfaceConfig* config = nullptr;
  const LinkStatus<V>* status = nullptr;
  InterfaceState state = InterfaceState::down;
  struct FullNeighbor {
    RouterId router_id;
    typename V::Address address{};
  };
  std::vector<FullNeighbor> full_neighbors;
};

/// A router-LSA of ours. It must fit an update, and that a datagram: what is beyond that is left out.
template <class V>
struct OwnRouterLsa {
  Lsa<V> lsa;
  std::size_t links_left_out = 0;
};

/// Of the network masks of both ends of a link.
struct DifferingMasks {
  std::uint32_t theirs = 0, ours = 0;
  constexpr bool operator==(const DifferingMasks&) const = default;
};

template <class V>
struct Rules;

/// The constraint of the algorithms: data, codec and rules are all there.
template <class V>
concept Version = requires(std::span<const std::byte> bytes, typename V::LsaType type,
                           typename V::Options options, LsaHeader<V> header,
                           const std::vector<InterfaceFacts<V>>& facts) {
  typename V::Address;
  typename V::PacketHeader;
  { V::decode(bytes) } -> std::same_as<DecodeResult<V>>;
  { V::validate_lsa(bytes) } -> std::same_as<std::optional<DropReason>>;
  { V::scope(type) } -> std::same_as<FloodingScope>;
  { V::kIpHeaderSize } -> std::convertible_to<std::size_t>;
  { Rules<V>::refuse_lsa(header, options) } -> std::same_as<std::optional<DropReason>>;
  { Rules<V>::floods_to(type, options) } -> std::same_as<bool>;
  { Rules<V>::router_lsa(RouterId{}, facts, true) } -> std::same_as<OwnRouterLsa<V>>;
};

}  // namespace wgospf::ospf
