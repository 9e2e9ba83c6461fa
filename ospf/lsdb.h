#pragma once
// The link-state database (RFC 2328 section 12.2): one Lsdb for each area, for the AS scope and for each
// link.
//
// Entries live in numbered slots that stay put for an entry's life, so walks (a Database summary list, a dump
// for a client) are cursors over slot numbers and see every entry that was there throughout exactly once. An
// entry keeps the bytes as received and the moment of installation; the present age follows from both.

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/base/slot_index.h"
#include "ospf/base/slot_pool.h"
#include "ospf/lsa.h"
#include "ospf/neighbor_set.h"

namespace wgospf::ospf {

/// Where an LSA stands: its database and its slot there.
struct LsaRef {
  std::uint32_t domain = 0, slot = 0;
  constexpr auto operator<=>(const LsaRef&) const = default;
};

struct LsdbEntry {
  LsaKey key;
  /// Instances received in a row less than kMinLsArrival apart; 0: not by flooding.
  std::uint8_t arrivals = 0;
  LsaOptions options;
  Lsa lsa;            ///< empty: a free slot
  Instant installed;  ///< when the age among the bytes was right

  /// Seconds since origination at `now`, at most kMaxAge.
  [[nodiscard]] std::uint16_t age(Instant now) const {
    const auto received = lsa.first_age();
    const auto elapsed = std::chrono::duration_cast<seconds>(now - installed).count();
    return elapsed >= kMaxAge - received ? kMaxAge : static_cast<std::uint16_t>(received + elapsed);
  }
  [[nodiscard]] LsaHeader header(Instant now) const {
    return {age(now), options, key, lsa.sequence_number(), lsa.checksum(), lsa.length()};
  }
  /// What its header says of the instance.
  [[nodiscard]] LsaInstance instance(Instant now) const {
    return {lsa.sequence_number(), lsa.checksum(), age(now)};
  }
  /// The moment at which the age becomes `age`.
  [[nodiscard]] Instant reaches(std::uint16_t age) const {
    return installed + seconds{int{age} - int{lsa.first_age()}};
  }
};

class Lsdb {
 public:
  static constexpr std::uint32_t kNone = kNoSlot;

  explicit Lsdb(std::uint64_t salt) : salt_(salt) {}

  [[nodiscard]] std::uint32_t find(const LsaKey& key) const {
    return index_.find(hash_of(key), [&](std::uint32_t slot) { return entries_[slot].key == key; });
  }
  [[nodiscard]] LsdbEntry& operator[](std::uint32_t slot) { return entries_[slot]; }
  [[nodiscard]] const LsdbEntry& operator[](std::uint32_t slot) const { return entries_[slot]; }

  /// Puts an instance in; the slot of the key stays the same. Of the header key and options count. The caller
  /// sets everything but key, options, lsa, installed.
  std::uint32_t install(const LsaHeader& header, Lsa lsa, Instant now) {
    const LsaKey& key = header.key;
    std::uint32_t slot = find(key);
    if (slot == kNone) {
      slot = entries_.allocate();
      entries_[slot].key = key;
      index_.insert(hash_of(key), slot, [this](std::uint32_t s) { return hash_of(entries_[s].key); });
    }
    entries_[slot].options = header.options;
    entries_[slot].lsa = std::move(lsa);
    entries_[slot].installed = now;
    return slot;
  }
  void erase(std::uint32_t slot) {
    index_.erase(hash_of(entries_[slot].key), slot,
                 [this](std::uint32_t s) { return hash_of(entries_[s].key); });
    entries_.release(slot);
  }
  /// The first occupied slot at or after `slot`; kNone when there is none.
  [[nodiscard]] std::uint32_t next(std::uint32_t slot) const {
    for (; slot < entries_.end(); ++slot)
      if (entries_[slot].lsa) return slot;
    return kNone;
  }
  [[nodiscard]] bool is_occupied(std::uint32_t slot) const {
    return slot < entries_.end() && static_cast<bool>(entries_[slot].lsa);
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  void measure(Footprint& footprint) const {
    footprint.held("database", entries_.size());
    footprint.held("database.by-key", index_.size());
    footprint.room("database.slots", entries_.end());
  }

 private:
  [[nodiscard]] std::uint64_t hash_of(const LsaKey& key) const { return hash_value(key, salt_); }

  std::uint64_t salt_;
  SlotPool<LsdbEntry> entries_;
  SlotIndex index_;
};

/// A database with the scope it stands for.
struct Domain {
  explicit Domain(std::uint64_t salt) : lsdb(salt) {}

  FloodingScope scope = FloodingScope::as;
  AreaId area;  ///< of area and link scope
  LinkId link;  ///< of link scope
  Lsdb lsdb;
  NeighborSet neighbors;  ///< in Exchange or beyond, of the links that LSAs of this scope go out of
  bool in_use = true;     ///< false: its area or link is gone, the number may be used again
};

}  // namespace wgospf::ospf
