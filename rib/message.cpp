#include "rib/message.h"

#include <linux/fib_rules.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace wgospf::rib {

namespace {

using netlink::address_of;
using netlink::attributes_of;
using netlink::Bytes;
using netlink::for_each_attribute;
using netlink::header_at;
using netlink::u32_of;

std::uint8_t address_family(Family family) {
  return family == Family::ipv4 ? AF_INET : AF_INET6;
}

IpPrefix make_prefix(std::uint8_t family, const std::optional<IpAddress>& address, std::uint8_t length) {
  if (family == AF_INET) {
    const auto* v4 = address ? std::get_if<Ipv4Address>(&*address) : nullptr;
    return Ipv4Prefix::make(v4 != nullptr ? *v4 : Ipv4Address{}, length);
  }
  const auto* v6 = address ? std::get_if<Ipv6Address>(&*address) : nullptr;
  return Ipv6Prefix::make(v6 != nullptr ? *v6 : Ipv6Address{}, length);
}

std::optional<IpAddress> via_address(Bytes via) {
  return via.size() < sizeof(std::uint16_t) ? std::nullopt : address_of(via.subspan(sizeof(std::uint16_t)));
}

void read_multipath(Bytes value, RouteMessage& route) {
  const auto hop = header_at<rtnexthop>(value);
  if (!hop || hop->rtnh_len < sizeof(rtnexthop) || hop->rtnh_len > value.size()) return;
  route.ifindex = static_cast<std::uint32_t>(hop->rtnh_ifindex);
  for_each_attribute(value.subspan(sizeof(rtnexthop), hop->rtnh_len - sizeof(rtnexthop)),
                     [&route](std::uint16_t type, Bytes v) {
                       if (type == RTA_GATEWAY) route.gateway = address_of(v);
                       if (type == RTA_VIA) route.gateway = via_address(v);
                     });
}

std::optional<Message> decode_route(Bytes message, const nlmsghdr& header) {
  const auto body = header_at<rtmsg>(message, sizeof(nlmsghdr));
  if (!body || (body->rtm_family != AF_INET && body->rtm_family != AF_INET6)) return std::nullopt;
  if (body->rtm_dst_len > (body->rtm_family == AF_INET ? 32 : 128)) return std::nullopt;
  RouteMessage route{.removed = header.nlmsg_type == RTM_DELROUTE,
                     .replaces = (header.nlmsg_flags & NLM_F_REPLACE) != 0,
                     .appended = (header.nlmsg_flags & NLM_F_APPEND) != 0,
                     .by_kernel = header.nlmsg_pid == 0,
                     .cloned = (body->rtm_flags & RTM_F_CLONED) != 0,
                     .link_dead = (body->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0,
                     .dead = (body->rtm_flags & RTNH_F_DEAD) != 0,
                     .tos = body->rtm_tos,
                     .type = body->rtm_type,
                     .scope = body->rtm_scope,
                     .protocol = body->rtm_protocol,
                     .table = body->rtm_table,
                     .sender = header.nlmsg_pid};
  std::optional<IpAddress> destination;
  for_each_attribute(attributes_of<rtmsg>(message), [&](std::uint16_t type, Bytes value) {
    switch (type) {
      case RTA_DST:
        destination = address_of(value);
        break;
      case RTA_TABLE:
        route.table = u32_of(value);
        break;
      case RTA_PRIORITY:
        route.metric = u32_of(value);
        break;
      case RTA_NH_ID:
        route.nexthop_id = u32_of(value);
        break;
      case RTA_OIF:
        route.ifindex = u32_of(value);
        break;
      case RTA_GATEWAY:
        route.gateway = address_of(value);
        break;
      case RTA_VIA:
        route.gateway = via_address(value);
        break;
      case RTA_PREFSRC:
        route.source = address_of(value);
        break;
      case RTA_MULTIPATH:
        read_multipath(value, route);
        break;
      default:
        break;
    }
  });
  route.prefix = make_prefix(body->rtm_family, destination, body->rtm_dst_len);
  return route;
}

std::optional<Message> decode_nexthop(Bytes message, const nlmsghdr& header) {
  const auto body = header_at<nhmsg>(message, sizeof(nlmsghdr));
  if (!body) return std::nullopt;
  NexthopMessage nexthop{.removed = header.nlmsg_type == RTM_DELNEXTHOP,
                         .replaces = (header.nlmsg_flags & NLM_F_REPLACE) != 0,
                         .protocol = body->nh_protocol,
                         .sender = header.nlmsg_pid};
  nexthop.key.family = body->nh_family == AF_INET6 ? Family::ipv6 : Family::ipv4;
  for_each_attribute(attributes_of<nhmsg>(message), [&](std::uint16_t type, Bytes value) {
    if (type == NHA_ID) nexthop.id = u32_of(value);
    if (type == NHA_OIF) nexthop.key.ifindex = u32_of(value);
    if (type == NHA_GATEWAY) nexthop.key.gateway = address_of(value);
    if (type != NHA_GROUP) return;
    nexthop.is_group = true;
    for (; value.size() >= sizeof(nexthop_grp); value = value.subspan(sizeof(nexthop_grp))) {
      const auto member = *header_at<nexthop_grp>(value);
      nexthop.members.push_back({member.id, member.weight + 1U});
    }
  });
  nexthop.key.onlink = nexthop.key.gateway && (body->nh_flags & RTNH_F_ONLINK) != 0;
  return nexthop;
}

std::optional<Ipv4Address> ipv4_of(Bytes value) {
  const auto address = address_of(value);
  const auto* ipv4 = address ? std::get_if<Ipv4Address>(&*address) : nullptr;
  return ipv4 != nullptr ? std::optional(*ipv4) : std::nullopt;
}

std::optional<Message> decode_rule(Bytes message, const nlmsghdr& header) {
  const auto body = header_at<fib_rule_hdr>(message, sizeof(nlmsghdr));
  if (!body) return std::nullopt;
  RuleMessage rule{.removed = header.nlmsg_type == RTM_DELRULE,
                   .family = body->family == AF_INET6 ? Family::ipv6 : Family::ipv4,
                   .table = body->table,
                   .looks_up = body->action == FR_ACT_TO_TBL};
  constexpr std::uint32_t kNone = 0xffffffff;
  PolicyRule& ours = rule.rule;
  ours.inverted = (body->flags & FIB_RULE_INVERT) != 0;
  if (body->action == FR_ACT_GOTO) ours.action = PolicyRule::Action::jump;
  if (body->action == FR_ACT_NOP) ours.action = PolicyRule::Action::nothing;
  const auto first_byte = [](Bytes value) {
    return value.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(value[0]);
  };
  for_each_attribute(attributes_of<fib_rule_hdr>(message), [&](std::uint16_t type, Bytes value) {
    if (type == FRA_TABLE) rule.table = u32_of(value);
    if (type == FRA_L3MDEV) rule.by_l3mdev = first_byte(value) != 0;
    if (type == FRA_PROTOCOL) rule.protocol = first_byte(value);
    if (type == FRA_PRIORITY) ours.priority = u32_of(value);
    if (type == FRA_GOTO) ours.target = u32_of(value);
    if (type == FRA_FWMARK) ours.mark = u32_of(value);
    if (type == FRA_FWMASK) ours.mask = u32_of(value);
    if (type == FRA_SUPPRESS_PREFIXLEN && u32_of(value) != kNone) ours.suppress_prefix_length = u32_of(value);
    if (type == FRA_IP_PROTO) ours.is_local_udp = first_byte(value) == IPPROTO_UDP;
    if (type == FRA_SPORT_RANGE)
      if (const auto range = header_at<fib_rule_port_range>(value)) ours.source_port = range->start;
    if (type == FRA_SRC && body->src_len == 32) ours.source = ipv4_of(value);
    if (type == FRA_DST && body->dst_len == 32) ours.destination = ipv4_of(value);
  });
  if (ours.action == PolicyRule::Action::look_up) ours.table = rule.table;
  return rule;
}

struct Encoder {
  MessageBuffer& buffer;
  const RouteContext& context;
  std::uint32_t sequence;
  std::uint16_t flags;

  void begin(std::uint16_t type, int more = 0) const {
    buffer.begin(type, static_cast<std::uint16_t>(NLM_F_REQUEST | flags | more), sequence);
  }

  void operator()(const AddNexthop& o) const {
    begin(RTM_NEWNEXTHOP, NLM_F_CREATE | NLM_F_EXCL);
    const unsigned onlink = o.key.gateway && o.key.onlink ? RTNH_F_ONLINK : 0;
    buffer.put_header(nhmsg{.nh_family = address_family(o.key.family),
                            .nh_scope = 0,
                            .nh_protocol = kProtocol,
                            .resvd = 0,
                            .nh_flags = onlink});
    buffer.put_u32(NHA_ID, o.id);
    buffer.put_u32(NHA_OIF, o.key.ifindex);
    if (o.key.gateway) buffer.put_address(NHA_GATEWAY, *o.key.gateway);
    buffer.end();
  }
  void group(std::uint32_t id, const std::vector<GroupMember>& members, int more) const {
    begin(RTM_NEWNEXTHOP, more);
    buffer.put_header(
        nhmsg{.nh_family = AF_UNSPEC, .nh_scope = 0, .nh_protocol = kProtocol, .resvd = 0, .nh_flags = 0});
    buffer.put_u32(NHA_ID, id);
    std::vector<nexthop_grp> wire;
    wire.reserve(members.size());
    for (const GroupMember& member : members) {
      wire.push_back({member.nexthop_id, static_cast<std::uint8_t>(member.weight - 1), 0, 0});
    }
    buffer.put_attribute(NHA_GROUP, std::as_bytes(std::span(wire)));
    buffer.end();
  }
  void operator()(const AddGroup& o) const { group(o.id, o.members, NLM_F_CREATE | NLM_F_EXCL); }
  void operator()(const ReplaceGroup& o) const { group(o.id, o.members, NLM_F_REPLACE); }

  void route(const IpPrefix& prefix, std::uint8_t scope) const {
    const std::uint8_t length = std::visit([](const auto& p) { return p.length; }, prefix);
    buffer.put_header(rtmsg{.rtm_family = address_family(family_of(prefix)),
                            .rtm_dst_len = length,
                            .rtm_src_len = 0,
                            .rtm_tos = 0,
                            .rtm_table = RT_TABLE_UNSPEC,
                            .rtm_protocol = kProtocol,
                            .rtm_scope = scope,
                            .rtm_type = RTN_UNICAST,
                            .rtm_flags = 0});
    buffer.put_u32(RTA_TABLE, context.table);
    buffer.put_u32(RTA_PRIORITY, context.metric);
    if (length != 0) {
      buffer.put_address(RTA_DST, std::visit([](const auto& p) { return IpAddress(p.address); }, prefix));
    }
  }
  template <class O>
  void install(const O& o, int more) const {
    begin(RTM_NEWROUTE, more);
    route(o.prefix, RT_SCOPE_UNIVERSE);
    buffer.put_u32(RTA_NH_ID, o.group_id);
    if (o.source) buffer.put_address(RTA_PREFSRC, *o.source);
    buffer.end();
  }
  void operator()(const AddRoute& o) const { install(o, NLM_F_CREATE | NLM_F_EXCL); }
  void operator()(const ReplaceRoute& o) const { install(o, NLM_F_REPLACE); }
  void operator()(const DeleteRoute& o) const {
    begin(RTM_DELROUTE);
    route(o.prefix, RT_SCOPE_NOWHERE);
    buffer.put_u32(RTA_NH_ID, o.group_id);
    buffer.end();
  }
  void remove(std::uint32_t id) const {
    begin(RTM_DELNEXTHOP);
    buffer.put_header(nhmsg{});
    buffer.put_u32(NHA_ID, id);
    buffer.end();
  }
  void operator()(const DeleteGroup& o) const { remove(o.id); }
  void operator()(const DeleteNexthop& o) const { remove(o.id); }
};

template <class Header>
void encode_dump(MessageBuffer& buffer, std::uint16_t type, const Header& header) {
  buffer.begin(type, NLM_F_REQUEST | NLM_F_DUMP, 0);
  buffer.put_header(header);
}

}  // namespace

void encode(MessageBuffer& buffer, const Operation& operation, const RouteContext& context,
            std::uint32_t sequence, std::uint16_t flags) {
  std::visit(Encoder{buffer, context, sequence, flags}, operation);
}

void encode_route_dump(MessageBuffer& buffer, Family family, std::uint32_t table, std::uint8_t protocol) {
  rtmsg header{};
  header.rtm_family = address_family(family);
  header.rtm_protocol = protocol;
  encode_dump(buffer, RTM_GETROUTE, header);
  buffer.put_u32(RTA_TABLE, table);
  buffer.end();
}

void encode_nexthop_dump(MessageBuffer& buffer) {
  encode_dump(buffer, RTM_GETNEXTHOP, nhmsg{});
  buffer.end();
}

void encode_rule_dump(MessageBuffer& buffer, Family family) {
  fib_rule_hdr header{};
  header.family = address_family(family);
  encode_dump(buffer, RTM_GETRULE, header);
  buffer.end();
}

namespace {

// "lo" makes it certain that the packet is of this machine, and spares the kernel taking apart those that it forwards.
void put_local_udp(MessageBuffer& buffer, std::uint16_t source_port) {
  const char loopback[] = "lo";
  buffer.put_attribute(FRA_IIFNAME, std::as_bytes(std::span(loopback)));
  const std::byte udp{IPPROTO_UDP};
  buffer.put_attribute(FRA_IP_PROTO, Bytes(&udp, 1));
  if (source_port == 0) return;
  const fib_rule_port_range range{source_port, source_port};
  buffer.put_attribute(FRA_SPORT_RANGE, std::as_bytes(std::span(&range, 1)));
}

}  // namespace

void encode_rule_change(MessageBuffer& buffer, const PolicyRule& rule, RuleChange change) {
  const bool is_added = change == RuleChange::add;
  buffer.begin(
      is_added ? RTM_NEWRULE : RTM_DELRULE,
      static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | (is_added ? NLM_F_CREATE | NLM_F_EXCL : 0)));
  fib_rule_hdr header{};
  header.family = AF_INET;
  header.action = FR_ACT_TO_TBL;
  if (rule.action == PolicyRule::Action::jump) header.action = FR_ACT_GOTO;
  if (rule.action == PolicyRule::Action::nothing) header.action = FR_ACT_NOP;
  if (rule.source) header.src_len = 32;
  if (rule.destination) header.dst_len = 32;
  if (rule.inverted) header.flags = FIB_RULE_INVERT;
  buffer.put_header(header);
  buffer.put_u32(FRA_PRIORITY, rule.priority);
  const std::byte protocol{kProtocol};
  buffer.put_attribute(FRA_PROTOCOL, Bytes(&protocol, 1));
  if (rule.source) buffer.put_address(FRA_SRC, *rule.source);
  if (rule.destination) buffer.put_address(FRA_DST, *rule.destination);
  if (rule.is_local_udp) put_local_udp(buffer, rule.source_port);
  if (rule.mask != 0) {
    buffer.put_u32(FRA_FWMARK, rule.mark);
    buffer.put_u32(FRA_FWMASK, rule.mask);
  }
  if (rule.action == PolicyRule::Action::look_up) buffer.put_u32(FRA_TABLE, rule.table);
  if (rule.action == PolicyRule::Action::jump) buffer.put_u32(FRA_GOTO, rule.target);
  if (rule.suppress_prefix_length) buffer.put_u32(FRA_SUPPRESS_PREFIXLEN, *rule.suppress_prefix_length);
  buffer.end();
}

std::optional<Message> decode(netlink::Bytes message) {
  const nlmsghdr header = netlink::header_of(message);
  switch (header.nlmsg_type) {
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return decode_route(message, header);
    case RTM_NEWNEXTHOP:
    case RTM_DELNEXTHOP:
      return decode_nexthop(message, header);
    case RTM_NEWRULE:
    case RTM_DELRULE:
      return decode_rule(message, header);
    default:
      return std::nullopt;
  }
}

bool is_ours(const RouteMessage& route, const RouteContext& context) {
  return route.protocol == kProtocol && route.table == context.table && route.metric == context.metric &&
         context.ids.contains(route.nexthop_id) && !route.cloned;
}

bool is_ours(const NexthopMessage& nexthop, const RouteContext& context) {
  return nexthop.protocol == kProtocol && context.ids.contains(nexthop.id);
}

}  // namespace wgospf::rib
