#pragma once
// What another configuration would do to neighbours and routes, calculated of the database as it is. Pure; any thread.
//
// It knows what this router's own links are then, and what all others say now. What others do about it, what a policy
// withholds (`announces`) and what redistribution adds or takes is not in it.

#include <memory>
#include <string>
#include <vector>

#include "daemon/protocol_view.h"

namespace wgospf::daemon {

struct PreviewFacts {
  ospf::RouterId router_id{};
  std::vector<ospf::InterfaceInfo> interfaces{};
  std::vector<ospf::NeighborInfo> neighbors{};
  std::vector<ospf::DatabaseEntry> lsas{};
  std::shared_ptr<const ospf::RouteTable<V2>> routes{};
  ospf::InstanceConfig wanted{};
};

struct Preview {
  struct Neighbor {
    std::string interface {};
    ospf::RouterId router_id{};
    std::string reason{};
  };
  std::vector<Neighbor> lost_neighbors{};        ///< of the Full ones
  std::vector<Ipv4Prefix> lost_prefixes{};       ///< learned, without a route then
  std::vector<Ipv4Prefix> withdrawn_prefixes{};  ///< of this router, not announced then
};

[[nodiscard]] Preview preview(const PreviewFacts& facts);

}  // namespace wgospf::daemon
