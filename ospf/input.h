#pragma once
// What an instance is told.

#include <cstddef>
#include <span>
#include <variant>
#include <vector>

#include "ospf/config.h"
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
/// Flush what we originated; ShutdownComplete follows when acknowledged or after one second. Then stop
/// calling.
struct Shutdown {};

using Input = std::variant<Received, DeviceChanged, PeerWoken, Reconfigure, ExternalsChanged, Shutdown>;

}  // namespace wgospf::ospf
