#include "ospf/v2/rules.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "ospf/area.h"
#include "ospf/v2/topology.h"

namespace wgospf::ospf {

namespace v2 {

namespace {

/// E: of an area that takes AS-external-LSAs, and of all of these (RFC 2328 sections 12.1.2 and A.2).
[[nodiscard]] std::uint32_t external_capability(const Area& area) {
  return area.takes(LsaType::as_external) ? Options::kExternal : std::uint32_t{0};
}

[[nodiscard]] std::uint32_t network_mask(const DeviceStatus& status) {
  return status.addresses.empty() ? 0 : netmask(status.addresses.front().prefix_length);
}

[[nodiscard]] bool is_of_use_elsewhere(Ipv4Address own) {
  return !own.is_loopback() && !own.is_link_local();
}

}  // namespace

bool Rules::is_advertised(const IpAddress& address) const {
  return is_of_use_elsewhere(as<Ipv4Address>(address));
}

std::optional<DropReason> Rules::refuse_header(const PacketHeader& header) const {
  if (header.authentication_type != AuthenticationType::null) return DropReason::authentication_type_mismatch;
  return std::nullopt;
}

bool Rules::accepts_source(const IpAddress& source) const {
  const Ipv4Address address = as<Ipv4Address>(source);
  return (address.value >> 24) != 0 && !address.is_loopback() && address.value < 0xe0000000;
}

bool Rules::is_on_link(const DeviceStatus& status, const IpAddress& source) const {
  if (status.addresses.empty()) return true;
  return std::any_of(status.addresses.begin(), status.addresses.end(), [&](const InterfaceAddress& own) {
    if (own.peer) return *own.peer == source;
    return own.prefix_length == Ipv4Address::kBits ||
           own.prefix<Ipv4Address>().contains(as<Ipv4Address>(source));
  });
}

Hello Rules::hello(const Area& area, const DeviceStatus& status) const {
  Hello hello;
  hello.network_mask = network_mask(status);
  hello.options = area.capability();
  return hello;
}

Options Rules::dd_options(const Area& area) const {
  return {external_capability(area) | Options::kOpaque};
}

std::optional<DropReason> Rules::refuse_hello(const InterfaceConfig& config, const DeviceStatus& status,
                                              const Hello& theirs) const {
  const bool is_strict = config.type == InterfaceType::broadcast;
  if (is_strict && theirs.network_mask != network_mask(status)) return DropReason::network_mask_mismatch;
  if (config.type == InterfaceType::point_to_multipoint && differing_masks(status, theirs))
    return DropReason::network_mask_mismatch;
  return std::nullopt;
}

std::optional<DifferingMasks> Rules::differing_masks(const DeviceStatus& status, const Hello& theirs) const {
  constexpr std::uint32_t kHost = 0xffffffff;
  const DifferingMasks masks{theirs.network_mask, network_mask(status)};
  const auto is_subnet = [](std::uint32_t mask) { return mask != 0 && mask != kHost; };
  if (!is_subnet(masks.theirs) || !is_subnet(masks.ours) || masks.theirs == masks.ours) return std::nullopt;
  return masks;
}

std::optional<DropReason> Rules::refuse_lsa(const LsaHeader& header, Options neighbor) const {
  const auto& key = header.key;
  if (scope_of(key.type) == FloodingScope::unknown) return DropReason::lsa_unknown_type;
  if (!neighbor.has_all(required_options(key.type))) return DropReason::lsa_wrong_scope;
  return V2::validate_lsa_header(header);
}

namespace {

/// What fits an IP datagram of 65,535 bytes with its header, those of the packet and the update (the count),
/// of the LSA and of the router-LSA.
constexpr std::size_t kRouterLinkSize = 12;
constexpr std::size_t kRouterLinksMax =
    (0xffff - V2::kIpHeaderSize - V2::kPacketHeaderSize - 4 - kLsaHeaderSize - 4) / kRouterLinkSize;

/// The links of a router-LSA, as many as may be. A stub that several interfaces have is in it once.
struct Links {
  std::vector<v2::RouterLink> links;
  std::size_t left_out = 0;

  void add(v2::RouterLink link) {
    if (links.size() < kRouterLinksMax)
      links.push_back(std::move(link));
    else
      ++left_out;
  }
  void add_stub(Ipv4Prefix prefix, std::uint16_t cost) {
    if (!stubs_.emplace(prefix, cost).second) return;
    add({prefix.address.value, netmask(prefix.length), v2::RouterLinkType::stub, cost, {}});
  }

