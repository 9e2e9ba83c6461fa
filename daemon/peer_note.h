#pragma once
// What the router knows of a WireGuard peer beside the reading of its device.

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/links/endpoint_peer.h"
#include "net/ip.h"
#include "ospf/types.h"
#include "wgadapter/key.h"

namespace wgospf::daemon {

/// A peer of a device of this machine.
struct PeerPlace {
  std::string device{};  ///< as the kernel calls it
  wg::Key key{};
  auto operator<=>(const PeerPlace&) const = default;
};

enum class PeerRole : std::uint8_t {
  unknown,  ///< it has not spoken OSPF yet
  router,
  client,  ///< as the configuration says
};

struct PeerNote {
  PeerRole role = PeerRole::unknown;
  std::string speaks_for{};             ///< the router id that its key speaks for; empty: not known
  bool is_written_down = false;         ///< that it does: in the configuration, else learned
  std::uint32_t mtu = 0;                ///< bytes of the largest inner packet known to reach it; 0: not known
  std::vector<std::string> carries{};   ///< tunnels whose datagrams go through this one
  std::vector<std::string> problems{};  ///< in words, with the cure
  std::optional<Ipv6Address> link_local{};  ///< of its key, where it has been given that
  std::vector<EndpointNote> endpoints{};    ///< where it may be; empty: the configuration does not say
  std::string endpoint_reason{};            ///< why it has the endpoint that it has
  bool operator==(const PeerNote&) const = default;
};
/// What was learned of a key, and is forgotten.
struct ForgottenKey {
  wg::Key key{};
  ospf::RouterId router_id{};
};
/// Only of peers of which something is to be said.
using PeerNotes = std::map<PeerPlace, PeerNote>;

}  // namespace wgospf::daemon
