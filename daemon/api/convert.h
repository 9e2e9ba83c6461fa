#pragma once
// Values of the router as messages of the API. Pure: nothing here reads the router or waits.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/router_view.h"
#include "wgospf/v1/database.pb.h"
#include "wgospf/v1/firewall.pb.h"
#include "wgospf/v1/interface.pb.h"
#include "wgospf/v1/neighbor.pb.h"
#include "wgospf/v1/path.pb.h"
#include "wgospf/v1/peer.pb.h"
#include "wgospf/v1/route.pb.h"
#include "wgospf/v1/status.pb.h"
#include "wgospf/v1/watch.pb.h"

namespace wgospf::daemon::api {

using SystemTime = std::chrono::system_clock::time_point;

/// Names of links, and what routers call themselves: taken on the strand to be used elsewhere.
struct NameMap : std::map<ospf::LinkId, std::string> {
  std::shared_ptr<const HostnameMap> hostnames{};  ///< null: none are known
};
/// Empty for one that is not known.
[[nodiscard]] std::string hostname_in(const NameMap& names, ospf::RouterId router);
/// "link N" for one that is not in the map.
[[nodiscard]] std::string name_in(const NameMap& names, ospf::LinkId link);

[[nodiscard]] v1::InterfaceState convert(ospf::InterfaceState state);
[[nodiscard]] v1::NeighborState convert(ospf::NeighborState state);
[[nodiscard]] v1::PathType convert(ospf::PathType type);
[[nodiscard]] v1::LsaType convert(ospf::LsaType type);
[[nodiscard]] v1::Severity convert(Severity severity);
/// The flags that are set: "E", "MC", "N/P", "L", "DC", "O".
[[nodiscard]] std::vector<std::string> option_names(ospf::Options options);

void convert(std::chrono::nanoseconds duration, google::protobuf::Duration& out);
void convert(SystemTime time, google::protobuf::Timestamp& out);

/// `wireguard`: what the interface is as a WireGuard device, null when it is none.
[[nodiscard]] v1::Interface convert(const ospf::InterfaceInfo& info, const WireguardView* wireguard,
                                    ospf::Instant now);
[[nodiscard]] v1::Neighbor convert(const ospf::NeighborInfo& info, const NameMap& names, ospf::Instant now);
void convert(const LivenessView& view, ospf::Instant now, v1::Liveness& out);
/// Without the body when `headers_only`.
/// A router on the link that is not taken as a neighbour: one in state down, with the reason.
[[nodiscard]] v1::Neighbor convert(const ospf::RefusedSender& refused, const std::string& interface,
                                   ospf::Instant now);
/// The problems of the interface's neighbours and of who is refused there.
void convert_problems(const std::vector<ospf::NeighborInfo>& neighbors, const ospf::InterfaceInfo& info,
                      v1::Interface& out);
[[nodiscard]] v1::Lsa convert(const ospf::DatabaseEntry& entry, const NameMap& names, bool headers_only);
[[nodiscard]] v1::NextHop convert(const ospf::NextHop& next_hop, const NameMap& names);
/// Without the kernel's state.
[[nodiscard]] v1::Route convert(const ospf::Route<V2>& route, const std::vector<ospf::NextHop>& next_hops,
                                const NameMap& names);
void convert(const RouteKernelState& state, v1::Route& out);
[[nodiscard]] v1::Path convert(const ospf::PrefixPath& path, const NameMap& names);
[[nodiscard]] v1::WireguardDevice convert(const WireguardView& view);
/// `neighbor`: the router at the other end, where that is known.
[[nodiscard]] v1::KernelStatus convert(const KernelView& kernel);
[[nodiscard]] v1::Opening convert(const firewall::Opening& opening);
[[nodiscard]] v1::ProtocolStatistics convert(const ospf::Statistics& statistics);

}  // namespace wgospf::daemon::api
