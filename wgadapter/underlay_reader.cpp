#include "wgadapter/underlay_reader.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "net/netlink_socket.h"

namespace wgospf::wg {
namespace {

constexpr std::chrono::seconds kAnswerTimeout{2};

// Later than the headers of Debian 12.
constexpr std::uint16_t kFraDscp = 25, kFraSourcePortMask = 28, kFraDestinationPortMask = 29;
constexpr std::uint16_t kWholePort = 0xffff;

#ifndef RTM_F_FIB_MATCH
#define RTM_F_FIB_MATCH 0x2000
#endif

using netlink::attributes_of;
using netlink::Bytes;
using netlink::for_each_attribute;
using netlink::header_at;
using netlink::u32_of;

RoutingRule::Action action_of(std::uint8_t action, bool by_l3mdev) {
  if (by_l3mdev) return RoutingRule::Action::nothing;  // it is met by what a VRF's sockets send
  switch (action) {
    case FR_ACT_TO_TBL:
      return RoutingRule::Action::look_up;
    case FR_ACT_GOTO:
      return RoutingRule::Action::jump;
    case FR_ACT_BLACKHOLE:
    case FR_ACT_UNREACHABLE:
    case FR_ACT_PROHIBIT:
      return RoutingRule::Action::refuse;
    default:
      return RoutingRule::Action::nothing;
  }
}

/// What decides whether a rule is asked for packets of this machine; Others of one that asks for what is not known.
RoutingRule::Others others_of(std::uint16_t attribute, Bytes value) {
  switch (attribute) {
    case FRA_IIFNAME:
      return netlink::text_of(value) == "lo" ? RoutingRule::Others::none : RoutingRule::Others::never;
    case FRA_OIFNAME:
      return RoutingRule::Others::never;
    case FRA_UID_RANGE:
    case FRA_SUPPRESS_IFGROUP:
    case kFraDscp:
      return RoutingRule::Others::unknown;
    case kFraSourcePortMask:
    case kFraDestinationPortMask:
      return netlink::header_at<std::uint16_t>(value) == kWholePort ? RoutingRule::Others::none
                                                                    : RoutingRule::Others::unknown;
    default:
      return RoutingRule::Others::none;
  }
}

std::optional<PortRange> ports_of(Bytes value) {
  const auto range = netlink::header_at<fib_rule_port_range>(value);
  return range ? std::optional(PortRange{range->start, range->end}) : std::nullopt;
}

std::optional<RoutingRule> parse_rule(Bytes message) {
  const auto header = header_at<fib_rule_hdr>(message, sizeof(nlmsghdr));
  if (!header) return std::nullopt;
  constexpr std::uint32_t kNone = 0xffffffff;
  RoutingRule rule;
  rule.table = header->table;
  rule.inverted = (header->flags & FIB_RULE_INVERT) != 0;
  if (header->src_len != 0 || header->tos != 0) rule.others = RoutingRule::Others::unknown;
  bool by_l3mdev = false;
  std::optional<std::uint32_t> mask;
  std::uint32_t suppress = kNone;
  for_each_attribute(attributes_of<fib_rule_hdr>(message), [&](std::uint16_t type, Bytes value) {
    if (type == FRA_PRIORITY) rule.priority = u32_of(value);
    if (type == FRA_TABLE) rule.table = u32_of(value);
    if (type == FRA_GOTO) rule.target = u32_of(value);
    if (type == FRA_FWMARK) rule.mark = u32_of(value);
    if (type == FRA_FWMASK) mask = u32_of(value);
    if (type == FRA_SUPPRESS_PREFIXLEN) suppress = u32_of(value);
    if (type == FRA_PROTOCOL && !value.empty()) rule.protocol = std::to_integer<std::uint8_t>(value[0]);
    if (type == FRA_L3MDEV) by_l3mdev = !value.empty() && value[0] != std::byte{0};
    if (type == FRA_DST && header->dst_len != 0 && value.size() == 4)
      rule.destination =
          Ipv4Prefix::make(std::get<Ipv4Address>(*netlink::address_of(value)), header->dst_len);
    if (type == FRA_IIFNAME) rule.is_local = netlink::text_of(value) == "lo";
    if (type == FRA_IP_PROTO && !value.empty()) rule.ip_protocol = std::to_integer<std::uint8_t>(value[0]);
    if (type == FRA_SPORT_RANGE) rule.source_ports = ports_of(value);
    if (type == FRA_DPORT_RANGE) rule.destination_ports = ports_of(value);
    const auto others = others_of(type, value);
    if (others != RoutingRule::Others::none && rule.others != RoutingRule::Others::never)
      rule.others = others;
  });
  rule.action = action_of(header->action, by_l3mdev);
  rule.mark_mask = mask.value_or(rule.mark == 0 ? 0 : kNone);
  if (suppress != kNone) rule.suppress_prefix_length = suppress;
  return rule;
}

/// Devices of all next hops of a route that has several.
void add_ifindexes(Bytes hops, std::vector<std::uint32_t>& ifindexes) {
  while (const auto hop = header_at<rtnexthop>(hops)) {
    if (hop->rtnh_len < sizeof(rtnexthop) || hop->rtnh_len > hops.size()) return;
    if (hop->rtnh_ifindex > 0) ifindexes.push_back(static_cast<std::uint32_t>(hop->rtnh_ifindex));
    hops = hops.subspan(std::min(netlink::aligned(hop->rtnh_len), hops.size()));
  }
}

std::optional<EndpointWay> parse_way(Bytes message, const OwnRoutes& own) {
  const auto route = header_at<rtmsg>(message, sizeof(nlmsghdr));
  if (!route) return std::nullopt;
  EndpointWay way;
  way.place = {route->rtm_table, route->rtm_dst_len, 0};
  for_each_attribute(attributes_of<rtmsg>(message), [&](std::uint16_t type, Bytes value) {
    if (type == RTA_TABLE) way.place->table = u32_of(value);
    if (type == RTA_PRIORITY) way.place->metric = u32_of(value);
    if (type == RTA_OIF && u32_of(value) != 0) way.ifindexes.push_back(u32_of(value));
    if (type == RTA_GATEWAY) way.gateway = netlink::address_of(value);
    if (type == RTA_MULTIPATH) add_ifindexes(value, way.ifindexes);
  });
  way.is_ours = route->rtm_protocol == own.protocol && way.place->metric == own.metric &&
                (way.place->table == own.table || way.place->table == own.apart);
  return way;
}

/// In the order of the network.
void put_port(netlink::MessageBuffer& request, std::uint16_t type, std::uint16_t port) {
  if (port == 0) return;
  const std::array<std::byte, 2> bytes{std::byte(port >> 8), std::byte(port & 0xff)};
  request.put_attribute(type, bytes);
}

/// The kernel has looked, and there is no way.
bool is_no_way(int error) {
  return error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES || error == EINVAL ||
         error == ENETDOWN || error == EOPNOTSUPP || error == EAFNOSUPPORT;
}

}  // namespace

struct UnderlayReader::State {
  netlink::Socket socket;

