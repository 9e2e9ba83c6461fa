#include "wgadapter/link_table.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "wgadapter/netlink.h"

#ifndef IFF_LOWER_UP
#define IFF_LOWER_UP 0x10000  // <linux/if.h> has it, and collides with <net/if.h>
#endif

namespace wgospf::wg {
namespace {

/// The text of a string attribute, with or without its terminating zero.
std::string text_of(const nlattr* attribute) {
  const char* data = static_cast<const char*>(nla_data(attribute));
  return {data, strnlen(data, static_cast<std::size_t>(nla_len(attribute)))};
}

std::optional<std::uint32_t> number_of(const nlattr* attribute) {
  if (nla_len(attribute) < static_cast<int>(sizeof(std::uint32_t))) return std::nullopt;
  return nla_get_u32(attribute);
}

std::optional<IpAddress> address_of(const nlattr* attribute, int family) {
  const auto* data = static_cast<const std::uint8_t*>(nla_data(attribute));
  if (family == AF_INET && nla_len(attribute) == 4) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = (value << 8) | data[i];
    return Ipv4Address{value};
  }
  if (family == AF_INET6 && nla_len(attribute) == 16) {
    Ipv6Address address;
    std::memcpy(address.bytes.data(), data, 16);
    return address;
  }
  return std::nullopt;
}

LinkFlags flags_of(unsigned flags) {
  const auto has = [flags](unsigned bit) { return (flags & bit) != 0; };
  return {.up = has(IFF_UP),
          .running = has(IFF_RUNNING),
          .lower_up = has(IFF_LOWER_UP),
          .loopback = has(IFF_LOOPBACK),
          .broadcast = has(IFF_BROADCAST),
          .point_to_point = has(IFF_POINTOPOINT),
          .noarp = has(IFF_NOARP),
          .multicast = has(IFF_MULTICAST)};
}

AddressScope scope_of(std::uint8_t scope) {
  switch (scope) {
    case RT_SCOPE_SITE:
      return AddressScope::site;
    case RT_SCOPE_LINK:
      return AddressScope::link;
    case RT_SCOPE_HOST:
      return AddressScope::host;
    case RT_SCOPE_NOWHERE:
      return AddressScope::nowhere;
    default:
      return AddressScope::global;
  }
}

std::vector<std::string> altnames_of(const nlattr* properties) {
  std::vector<std::string> names;
  const auto* attribute = static_cast<const nlattr*>(nla_data(properties));
  for (int left = nla_len(properties); nla_ok(attribute, left); attribute = nla_next(attribute, &left))
    if (nla_type(attribute) == IFLA_ALT_IFNAME) names.push_back(text_of(attribute));
  return names;
}

std::uint32_t vrf_table_of(nlattr* data) {
  Attributes<IFLA_VRF_MAX + 1> table{};
  const bool is_sound = nla_parse_nested(table.data(), IFLA_VRF_MAX, data, nullptr) >= 0;
  return is_sound && table[IFLA_VRF_TABLE] != nullptr ? number_of(table[IFLA_VRF_TABLE]).value_or(0) : 0;
}

std::optional<InventoryMessage> parse_link(const nlmsghdr& message) {
  Attributes<IFLA_MAX + 1> table{};
  if (!parse_attributes<ifinfomsg>(message, table)) return std::nullopt;
  const auto* header = static_cast<const ifinfomsg*>(nlmsg_data(&message));
  // A bridge speaks of its ports with these types too, and "gone" then means "no longer a port".
  if (header->ifi_family != AF_UNSPEC) return InventoryMessage{};
  if (header->ifi_index <= 0 || table[IFLA_IFNAME] == nullptr) return std::nullopt;
  LinkMessage result;
  result.presence = message.nlmsg_type == RTM_NEWLINK ? Presence::present : Presence::gone;
  Link& link = result.link;
  link.ifindex = static_cast<std::uint32_t>(header->ifi_index);
  link.name = text_of(table[IFLA_IFNAME]);
  link.flags = flags_of(header->ifi_flags);
  if (link.name.empty()) return std::nullopt;
  if (table[IFLA_PROP_LIST] != nullptr) link.altnames = altnames_of(table[IFLA_PROP_LIST]);
  result.partial = table[IFLA_MTU] == nullptr;  // every other message of a link has it
  if (table[IFLA_MTU] != nullptr) link.mtu = number_of(table[IFLA_MTU]).value_or(0);
  if (table[IFLA_MASTER] != nullptr) link.master = number_of(table[IFLA_MASTER]).value_or(0);
  if (table[IFLA_LINKINFO] != nullptr) {
    Attributes<IFLA_INFO_MAX + 1> info{};
    if (nla_parse_nested(info.data(), IFLA_INFO_MAX, table[IFLA_LINKINFO], nullptr) < 0) return std::nullopt;
    if (info[IFLA_INFO_KIND] != nullptr) link.kind = text_of(info[IFLA_INFO_KIND]);
    if (link.kind == "vrf" && info[IFLA_INFO_DATA] != nullptr)
      link.vrf_table = vrf_table_of(info[IFLA_INFO_DATA]);
  }
  return result;
}

std::optional<InventoryMessage> parse_address(const nlmsghdr& message) {
  Attributes<IFA_MAX + 1> table{};
  if (!parse_attributes<ifaddrmsg>(message, table)) return std::nullopt;
  const auto* header = static_cast<const ifaddrmsg*>(nlmsg_data(&message));
  const int family = header->ifa_family;
  if (family != AF_INET && family != AF_INET6) return InventoryMessage{};
  AddressMessage result;
  result.presence = message.nlmsg_type == RTM_NEWADDR ? Presence::present : Presence::gone;
  result.ifindex = header->ifa_index;
  LinkAddress& out = result.address;
  // IFA_LOCAL is ours and IFA_ADDRESS the far end's, if both are there; IPv6 leaves IFA_LOCAL out otherwise.
  const nlattr* own = table[IFA_LOCAL] != nullptr ? table[IFA_LOCAL] : table[IFA_ADDRESS];
  if (own == nullptr) return std::nullopt;
  const auto address = address_of(own, family);
  if (!address || header->ifa_prefixlen > (family == AF_INET ? 32 : 128)) return std::nullopt;
  out.address = *address;
  out.prefix_length = header->ifa_prefixlen;
  if (table[IFA_ADDRESS] != nullptr && table[IFA_LOCAL] != nullptr) {
    const auto far = address_of(table[IFA_ADDRESS], family);
    if (!far) return std::nullopt;
    if (*far != *address) out.peer = far;
  }
  out.scope = scope_of(header->ifa_scope);
  std::uint32_t flags = header->ifa_flags;
  if (table[IFA_FLAGS] != nullptr) flags = number_of(table[IFA_FLAGS]).value_or(flags);
  out.secondary = family == AF_INET && (flags & IFA_F_SECONDARY) != 0;
  out.deprecated = (flags & IFA_F_DEPRECATED) != 0;
  out.tentative = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;
  return result;
}

/// The same address as the kernel counts them: flags and scope may change over its life.
bool same_identity(const LinkAddress& a, const LinkAddress& b) {
  return a.address == b.address && a.prefix_length == b.prefix_length && a.peer == b.peer;
}

bool same_but_for_order(Link a, Link b) {
  const auto before = [](const LinkAddress& x, const LinkAddress& y) {
    return std::tie(x.address, x.prefix_length, x.peer) < std::tie(y.address, y.prefix_length, y.peer);
  };
  std::sort(a.addresses.begin(), a.addresses.end(), before);
  std::sort(b.addresses.begin(), b.addresses.end(), before);
  return a == b;
}

}  // namespace

