#include "ospf/v2/rules.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

std::optional<DropReason> Rules<V2>::refuse_hello(const InterfaceConfig& config, const LinkStatus<V2>& status,
                                                  const Hello<V2>& hello) {
  if (config.type != InterfaceType::point_to_point && hello.fields != hello_fields(status))
    return DropReason::network_mask_mismatch;
  if (hello.options.has(v2::Options::kExternal) != hello_options().has(v2::Options::kExternal))
    return DropReason::options_mismatch;
  return std::nullopt;
}

bool Rules<V2>::is_on_link(const LinkStatus<V2>& status, Ipv4Address source) {
  if (status.addresses.empty()) return true;
  return std::any_of(status.addresses.begin(), status.addresses.end(),
                     [source](const InterfaceAddress<V2>& own) {
                       if (own.peer) return *own.peer == source;
                       return own.prefix_length == Ipv4Address::kBits || own.prefix().contains(source);
                     });
}

std::optional<DifferingMasks> Rules<V2>::differing_masks(const LinkStatus<V2>& status,
                                                         const Hello<V2>& hello) {
  constexpr std::uint32_t kHost = 0xffffffff;
  const std::uint32_t ours = hello_fields(status).network_mask, theirs = hello.fields.network_mask;
  const bool both_have_a_subnet = ours != 0 && ours != kHost && theirs != 0 && theirs != kHost;
  if (!both_have_a_subnet || theirs == ours) return std::nullopt;
  return DifferingMasks{theirs, ours};
}

std::optional<DropReason> Rules<V2>::refuse_lsa(const LsaHeader<V2>& header, v2::Options neighbor) {
  const auto& key = header.key;
  if (V2::scope(key.type) == FloodingScope::unknown) return DropReason::lsa_unknown_type;
  if (key.type == v2::LsaType::nssa_external) return DropReason::lsa_wrong_scope;
  if (!floods_to(key.type, neighbor)) return DropReason::lsa_wrong_scope;
  return V2::validate_lsa_header(header);
}

namespace {

/// What fits an IP datagram of 65,535 bytes with its header, those of the packet and the update (the count),
/// of the LSA and of the router-LSA.
constexpr std::size_t kRouterLinkSize = 12;
constexpr std::size_t kRouterLinksMax =
    (0xffff - V2::kIpHeaderSize - V2::kPacketHeaderSize - 4 - kLsaHeaderSize - 4) / kRouterLinkSize;

/// The links of a router-LSA, as many as may be.
struct Links {
  std::vector<v2::RouterLink> links;
  std::size_t left_out = 0;

  void add(v2::RouterLink link) {
    if (links.size() < kRouterLinksMax)
      links.push_back(std::move(link));
    else
      ++left_out;
  }
  [[nodiscard]] bool contains(const v2::RouterLink& link) const {
    return std::find(links.begin(), links.end(), link) != links.end();
  }
};

/// The links of one interface (section 12.4.1.1 for point-to-point, 12.4.1 for the rest).
void append_links(Links& links, const InterfaceFacts<V2>& facts) {
  using Type = v2::RouterLinkType;
  const auto& config = *facts.config;
  const auto& status = *facts.status;
  if (facts.state == InterfaceState::down) return;
  const bool loopback = facts.state == InterfaceState::loopback;
  for (const auto& neighbor : facts.full_neighbors) {
    const std::uint32_t data =
        status.addresses.empty() ? status.ifindex.value : status.addresses.front().address.value;
    links.add({neighbor.router_id.value, data, Type::point_to_point, config.cost, {}});
  }
  for (const auto& address : status.addresses) {  // option 2: the subnet as a stub
    // Nothing beyond this machine, and nothing beyond this link (RFC 3927 section 7).
    if (address.address.is_loopback() || address.address.is_link_local()) continue;
    const auto prefix = loopback ? Ipv4Prefix::host(address.address) : address.prefix();
    v2::RouterLink link{prefix.address.value,
                        netmask(prefix.length),
                        Type::stub,
                        loopback ? std::uint16_t{0} : config.cost,
                        {}};
    if (!links.contains(link)) links.add(std::move(link));
  }
}

}  // namespace

OwnRouterLsa<V2> Rules<V2>::router_lsa(RouterId self, const std::vector<InterfaceFacts<V2>>& interfaces,
                                       bool as_boundary_router) {
  Links links;
  for (const auto& facts : interfaces) append_links(links, facts);
  v2::RouterLsa body;
  if (as_boundary_router) body.flags |= v2::RouterLsa::kExternal;
  body.links = std::move(links.links);
  LsaHeader<V2> header;
  header.options = hello_options();
  header.key = {v2::LsaType::router, LinkStateId{self.value}, self};
  return {V2::encode_lsa(header, body), links.left_out};
}

Lsa<V2> Rules<V2>::external_lsa(RouterId self, LinkStateId id, const ExternalRoute<V2>& route) {
  v2::ExternalLsa body;
  body.mask = netmask(route.prefix.length);
  body.type2 = route.type2;
  body.metric = std::min(route.metric, kLsInfinity);
  body.forwarding_address = route.forwarding_address.value_or(Ipv4Address{});
  body.tag = route.tag;
  LsaHeader<V2> header;
  header.options = hello_options();
  header.key = external_key(self, id);
  return V2::encode_lsa(header, body);
}

}  // namespace wgospf::ospf
