// Opaque LSAs of others that the driver is told of (RFC 5250 section 5).

#include "ospf/received_opaque_lsas.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

namespace {

[[nodiscard]] OpaqueName place_of(const OpaqueName& name) {
  return {name.scope, name.area, name.link, 0, 0};
}
[[nodiscard]] LinkStateId id_of(const OpaqueName& name) {
  return opaque_key(name, {}).id;
}

}  // namespace

bool ReceivedOpaqueLsas::is_valid(const GroupKey& key) const {
  const auto& [place, router] = key;
  if (place.scope == FloodingScope::area) return calculation_.reachable(place.area, router);
  if (place.scope == FloodingScope::as) return calculation_.reaches_boundary_router(router);
  const Neighbor* neighbor = core_.find_neighbor(place.link, router);
  return neighbor != nullptr && neighbor->state >= NeighborState::exchange;
}

/// nullptr when it is not in the database, or is being flushed.
const LsdbEntry* ReceivedOpaqueLsas::find(const GroupKey& key, LinkStateId id) const {
  const auto domain = core_.domain_of(key.first);
  if (!domain) return nullptr;
  const Lsdb& lsdb = core_.domain(*domain).lsdb;
  const std::uint32_t slot = lsdb.find({opaque_lsa_type(key.first.scope), id, key.second});
  if (slot == Lsdb::kNone || lsdb[slot].age(core_.now) >= kMaxAge) return nullptr;
  return &lsdb[slot];
}

void ReceivedOpaqueLsas::note(const OpaqueName& name, RouterId router) {
  const GroupKey key{place_of(name), router};
  const LinkStateId id = id_of(name);
  if (find(key, id) != nullptr)
    groups_[key].present.insert(id);
  else if (const auto group = groups_.find(key); group != groups_.end())
    group->second.present.erase(id);
}

void ReceivedOpaqueLsas::tell(const GroupKey& key, LinkStateId id, const Lsa* lsa) {
  OpaqueReceived told{key.first, key.second, std::nullopt};
  told.name.type = opaque_type({{}, id, {}});
  told.name.id = opaque_id({{}, id, {}});
  if (lsa != nullptr) told.body.emplace(lsa->body().begin(), lsa->body().end());
  core_.outputs.emplace_back(std::move(told));
}

/// What is told of the group becomes what is to be told.
void ReceivedOpaqueLsas::review(const GroupKey& key, Group& group) {
  std::map<LinkStateId, Lsa> wanted;
  if (is_valid(key))
    for (const LinkStateId id : group.present) {
      if (wanted.size() == kOpaqueToldMost) break;
      if (const LsdbEntry* entry = find(key, id)) wanted.emplace(id, entry->lsa);
    }
  for (const auto& [id, lsa] : group.told)
    if (!wanted.contains(id)) tell(key, id, nullptr);
  for (const auto& [id, lsa] : wanted) {
    const auto former = group.told.find(id);
    if (former == group.told.end() || !same_contents(former->second, lsa)) tell(key, id, &lsa);
  }
  group.told = std::move(wanted);
}

void ReceivedOpaqueLsas::end_turn() {
  const bool all = std::exchange(core_.opaque_validity_changed, false);
  if (core_.changed_opaque.empty() && (!all || groups_.empty())) return;
  std::set<GroupKey> changed;
  for (const auto& [name, router] : std::exchange(core_.changed_opaque, {})) {
    note(name, router);
    changed.emplace(place_of(name), router);
  }
  const auto review_one = [this](auto it) {
    review(it->first, it->second);
    return it->second.present.empty() ? groups_.erase(it) : std::next(it);
  };
  if (all) {
    for (auto it = groups_.begin(); it != groups_.end();) it = review_one(it);
  } else {
    for (const GroupKey& key : changed)
      if (const auto it = groups_.find(key); it != groups_.end()) review_one(it);
  }
}

void ReceivedOpaqueLsas::types_changed() {
  for (auto& [key, group] : groups_) {
    group.present.clear();
    review(key, group);
  }
  groups_.clear();
  for (std::uint32_t d = 0; d < core_.domains.size(); ++d) {
    const Lsdb& lsdb = core_.domain(d).lsdb;
    for (std::uint32_t slot = lsdb.next(0); slot != Lsdb::kNone; slot = lsdb.next(slot + 1))
      core_.opaque_changed(d, lsdb[slot].key);
  }
}

void ReceivedOpaqueLsas::measure(Footprint& footprint) const {
  std::size_t present = 0, told = 0;
  for (const auto& [key, group] : groups_) {
    present += group.present.size();
    told += group.told.size();
  }
  footprint.held("opaque.groups", groups_.size());
  footprint.held("opaque.present", present);
  footprint.held("opaque.told", told);
}

}  // namespace wgospf::ospf
