#include "daemon/clients/client_routes.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <chrono>
#include <utility>
#include <vector>

#include "net/netlink.h"
#include "net/netlink_socket.h"
#include "rib/message.h"

namespace wgospf::daemon {

namespace {

constexpr std::chrono::seconds kAnswerPatience{5};

/// A host route as it is in the kernel, or is to be.
struct HostRoute {
  Ipv4Address address{};
  std::uint32_t metric = 0;
  std::uint32_t ifindex = 0;  ///< 0: unreachable
  auto operator<=>(const HostRoute&) const = default;
};
using HostRoutes = std::map<std::pair<Ipv4Address, std::uint32_t>, std::uint32_t>;

std::uint32_t metric_here(const ClientRoutePlace& place) {
  return place.metric - 1;
}

void encode(netlink::MessageBuffer& buffer, const ClientRoutePlace& place, const HostRoute& route,
            bool is_removed) {
  buffer.clear();
  buffer.begin(is_removed ? RTM_DELROUTE : RTM_NEWROUTE,
               static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK |
                                          (is_removed ? 0 : NLM_F_CREATE | NLM_F_REPLACE)));
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_dst_len = Ipv4Address::kBits;
  header.rtm_protocol = rib::kProtocol;
  header.rtm_scope = route.ifindex == 0 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  header.rtm_type = route.ifindex == 0 ? RTN_UNREACHABLE : RTN_UNICAST;
  buffer.put_header(header);
  buffer.put_u32(RTA_TABLE, place.table);
  buffer.put_address(RTA_DST, route.address);
  buffer.put_u32(RTA_PRIORITY, route.metric);
  if (route.ifindex != 0) buffer.put_u32(RTA_OIF, route.ifindex);
  buffer.end();
}

Result<HostRoutes> read(netlink::Socket& socket, const ClientRoutePlace& place) {
  netlink::MessageBuffer buffer;
  rib::encode_route_dump(buffer, Family::ipv4, place.table, rib::kProtocol);
  HostRoutes found;
  const auto take = [&](netlink::Bytes message) -> Result<void> {
    const auto decoded = rib::decode(message);
    const auto* route = decoded ? std::get_if<rib::RouteMessage>(&*decoded) : nullptr;
    if (route == nullptr || route->protocol != rib::kProtocol || route->table != place.table ||
        route->nexthop_id != 0)
      return {};
    const auto* prefix = std::get_if<Ipv4Prefix>(&route->prefix);
    const bool is_ours = route->metric == metric_here(place) || route->metric == kUnreachableMetric;
    if (prefix == nullptr || prefix->length != Ipv4Address::kBits || !is_ours) return {};
    const bool is_unreachable = route->type == RTN_UNREACHABLE;
    found[{prefix->address, route->metric}] = is_unreachable ? 0 : route->ifindex;
    return {};
  };
  const auto done = socket.request(buffer.bytes(), std::chrono::steady_clock::now() + kAnswerPatience, take);
  // "FIB table does not exist": it is empty.
  if (!done && done.error().code != ErrorCode::not_found) return done.error();
  return found;
}

HostRoutes wanted_routes(const ClientRoutePlace& place, const ClientRouteTable& wanted) {
  HostRoutes routes;
  for (const auto& [address, ifindex] : wanted) {
    routes[{address, kUnreachableMetric}] = 0;
    if (ifindex) routes[{address, metric_here(place)}] = *ifindex;
  }
  return routes;
}

}  // namespace

// What is new is there before what is not wanted any more goes.
Result<void> write_client_routes(const ClientRoutePlace& place, const ClientRouteTable& wanted) {
  auto opened = netlink::Socket::open({.place = "the routes to clients", .is_strict = true});
  if (!opened) return opened.error();
  netlink::Socket socket = std::move(opened).value();
  const auto found = read(socket, place);
  if (!found) return found.error();
  const HostRoutes routes = wanted_routes(place, wanted);
  netlink::MessageBuffer buffer;
  Result<void> result;
  const auto carry_out = [&](const HostRoute& route, bool is_removed) {
    encode(buffer, place, route, is_removed);
    const auto done = socket.request(buffer.bytes(), std::chrono::steady_clock::now() + kAnswerPatience,
                                     [](netlink::Bytes) -> Result<void> { return {}; });
    if (!done && !is_removed) result = done;
  };
  for (const auto& [key, ifindex] : routes) {
    const auto there = found.value().find(key);
    if (there == found.value().end() || there->second != ifindex)
      carry_out({key.first, key.second, ifindex}, false);
  }
  for (const auto& [key, ifindex] : found.value())
    if (!routes.contains(key)) carry_out({key.first, key.second, ifindex}, true);
  return result;
}

void ClientRoutes::want(ClientRouteTable wanted) {
  if (wanted == wanted_) return;
  wanted_ = std::move(wanted);
  look_again();
}

/// Behind what is under way: nobody waits for what follows that.
void ClientRoutes::remove_all() {
  wanted_.clear();
  is_due_ = false;
  jobs_.run([place = place_] { (void)write_client_routes(place, {}); });
}

void ClientRoutes::look_again() {
  is_due_ = true;
  write();
}

void ClientRoutes::write() {
  if (!is_due_ || is_writing_) return;
  is_due_ = false;
  is_writing_ = true;
  auto result = std::make_shared<Result<void>>();
  jobs_.run([result, place = place_, wanted = wanted_] { *result = write_client_routes(place, wanted); },
            [this, result, alive = alive_] {
              if (!*alive) return;
              is_writing_ = false;
              problem_(*result ? std::string() : result->error().text);
              write();
            });
}

}  // namespace wgospf::daemon
