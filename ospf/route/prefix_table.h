#pragma once
// Prefixes by number, and for each the offers for its route: what some LSA says about it. The table does
// not judge; it keeps the chains, finds offers by the LSA they come from, and remembers which prefixes
// have to be looked at again.
//
// An external LSA costs one PrefixEntry, one Offer and two index entries here: under 100 bytes.

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/base/slot_index.h"
#include "ospf/base/slot_pool.h"
#include "ospf/route/offer.h"
#include "ospf/route/route.h"
#include "ospf/types.h"

namespace wgospf::ospf {

/// A prefix and its present route.
template <class Address>
struct PrefixEntry {
  Address address{};
  std::uint32_t first = kNoSlot;  ///< what LSAs offer for it
  std::uint32_t set = kNoSlot;    ///< SetId::value of the route; kNoSlot: there is no route
  std::uint32_t metric = 0;
  std::uint32_t type2_metric = 0;
  std::uint32_t tag = 0;
  AreaId area;
  std::uint8_t length = 0;
  PathType path_type : 2 = PathType::intra_area;
  bool is_dirty : 1 = false;  ///< among those to be looked at again
  bool in_use : 1 = false;

  [[nodiscard]] Prefix<Address> prefix() const { return {address, length}; }
  [[nodiscard]] bool has_route() const { return set != kNoSlot; }
};

template <class Address>
class PrefixTable {
 public:
  using Entry = PrefixEntry<Address>;

  [[nodiscard]] Entry& operator[](std::uint32_t slot) { return entries_[slot]; }
  [[nodiscard]] const Entry& operator[](std::uint32_t slot) const { return entries_[slot]; }
  [[nodiscard]] Offer& offer(std::uint32_t slot) { return offers_[slot]; }
  [[nodiscard]] const Offer& offer(std::uint32_t slot) const { return offers_[slot]; }
  [[nodiscard]] std::uint32_t entry_end() const { return entries_.end(); }
  [[nodiscard]] std::uint32_t offer_end() const { return offers_.end(); }

  /// kNoSlot when absent.
  [[nodiscard]] std::uint32_t find(const Prefix<Address>& prefix) const {
    return by_prefix_.find(hash_value(prefix),
                           [&](std::uint32_t slot) { return entries_[slot].prefix() == prefix; });
  }
  /// Are there prefixes of this length at all?
  [[nodiscard]] bool has_length(std::uint8_t length) const { return by_length_[length] != 0; }

  /// Adds an offer; the prefix is dirty.
  std::uint32_t add(const Prefix<Address>& prefix, const Offer& offer) {
    const std::uint32_t entry = intern(prefix);
    const std::uint32_t slot = offers_.allocate();
    Offer& added = offers_[slot];
    added = offer;
    added.prefix = entry;
    added.next = std::exchange(entries_[entry].first, slot);
    mark_dirty(entry);
    return slot;
  }
  /// Removes an offer; the prefix is dirty.
  void remove(std::uint32_t slot) {
    const Offer& offer = offers_[slot];
    std::uint32_t* link = &entries_[offer.prefix].first;
    while (*link != slot) link = &offers_[*link].next;
    *link = offer.next;
    mark_dirty(offer.prefix);
    offers_.release(slot);
  }

  // Offers that are LSAs of their own (inter-area and external) are also found by their LSA. `hash` is
  // the owner's, over what identifies the LSA; hash_of(offer slot) gives it again.
  template <class Equal>
  [[nodiscard]] std::uint32_t find_lsa(std::uint64_t hash, Equal&& equal) const {
    return by_lsa_.find(hash, equal);
  }
  template <class HashOf>
  void index_lsa(std::uint64_t hash, std::uint32_t slot, HashOf&& hash_of) {
    by_lsa_.insert(hash, slot, hash_of);
  }
  template <class HashOf>
  void forget_lsa(std::uint64_t hash, std::uint32_t slot, HashOf&& hash_of) {
    by_lsa_.erase(hash, slot, hash_of);
  }
  [[nodiscard]] std::size_t lsa_count() const { return by_lsa_.size(); }

  void mark_dirty(std::uint32_t slot) {
    Entry& entry = entries_[slot];
    if (entry.is_dirty) return;
    entry.is_dirty = true;
    dirty_.push_back(slot);
  }
  void mark_all_dirty() {
    for (std::uint32_t slot = 0; slot < entries_.end(); ++slot)
      if (entries_[slot].in_use) mark_dirty(slot);
  }
  [[nodiscard]] bool has_dirty() const { return !dirty_.empty(); }
  [[nodiscard]] const std::vector<std::uint32_t>& dirty() const { return dirty_; }
  /// The dirty prefixes have been dealt with: those that nothing speaks of any more vanish.
  void clear_dirty() {
    for (const std::uint32_t slot : dirty_) {
      entries_[slot].is_dirty = false;
      if (entries_[slot].first == kNoSlot && !entries_[slot].has_route()) vanish(slot);
    }
    // What a whole table needed once is not kept for ever.
    if (dirty_.capacity() > 4096 && dirty_.size() < entries_.size() / 4) dirty_.shrink_to_fit();
    dirty_.clear();
  }

  void measure(Footprint& footprint) const {
    footprint.held("prefixes", entries_.size());
    footprint.held("prefixes.by-prefix", by_prefix_.size());
    footprint.held("prefixes.dirty", dirty_.size());
    footprint.held("offers", offers_.size());
    footprint.held("offers.by-lsa", by_lsa_.size());
    footprint.room("prefixes.slots", entries_.end());
    footprint.room("offers.slots", offers_.end());
  }
  /// Bytes of heap memory.
  [[nodiscard]] std::size_t memory() const {
    return entries_.memory() + offers_.memory() + by_prefix_.memory() + by_lsa_.memory() +
           dirty_.capacity() * sizeof(std::uint32_t);
  }

 private:
  std::uint32_t intern(const Prefix<Address>& prefix) {
    const std::uint32_t known = find(prefix);
    if (known != kNoSlot) return known;
    const std::uint32_t slot = entries_.allocate();
    Entry& entry = entries_[slot];
    entry.address = prefix.address;
    entry.length = prefix.length;
    entry.in_use = true;
    ++by_length_[prefix.length];
    by_prefix_.insert(hash_value(prefix), slot, hash_of_entry());
    return slot;
  }
  void vanish(std::uint32_t slot) {
    --by_length_[entries_[slot].length];
    by_prefix_.erase(hash_value(entries_[slot].prefix()), slot, hash_of_entry());
    entries_.release(slot);
  }
  [[nodiscard]] auto hash_of_entry() const {
    return [this](std::uint32_t slot) { return hash_value(entries_[slot].prefix()); };
  }

  SlotPool<Entry> entries_;
  SlotPool<Offer> offers_;
  SlotIndex by_prefix_, by_lsa_;
  std::vector<std::uint32_t> dirty_;
  std::array<std::uint32_t, Address::kBits + 1> by_length_{};
};

}  // namespace wgospf::ospf
