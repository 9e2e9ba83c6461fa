#include "rib/desired.h"

#include <algorithm>

#include "rib/report.h"

namespace wgospf::rib {

std::string to_string(Family family) {
  return family == Family::ipv4 ? "IPv4" : "IPv6";
}

std::string to_string(const IpAddress& address) {
  return std::visit([](const auto& a) { return a.to_string(); }, address);
}

std::string to_string(const IpPrefix& prefix) {
  return std::visit([](const auto& p) { return p.to_string(); }, prefix);
}

namespace {

bool covered(const IpPrefix& prefix, const IpAddress& address) {
  if (const auto* p4 = std::get_if<Ipv4Prefix>(&prefix)) {
    const auto* a4 = std::get_if<Ipv4Address>(&address);
    return a4 != nullptr && p4->contains(*a4);
  }
  const auto* a6 = std::get_if<Ipv6Address>(&address);
  return a6 != nullptr && std::get<Ipv6Prefix>(prefix).contains(*a6);
}

}  // namespace

Member member_for(const LinkFacts& link, const IpAddress& neighbour, std::uint32_t weight) {
  Member member{.ifindex = link.ifindex, .weight = weight};
  if (link.noarp || link.point_to_point) return member;
  member.gateway = neighbour;
  const auto* v6 = std::get_if<Ipv6Address>(&neighbour);
  const bool on_subnet =
      (v6 != nullptr && v6->is_link_local()) ||
      std::any_of(link.subnets.begin(), link.subnets.end(),
                  [&neighbour](const IpPrefix& subnet) { return covered(subnet, neighbour); });
  member.onlink = !on_subnet;
  return member;
}

std::string to_string(const Subject& subject) {
  if (const auto* prefix = std::get_if<IpPrefix>(&subject)) return "route " + to_string(*prefix);
  if (const auto* set = std::get_if<SetKey>(&subject)) {
    return to_string(set->family) + " next-hop set " + std::to_string(set->id);
  }
  if (std::holds_alternative<UnusedId>(subject)) return "a next hop object that nothing uses";
  const auto& nexthop = std::get<NexthopKey>(subject);
  std::string text = to_string(nexthop.family) + " next hop ";
  if (nexthop.gateway) text += to_string(*nexthop.gateway) + " ";
  return text + "on interface index " + std::to_string(nexthop.ifindex) + (nexthop.onlink ? " (onlink)" : "");
}

}  // namespace wgospf::rib
