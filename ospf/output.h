#pragma once
// What an instance gives: packets, changes of routes, events, and when it wants to be called again.

#include <string_view>
#include <variant>

#include "ospf/event.h"
#include "ospf/packet.h"
#include "ospf/route/route.h"
#include "ospf/types.h"

namespace wgospf::ospf {

enum class Group : std::uint8_t { all_spf_routers, all_d_routers };
struct Transmit {
  LinkId link;
  std::variant<Group, IpAddress> destination;
  PacketBytes bytes;
};
template <class V>
using Output = std::variant<Transmit, RouteChange<V>, Event>;

/// What waits to be polled, in order; of a change of routes only that it is next: they are kept by address
/// family, by the route calculation.
struct RouteChangeNext {};
using PendingOutput = std::variant<Transmit, RouteChangeNext, Event>;

/// When to call handle_timeout(), and what for (for people: "hello", "inactivity", "spf", ...).
struct Deadline {
  Instant at;
  std::string_view reason;
};

}  // namespace wgospf::ospf
