#pragma once
// A hash index of slot numbers. Records live where their owner keeps them (a vector, a pool); the index holds
// four bytes and a one-byte tag for each and asks the owner for what it needs: is the record of this slot the
// one looked for, and what is the hash of a slot's key. So an index costs 6 to 12 bytes a record, several
// indexes may lie over one set of records, and nothing is stored twice.
//
// Open addressing with linear probing, at most 13/16 full. Erasing shifts the followers back, so there are no
// tombstones and a table that churns for a year is as fast as a fresh one. The tag (seven bits of the hash)
// spares nearly all looks at records that are not meant.
//
// Contract: the hash must be well mixed in its low and high bits (hash_mix does it); a slot is in the index
// at most once; while a slot is in the index the hash of its key does not change; equal keys are the owner's
// affair (the index finds one of them).

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace wgospf::ospf {

/// The slot number that is none.
inline constexpr std::uint32_t kNoSlot = 0xffffffff;

class SlotIndex {
 public:
  /// The slot with this hash for which `equal(slot)` holds; kNoSlot when there is none.
  template <class Equal>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, Equal&& equal) const {
    if (size_ == 0) return kNoSlot;
    const std::uint8_t tag = tag_of(hash);
    for (std::size_t cell = hash & mask();; cell = (cell + 1) & mask()) {
      if (tags_[cell] == kEmpty) return kNoSlot;
      if (tags_[cell] == tag && equal(slots_[cell])) return slots_[cell];
    }
  }

  /// Adds a slot that is not in the index. `hash_of(slot)` gives the hash of any slot's key and is asked only
  /// when the table grows.
  template <class HashOf>
  void insert(std::uint64_t hash, std::uint32_t slot, HashOf&& hash_of) {
    if (size_ >= limit(tags_.size())) rehash(tags_.empty() ? kSmallest : 2 * tags_.size(), hash_of);
    place(hash, slot);
    ++size_;
  }

  /// Removes the slot; false when it was not there. `hash_of(slot)` is asked for the cells that follow.
  template <class HashOf>
  bool erase(std::uint64_t hash, std::uint32_t slot, HashOf&& hash_of) {
    std::size_t hole = cell_of(hash, slot);
    if (hole == kNoCell) return false;
    for (std::size_t cell = (hole + 1) & mask(); tags_[cell] != kEmpty; cell = (cell + 1) & mask()) {
      // A follower moves into the hole unless that would put it before its home cell.
      const std::size_t home = hash_of(slots_[cell]) & mask();
      if (((cell - home) & mask()) < ((cell - hole) & mask())) continue;
      tags_[hole] = tags_[cell];
      slots_[hole] = slots_[cell];
      hole = cell;
    }
    tags_[hole] = kEmpty;
    --size_;
    return true;
  }

  /// The owner moved a record: `from` becomes `to`, the key is the same. False when `from` was not there.
  bool renumber(std::uint64_t hash, std::uint32_t from, std::uint32_t to) {
    const std::size_t cell = cell_of(hash, from);
    if (cell == kNoCell) return false;
    slots_[cell] = to;
    return true;
  }

  /// Room for `count` slots without growing, or, when it is fewer than now, as little as the present ones
  /// need.
  template <class HashOf>
  void rehash_for(std::size_t count, HashOf&& hash_of) {
    std::size_t cells = kSmallest;
    while (limit(cells) < count || limit(cells) < size_) cells *= 2;
    if (cells != tags_.size()) rehash(cells, hash_of);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  void clear() { *this = SlotIndex{}; }
  /// Bytes of heap memory.
  [[nodiscard]] std::size_t memory() const {
    return tags_.capacity() * sizeof(std::uint8_t) + slots_.capacity() * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::uint8_t kEmpty = 0;
  static constexpr std::size_t kSmallest = 16;  // a power of two
  static constexpr std::size_t kNoCell = ~std::size_t{0};

  [[nodiscard]] static std::uint8_t tag_of(std::uint64_t hash) {
    return static_cast<std::uint8_t>(0x80 | (hash >> 57));
  }
  [[nodiscard]] static std::size_t limit(std::size_t cells) { return cells / 16 * 13; }
  [[nodiscard]] std::size_t mask() const { return tags_.size() - 1; }

  [[nodiscard]] std::size_t cell_of(std::uint64_t hash, std::uint32_t slot) const {
    if (size_ == 0) return kNoCell;
    for (std::size_t cell = hash & mask();; cell = (cell + 1) & mask()) {
      if (tags_[cell] == kEmpty) return kNoCell;
      if (slots_[cell] == slot) return cell;
    }
  }
  void place(std::uint64_t hash, std::uint32_t slot) {
    std::size_t cell = hash & mask();
    while (tags_[cell] != kEmpty) cell = (cell + 1) & mask();
    tags_[cell] = tag_of(hash);
    slots_[cell] = slot;
  }
  template <class HashOf>
  void rehash(std::size_t cells, HashOf&& hash_of) {
    assert(std::has_single_bit(cells) && limit(cells) >= size_);
    const std::vector<std::uint8_t> old_tags = std::exchange(tags_, std::vector<std::uint8_t>(cells, kEmpty));
    const std::vector<std::uint32_t> old_slots = std::exchange(slots_, std::vector<std::uint32_t>(cells));
    for (std::size_t cell = 0; cell < old_tags.size(); ++cell)
      if (old_tags[cell] != kEmpty) place(hash_of(old_slots[cell]), old_slots[cell]);
  }

  std::vector<std::uint8_t> tags_;  // kEmpty, or 0x80 and seven bits of the hash
  std::vector<std::uint32_t> slots_;
  std::size_t size_ = 0;
};

}  // namespace wgospf::ospf
