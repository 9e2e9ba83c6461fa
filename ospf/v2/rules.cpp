#include "ospf/v2/rules.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

namespace v2 {

namespace {

/// E: this implementation's areas take AS-external LSAs (RFC 2328 A.2).
constexpr LsaOptions kLsaOptions{Options::kExternal};

}  // namespace

std::optional<DropReason> Rules::refuse_header(const PacketHeader& header) const {
  if (header.authentication_type != AuthenticationType::null) return DropReason::authentication_type_mismatch;
  return std::nullopt;
}

bool Rules::accepts_source(const IpAddress& source) const {
  const Ipv4Address address = as<Ipv4Address>(source);
  return (address.value >> 24) != 0 && !address.is_loopback() && address.value < 0xe0000000;
}

bool Rules::is_on_link(const LinkStatus& status, const IpAddress& source) const {
  if (status.addresses.empty()) return true;
  return std::any_of(status.addresses.begin(), status.addresses.end(), [&](const InterfaceAddress& own) {
    if (own.peer) return *own.peer == source;
    return own.prefix_length == Ipv4Address::kBits ||
           own.prefix<Ipv4Address>().contains(as<Ipv4Address>(source));
  });
}

Hello Rules::hello(const LinkStatus& status) const {
  Hello hello;
  hello.network_mask = status.addresses.empty() ? 0 : netmask(status.addresses.front().prefix_length);
  hello.options = {Options::kExternal};
  return hello;
}

std::optional<DropReason> Rules::refuse_hello(const InterfaceConfig& config, const LinkStatus& status,
                                              const Hello& theirs) const {
  const Hello ours = hello(status);
  if (config.type != InterfaceType::point_to_point && theirs.network_mask != ours.network_mask)
    return DropReason::network_mask_mismatch;
  if (theirs.options.has(Options::kExternal) != ours.options.has(Options::kExternal))
    return DropReason::options_mismatch;
  return std::nullopt;
}

std::optional<DifferingMasks> Rules::differing_masks(const LinkStatus& status, const Hello& theirs) const {
  constexpr std::uint32_t kHost = 0xffffffff;
  const DifferingMasks masks{theirs.network_mask, hello(status).network_mask};
  const auto is_subnet = [](std::uint32_t mask) { return mask != 0 && mask != kHost; };
  if (!is_subnet(masks.theirs) || !is_subnet(masks.ours) || masks.theirs == masks.ours) return std::nullopt;
  return masks;
}

std::optional<DropReason> Rules::refuse_lsa(const LsaHeader& header, Options neighbor) const {
  const auto& key = header.key;
  if (scope_of(key.type) == FloodingScope::unknown) return DropReason::lsa_unknown_type;
  if (key.type == LsaType::nssa_external) return DropReason::lsa_wrong_scope;
  if (!neighbor.has_all(required_options(key.type))) return DropReason::lsa_wrong_scope;
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
void append_links(Links& links, const InterfaceFacts& facts) {
  using Type = v2::RouterLinkType;
  const auto& config = *facts.config;
  const auto& status = *facts.status;
  if (facts.state == InterfaceState::down) return;
  const bool loopback = facts.state == InterfaceState::loopback;
  for (const auto& neighbor : facts.full_neighbors) {
    const std::uint32_t data = status.addresses.empty()
                                   ? status.ifindex.value
                                   : as<Ipv4Address>(status.addresses.front().address).value;
    links.add({neighbor.router_id.value, data, Type::point_to_point, config.cost, {}});
  }
  for (const auto& address : status.addresses) {  // option 2: the subnet as a stub
    // Nothing beyond this machine, and nothing beyond this link (RFC 3927 section 7).
    const Ipv4Address own = as<Ipv4Address>(address.address);
    if (own.is_loopback() || own.is_link_local()) continue;
    const auto prefix = loopback ? Ipv4Prefix::host(own) : address.prefix<Ipv4Address>();
    v2::RouterLink link{prefix.address.value,
                        netmask(prefix.length),
                        Type::stub,
                        loopback ? std::uint16_t{0} : config.cost,
                        {}};
    if (!links.contains(link)) links.add(std::move(link));
  }
}

}  // namespace

OwnRouterLsa Rules::router_lsa(RouterId self, const std::vector<InterfaceFacts>& interfaces,
                               bool as_boundary_router) const {
  Links links;
  for (const auto& facts : interfaces) append_links(links, facts);
  v2::RouterLsa body;
  if (as_boundary_router) body.flags |= v2::RouterLsa::kExternal;
  body.links = std::move(links.links);
  LsaHeader header;
  header.options = kLsaOptions;
  header.key = {LsaType::router, LinkStateId{self.value}, self};
  return {{header, V2::encode_lsa(header, body)}, links.left_out};
}

OwnLsa Rules::external_lsa(const LsaKey& key, const ExternalRoute& route) const {
  v2::ExternalLsa body;
  body.mask = netmask(length_of(route.prefix));
  body.type2 = route.type2;
  body.metric = std::min(route.metric, kLsInfinity);
  body.forwarding_address = as<Ipv4Address>(route.forwarding_address.value_or(Ipv4Address{}));
  body.tag = route.tag;
  LsaHeader header;
  header.options = kLsaOptions;
  header.key = key;
  return {header, V2::encode_lsa(header, body)};
}

}  // namespace v2

const Version& V2::version() {
  static const v2::Rules rules;
  return rules;
}

}  // namespace wgospf::ospf
