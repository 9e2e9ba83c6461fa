// What has been sent to a neighbour and is not acknowledged (RFC 2328 section 13.6).

#include "ospf/sent_list.h"

namespace wgospf::ospf {

std::uint32_t SentList::make(FloodLog::Record record) {
  const std::uint32_t slot = entries_.allocate();
  entries_[slot].record = record;
  index_.insert(hash_of(record), slot,
                [this](std::uint32_t other) { return hash_of(entries_[other].record); });
  return slot;
}

void SentList::link_last(std::uint32_t slot) {
  entries_[slot].before = last_;
  entries_[slot].after = kNoSlot;
  (last_ == kNoSlot ? first_ : entries_[last_].after) = slot;
  last_ = slot;
}

/// Out of the order, if it is in it.
void SentList::unlink(std::uint32_t slot) {
  Entry& entry = entries_[slot];
  const bool is_linked = entry.before != kNoSlot || first_ == slot;
  if (!is_linked) return;
  (entry.before == kNoSlot ? first_ : entries_[entry.before].after) = entry.after;
  (entry.after == kNoSlot ? last_ : entries_[entry.after].before) = entry.before;
  entry.before = entry.after = kNoSlot;
}

void SentList::send(FloodLog::Record record, std::uint16_t bytes, Instant now, Instant lost_at) {
  std::uint32_t slot = slot_of(record);
  if (slot == kNoSlot) slot = make(record);
  unlink(slot);
  Entry& entry = entries_[slot];
  entry.in_flight = bytes;
  entry.sent = now;
  if (entry.times_sent < kTimesMost) ++entry.times_sent;
  if (!entry.is_stubborn()) link_last(slot);  // it has its own time, and must not stand before others
  first_lost_ = std::min(first_lost_.value_or(lost_at), lost_at);
  if (entry.times_sent == 1) return;
  again_.push_back({lost_at, record, now});
  std::push_heap(again_.begin(), again_.end(), std::greater<>{});
}

std::uint16_t SentList::wait(FloodLog::Record record) {
  const std::uint32_t slot = slot_of(record);
  if (slot == kNoSlot) return 0;
  unlink(slot);
  return std::exchange(entries_[slot].in_flight, std::uint16_t{0});
}

auto SentList::erase(FloodLog::Record record) -> Entry {
  const std::uint32_t slot = slot_of(record);
  if (slot == kNoSlot) return {};
  unlink(slot);
  const Entry entry = entries_[slot];
  index_.erase(hash_of(record), slot,
               [this](std::uint32_t other) { return hash_of(entries_[other].record); });
  entries_.release(slot);
  if (index_.empty()) {
    again_ = std::vector<Again>{};
    if (entries_.end() >> kBlockBits > 1) clear();  // the memory of a large flood is not kept
  }
  return entry;
}

void SentList::renumber(const std::function<FloodLog::Record(FloodLog::Record)>& moved) {
  index_.clear();
  for (std::uint32_t slot = 0; slot < entries_.end(); ++slot) {
    FloodLog::Record& record = entries_[slot].record;
    if (record == FloodLog::kNone) continue;
    record = moved(record);
    index_.insert(hash_of(record), slot,
                  [this](std::uint32_t other) { return hash_of(entries_[other].record); });
  }
  for (Again& again : again_) again.record = moved(again.record);
  std::erase_if(again_, [](const Again& again) { return again.record == FloodLog::kNone; });
  std::make_heap(again_.begin(), again_.end(), std::greater<>{});
}

auto SentList::next_again() -> std::optional<Loss> {
  const auto is_stale = [this](const Again& again) {
    const Entry* entry = find(again.record);
    return entry == nullptr || entry->in_flight == 0 || entry->times_sent < 2 || entry->sent != again.sent;
  };
  while (!again_.empty() && is_stale(again_.front())) {
    std::pop_heap(again_.begin(), again_.end(), std::greater<>{});
    again_.pop_back();
  }
  if (again_.empty()) return std::nullopt;
  return Loss{again_.front().lost_at, again_.front().record};
}

}  // namespace wgospf::ospf
