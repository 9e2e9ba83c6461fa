#pragma once
// The Link state retransmission lists of all neighbours (RFC 2328 sections 13.3 step 1d, 13.6 and 13.7), kept
// LSA by LSA, and the order in which LSAs were flooded.
//
// An LSA that somebody has not acknowledged has a record: for each neighbour a bit that says whether it owes
// an acknowledgement, and one that says whether the LSA is yet to be sent to it. To flood an LSA is to write
// two rows of bits and one entry of the log, however many neighbours there are. A link sends along the log
// from where it stopped (outbox.h). The bits decide: an entry of the log is passed over when no neighbour of
// the link waits, so entries may be stale. An instance that takes the place of one that still waits is met
// where that one stood, and is not behind all others each time that it changes. What has been sent to a
// neighbour, and when, is the neighbour's (sent_list.h).
//
// A record names a database slot: what is owed is always the database's present instance, because installing
// a newer one drops the record of the older.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/base/slot_index.h"
#include "ospf/lsdb.h"
#include "ospf/neighbor_set.h"

namespace wgospf::ospf {

class FloodLog {
 public:
  using Record = std::uint32_t;
  using Position = std::uint64_t;
  static constexpr Record kNone = kNoSlot;

  /// `neighbors` owe an acknowledgement of the LSA, of so many bytes, and it waits to be sent to them: it is
  /// the last of the log. It must have no record.
  void flood(LsaRef ref, std::uint16_t length, const NeighborSet& neighbors);
  /// One more neighbour owes it; the log does not tell. False when it does already.
  bool add(LsaRef ref, std::uint16_t length, NeighborId id);

  /// kNone when nobody owes it.
  [[nodiscard]] Record find(LsaRef ref) const {
    return index_.find(hash_of(ref), [&](Record record) { return records_[record].ref == ref; });
  }
  /// Does anybody owe it?
  [[nodiscard]] bool contains(LsaRef ref) const { return find(ref) != kNone; }
  [[nodiscard]] LsaRef ref(Record record) const { return records_[record].ref; }
  [[nodiscard]] std::uint16_t length(Record record) const { return records_[record].length; }
  /// Whatever the number, nobody owes or waits for what is not there.
  [[nodiscard]] bool owes(Record record, NeighborId id) const { return bit(record, id, 0); }
  [[nodiscard]] bool waits(Record record, NeighborId id) const { return bit(record, id, width_); }
  template <class Visitor>
  void for_each_owing(Record record, Visitor&& visit) const {
    for (std::size_t i = 0; i < width_; ++i) NeighborSet::for_each_bit(i, rows_[row(record) + i], visit);
  }

  /// It went out to a neighbour that owes it.
  void sent(Record record, NeighborId id) { word(record, id, width_) &= ~NeighborSet::bit_of(id); }
  /// It is to be sent once more. False when it waits already.
  bool wait_again(Record record, NeighborId id) {
    std::uint64_t& bits = word(record, id, width_);
    return (std::exchange(bits, bits | NeighborSet::bit_of(id)) & NeighborSet::bit_of(id)) == 0;
  }
  /// A neighbour that owed it does so no more. True when nobody does now: the record is gone.
  bool acknowledged(Record record, NeighborId id);
  /// Nobody owes it any more.
  void drop(Record record);
  /// The neighbour owes nothing any more. Gives the LSAs that nobody owes now.
  [[nodiscard]] std::vector<LsaRef> forget(NeighborId id);

  /// How many LSAs the neighbour owes.
  [[nodiscard]] std::size_t owed(NeighborId id) const {
    return id.value < owed_.size() ? owed_[id.value] : 0;
  }
  /// The neighbours to which LSAs were flooded since the last call.
  [[nodiscard]] NeighborSet take_flooded() { return std::exchange(flooded_, {}); }
  [[nodiscard]] bool has_flooded() const { return !flooded_.empty(); }

  [[nodiscard]] Position begin() const { return begin_; }
  [[nodiscard]] Position end() const { return begin_ + log_.size(); }
  /// Between begin() and end(). It may be stale.
  [[nodiscard]] Record at(Position position) const { return log_[position - begin_]; }
  /// All that is in the log was sent by every link.
  void all_sent();
  /// Is it long for what is owed?
  [[nodiscard]] bool is_compactible() const { return log_.size() >= kSmall + 2 * index_.size(); }
  /// Takes out of the log what nobody waits for, and all but the last entry of each record. What is left
  /// begins at begin(). Gives the former positions of it, in order.
  [[nodiscard]] std::vector<Position> compact();

  /// Has a large flood left room behind that the few LSAs which are still owed do not need?
  [[nodiscard]] bool is_shrinkable() const {
    return log_.empty() && records_.size() > kKept && 8 * index_.size() <= records_.size();
  }
  /// Gives that room back: the records that are left have new numbers, in the same order. Gives their former ones;
  /// the log must be empty.
  [[nodiscard]] std::vector<Record> shrink();

  void measure(Footprint& footprint) const {
    std::size_t owed = 0;
    for (const std::uint32_t one : owed_) owed += one;
    footprint.held("neighbors.retransmissions", owed);
    footprint.held("flood-log.lsas", index_.size());
    footprint.held("flood-log", log_.size());
    footprint.room("flood-log.records", records_.size());
    footprint.room("flood-log.words", rows_.size());
  }

 private:
  struct Entry {
    LsaRef ref;
    std::uint32_t owing = 0;   ///< neighbours; 0: a free record
    std::uint16_t length = 0;  ///< of the LSA
  };
  static constexpr std::size_t kSmall = 64, kKept = 1024;
  static std::uint64_t hash_of(LsaRef ref) { return hash_mix((std::uint64_t{ref.domain} << 32) | ref.slot); }
  [[nodiscard]] std::size_t row(Record record) const { return record * 2 * width_; }
  [[nodiscard]] bool bit(Record record, NeighborId id, std::size_t offset) const {
    const std::size_t word = NeighborSet::word_of(id);
    return record < records_.size() && word < width_ &&
           (rows_[row(record) + offset + word] & NeighborSet::bit_of(id)) != 0;
  }
  [[nodiscard]] std::uint64_t& word(Record record, NeighborId id, std::size_t offset) {
    assert(owes(record, id));
    return rows_[row(record) + offset + NeighborSet::word_of(id)];
  }
  Record make(LsaRef ref, std::uint16_t length);
  void release(Record record);
  void widen(std::size_t words);
  void count(NeighborId id);
  [[nodiscard]] bool is_waited_for(Record record) const;

  std::vector<Entry> records_;
  std::vector<Record> free_;
  SlotIndex index_;                  ///< of records
  std::vector<std::uint64_t> rows_;  ///< of each record: who owes it, and who of them waits
  std::size_t width_ = 0;            ///< words of each
  std::vector<std::uint32_t> owed_;  ///< by neighbour
  NeighborSet flooded_;
  Position begin_ = 0;
  std::vector<Record> log_;
};

}  // namespace wgospf::ospf
