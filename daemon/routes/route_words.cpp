#include "daemon/routes/route_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace wgospf::daemon {

namespace {

constexpr std::uint8_t kKernel = 2;

/// Of the link whose subnet, own address or far end the prefix is.
std::string connected_text(const IpPrefix& prefix, const Inventory& inventory,
                           const std::function<bool(const std::string&)>& is_ospf) {
  for (const auto& [ifindex, link] : inventory) {
    for (const auto& address : link.addresses) {
      const auto* own = std::get_if<Ipv4Address>(&address.address);
      if (own != nullptr && IpPrefix(Ipv4Prefix::host(*own)) == prefix) {
        return fmt::format("an address of this router on {}", link.name);
      }
      if (subnet_of(address) != prefix) continue;
      return fmt::format("{} {}{}", address.peer ? "the far end of the address on" : "connected on",
                         link.name, is_ospf(link.name) ? "" : ", where OSPF does not run");
    }
  }
  return "connected";
}

std::string hidden_text(const rib::Holder& holder, const Inventory& inventory) {
  const auto link = inventory.find(holder.ifindex);
  const std::string on = link == inventory.end() ? std::string() : " on " + link->second.name;
  if (link != inventory.end() && holder.protocol == kKernel && !link->second.usable()) {
    return fmt::format(
        "by the kernel's own route{0}, which has no carrier: \"sysctl -w "
        "net.ipv4.conf.{1}.ignore_routes_with_linkdown=1\" has the kernel use ours then",
        on, sysctl_name(link->second.name));
  }
  if (holder.protocol == kKernel) return fmt::format("by the kernel's own route{}", on);
  return fmt::format("by a route{} of another program (proto {}, metric {})", on,
                     route_protocol_name(holder.protocol), holder.metric);
}

}  // namespace

std::string route_protocol_name(std::uint8_t protocol) {
  static constexpr std::array<std::pair<std::uint8_t, const char*>, 19> kNames{{{1, "redirect"},
                                                                                {2, "kernel"},
                                                                                {3, "boot"},
                                                                                {4, "static"},
                                                                                {8, "gated"},
                                                                                {9, "ra"},
                                                                                {11, "zebra"},
                                                                                {12, "bird"},
                                                                                {13, "dnrouted"},
                                                                                {14, "xorp"},
                                                                                {16, "dhcp"},
                                                                                {18, "keepalived"},
                                                                                {42, "babel"},
                                                                                {99, "openr"},
                                                                                {186, "bgp"},
                                                                                {187, "isis"},
                                                                                {188, "ospf"},
                                                                                {189, "rip"},
                                                                                {192, "eigrp"}}};
  const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                   [protocol](const auto& entry) { return entry.first == protocol; });
  return found == kNames.end() ? std::to_string(protocol) : found->second;
}

std::string standing_text(const rib::RouteStands& stands, const Inventory& inventory,
                          const std::function<bool(const std::string&)>& is_ospf) {
  switch (stands.standing) {
    case rib::Standing::in_kernel:
      return {};
    case rib::Standing::missing:
      return "not in the kernel, where it is being put";
    case rib::Standing::elsewhere:
      return "in the kernel by another way, which is being changed";
    case rib::Standing::no_next_hop:
      return "no interface of its next hops is up and has a carrier";
    case rib::Standing::connected:
      return connected_text(stands.prefix, inventory, is_ospf);
    case rib::Standing::hidden:
      return hidden_text(stands.holder, inventory);
  }
  return {};
}

}  // namespace wgospf::daemon
