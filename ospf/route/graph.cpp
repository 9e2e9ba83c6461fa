#include "ospf/route/graph.h"

#include <algorithm>
#include <cassert>

namespace wgospf::ospf {

VertexId Graph::find(const VertexKey& key) const {
  return index_.find(hash_value(key), [&](VertexId vertex) { return vertices_[vertex].key == key; });
}

VertexId Graph::retain(const VertexKey& key) {
  VertexId vertex = find(key);
  if (vertex == kNoSlot) {
    if (free_.empty()) {
      vertex = static_cast<VertexId>(vertices_.size());
      vertices_.emplace_back();
      ranges_.emplace_back();
    } else {
      vertex = free_.back();
      free_.pop_back();
    }
    ++vertex_changes_;
    vertices_[vertex].key = key;
    if (!key.is_network) vertices_[vertex].router = RouterId{static_cast<std::uint32_t>(key.id)};
    index_.insert(hash_value(key), vertex, [this](VertexId other) { return hash_of(other); });
  }
  ++vertices_[vertex].references;
  return vertex;
}

void Graph::release(VertexId vertex) {
  assert(vertices_[vertex].references > 0);
  if (--vertices_[vertex].references == 0 && !vertices_[vertex].present) vanish(vertex);
}

void Graph::vanish(VertexId vertex) {
  index_.erase(hash_of(vertex), vertex, [this](VertexId other) { return hash_of(other); });
  ++vertex_changes_;
  unused_ += ranges_[vertex].room;
  ranges_[vertex] = {};
  vertices_[vertex] = {};
  free_.push_back(vertex);
}

bool Graph::links_to(VertexId from, VertexId to) const {
  const auto all = edges(from);
  return std::any_of(all.begin(), all.end(), [to](const Edge& edge) { return edge.target == to; });
}

bool Graph::set_links(VertexId vertex, std::span<const TopologyLink> links) {
  new_edges_.clear();
  new_data_.clear();
  for (const TopologyLink& link : links) {
    if (link.target == vertices_[vertex].key) continue;
    new_edges_.push_back({retain(link.target), link.cost, false, !link.target.is_network});
    new_data_.push_back({link.data, link.data_is_index, link.is_multipoint});
    multipoint_edges_ += link.is_multipoint ? 1 : 0;
  }
  discount_multipoint(vertex);
  const auto old = edges(vertex);
  const bool same_targets = vertices_[vertex].present &&
                            std::equal(old.begin(), old.end(), new_edges_.begin(), new_edges_.end(),
                                       [](const Edge& a, const Edge& b) { return a.target == b.target; });
  if (same_targets) return update_costs(vertex);
  detach(vertex);
  vertices_[vertex].present = true;
  store(vertex);
  attach(vertex);
  return true;
}

// The new edges join the same vertices in the same order: what is known of the other ends still holds.
bool Graph::update_costs(VertexId vertex) {
  bool changed = false;
  const auto edges = edges_of(vertex);
  for (std::size_t i = 0; i < edges.size(); ++i) {
    EdgeData& data = data_[ranges_[vertex].first + i];
    changed |= edges[i].cost != new_edges_[i].cost;
    // The data of a link to a network may be a next hop (section 16.1.1).
    const bool is_data_used = !edges[i].target_is_router || data.is_multipoint || new_data_[i].is_multipoint;
    changed |= is_data_used && data != new_data_[i];
    edges[i].cost = new_edges_[i].cost;
    data = new_data_[i];
    release(edges[i].target);  // set_links has retained it once more
  }
  return changed;
}

bool Graph::clear(VertexId vertex) {
  if (!vertices_[vertex].present) return false;
  discount_multipoint(vertex);
  detach(vertex);
  vertices_[vertex].present = false;
  vertices_[vertex].flags = {};
  if (vertices_[vertex].references == 0) vanish(vertex);
  return true;
}

// The present edges are about to go.
void Graph::discount_multipoint(VertexId vertex) {
  if (multipoint_edges_ == 0) return;
  for (std::size_t i = 0; i < ranges_[vertex].count; ++i)
    if (data(vertex, i).is_multipoint) --multipoint_edges_;
}

// Takes the present edges away: the other ends are no longer linked back to.
void Graph::detach(VertexId vertex) {
  for (const Edge& edge : edges_of(vertex)) {
    if (edge.is_bidirectional)
      for (Edge& back : edges_of(edge.target))
        if (back.target == vertex) back.is_bidirectional = false;
    release(edge.target);
  }
  ranges_[vertex].count = 0;
}

void Graph::attach(VertexId vertex) {
  for (Edge& edge : edges_of(vertex)) {
    for (Edge& back : edges_of(edge.target)) {
      if (back.target != vertex) continue;
      back.is_bidirectional = true;
      edge.is_bidirectional = true;
    }
  }
}

void Graph::store(VertexId vertex) {
  const auto count = static_cast<std::uint32_t>(new_edges_.size());
  if (count > ranges_[vertex].room) {
    unused_ += ranges_[vertex].room;
    ranges_[vertex] = {};
    if (unused_ > 1024 && unused_ > edges_.size() / 2) compact();
    ranges_[vertex] = {static_cast<std::uint32_t>(edges_.size()), count, count};
    edges_.resize(edges_.size() + count);
    data_.resize(edges_.size());
  }
  ranges_[vertex].count = count;
  std::copy(new_edges_.begin(), new_edges_.end(), edges_.begin() + ranges_[vertex].first);
  std::copy(new_data_.begin(), new_data_.end(), data_.begin() + ranges_[vertex].first);
}

// Closes the gaps, the edges in order of vertex numbers.
void Graph::compact() {
  std::vector<Edge> edges;
  std::vector<EdgeData> data;
  edges.reserve(edges_.size() - unused_);
  data.reserve(edges_.size() - unused_);
  for (Range& range : ranges_) {
    const auto first = static_cast<std::uint32_t>(edges.size());
    edges.insert(edges.end(), edges_.begin() + range.first, edges_.begin() + range.first + range.count);
    data.insert(data.end(), data_.begin() + range.first, data_.begin() + range.first + range.count);
    range = {first, range.count, range.count};
  }
  edges_ = std::move(edges);
  data_ = std::move(data);
  unused_ = 0;
}

}  // namespace wgospf::ospf
