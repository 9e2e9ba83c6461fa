#pragma once
// What an instance is told.

#include <cstddef>
#include <span>
#include <variant>
#include <vector>

#include "ospf/config.h"
#include "ospf/down_reason.h"
#include "ospf/opaque.h"
#include "ospf/types.h"

namespace wgospf::ospf {

struct Received {
  LinkId link;
  IpAddress source, destination;
  std::span<const std::byte> bytes;  ///< from the OSPF header on; read during the call only
};
/// All links of the device follow.
struct DeviceChanged {
  DeviceId device;
  DeviceStatus status;
};
/// The peer behind the link is awake: the lower level heard of it (WireGuard shook hands with it). Hellos go
/// to it for a while (peer_wake.h). Nothing on a link that is not for one peer.
struct PeerWoken {
  LinkId link;
};
/// The neighbour is gone: KillNbr, at once (RFC 2328 section 10.2: all communication with it is now impossible). A
/// hello says so on the link, to whom still hears. Nothing where the link has no such neighbour.
struct NeighborDown {
  LinkId link;
  RouterId router_id;
  DownReason reason;
};
/// The neighbour of the link is there, though none of its hellos has come: its inactivity timer starts anew (RFC
/// 4222 section 2 (2)). Nothing below 2-Way, and on a link for more than one neighbour.
struct NeighborHeard {
  LinkId link;
};
/// Replace the configuration; only what differs is touched. One with another router id is refused as an
/// InternalError: make a new Instance.
struct Reconfigure {
  InstanceConfig config;
};
/// Prefixes to advertise as AS-external from now on, and prefixes to withdraw, of the version's address
/// family. One of the other is refused as an InternalError.
struct ExternalsChanged {
  std::vector<ExternalRoute> set;
  std::vector<IpPrefix> removed;
};
/// Opaque LSAs to originate from now on, and to withdraw. One of a link or area that is not configured is kept, and
/// originated when it is. One that no packet has room for, or of an impossible name, is refused as an InternalError.
struct OpaqueChanged {
  std::vector<OpaqueContents> set;
  std::vector<OpaqueName> removed;
};
/// Flush what we originated; ShutdownComplete follows when acknowledged or after one second. Then stop
/// calling.
struct Shutdown {};

using Input = std::variant<Received, DeviceChanged, PeerWoken, NeighborDown, NeighborHeard, Reconfigure,
                           ExternalsChanged, OpaqueChanged, Shutdown>;

}  // namespace wgospf::ospf
