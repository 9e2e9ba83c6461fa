#pragma once
// The LSAs that the vertices of the graphs come from, each with the offers it makes for prefixes. A router
// may have several, which count together (RFC 5340 section 4.4.3.2), and so may a network, of which one
// counts: the former designated router's may not have been flushed yet.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/base/slot_index.h"
#include "ospf/lsa.h"
#include "ospf/route/graph.h"

namespace wgospf::ospf {

struct VertexLsa {
  LsaKey key;
  Lsa lsa;
  std::uint32_t first_offer = kNoSlot;  ///< of the chain Offer::next_of_lsa
};

/// Of one area.
class VertexLsas {
 public:
  /// In order of Link State ID and advertising router.
  [[nodiscard]] std::vector<VertexLsa>& operator[](VertexId vertex) {
    if (vertex >= of_vertex_.size()) of_vertex_.resize(vertex + 1);
    return of_vertex_[vertex];
  }
  /// nullptr when it is not there.
  [[nodiscard]] VertexLsa* find(VertexId vertex, const LsaKey& key) {
    for (VertexLsa& known : (*this)[vertex])
      if (known.key == key) return &known;
    return nullptr;
  }
  void add(VertexId vertex, const LsaKey& key, const Lsa& lsa) {
    auto& lsas = (*this)[vertex];
    const auto order = [](const LsaKey& k) { return std::tuple(k.id, k.advertising_router); };
    const auto at = std::find_if(lsas.begin(), lsas.end(),
                                 [&](const VertexLsa& known) { return order(known.key) > order(key); });
    lsas.insert(at, {key, lsa, kNoSlot});
    ++count_;
    if (lsas.size() == 2) several_.push_back(vertex);
  }
  void remove(VertexId vertex, const LsaKey& key) {
    auto& lsas = (*this)[vertex];
    std::erase_if(lsas, [&](const VertexLsa& known) { return known.key == key; });
    --count_;
    if (lsas.size() == 1) std::erase(several_, vertex);
  }
  /// The vertices that have more than one.
  [[nodiscard]] const std::vector<VertexId>& several() const { return several_; }
  void measure(Footprint& footprint) const {
    footprint.held("graph.lsas", count_);
    footprint.held("graph.several-lsas", several_.size());
    footprint.room("graph.lsas.slots", of_vertex_.size());
  }

 private:
  std::vector<std::vector<VertexLsa>> of_vertex_;
  std::vector<VertexId> several_;
  std::size_t count_ = 0;
};

}  // namespace wgospf::ospf
