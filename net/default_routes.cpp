#include "net/default_routes.h"

#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <tuple>

#include "net/netlink_socket.h"

namespace wgospf {

namespace {

using netlink::attributes_of;
using netlink::Bytes;
using netlink::for_each_attribute;
using netlink::header_at;
using netlink::u32_of;

constexpr std::chrono::seconds kTimeout{30};
constexpr int kAttempts = 5;

/// Next hop objects: the device of each, or the members of a group.
struct NexthopObject {
  std::uint32_t ifindex = 0;
  std::vector<std::uint32_t> members{};
};
using NexthopObjects = std::map<std::uint32_t, NexthopObject>;

void add_nexthop(Bytes message, NexthopObjects& objects) {
  std::uint32_t id = 0;
  NexthopObject object;
  for_each_attribute(attributes_of<nhmsg>(message), [&](std::uint16_t type, Bytes value) {
    if (type == NHA_ID) id = u32_of(value);
    if (type == NHA_OIF) object.ifindex = u32_of(value);
    if (type != NHA_GROUP) return;
    for (; const auto member = header_at<nexthop_grp>(value); value = value.subspan(sizeof(nexthop_grp)))
      object.members.push_back(member->id);
  });
  objects[id] = std::move(object);
}

void add_devices(std::uint32_t id, const NexthopObjects& objects, std::set<std::uint32_t>& ifindexes) {
  const auto found = objects.find(id);
  if (found == objects.end()) return;
  if (found->second.ifindex != 0) ifindexes.insert(found->second.ifindex);
  for (const auto member : found->second.members) {
    // A group has no groups in it.
    const auto hop = objects.find(member);
    if (hop != objects.end() && hop->second.ifindex != 0) ifindexes.insert(hop->second.ifindex);
  }
}

void add_multipath(Bytes hops, std::set<std::uint32_t>& ifindexes) {
  while (const auto hop = header_at<rtnexthop>(hops)) {
    if (hop->rtnh_len < sizeof(rtnexthop) || hop->rtnh_len > hops.size()) return;
    ifindexes.insert(static_cast<std::uint32_t>(hop->rtnh_ifindex));
    hops = hops.subspan(std::min(netlink::aligned(hop->rtnh_len), hops.size()));
  }
}

std::optional<DefaultRoute> parse_route(Bytes message, const NexthopObjects& objects) {
  const auto header = header_at<rtmsg>(message, sizeof(nlmsghdr));
  if (!header || header->rtm_dst_len > 1 || header->rtm_type != RTN_UNICAST) return std::nullopt;
  if ((header->rtm_flags & RTM_F_CLONED) != 0) return std::nullopt;
  DefaultRoute route{.table = header->rtm_table, .protocol = header->rtm_protocol};
  std::optional<IpAddress> destination;
  for_each_attribute(attributes_of<rtmsg>(message), [&](std::uint16_t type, Bytes value) {
    if (type == RTA_DST) destination = netlink::address_of(value);
    if (type == RTA_TABLE) route.table = u32_of(value);
    if (type == RTA_PRIORITY) route.metric = u32_of(value);
    if (type == RTA_OIF) route.ifindexes.insert(u32_of(value));
    if (type == RTA_MULTIPATH) add_multipath(value, route.ifindexes);
    if (type == RTA_NH_ID) add_devices(u32_of(value), objects, route.ifindexes);
  });
  if (header->rtm_family == AF_INET) {
    const auto* address = destination ? std::get_if<Ipv4Address>(&*destination) : nullptr;
    route.prefix = Ipv4Prefix::make(address != nullptr ? *address : Ipv4Address{}, header->rtm_dst_len);
  } else {
    const auto* address = destination ? std::get_if<Ipv6Address>(&*destination) : nullptr;
    route.prefix = Ipv6Prefix::make(address != nullptr ? *address : Ipv6Address{}, header->rtm_dst_len);
  }
  return route;
}

template <class Header>
netlink::MessageBuffer dump_request(std::uint16_t type, const Header& header) {
  netlink::MessageBuffer request;
  request.begin(type, NLM_F_REQUEST | NLM_F_DUMP);
  request.put_header(header);
  request.end();
  return request;
}

/// From the start again, `begin` first, when the kernel says that it was interrupted. What the kernel does not have is
/// nothing.
Result<void> dump(netlink::Socket& socket, netlink::MessageBuffer request, const std::function<void()>& begin,
                  const std::function<void(Bytes)>& take) {
  const auto deadline = std::chrono::steady_clock::now() + kTimeout;
  for (int attempt = 1;; ++attempt) {
    begin();
    const auto done = socket.request(request.bytes(), deadline, [&](Bytes message) -> Result<void> {
      take(message);
      return {};
    });
    const int error = done ? 0 : done.error().system_error;
    if (error == EOPNOTSUPP || error == EAFNOSUPPORT || error == ENOENT) return {};
    if (error != EINTR || attempt == kAttempts) return done;
  }
}

}  // namespace

Result<std::vector<DefaultRoute>> read_default_routes() {
  auto socket = netlink::Socket::open({.place = "the kernel's default routes", .receive_buffer = 1 << 20});
  if (!socket) return socket.error();
  NexthopObjects objects;
  auto done = dump(
      *socket, dump_request(RTM_GETNEXTHOP, nhmsg{}), [&] { objects.clear(); },
      [&](Bytes message) {
        if (netlink::header_of(message).nlmsg_type == RTM_NEWNEXTHOP) add_nexthop(message, objects);
      });
  std::vector<DefaultRoute> routes;
  for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
    if (!done) break;
    rtmsg header{};
    header.rtm_family = family;
    const std::size_t before = routes.size();
    done = dump(
        *socket, dump_request(RTM_GETROUTE, header), [&] { routes.resize(before); },
        [&](Bytes message) {
          if (netlink::header_of(message).nlmsg_type != RTM_NEWROUTE) return;
          if (auto route = parse_route(message, objects)) routes.push_back(*std::move(route));
        });
  }
  if (!done) return done.error();
  return routes;
}

std::set<std::uint32_t> default_route_interfaces(std::span<const DefaultRoute> routes, std::uint8_t but_for) {
  using Half = std::tuple<std::uint32_t, bool>;  // table, IPv6
  std::map<Half, std::set<IpPrefix>> halves;
  const auto length_of = [](const DefaultRoute& route) {
    return std::visit([](const auto& prefix) { return prefix.length; }, route.prefix);
  };
  const auto half_of = [](const DefaultRoute& route) {
    return Half{route.table, std::holds_alternative<Ipv6Prefix>(route.prefix)};
  };
  for (const auto& route : routes)
    if (length_of(route) == 1 && route.protocol != but_for) halves[half_of(route)].insert(route.prefix);
  std::set<std::uint32_t> ifindexes;
  for (const auto& route : routes) {
    const bool is_whole = length_of(route) == 0 || halves[half_of(route)].size() == 2;
    if (is_whole && route.protocol != but_for)
      ifindexes.insert(route.ifindexes.begin(), route.ifindexes.end());
  }
  return ifindexes;
}

}  // namespace wgospf