  /// One lookup. With RTM_F_FIB_MATCH the answer is the entry of the table with all its next hops.
  Result<EndpointWay> look_up(const IpAddress& endpoint, const Outer& outer, const OwnRoutes& own,
                              unsigned flags);
};

Result<EndpointWay> UnderlayReader::State::look_up(const IpAddress& endpoint, const Outer& outer,
                                                   const OwnRoutes& own, unsigned flags) {
  const bool is_v4 = std::holds_alternative<Ipv4Address>(endpoint);
  rtmsg header{};
  header.rtm_family = is_v4 ? AF_INET : AF_INET6;
  header.rtm_dst_len = is_v4 ? 32 : 128;
  header.rtm_flags = RTM_F_LOOKUP_TABLE | flags;
  netlink::MessageBuffer request;
  request.begin(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_ACK);
  request.put_header(header);
  request.put_address(RTA_DST, endpoint);
  if (outer.mark != 0) request.put_u32(RTA_MARK, outer.mark);
  const std::byte udp{IPPROTO_UDP};
  request.put_attribute(RTA_IP_PROTO, Bytes(&udp, 1));
  put_port(request, RTA_SPORT, outer.source_port);
  put_port(request, RTA_DPORT, outer.destination_port);
  request.end();
  EndpointWay way;
  const auto deadline = std::chrono::steady_clock::now() + kAnswerTimeout;
  const auto done = socket.request(request.bytes(), deadline, [&](Bytes message) -> Result<void> {
    if (netlink::header_of(message).nlmsg_type == RTM_NEWROUTE)
      if (auto found = parse_way(message, own)) way = *std::move(found);
    return {};
  });
  if (!done && !is_no_way(done.error().system_error)) return done.error();
  return way;
}

UnderlayReader::UnderlayReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
UnderlayReader::UnderlayReader(UnderlayReader&&) noexcept = default;
UnderlayReader& UnderlayReader::operator=(UnderlayReader&&) noexcept = default;
UnderlayReader::~UnderlayReader() = default;

Result<UnderlayReader> UnderlayReader::open() {
  auto socket =
      netlink::Socket::open({.place = "the ways to WireGuard's endpoints", .receive_buffer = 1 << 18});
  if (!socket) return socket.error();
  return UnderlayReader(std::make_unique<State>(State{*std::move(socket)}));
}

Result<std::vector<RoutingRule>> UnderlayReader::rules() {
  netlink::MessageBuffer request;
  request.begin(RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP);
  fib_rule_hdr header{};
  header.family = AF_INET;
  request.put_header(header);
  request.end();
  std::vector<RoutingRule> rules;
  const auto deadline = std::chrono::steady_clock::now() + kAnswerTimeout;
  const auto done = state_->socket.request(request.bytes(), deadline, [&](Bytes message) -> Result<void> {
    if (netlink::header_of(message).nlmsg_type != RTM_NEWRULE) return {};
    if (const auto rule = parse_rule(message)) rules.push_back(*rule);
    return {};
  });
  if (!done) return done.error();
  return rules;
}

Result<EndpointWay> UnderlayReader::way(const IpAddress& endpoint, const Outer& outer, const OwnRoutes& own) {
  auto entry = state_->look_up(endpoint, outer, own, RTM_F_FIB_MATCH);
  if (!entry || !entry->place || !entry->ifindexes.empty()) return entry;
  // The next hops are in an object that the entry only names (nexthop_compat_mode 0).
  const auto chosen = state_->look_up(endpoint, outer, own, 0);
  if (chosen) entry->ifindexes = chosen->ifindexes;
  if (chosen) entry->gateway = chosen->gateway;
  return entry;
}

Result<void> UnderlayReader::read(Underlay& underlay, const OwnRoutes& own) {
  auto found = rules();
  if (!found) return found.error();
  auto uplink = way(kAnywhere, {}, own);
  if (!uplink) return uplink.error();
  std::vector<EndpointWay> ways;
  for (const UnderlayPeer& peer : underlay.peers) {
    auto answer = way(peer.endpoint.address, outer_of(underlay.devices[peer.device], peer.endpoint), own);
    if (!answer) return answer.error();
    ways.push_back(*std::move(answer));
  }
  underlay.rules = *std::move(found);
  underlay.uplink = *std::move(uplink);
  for (std::size_t i = 0; i < ways.size(); ++i) underlay.peers[i].way = std::move(ways[i]);
  return {};
}

}  // namespace wgospf::wg
