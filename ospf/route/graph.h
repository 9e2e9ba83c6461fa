#pragma once
// The graph of one area, as a compact adjacency array that is kept up to date while LSAs are installed and
// removed. A run of the calculation reads it as it is: dense vertex numbers, edges of a vertex side by side,
// and on every edge whether its other end links back (RFC 2328 section 16.1 step 2b), so that nothing is
// looked up, hashed or allocated during a run.
//
// A vertex exists while its LSA does, or while anything refers to it: a link of another LSA, or a retain()
// of the owner. One that is only referred to has no edges and is not `present`. Numbers of vanished vertices
// are reused.

#include <cstdint>
#include <span>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/base/slot_index.h"
#include "ospf/route/topology.h"

namespace wgospf::ospf {

using VertexId = std::uint32_t;

struct Edge {
  VertexId target = 0;
  std::uint16_t cost = 0;
  bool is_bidirectional = false;
  bool target_is_router = false;
};
/// What a run seldom needs of an edge: as the next hop behind a network of the root's own, to tell the links of
/// a point-to-multipoint interface from others, and for display.
struct EdgeData {
  std::uint32_t data = 0;
  bool is_index = false;
  bool is_multipoint = false;  ///< over a point-to-multipoint interface, known by `data`
  bool operator==(const EdgeData&) const = default;
};

struct Vertex {
  VertexKey key;
  RouterId router;  ///< routers: themselves; networks: the advertising router
  RouterFlags flags;
  bool present = false;  ///< its LSA is in the database
  std::uint32_t references = 0;
};

class Graph {
 public:
  /// kNoSlot when there is none.
  [[nodiscard]] VertexId find(const VertexKey& key) const;
  /// Finds or makes the vertex and adds a reference to it.
  [[nodiscard]] VertexId retain(const VertexKey& key);
  /// Takes back a reference; the vertex vanishes when it was the last and no LSA is there.
  void release(VertexId vertex);

  /// The vertex's LSA is in the database and has these links (those to itself are left out). True when a run
  /// could come out differently. Cost: the links, and those of the neighbours whose links change.
  bool set_links(VertexId vertex, std::span<const TopologyLink> links);
  /// The vertex's LSA is gone. True when it was there.
  bool clear(VertexId vertex);

  [[nodiscard]] bool links_to(VertexId from, VertexId to) const;
  [[nodiscard]] std::span<const Edge> edges(VertexId vertex) const {
    const Range& range = ranges_[vertex];
    return {edges_.data() + range.first, range.count};
  }
  [[nodiscard]] const EdgeData& data(VertexId vertex, std::size_t edge) const {
    return data_[ranges_[vertex].first + edge];
  }
  /// Is any edge over a point-to-multipoint interface?
  [[nodiscard]] bool has_multipoint() const { return multipoint_edges_ > 0; }
  [[nodiscard]] const Vertex& operator[](VertexId vertex) const { return vertices_[vertex]; }
  [[nodiscard]] Vertex& operator[](VertexId vertex) { return vertices_[vertex]; }
  /// One past the highest vertex number; vanished ones below it are neither present nor linked.
  [[nodiscard]] VertexId end() const { return static_cast<VertexId>(vertices_.size()); }
  void measure(Footprint& footprint) const {
    footprint.held("graph.vertices", vertices_.size() - free_.size());
    footprint.held("graph.vertices.by-key", index_.size());
    footprint.room("graph.vertices.slots", vertices_.size());
    footprint.room("graph.edges.slots", edges_.size());
  }
  /// Changes whenever a vertex appears or vanishes.
  [[nodiscard]] std::uint64_t vertex_changes() const { return vertex_changes_; }

 private:
  struct Range {
    std::uint32_t first = 0, count = 0, room = 0;
  };
  [[nodiscard]] std::uint64_t hash_of(VertexId vertex) const { return hash_value(vertices_[vertex].key); }
  [[nodiscard]] std::span<Edge> edges_of(VertexId vertex) {
    return {edges_.data() + ranges_[vertex].first, ranges_[vertex].count};
  }
  bool update_costs(VertexId vertex);
  void detach(VertexId vertex);
  void attach(VertexId vertex);
  void store(VertexId vertex);
  void compact();
  void vanish(VertexId vertex);
  void discount_multipoint(VertexId vertex);

  std::vector<Vertex> vertices_;
  std::vector<Range> ranges_;  // of edges_, by vertex
  std::vector<Edge> edges_;
  std::vector<EdgeData> data_;  // beside edges_
  std::size_t unused_ = 0;      // entries of edges_ that belong to no range
  std::size_t multipoint_edges_ = 0;
  std::vector<VertexId> free_;
  std::uint64_t vertex_changes_ = 1;
  SlotIndex index_;
  std::vector<Edge> new_edges_;  // scratch of set_links
  std::vector<EdgeData> new_data_;
};

}  // namespace wgospf::ospf
