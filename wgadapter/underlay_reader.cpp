#include "wgadapter/underlay_reader.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "wgadapter/netlink.h"

namespace wgospf::wg {
namespace {

constexpr std::chrono::seconds kTimeout{2};

#ifndef RTM_F_FIB_MATCH
#define RTM_F_FIB_MATCH 0x2000
#endif

std::uint32_t number_of(const nlattr* attribute, std::uint32_t otherwise) {
  if (attribute == nullptr || nla_len(attribute) < static_cast<int>(sizeof(std::uint32_t))) return otherwise;
  return nla_get_u32(attribute);
}

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

RoutingRule::Others others_of(const fib_rule_hdr& header, const Attributes<FRA_MAX + 1>& table) {
  const auto* in = table[FRA_IIFNAME];
  const bool from_here = in == nullptr || strncmp(static_cast<const char*>(nla_data(in)), "lo",
                                                  static_cast<std::size_t>(nla_len(in))) == 0;
  if (!from_here || table[FRA_OIFNAME] != nullptr) return RoutingRule::Others::never;
  const bool unknown = header.src_len != 0 || header.tos != 0 || table[FRA_UID_RANGE] != nullptr ||
                       table[FRA_IP_PROTO] != nullptr || table[FRA_SPORT_RANGE] != nullptr ||
                       table[FRA_DPORT_RANGE] != nullptr || table[FRA_SUPPRESS_IFGROUP] != nullptr;
  return unknown ? RoutingRule::Others::unknown : RoutingRule::Others::none;
}

std::optional<RoutingRule> parse_rule(const nlmsghdr& message) {
  Attributes<FRA_MAX + 1> table{};
  if (!parse_attributes<fib_rule_hdr>(message, table)) return std::nullopt;
  const auto* header = static_cast<const fib_rule_hdr*>(nlmsg_data(&message));
  const auto* l3mdev = table[FRA_L3MDEV];
  RoutingRule rule;
  rule.priority = number_of(table[FRA_PRIORITY], 0);
  rule.action =
      action_of(header->action, l3mdev != nullptr && nla_len(l3mdev) > 0 && nla_get_u8(l3mdev) != 0);
  rule.table = number_of(table[FRA_TABLE], header->table);
  rule.target = number_of(table[FRA_GOTO], 0);
  rule.mark = number_of(table[FRA_FWMARK], 0);
  rule.mark_mask = number_of(table[FRA_FWMASK], rule.mark == 0 ? 0 : 0xffffffff);
  rule.others = others_of(*header, table);
  rule.inverted = (header->flags & FIB_RULE_INVERT) != 0;
  const std::uint32_t suppress = number_of(table[FRA_SUPPRESS_PREFIXLEN], 0xffffffff);
  if (suppress != 0xffffffff) rule.suppress_prefix_length = suppress;
  const auto* to = table[FRA_DST];
  if (header->dst_len != 0 && to != nullptr && nla_len(to) == 4)
    rule.destination = Ipv4Prefix::make(Ipv4Address{__builtin_bswap32(nla_get_u32(to))}, header->dst_len);
  return rule;
}

/// Devices of all next hops.
std::vector<std::uint32_t> ifindexes_of(const Attributes<RTA_MAX + 1>& table) {
  std::vector<std::uint32_t> result;
  if (const std::uint32_t one = number_of(table[RTA_OIF], 0); one != 0) result.push_back(one);
  if (table[RTA_MULTIPATH] == nullptr) return result;
  auto* hop = static_cast<rtnexthop*>(nla_data(table[RTA_MULTIPATH]));
  int left = nla_len(table[RTA_MULTIPATH]);
  while (left >= static_cast<int>(sizeof(rtnexthop)) && hop->rtnh_len >= sizeof(rtnexthop) &&
         hop->rtnh_len <= left) {
    if (hop->rtnh_ifindex > 0) result.push_back(static_cast<std::uint32_t>(hop->rtnh_ifindex));
    const int step = static_cast<int>(RTNH_ALIGN(hop->rtnh_len));
    left -= step;
    hop = reinterpret_cast<rtnexthop*>(reinterpret_cast<char*>(hop) + step);
  }
  return result;
}

/// The kernel has looked, and there is no way.
bool is_no_way(int error) {
  return error == ENETUNREACH || error == EHOSTUNREACH || error == EACCES || error == EINVAL ||
         error == ENETDOWN || error == EOPNOTSUPP || error == EAFNOSUPPORT;
}

}  // namespace

struct UnderlayReader::State {
  NetlinkSocket socket;

