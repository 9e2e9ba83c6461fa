#include "daemon/routes/underlay_cure.h"

#include <algorithm>
#include <utility>

#include "rib/operation.h"

namespace wgospf::daemon {

namespace {

using rib::PolicyRule;

constexpr std::uint32_t kMainTable = 254;
constexpr std::uint32_t kPassOver = 5190, kNotLocalUdp = 5191, kByPort = 5192, kByEndpoint = 5193,
                        kSignsEnd = 5194, kFromUplinks = 5195, kFirstPair = 5200, kEnd = 5299;

/// Each lookup of an address passes by the rules of all of them.
constexpr std::size_t kMostAddresses = 64;

constexpr std::uint32_t priority_of(std::uint8_t length) {
  return kFirstPair + 2 * (Ipv4Address::kBits - length);
}

PolicyRule main_before(std::uint8_t length) {
  return {.priority = priority_of(length), .table = kMainTable, .suppress_prefix_length = length};
}

PolicyRule apart(std::uint8_t length) {
  PolicyRule rule{.priority = priority_of(length) + 1, .table = rib::kApartTable};
  if (length > 0) rule.suppress_prefix_length = length - 1U;
  return rule;
}

PolicyRule jump(std::uint32_t priority) {
  return {.priority = priority, .action = PolicyRule::Action::jump, .target = kEnd};
}
PolicyRule by_mark(std::uint32_t mark) {
  auto rule = jump(kPassOver);
  rule.mark = mark;
  rule.mask = 0xffffffff;
  return rule;
}
PolicyRule by_port(std::uint16_t port) {
  auto rule = jump(kByPort);
  rule.is_local_udp = true;
  rule.source_port = port;
  return rule;
}
PolicyRule by_endpoint(Ipv4Address address) {
  auto rule = jump(kByEndpoint);
  rule.is_local_udp = true;
  rule.destination = address;
  return rule;
}

bool is_there(const PolicyRule& ours, const std::vector<wg::RoutingRule>& rules) {
  return std::find(rules.begin(), rules.end(), as_read(ours)) != rules.end();
}

}  // namespace

wg::RoutingRule as_read(const PolicyRule& ours) {
  using Action = wg::RoutingRule::Action;
  constexpr std::uint8_t kUdp = 17;
  wg::RoutingRule rule{.priority = ours.priority,
                       .table = ours.table,
                       .target = ours.target,
                       .mark = ours.mark,
                       .mark_mask = ours.mask,
                       .protocol = rib::kProtocol,
                       .inverted = ours.inverted,
                       .suppress_prefix_length = ours.suppress_prefix_length,
                       .is_local = ours.is_local_udp};
  if (ours.action == PolicyRule::Action::jump) rule.action = Action::jump;
  if (ours.action == PolicyRule::Action::nothing) rule.action = Action::nothing;
  if (ours.destination) rule.destination = Ipv4Prefix::make(*ours.destination, Ipv4Address::kBits);
  if (ours.source) rule.others = wg::RoutingRule::Others::unknown;
  if (ours.is_local_udp) rule.ip_protocol = kUdp;
  if (ours.source_port != 0) rule.source_ports = wg::PortRange{ours.source_port, ours.source_port};
  return rule;
}

std::vector<PolicyRule> cure_rules(const CureNeeds& needs) {
  std::vector<PolicyRule> rules;
  if (needs.lengths.empty()) return rules;
  auto anywhere = jump(kPassOver);
  anywhere.destination = wg::kAnywhere;
  rules.push_back(anywhere);
  for (const std::uint32_t mark : needs.marks) rules.push_back(by_mark(mark));
  rules.push_back({.priority = kNotLocalUdp,
                   .action = PolicyRule::Action::jump,
                   .target = kSignsEnd,
                   .inverted = true,
                   .is_local_udp = true});
  for (const std::uint16_t port : needs.ports) rules.push_back(by_port(port));
  for (const Ipv4Address& endpoint : needs.endpoints) rules.push_back(by_endpoint(endpoint));
  rules.push_back({.priority = kSignsEnd, .action = PolicyRule::Action::nothing});
  for (const Ipv4Address& address : needs.uplink_addresses)
    rules.push_back({.priority = kFromUplinks, .table = kMainTable, .source = address});
  for (auto length = needs.lengths.rbegin(); length != needs.lengths.rend(); ++length) {
    rules.push_back(main_before(*length));
    rules.push_back(apart(*length));
  }
  rules.push_back({.priority = kEnd, .action = PolicyRule::Action::nothing});
  return rules;
}

bool is_in_force(std::uint8_t length, const std::vector<wg::RoutingRule>& rules) {
  return is_there(main_before(length), rules) && is_there(apart(length), rules);
}

std::optional<wg::RoutingRule> rule_in_the_way(const std::vector<wg::RoutingRule>& rules) {
  constexpr std::uint32_t kMain = 32766, kDefault = 32767;
  const auto found = std::find_if(rules.begin(), rules.end(), [](const wg::RoutingRule& rule) {
    return rule.protocol != rib::kProtocol && rule.priority > kPassOver && rule.priority != kMain &&
           rule.priority != kDefault;
  });
  return found == rules.end() ? std::nullopt : std::optional(*found);
}

std::set<Ipv4Address> uplink_addresses(const Inventory& inventory, const wg::Underlay& underlay,
                                       const std::set<std::uint32_t>& ospf_interfaces) {
  std::set<std::uint32_t> tunnels, carriers;
  for (const auto& device : underlay.devices) tunnels.insert(device.ifindex);
  const auto add = [&](const std::optional<wg::EndpointWay>& way) {
    if (way) carriers.insert(way->ifindexes.begin(), way->ifindexes.end());
  };
  for (const auto& peer : underlay.peers) add(peer.way);
  add(underlay.uplink);
  std::set<Ipv4Address> result;
  const auto take = [&](const Link& link) {
    if (link.flags.loopback || !link.flags.up || tunnels.contains(link.ifindex)) return;
    for (const auto& address : link.addresses) {
      const auto* ipv4 = std::get_if<Ipv4Address>(&address.address);
      if (ipv4 != nullptr && address.scope == AddressScope::global && result.size() < kMostAddresses)
        result.insert(*ipv4);
    }
  };
  for (const auto& [ifindex, link] : inventory)
    if (carriers.contains(ifindex)) take(link);
  for (const auto& [ifindex, link] : inventory)
    if (!ospf_interfaces.contains(ifindex)) take(link);
  return result;
}

void UnderlayCure::give_back() {
  lengths_.clear();
  in_need_.clear();
  is_claimed_ = true;
}

bool UnderlayCure::must_be_known(const wg::Device& device) const {
  return ospf_interfaces_.contains(device.ifindex) || in_need_.contains(device.name);
}

wg::Cure UnderlayCure::state(const wg::Underlay& underlay) const {
  wg::Cure cure;
  for (std::uint8_t length = 0; length <= Ipv4Address::kBits; ++length)
    if (is_in_force(length, underlay.rules)) cure.lengths.insert(length);
  // What has no port sends nothing.
  const auto is_known = [&](const wg::Device& device) {
    return !must_be_known(device) || device.listen_port == 0 ||
           is_there(by_port(device.listen_port), underlay.rules) ||
           (device.fwmark != 0 && is_there(by_mark(device.fwmark), underlay.rules));
  };
  cure.is_everything_known = std::all_of(underlay.devices.begin(), underlay.devices.end(), is_known);
  return cure;
}

// Where there are very many endpoints, those of the devices with the fewest: a device with many is one that others
// come to, so that its port is written down, and stays.
void UnderlayCure::add_signs(const wg::Underlay& underlay, CureNeeds& needs) const {
  std::multimap<std::size_t, std::set<Ipv4Address>> endpoints;
  std::vector<std::set<Ipv4Address>> of_devices(underlay.devices.size());
  for (const auto& peer : underlay.peers) {
    const wg::Device& device = underlay.devices[peer.device];
    const auto* address = std::get_if<Ipv4Address>(&peer.endpoint.address);
    if (address != nullptr &&
        proofs_.is_proven(device.name, device.peers[peer.peer].public_key, peer.endpoint.address))
      of_devices[peer.device].insert(*address);
  }
  for (std::size_t i = 0; i < underlay.devices.size(); ++i) {
    const wg::Device& device = underlay.devices[i];
    if (device.fwmark != 0) needs.marks.insert(device.fwmark);
    if (!must_be_known(device)) continue;
    if (device.listen_port != 0) needs.ports.insert(device.listen_port);
    endpoints.emplace(of_devices[i].size(), std::move(of_devices[i]));
  }
  for (const auto& [count, addresses] : endpoints)
    if (needs.endpoints.size() + count <= kMostEndpoints)
      needs.endpoints.insert(addresses.begin(), addresses.end());
}

void UnderlayCure::need(std::set<std::uint8_t> lengths, std::set<std::string> in_need, Time now) {
  for (const std::uint8_t length : lengths) lengths_[length] = now;
  std::erase_if(lengths_, [&](const auto& entry) { return now - entry.second >= kLinger; });
  in_need_.merge(in_need);
  if (lengths_.empty()) in_need_.clear();
}

std::optional<rib::WantedRules> UnderlayCure::take_rules(const Inventory& inventory,
                                                         const wg::Underlay& underlay) {
  CureNeeds needs;
  for (const auto& [length, when] : lengths_) needs.lengths.insert(length);
  if (!needs.lengths.empty()) {
    needs.uplink_addresses = uplink_addresses(inventory, underlay, ospf_interfaces_);
    add_signs(underlay, needs);
  }
  if (needs == needs_ && is_claimed_ == was_claimed_) return std::nullopt;
  needs_ = std::move(needs);
  was_claimed_ = is_claimed_;
  rules_ = cure_rules(needs_);
  return rib::WantedRules{++ticket_, rules_, is_claimed_};
}

void UnderlayCure::rules_stand(std::uint64_t ticket, const std::string& error) {
  acknowledged_ = ticket;
  rules_error_ = error;
}

}  // namespace wgospf::daemon
