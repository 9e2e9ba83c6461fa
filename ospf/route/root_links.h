#pragma once
// The root's own links: the edges out of it in each area, and the next hops that they mean (RFC 2328 section
// 16.1.1; 16.4 step 3 for forwarding addresses on them).

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "ospf/route/areas.h"
#include "ospf/route/calculation.h"
#include "ospf/route/next_hop_lists.h"
#include "ospf/route/next_hops.h"
#include "ospf/route/topology.h"

namespace wgospf::ospf {

class RootLinks {
 public:
  /// What a version says of transit networks.
  struct OfVersion {
    VertexKey (*network_vertex)(LinkStateId id, RouterId designated_router);
    /// The address of a router on one, from the data of its link to it.
    std::optional<IpAddress> (*address_on_network)(std::uint32_t link_data);
  };

  RootLinks(NextHopLists& lists, NextHops& next_hops, OfVersion version)
      : lists_(lists), next_hops_(next_hops), version_(version) {}

  /// nullptr when there is none.
  [[nodiscard]] const RootLink* find(LinkId id) const;
  /// Adds it, or replaces the one of its id; gives that.
  std::optional<RootLink> put(RootLink link);
  /// Gives what was removed.
  std::optional<RootLink> remove(LinkId id);
  [[nodiscard]] const std::map<LinkId, RootLink>& all() const { return links_; }
  /// RFC 3509 section 2.1: in several areas, of which one is the backbone.
  [[nodiscard]] bool are_of_a_border_router() const {
    return areas_.size() > 1 && areas_.contains(kBackbone);
  }
  /// An active backbone connection (RFC 3509 section 1.2): a neighbour there is Full.
  [[nodiscard]] bool are_adjacent_in_backbone() const { return backbone_adjacencies_ > 0; }
  void measure(Footprint& footprint) const {
    footprint.held("calculation.links", links_.size());
    footprint.held("calculation.attached-areas", areas_.size());
    footprint.held("calculation.own-addresses", addresses_.size());
  }

  /// The edges out of the root of this area.
  [[nodiscard]] std::vector<RootEdge> edges(const RoutingArea& area);
  /// The next hops of a router behind a network of the root's own, which is reached by `list`.
  [[nodiscard]] ListId beyond(const RoutingArea& area, ListId list, VertexId network, VertexId router);

  [[nodiscard]] bool has_address(const IpAddress& address) const { return addresses_.contains(address); }
  /// The way to an address on a subnet of our own, which is reached by `direct`.
  [[nodiscard]] ListId way_to(const IpAddress& address, const IpPrefix& subnet, ListId direct);

  /// The list with the lowest of the next hops over each point-to-multipoint interface: paths to one prefix at
  /// several routers may lead over several of its neighbours, of which one can have the prefix (tie_rule.h).
  [[nodiscard]] ListId one_of_each_interface(ListId list) {
    return multipoint_links_ == 0 ? list : lowest_of_each_interface(list);
  }

  /// A next hop of the list is no longer there: its link is gone, or the neighbour on it.
  [[nodiscard]] bool has_lost_member(ListId list) const;

 private:
  /// An edge out of the root, with what both ends know its link by.
  struct WayOut {
    RootEdge edge;
    std::optional<IpAddress> own, other;
  };
  [[nodiscard]] ListId lowest_of_each_interface(ListId list);
  void choose_among_parallels(const RoutingArea& area, std::vector<WayOut>& ways) const;
  void count(const RootLink& link);
  void discount(const RootLink& link);
  [[nodiscard]] bool is_there(const NextHop& hop) const;
  void add_beyond(const RoutingArea& area, LinkId over, std::pair<VertexId, VertexId> network_and_router,
                  std::vector<std::uint32_t>& found);

  NextHopLists& lists_;
  NextHops& next_hops_;
  OfVersion version_;
  std::map<LinkId, RootLink> links_;
  std::size_t multipoint_links_ = 0, backbone_adjacencies_ = 0;  ///< links that are one
  std::map<AreaId, std::uint32_t> areas_;                        ///< and how many of the links are in them
  std::map<IpAddress, std::uint32_t> addresses_;                 ///< and how many have them
};

}  // namespace wgospf::ospf
