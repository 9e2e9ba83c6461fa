#include "rib/desired.h"

#include "rib/report.h"

namespace wgospf::rib {

Member member_for(const LinkFacts& link, const IpAddress& neighbour, std::uint32_t weight) {
  Member member{.ifindex = link.ifindex, .weight = weight};
  if (link.noarp || link.point_to_point) return member;
  member.gateway = neighbour;
  const auto* v6 = std::get_if<Ipv6Address>(&neighbour);
  member.onlink = v6 == nullptr || !v6->is_link_local();
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
