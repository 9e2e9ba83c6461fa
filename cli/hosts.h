#pragma once
// A hosts file (hosts(5)) of what the daemon knows by name: itself, its peers that are routers, clients, and routers by the
// hostnames they announce (RFC 5642).

#include <string>
#include <vector>

#include "wgospf/v1/client.pb.h"
#include "wgospf/v1/database.pb.h"
#include "wgospf/v1/interface.pb.h"
#include "wgospf/v1/neighbor.pb.h"
#include "wgospf/v1/peer.pb.h"
#include "wgospf/v1/route.pb.h"
#include "wgospf/v1/status.pb.h"

namespace wgospf::cli {

struct Named {
  v1::GetStatusResponse status{};
  v1::ListInterfacesResponse interfaces{};
  v1::ListNeighborsResponse neighbors{};
  v1::ListPeersResponse peers{};
  v1::ListClientsResponse clients{};
  v1::ListDatabaseResponse
      router_lsas{};                // headers: of each router its id and its hostname, while it is reached
  v1::ListRoutesResponse routes{};  // to the ids of these routers
};

/// Routers whose hostname is to be had and that have no name above, by router id; what `routes` is to be asked for.
[[nodiscard]] std::vector<std::string> routers_by_hostname(const Named& named);

/// The first line of every such file.
inline constexpr const char* kHostsHead = "# Made by wgospfctl hosts; what is changed here is lost.";

/// Lines in a fixed order. A name that is none of a host (RFC 1123 section 2.1), that means the machine itself, or that
/// something else bears already, is left out, with a remark. `domain` may be empty.
[[nodiscard]] std::string hosts_text(const Named& named, const std::string& domain);

}  // namespace wgospf::cli
