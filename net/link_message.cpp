// Links and addresses as rtnetlink tells them.
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <utility>

#include "net/link_table.h"

namespace wgospf {
namespace {

using netlink::address_of;
using netlink::attributes_of;
using netlink::Bytes;
using netlink::for_each_attribute;
using netlink::header_at;
using netlink::text_of;
using netlink::u32_of;

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

void read_link_info(Bytes value, Link& link) {
  std::uint32_t table = 0;
  for_each_attribute(value, [&](std::uint16_t type, Bytes info) {
    if (type == IFLA_INFO_KIND) link.kind = text_of(info);
    if (type != IFLA_INFO_DATA) return;
    for_each_attribute(info, [&table](std::uint16_t of_kind, Bytes data) {
      if (of_kind == IFLA_VRF_TABLE) table = u32_of(data);
    });
  });
  if (link.kind == "vrf") link.vrf_table = table;
}

void read_altnames(Bytes value, Link& link) {
  for_each_attribute(value, [&link](std::uint16_t type, Bytes name) {
    if (type == IFLA_ALT_IFNAME) link.altnames.emplace_back(text_of(name));
  });
}

void read_family(Bytes value, Link& link) {
  for_each_attribute(value, [&link](std::uint16_t family, Bytes of_family) {
    if (family != AF_INET6) return;
    for_each_attribute(of_family, [&link](std::uint16_t type, Bytes mode) {
      if (type == IFLA_INET6_ADDR_GEN_MODE && !mode.empty())
        link.address_generation = static_cast<std::uint8_t>(mode.front());
    });
  });
}

std::optional<InventoryMessage> parse_link(Bytes message, std::uint16_t type) {
  const auto header = header_at<ifinfomsg>(message, sizeof(nlmsghdr));
  if (!header) return std::nullopt;
  // A bridge speaks of its ports with these types too, and "gone" then means "no longer a port".
  if (header->ifi_family != AF_UNSPEC) return InventoryMessage{};
  LinkMessage result{type == RTM_NEWLINK ? Presence::present : Presence::gone};
  result.partial = true;  // but for its MTU, which every other message of a link has
  Link& link = result.link;
  link.ifindex = static_cast<std::uint32_t>(header->ifi_index);
  link.flags = flags_of(header->ifi_flags);
  for_each_attribute(attributes_of<ifinfomsg>(message), [&](std::uint16_t attribute, Bytes value) {
    if (attribute == IFLA_IFNAME) link.name = text_of(value);
    if (attribute == IFLA_PROP_LIST) read_altnames(value, link);
    if (attribute == IFLA_MASTER) link.master = u32_of(value);
    if (attribute == IFLA_LINKINFO) read_link_info(value, link);
    if (attribute == IFLA_AF_SPEC) read_family(value, link);
    if (attribute != IFLA_MTU) return;
    link.mtu = u32_of(value);
    result.partial = false;
  });
  if (header->ifi_index <= 0 || link.name.empty()) return std::nullopt;
  return result;
}

std::optional<InventoryMessage> parse_address(Bytes message, std::uint16_t type) {
  const auto header = header_at<ifaddrmsg>(message, sizeof(nlmsghdr));
  if (!header) return std::nullopt;
  if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6) return InventoryMessage{};
  const bool is_v4 = header->ifa_family == AF_INET;
  Bytes local, far;
  std::uint32_t flags = header->ifa_flags;
  std::uint8_t protocol = 0;
  for_each_attribute(attributes_of<ifaddrmsg>(message), [&](std::uint16_t attribute, Bytes value) {
    if (attribute == IFA_LOCAL) local = value;
    if (attribute == IFA_ADDRESS) far = value;
    if (attribute == IFA_PROTO && !value.empty()) protocol = static_cast<std::uint8_t>(value.front());
    if (attribute == IFA_FLAGS && value.size() >= sizeof(flags)) flags = u32_of(value);
  });
  // IFA_LOCAL is ours and IFA_ADDRESS the far end's, if both are there; IPv6 leaves IFA_LOCAL out otherwise.
  if (local.empty()) local = std::exchange(far, Bytes{});
  const std::size_t length = is_v4 ? 4 : 16;
  if (local.size() != length || (!far.empty() && far.size() != length)) return std::nullopt;
  if (header->ifa_prefixlen > 8 * length) return std::nullopt;
  AddressMessage result{type == RTM_NEWADDR ? Presence::present : Presence::gone, header->ifa_index};
  LinkAddress& out = result.address;
  out.address = *address_of(local);
  out.prefix_length = header->ifa_prefixlen;
  if (!far.empty() && *address_of(far) != out.address) out.peer = address_of(far);
  out.scope = scope_of(header->ifa_scope);
  out.secondary = is_v4 && (flags & IFA_F_SECONDARY) != 0;
  out.deprecated = (flags & IFA_F_DEPRECATED) != 0;
  out.tentative = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;
  out.protocol = protocol;
  // With modes that keep an address stable kernels before 5.18 tell by the flag alone.
  out.is_generated = !is_v4 && out.scope == AddressScope::link &&
                     (protocol == IFAPROT_KERNEL_LL || (flags & IFA_F_STABLE_PRIVACY) != 0);
  return result;
}

}  // namespace

std::optional<InventoryMessage> parse_inventory_message(Bytes message) {
  const std::uint16_t type = netlink::header_of(message).nlmsg_type;
  switch (type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return parse_link(message, type);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return parse_address(message, type);
    default:
      return InventoryMessage{};
  }
}

}  // namespace wgospf