 private:
  std::set<std::pair<Ipv4Prefix, std::uint16_t>> stubs_;
};

/// By what an interface is known in the links out of it: its address, or its index where it has none. A
/// point-to-multipoint link without one goes by the address that it borrows, which is the next hop to us
/// (16.1.1).
std::uint32_t link_data(const InterfaceFacts& facts) {
  const DeviceStatus& status = *facts.status;
  const bool goes_by_address = facts.config->type == InterfaceType::point_to_multipoint;
  if (status.addresses.empty() && !goes_by_address) return status.ifindex.value;
  return as<Ipv4Address>(status.source().value_or(IpAddress{})).value;
}

/// The links of one interface (section 12.4.1.1 for point-to-point, 12.4.1.4 for point-to-multipoint, 12.4.1
/// for the rest).
void append_links(Links& links, const InterfaceFacts& facts) {
  using Type = v2::RouterLinkType;
  const auto& config = *facts.config;
  const auto& status = *facts.status;
  if (facts.state == InterfaceState::down) return;
  for (const auto& neighbor : facts.full_neighbors)
    links.add({neighbor.router_id.value, link_data(facts), Type::point_to_point, facts.cost, {}});
  const bool are_hosts =
      facts.state == InterfaceState::loopback || config.type == InterfaceType::point_to_multipoint;
  const bool borrows = status.addresses.empty() && config.type == InterfaceType::point_to_multipoint;
  if (const auto own = status.source(); borrows && own && is_of_use_elsewhere(as<Ipv4Address>(*own)))
    links.add_stub(Ipv4Prefix::host(as<Ipv4Address>(*own)), 0);
  for (const auto& address : status.addresses) {  // option 2: the subnet as a stub
    const Ipv4Address own = as<Ipv4Address>(address.address);
    if (!is_of_use_elsewhere(own)) continue;
    if (are_hosts)
      links.add_stub(Ipv4Prefix::host(own), 0);
    else
      links.add_stub(address.prefix<Ipv4Address>(), facts.cost);
  }
}

}  // namespace

OwnRouterLsa Rules::router_lsa(RouterId self, const Area& area, const std::vector<InterfaceFacts>& interfaces,
                               const RouterRole& role) const {
  Links links;
  for (const auto& facts : interfaces) append_links(links, facts);
  v2::RouterLsa body;
  if (role.border) body.flags |= v2::RouterLsa::kBorder;
  if (role.as_boundary) body.flags |= v2::RouterLsa::kExternal;
  if (role.translator) body.flags |= v2::RouterLsa::kTranslator;
  body.links = std::move(links.links);
  LsaHeader header;
  header.options = {static_cast<std::uint8_t>(external_capability(area))};
  header.key = router_lsa_key(self);
  return {{header, V2::encode_lsa(header, body)}, links.left_out};
}

OwnLsa Rules::inter_area_prefix_lsa(const Area& area, const LsaKey& key, const IpPrefix& prefix,
                                    std::uint32_t metric) const {
  LsaHeader header;
  header.options = {static_cast<std::uint8_t>(external_capability(area))};
  header.key = key;
  v2::SummaryLsa body;
  body.mask = netmask(length_of(prefix));
  body.metric = metric;
  return {header, V2::encode_lsa(header, body)};
}

OwnLsa Rules::inter_area_router_lsa(const Area& area, RouterId self, RouterId router,
                                    std::uint32_t metric) const {
  LsaHeader header;
  header.options = {static_cast<std::uint8_t>(external_capability(area))};
  header.key = {LsaType::summary_asbr, LinkStateId{router.value}, self};
  v2::SummaryLsa body;
  body.metric = metric;
  return {header, V2::encode_lsa(header, body)};
}

OwnLsa Rules::opaque_lsa(const Area* area, const LsaKey& key, std::span<const std::byte> body) const {
  LsaHeader header;
  const bool has_e = area == nullptr || external_capability(*area) != 0;
  header.options = {has_e ? Options::kExternal : std::uint8_t{0}};
  header.key = key;
  return {header, V2::encode_lsa(header, v2::OpaqueLsa{{body.begin(), body.end()}})};
}

std::optional<std::uint16_t> Rules::cost_towards(const Lsa& router_lsa, RouterId self,
                                                 const IpAddress& address) const {
  std::optional<std::uint16_t> of_address, least;
  Topology<V2>::read_router(
      router_lsa,
      [&](const TopologyLink& link) {
        if (link.target != router_vertex(self)) return;
        least = std::min(least.value_or(link.cost), link.cost);
        if (!link.data_is_index && link.data == as<Ipv4Address>(address).value) of_address = link.cost;
      },
      [](const Ipv4Prefix&, std::uint32_t) {});
  return of_address ? of_address : least;
}

namespace {

[[nodiscard]] v2::ExternalLsa external_body(const ExternalRoute& route) {
  v2::ExternalLsa body;
  body.mask = netmask(length_of(route.prefix));
  body.type2 = route.type2;
  body.metric = std::min(route.metric, kLsInfinity);
  body.forwarding_address = as<Ipv4Address>(route.forwarding_address.value_or(Ipv4Address{}));
  body.tag = route.tag;
  return body;
}

}  // namespace

OwnLsa Rules::external_lsa(const LsaKey& key, const ExternalRoute& route) const {
  LsaHeader header;
  header.options = {Options::kExternal};
  header.key = key;
  return {header, V2::encode_lsa(header, external_body(route))};
}

OwnLsa Rules::nssa_external_lsa(const LsaKey& key, const ExternalRoute& route, PBit p_bit) const {
  LsaHeader header;
  header.options = {p_bit == PBit::set ? Options::kNssa : std::uint8_t{0}};
  header.key = key;
  return {header, V2::encode_lsa(header, external_body(route))};
}

}  // namespace v2

const Version& V2::version() {
  static const v2::Rules rules;
  return rules;
}

}  // namespace wgospf::ospf
