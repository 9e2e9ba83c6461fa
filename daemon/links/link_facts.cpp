#include "daemon/links/link_facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "daemon/telling/words.h"
#include "wgadapter/device_backend.h"

namespace wgospf::daemon {

namespace {

const Ipv4Address* ipv4_of(const LinkAddress& address) {
  return std::get_if<Ipv4Address>(&address.address);
}

/// An address that means something beyond this machine (127/8) and this link (RFC 3927 section 2.7: packets
/// from or to 169.254/16 are not to be forwarded).
bool is_routable(const Ipv4Address& address) {
  return !address.is_loopback() && !address.is_link_local();
}

/// IPv4 addresses of a link for OSPF: primary ones first, and before all those of 169.254/16, which serve a
/// link as well as any but mean nothing elsewhere. Without any the link is unnumbered.
std::vector<ospf::InterfaceAddress> ospf_addresses(const Link& link) {
  std::array<std::vector<ospf::InterfaceAddress>, 4> ranks;
  for (const auto& address : link.addresses) {
    const Ipv4Address* ipv4 = ipv4_of(address);
    if (ipv4 == nullptr || ipv4->is_loopback()) continue;
    // An address with a far end has no subnet: the far end's is not ours to announce.
    ospf::InterfaceAddress own{*ipv4, address.prefix_length};
    if (address.peer) {
      own.prefix_length = Ipv4Address::kBits;
      own.peer = std::get<Ipv4Address>(*address.peer);
    }
    ranks[(ipv4->is_link_local() ? 2U : 0U) + (address.secondary ? 1U : 0U)].push_back(own);
  }
  for (std::size_t rank = 1; rank < ranks.size(); ++rank)
    ranks[0].insert(ranks[0].end(), ranks[rank].begin(), ranks[rank].end());
  return std::move(ranks[0]);
}

/// The IPv4 addresses of a link in words: "10.0.0.1/24, 10.1.0.1/24"; empty when it has none.
std::string ipv4_in_words(const Link& link) {
  std::vector<std::string> texts;
  for (const auto& address : link.addresses) {
    if (const Ipv4Address* ipv4 = ipv4_of(address))
      texts.push_back(fmt::format("{}/{}", ipv4->to_string(), address.prefix_length));
  }
  return join_few(texts);
}

/// "interface wg0 has no IPv4 address", or which ones it has that are of no use here.
std::string lack_in_words(const std::string& name, const Link& link) {
  const auto present = ipv4_in_words(link);
  return present.empty() ? fmt::format("interface {} has no IPv4 address", name)
                         : fmt::format("interface {} has no IPv4 address but {}, which no neighbor can reach",
                                       name, present);
}

std::optional<Ipv4Address> first_global_address(const Link& link) {
  for (const auto& address : link.addresses) {
    const Ipv4Address* ipv4 = ipv4_of(address);
    if (ipv4 != nullptr && is_routable(*ipv4) && address.scope == AddressScope::global) return *ipv4;
  }
  return std::nullopt;
}

std::vector<Ipv4Address> loopback_addresses(const Inventory& inventory) {
  std::vector<Ipv4Address> addresses;
  for (const auto& [ifindex, link] : inventory) {
    if (!link.flags.loopback) continue;
    for (const auto& address : link.addresses) {
      const Ipv4Address* ipv4 = ipv4_of(address);
      if (ipv4 != nullptr && is_routable(*ipv4) && address.scope == AddressScope::global)
        addresses.push_back(*ipv4);
    }
  }
  return addresses;
}

std::optional<Ipv4Address> unnumbered_source(const InterfaceSettings& settings, const Inventory& inventory) {
  if (!settings.unnumbered) return first_loopback_address(inventory);
  const Link* lender = find_link(inventory, *settings.unnumbered);
  return lender == nullptr ? std::nullopt : first_global_address(*lender);
}

/// What OSPF has to speak from: "10.0.0.1/30, 10.1.0.1/24", or whose address is borrowed.
std::string addresses_in_words(const ospf::DeviceStatus& status) {
  std::vector<std::string> texts;
  for (const auto& address : status.addresses)
    texts.push_back(fmt::format("{}/{}", to_string(address.address), address.prefix_length));
  if (!texts.empty()) return join_few(texts);
  return status.unnumbered_source ? fmt::format("{} (borrowed)", to_string(*status.unnumbered_source))
                                  : "none";
}

/// What takes everything that comes in on a link (a bridge, a bond, a team); null when nothing does. A VRF
/// leaves it to the link.
const Link* taker_of(const Link& link, const Inventory& inventory) {
  const auto master = inventory.find(link.master);
  return link.master == 0 || master == inventory.end() || master->second.kind == "vrf" ? nullptr
                                                                                       : &master->second;
}

/// Packets can pass; a loopback has no carrier to speak of.
bool usable(const Link& link) {
  return link.usable() || (link.flags.loopback && link.flags.up);
}

}  // namespace

std::string sysctl_name(std::string interface) {
  std::replace(interface.begin(), interface.end(), '.', '/');
  return interface;
}

std::vector<SystemInterface> system_interfaces(const Inventory& inventory) {
  std::vector<SystemInterface> interfaces;
  for (const auto& [ifindex, link] : inventory)
    interfaces.push_back({link.name, link.altnames, wg::looks_like_wireguard(link.name, link.kind)});
  return interfaces;
}

std::optional<Ipv4Address> first_loopback_address(const Inventory& inventory) {
  const auto addresses = loopback_addresses(inventory);
  return addresses.empty() ? std::nullopt : std::optional(addresses.front());
}

std::optional<Ipv4Address> highest_loopback_address(const Inventory& inventory) {
  const auto addresses = loopback_addresses(inventory);
  const auto highest = std::max_element(addresses.begin(), addresses.end());
  return highest == addresses.end() ? std::nullopt : std::optional(*highest);
}

bool is_plain_lan(const Link& link) {
  return !link.flags.point_to_point && !link.flags.loopback &&
         !wg::looks_like_wireguard(link.name, link.kind);
}

InterfaceSettings settings_in_force(InterfaceSettings settings, const Inventory& inventory) {
  if (settings.type_given || settings.passive) return settings;
  const Link* link = find_link(inventory, settings.name);
  settings.passive = link != nullptr && is_plain_lan(*link);
  return settings;
}

ospf::DeviceStatus link_status(const InterfaceSettings& settings, const Inventory& inventory) {
  ospf::DeviceStatus status;
  const Link* link = find_link(inventory, settings.name);
  if (link == nullptr) return status;
  status.loopback = link->flags.loopback;
  status.ifindex = ospf::InterfaceIndex{link->ifindex};
  status.mtu = link->mtu;
  status.addresses = ospf_addresses(*link);
  if (status.addresses.empty() && !settings.passive && !status.loopback)
    status.unnumbered_source = unnumbered_source(settings, inventory);
  status.up = usable(*link);
  if (status.up && !link_problem(settings, inventory).empty()) {
    status.up = false;
    if (taker_of(*link, inventory) == nullptr) status.down_reason = ospf::InterfaceReason::no_address;
  }
  return status;
}

std::string link_problem(const InterfaceSettings& settings, const Inventory& inventory) {
  const Link* link = find_link(inventory, settings.name);
  if (const Link* taker = link == nullptr ? nullptr : taker_of(*link, inventory)) {
    return fmt::format(
        "interface {0} belongs to the {1} {2}, which takes every packet that comes in there: nothing is "
        "heard on {0}. "
        "Name {2} in the configuration instead, or take {0} out of it: \"ip link set {3} nomaster\"",
        settings.name, taker->kind, taker->name, link->name);
  }
  if (link == nullptr || settings.passive || link->flags.loopback || !ospf_addresses(*link).empty() ||
      unnumbered_source(settings, inventory)) {
    return {};
  }
  const auto lack = lack_in_words(settings.name, *link);
  if (!settings.unnumbered) {
    return fmt::format(
        "{}, and the loopback has none to lend: add one to lo, or name an interface that has one with "
        "\"unnumbered:\"",
        lack);
  }
  const Link* lender = find_link(inventory, *settings.unnumbered);
  if (lender == nullptr)
    return fmt::format("{}, and {}, which it is to borrow one of, does not exist", lack,
                       *settings.unnumbered);
  const auto present = ipv4_in_words(*lender);
  return fmt::format(
      "{}, and {}, which it is to borrow one of, has none {}", lack, *settings.unnumbered,
      present.empty() ? "either" : fmt::format("that could be used on another link, but {}", present));
}

std::string vrf_problem(const InterfaceSettings& settings, const Inventory& inventory, std::uint32_t table) {
  const Link* link = find_link(inventory, settings.name);
  const auto master = link == nullptr ? inventory.end() : inventory.find(link->master);
  if (master == inventory.end() || master->second.kind != "vrf" || master->second.vrf_table == table)
    return {};
  return fmt::format(
      "interface {0} belongs to the VRF {1}: what comes in there is looked up in its table {2}, and this "
      "router's "
      "routes are in table {3}. Take {0} out of it, \"ip link set {4} nomaster\", or, where all interfaces "
      "are in "
      "it, write \"table: {2}\" under rib",
      settings.name, master->second.name, master->second.vrf_table, table, link->name);
}

// A neighbor's address on an unnumbered link has no route before the first adjacency. And where an interface
// has no address at all the kernel takes the loose filter (2) for the strict one (1).
std::string reverse_path_problem(const InterfaceSettings& settings, const Inventory& inventory,
                                 ReversePathFilter filter) {
  constexpr int kStrict = 1;
  const int effective = std::max(filter.all, filter.own);
  const auto status = link_status(settings, inventory);
  if (effective == 0 || !status.up || settings.passive || status.loopback) return {};
  const Link& link = *find_link(inventory, settings.name);
  // Where no address says where the neighbor is there is no route to it: without one, or with /32 alone.
  const bool reaches = std::any_of(link.addresses.begin(), link.addresses.end(), [](const auto& address) {
    const Ipv4Address* ipv4 = ipv4_of(address);
    return ipv4 != nullptr && !ipv4->is_loopback() && (address.peer || address.prefix_length < 32);
  });
  if (reaches) return {};
  const bool addressed = std::any_of(link.addresses.begin(), link.addresses.end(),
                                     [](const auto& address) { return ipv4_of(address) != nullptr; });
  return fmt::format(
      "interface {} {}, and with rp_filter {} the kernel drops in silence what comes in there from senders "
      "that "
      "{}, new neighbors among them: \"sysctl -w {}net.ipv4.conf.{}.rp_filter=0\"",
      settings.name, status.unnumbered_source ? "is unnumbered" : "is on no subnet", effective,
      effective != kStrict && addressed ? "it has no route to" : "it does not route back that way",
      filter.all == 0 ? "" : "net.ipv4.conf.all.rp_filter=0 ", sysctl_name(link.name));
}

std::string strict_filter_problem(const std::vector<LinkFilter>& links) {
  constexpr int kStrict = 1;
  std::vector<std::string> strict, cures;
  for (const LinkFilter& link : links) {
    if (std::max(link.filter.all, link.filter.own) != kStrict) continue;
    strict.push_back(link.interface);
    cures.push_back(fmt::format("net.ipv4.conf.{}.rp_filter=2", sysctl_name(link.system_name)));
  }
  if (strict.empty() || links.size() < 2) return {};
  return fmt::format(
      "with rp_filter 1 (strict) on {} the kernel drops in silence what comes in there from senders that it "
      "would itself answer over another interface, as it happens with several paths of equal cost, with "
      "costs that differ by direction, and while routes change: \"sysctl -w {}\"",
      join_few(strict),
      cures.size() <= kNamesTold + 1 ? join_few(cures, " ") : "net.ipv4.conf.all.rp_filter=2");
}

std::string link_change(const std::string& name, const ospf::DeviceStatus& before,
                        const ospf::DeviceStatus& after) {
  // Of what has just appeared, or has gone, more is told elsewhere.
  if (before.ifindex.value == 0 || before.ifindex != after.ifindex) return {};
  std::vector<std::string> changes;
  if (before.mtu != after.mtu) changes.push_back(fmt::format("MTU {} -> {}", before.mtu, after.mtu));
  const auto before_text = addresses_in_words(before), after_text = addresses_in_words(after);
  if (before_text != after_text) changes.push_back(fmt::format("address {} -> {}", before_text, after_text));
  if (changes.empty()) return {};
  return fmt::format("interface {}: {}", name, join_few(changes));
}

std::string forwarding_problem(const std::vector<Forwarding>& links) {
  std::vector<std::string> closed, cures;
  for (const Forwarding& link : links) {
    if (link.is_on) continue;
    closed.push_back(link.interface);
    cures.push_back(fmt::format("net.ipv4.conf.{}.forwarding=1", sysctl_name(link.system_name)));
  }
  if (closed.empty() || links.size() < 2) return {};
  if (closed.size() == links.size() || closed.size() > kNamesTold + 1) cures = {"net.ipv4.ip_forward=1"};
  return fmt::format("the kernel does not forward what comes in on {}, and drops it: \"sysctl -w {}\"",
                     join_few(closed), join_few(cures, " "));
}

rib::LinkFacts rib_facts(const Link& link) {
  return {link.ifindex, link.flags.noarp, link.flags.point_to_point};
}

std::optional<Ipv4Address> expected_neighbor(const Link& link) {
  const auto addresses = ospf_addresses(link);
  if (addresses.empty()) return std::nullopt;
  const auto own = as<Ipv4Address>(addresses.front().address);
  const auto first =
      std::find_if(link.addresses.begin(), link.addresses.end(), [&](const LinkAddress& address) {
        const Ipv4Address* ipv4 = ipv4_of(address);
        return ipv4 != nullptr && *ipv4 == own;
      });
  if (first->peer) return std::get<Ipv4Address>(*first->peer);
  if (first->prefix_length == 31) return Ipv4Address{own.value ^ 1};
  const std::uint32_t host = own.value & 3;
  if (first->prefix_length == 30 && (host == 1 || host == 2)) return Ipv4Address{own.value ^ 3};
  return std::nullopt;
}

std::vector<IpPrefix> connected_prefixes(const Inventory& inventory) {
  std::set<Ipv4Prefix> prefixes;
  for (const auto& [ifindex, link] : inventory) {
    if (!link.flags.up) continue;
    for (const auto& address : link.addresses) {
      const Ipv4Address* ipv4 = ipv4_of(address);
      if (ipv4 == nullptr) continue;
      prefixes.insert(Ipv4Prefix::host(*ipv4));
      if (!usable(link)) continue;
      const auto subnet = subnet_of(address);
      if (const auto* prefix = std::get_if<Ipv4Prefix>(&subnet)) prefixes.insert(*prefix);
    }
  }
  return {prefixes.begin(), prefixes.end()};
}

std::map<Ipv4Prefix, std::string> connected_networks(const Inventory& inventory) {
  std::map<Ipv4Prefix, std::string> networks;
  for (const auto& [ifindex, link] : inventory) {
    if (!usable(link) || wg::looks_like_wireguard(link.name, link.kind)) continue;
    for (const auto& address : link.addresses) {
      if (ipv4_of(address) == nullptr) continue;
      const auto subnet = subnet_of(address);
      const auto* prefix = std::get_if<Ipv4Prefix>(&subnet);
      if (prefix != nullptr && prefix->length < Ipv4Address::kBits) networks.emplace(*prefix, link.name);
    }
  }
  return networks;
}

ospf::InstanceConfig instance_config(const Config& config, ospf::RouterId router_id, LinkNames& names,
                                     const std::function<bool(const std::string&)>& is_wireguard) {
  ospf::InstanceConfig result;
  result.router_id = router_id;
  result.spf_delay = config.spf_delay;
  result.rfc1583_compatibility = config.rfc1583_compatibility;
  result.ls_refresh_time = config.ls_refresh_time;
  result.max_lsa = config.max_lsa;
  result.max_lsa_bytes = config.max_lsa_bytes;
  for (const auto& area : config.areas) {
    result.areas.push_back({area.id, area.type, area.default_cost, area.ranges, area.summary,
                            area.nssa_ranges, area.translator_role, area.translator_stability_interval});
    for (const auto& settings : area.interfaces) {
      ospf::InterfaceConfig interface;
      interface.link = names.id_of(settings.name);
      interface.device = device_of(interface.link);
      interface.name = settings.name;
      interface.area = area.id;
      interface.passive = settings.passive;
      interface.cost = settings.cost;
      interface.hello_interval = settings.hello_interval;
      interface.dead_interval = settings.dead_interval;
      interface.retransmit_interval = settings.retransmit_interval;
      interface.transmit_delay = settings.transmit_delay;
      interface.mtu_ignore = settings.mtu_ignore ? *settings.mtu_ignore : is_wireguard(settings.name);
      result.interfaces.push_back(std::move(interface));
    }
  }
  return result;
}

std::optional<ChosenRouterId> choose_router_id(
    const Config& config, const Inventory& inventory,
    const std::function<std::optional<wg::Key>(const std::string&)>& public_key, EarlierInterfaces earlier) {
  if (config.router_id) return ChosenRouterId{*config.router_id, "from the configuration"};
  if (const auto address = highest_loopback_address(inventory))
    return ChosenRouterId{ospf::RouterId{address->value}, "the highest loopback address"};
  std::string skipped;
  for (const auto& area : resolve_names(config.areas, system_interfaces(inventory)).areas) {
    for (const auto& interface : area.interfaces) {
      const Link* link = find_link(inventory, interface.name);
      if (const auto key = public_key(link == nullptr ? interface.name : link->name)) {
        return ChosenRouterId{router_id_of(*key), fmt::format("from the public key of {}", interface.name),
                              skipped};
      }
      const bool may_get_key = link == nullptr || wg::looks_like_wireguard(link->name, link->kind);
      if (!may_get_key) continue;
      if (earlier == EarlierInterfaces::wait) return std::nullopt;
      if (skipped.empty()) skipped = interface.name;
    }
  }
  return std::nullopt;
}

ospf::RouterId router_id_of(const wg::Key& key) {
  // FNV-1a: stable across versions, which std::hash is not.
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const auto byte : key.bytes) hash = (hash ^ byte) * 0x100000001b3ULL;
  const auto folded = static_cast<std::uint32_t>(hash ^ (hash >> 32));
  return ospf::RouterId{folded == 0 || folded == 0xffffffffU ? 1 : folded};
}

}  // namespace wgospf::daemon
