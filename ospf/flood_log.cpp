// Who owes an acknowledgement of what (RFC 2328 sections 13.3 step 1d, 13.7).

#include "ospf/flood_log.h"

#include <algorithm>
#include <utility>

namespace wgospf::ospf {

/// More neighbours than ever: all rows become longer.
void FloodLog::widen(std::size_t words) {
  if (words <= width_) return;
  std::vector<std::uint64_t> wider(records_.size() * 2 * words);
  for (std::size_t i = 0; i < 2 * records_.size(); ++i)
    std::copy_n(rows_.begin() + static_cast<std::ptrdiff_t>(i * width_), width_,
                wider.begin() + static_cast<std::ptrdiff_t>(i * words));
  rows_ = std::move(wider);
  width_ = words;
}

auto FloodLog::make(LsaRef ref, std::uint16_t length) -> Record {
  Record record = static_cast<Record>(records_.size());
  if (free_.empty()) {
    records_.emplace_back();
    rows_.resize(rows_.size() + 2 * width_);
  } else {
    record = free_.back();
    free_.pop_back();
  }
  records_[record] = {ref, 0, length};
  index_.insert(hash_of(ref), record, [this](Record other) { return hash_of(records_[other].ref); });
  return record;
}

/// Its rows are empty. When the last goes, the memory of a large flood goes with it.
void FloodLog::release(Record record) {
  index_.erase(hash_of(records_[record].ref), record,
               [this](Record other) { return hash_of(records_[other].ref); });
  if (index_.empty() && records_.size() > kKept) {
    records_ = std::vector<Entry>{};  // `= {}` would keep their room
    free_ = std::vector<Record>{};
    rows_ = std::vector<std::uint64_t>{};
    index_.clear();
    return;
  }
  records_[record] = {};
  free_.push_back(record);
}

void FloodLog::count(NeighborId id) {
  if (owed_.size() <= id.value) owed_.resize(id.value + 1);
  ++owed_[id.value];
}

void FloodLog::flood(LsaRef ref, std::uint16_t length, const NeighborSet& neighbors) {
  assert(find(ref) == kNone);
  const auto words = neighbors.words();
  widen(words.size());
  const Record record = make(ref, length);
  for (std::size_t i = 0; i < words.size(); ++i) {
    rows_[row(record) + i] = rows_[row(record) + width_ + i] = words[i];
    records_[record].owing += static_cast<std::uint32_t>(std::popcount(words[i]));
  }
  neighbors.for_each([this](NeighborId id) { count(id); });
  flooded_.insert_all(words);
  log_.push_back(record);
}

bool FloodLog::add(LsaRef ref, std::uint16_t length, NeighborId id) {
  Record record = find(ref);
  if (record != kNone && owes(record, id)) return false;
  widen(NeighborSet::word_of(id) + 1);
  if (record == kNone) record = make(ref, length);
  const std::size_t word = row(record) + NeighborSet::word_of(id);
  rows_[word] |= NeighborSet::bit_of(id);
  rows_[word + width_] |= NeighborSet::bit_of(id);
  ++records_[record].owing;
  count(id);
  return true;
}

bool FloodLog::acknowledged(Record record, NeighborId id) {
  word(record, id, width_) &= ~NeighborSet::bit_of(id);
  word(record, id, 0) &= ~NeighborSet::bit_of(id);
  --owed_[id.value];
  if (--records_[record].owing > 0) return false;
  release(record);
  return true;
}

void FloodLog::drop(Record record) {
  for_each_owing(record, [this](NeighborId id) { --owed_[id.value]; });
  std::fill_n(rows_.begin() + static_cast<std::ptrdiff_t>(row(record)), 2 * width_, 0);
  release(record);
}

std::vector<LsaRef> FloodLog::forget(NeighborId id) {
  std::vector<LsaRef> released;
  for (Record record = 0; owed(id) > 0 && record < records_.size(); ++record) {
    if (!owes(record, id)) continue;
    const LsaRef ref = records_[record].ref;
    if (acknowledged(record, id)) released.push_back(ref);
  }
  flooded_.erase(id);
  return released;
}

void FloodLog::all_sent() {
  begin_ = end();
  if (log_.capacity() > kKept)
    log_ = std::vector<Record>{};
  else
    log_.clear();
}

std::vector<FloodLog::Record> FloodLog::shrink() {
  assert(log_.empty());
  std::vector<Record> kept;
  std::vector<Entry> records;
  std::vector<std::uint64_t> rows;
  for (Record record = 0; record < records_.size(); ++record) {
    if (records_[record].owing == 0) continue;
    kept.push_back(record);
    records.push_back(records_[record]);
    const auto begin = rows_.begin() + static_cast<std::ptrdiff_t>(row(record));
    rows.insert(rows.end(), begin, begin + static_cast<std::ptrdiff_t>(2 * width_));
  }
  records_ = std::move(records);
  rows_ = std::move(rows);
  free_ = std::vector<Record>{};
  index_.clear();
  for (Record record = 0; record < records_.size(); ++record)
    index_.insert(hash_of(records_[record].ref), record,
                  [this](Record other) { return hash_of(records_[other].ref); });
  return kept;
}

bool FloodLog::is_waited_for(Record record) const {
  if (record >= records_.size()) return false;
  const auto begin = rows_.begin() + static_cast<std::ptrdiff_t>(row(record) + width_);
  return std::any_of(begin, begin + static_cast<std::ptrdiff_t>(width_),
                     [](std::uint64_t word) { return word != 0; });
}

auto FloodLog::compact() -> std::vector<Position> {
  std::vector<bool> seen(records_.size());
  std::vector<Position> kept;
  for (std::size_t i = log_.size(); i-- > 0;) {
    if (!is_waited_for(log_[i]) || seen[log_[i]]) continue;
    seen[log_[i]] = true;
    kept.push_back(begin_ + i);
  }
  std::reverse(kept.begin(), kept.end());
  for (std::size_t i = 0; i < kept.size(); ++i) log_[i] = log_[kept[i] - begin_];
  log_.resize(kept.size());
  return kept;
}

}  // namespace wgospf::ospf
