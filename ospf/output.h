#pragma once
// What an instance gives: packets, changes of routes, events, and when it wants to be called again.

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "ospf/event.h"
#include "ospf/opaque.h"
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
/// An opaque LSA of another router, of a type that InstanceConfig::opaque_types names: it came, or says something
/// else; or, without a body, it is not there any more, or its originator is not reachable (RFC 5250 section 5).
struct OpaqueReceived {
  OpaqueName name;
  RouterId router;
  std::optional<std::vector<std::byte>> body;
};
template <class V>
using Output = std::variant<Transmit, RouteChange<V>, Event, OpaqueReceived>;

/// What waits to be polled, in order; of a change of routes only that it is next: they are kept by address
/// family, by the route calculation.
struct RouteChangeNext {};
using PendingOutput = std::variant<Transmit, RouteChangeNext, Event, OpaqueReceived>;

/// When to call handle_timeout(), and what for (for people: "hello", "inactivity", "spf", ...).
struct Deadline {
  Instant at;
  std::string_view reason;
};

}  // namespace wgospf::ospf