  /// One lookup. With RTM_F_FIB_MATCH the answer is the entry of the table with all its next hops.
  Result<EndpointWay> look_up(const IpAddress& endpoint, std::uint32_t mark, const OwnRoutes& own,
                              unsigned flags);
};

Result<EndpointWay> UnderlayReader::State::look_up(const IpAddress& endpoint, std::uint32_t mark,
                                                   const OwnRoutes& own, unsigned flags) {
  const auto* v4 = std::get_if<Ipv4Address>(&endpoint);
  const Message request = make_message(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_ACK);
  rtmsg header{};
  header.rtm_family = v4 != nullptr ? AF_INET : AF_INET6;
  header.rtm_dst_len = v4 != nullptr ? 32 : 128;
  header.rtm_flags = RTM_F_LOOKUP_TABLE | flags;
  nlmsg_append(request.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  if (v4 != nullptr)
    nla_put_u32(request.get(), RTA_DST, __builtin_bswap32(v4->value));
  else
    nla_put(request.get(), RTA_DST, 16, std::get<Ipv6Address>(endpoint).bytes.data());
  if (mark != 0) nla_put_u32(request.get(), RTA_MARK, mark);
  EndpointWay way;
  const auto deadline = std::chrono::steady_clock::now() + kTimeout;
  const auto done = socket.transact(*request, deadline, [&](const nlmsghdr& message) -> Result<void> {
    Attributes<RTA_MAX + 1> table{};
    if (message.nlmsg_type != RTM_NEWROUTE || !parse_attributes<rtmsg>(message, table)) return {};
    const auto* route = static_cast<const rtmsg*>(nlmsg_data(&message));
    way.place = {number_of(table[RTA_TABLE], route->rtm_table), route->rtm_dst_len,
                 number_of(table[RTA_PRIORITY], 0)};
    way.is_ours = route->rtm_protocol == own.protocol && way.place->table == own.table &&
                  way.place->metric == own.metric;
    way.ifindexes = ifindexes_of(table);
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
  auto socket = NetlinkSocket::open(NETLINK_ROUTE, "the ways to WireGuard's endpoints", 1 << 18);
  if (!socket) return socket.error();
  return UnderlayReader(std::make_unique<State>(State{*std::move(socket)}));
}

Result<std::vector<RoutingRule>> UnderlayReader::rules() {
  const Message request = make_message(RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP);
  fib_rule_hdr header{};
  header.family = AF_INET;
  nlmsg_append(request.get(), &header, sizeof(header), NLMSG_ALIGNTO);
  std::vector<RoutingRule> rules;
  const auto deadline = std::chrono::steady_clock::now() + kTimeout;
  const auto done = state_->socket.transact(*request, deadline, [&](const nlmsghdr& message) -> Result<void> {
    if (message.nlmsg_type != RTM_NEWRULE) return {};
    if (const auto rule = parse_rule(message)) rules.push_back(*rule);
    return {};
  });
  if (!done) return done.error();
  return rules;
}

Result<EndpointWay> UnderlayReader::way(const IpAddress& endpoint, std::uint32_t mark, const OwnRoutes& own) {
  auto entry = state_->look_up(endpoint, mark, own, RTM_F_FIB_MATCH);
  if (!entry || !entry->place || !entry->ifindexes.empty()) return entry;
  // The next hops are in an object that the entry only names (nexthop_compat_mode 0).
  const auto chosen = state_->look_up(endpoint, mark, own, 0);
  if (chosen) entry->ifindexes = chosen->ifindexes;
  return entry;
}

Result<void> UnderlayReader::read(Underlay& underlay, const OwnRoutes& own) {
  auto found = rules();
  if (!found) return found.error();
  std::vector<EndpointWay> ways;
  for (const UnderlayPeer& peer : underlay.peers) {
    auto answer = way(peer.endpoint.address, underlay.devices[peer.device].fwmark, own);
    if (!answer) return answer.error();
    ways.push_back(*std::move(answer));
  }
  underlay.rules = *std::move(found);
  for (std::size_t i = 0; i < ways.size(); ++i) underlay.peers[i].way = std::move(ways[i]);
  return {};
}

}  // namespace wgospf::wg