bool Link::is_named(const std::string& text) const {
  return name == text || std::find(altnames.begin(), altnames.end(), text) != altnames.end();
}

std::optional<InventoryMessage> parse_inventory_message(const nlmsghdr& message) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return parse_link(message);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return parse_address(message);
    default:
      return InventoryMessage{};
  }
}

std::vector<LinkEvent> LinkTable::apply(const InventoryMessage& message) {
  if (const auto* link = std::get_if<LinkMessage>(&message)) return apply_link(*link);
  if (const auto* address = std::get_if<AddressMessage>(&message)) return apply_address(*address);
  return {};
}

std::vector<LinkEvent> LinkTable::apply_link(const LinkMessage& message) {
  std::vector<LinkEvent> events;
  const auto found = links_.find(message.link.ifindex);
  if (message.presence == Presence::gone) {
    if (found == links_.end()) return events;
    events.push_back({LinkEvent::Kind::removed, std::move(found->second)});
    links_.erase(found);
    return events;
  }
  if (message.partial) return events;
  if (found == links_.end()) {
    links_.emplace(message.link.ifindex, message.link);
    events.push_back({LinkEvent::Kind::added, message.link});
    return events;
  }
  Link now = message.link;
  now.addresses = found->second.addresses;
  if (now == found->second) return events;
  if (now.name != found->second.name) {
    events.push_back({LinkEvent::Kind::removed, found->second});
    events.push_back({LinkEvent::Kind::added, now});
  } else {
    events.push_back({LinkEvent::Kind::changed, now});
  }
  found->second = std::move(now);
  return events;
}

std::vector<LinkEvent> LinkTable::apply_address(const AddressMessage& message) {
  const auto found = links_.find(message.ifindex);
  if (found == links_.end()) return {};
  std::vector<LinkAddress>& list = found->second.addresses;
  const auto known = std::find_if(list.begin(), list.end(), [&](const LinkAddress& address) {
    return same_identity(address, message.address);
  });
  if (message.presence == Presence::gone) {
    if (known == list.end()) return {};
    list.erase(known);
  } else if (known != list.end()) {
    if (*known == message.address) return {};
    *known = message.address;
  } else {
    const bool v4 = std::holds_alternative<Ipv4Address>(message.address.address);
    const auto first_v6 = std::find_if(list.begin(), list.end(), [](const LinkAddress& address) {
      return std::holds_alternative<Ipv6Address>(address.address);
    });
    list.insert(v4 ? first_v6 : list.end(), message.address);
  }
  return {{LinkEvent::Kind::changed, found->second}};
}

std::vector<LinkEvent> LinkTable::replace(std::map<std::uint32_t, Link> links) {
  std::vector<LinkEvent> events;
  for (const auto& [ifindex, old] : links_) {
    const auto now = links.find(ifindex);
    if (now == links.end() || now->second.name != old.name) events.push_back({LinkEvent::Kind::removed, old});
  }
  for (const auto& [ifindex, now] : links) {
    const auto old = links_.find(ifindex);
    if (old == links_.end() || old->second.name != now.name)
      events.push_back({LinkEvent::Kind::added, now});
    else if (!same_but_for_order(old->second, now))
      events.push_back({LinkEvent::Kind::changed, now});
  }
  links_ = std::move(links);
  return events;
}

}  // namespace wgospf::wg
