#include "ospf/own_lsas.h"

#include <algorithm>

namespace wgospf::ospf {

std::uint32_t OwnLsas::find_or_make(std::uint32_t domain, const LsaKey& key) {
  const auto [it, is_new] = index_.try_emplace({domain, key}, 0);
  if (!is_new) return it->second;
  if (free_.empty()) {
    it->second = static_cast<std::uint32_t>(records_.size());
    records_.emplace_back();
  } else {
    it->second = free_.back();
    free_.pop_back();
  }
  records_[it->second] = Record{};
  records_[it->second].domain = domain;
  records_[it->second].key = key;
  return it->second;
}

std::vector<std::uint32_t> OwnLsas::all(std::optional<std::uint32_t> domain) const {
  std::vector<std::pair<std::pair<std::uint32_t, LsaKey>, std::uint32_t>> found;
  for (const auto& item : index_)
    if (!domain || item.first.first == *domain) found.push_back(item);
  std::sort(found.begin(), found.end());
  std::vector<std::uint32_t> indexes;
  for (const auto& [key, index] : found) indexes.push_back(index);
  return indexes;
}

void OwnLsas::keep(std::uint32_t index) {
  take_off_kept(index);
  Record& record = records_[index];
  record.is_kept = true;
  record.kept_until = core_.now + seconds{kMaxAge};
  record.older = newest_kept_;
  (newest_kept_ == kNone ? oldest_kept_ : records_[newest_kept_].newer) = index;
  newest_kept_ = index;
  if (++kept_count_ > kKeptNumbers) release(oldest_kept_);
}

void OwnLsas::take_off_kept(std::uint32_t index) {
  Record& record = records_[index];
  if (!record.is_kept) return;
  (record.older == kNone ? oldest_kept_ : records_[record.older].newer) = record.newer;
  (record.newer == kNone ? newest_kept_ : records_[record.newer].older) = record.older;
  record.is_kept = false;
  record.older = record.newer = kNone;
  --kept_count_;
}

void OwnLsas::release(std::uint32_t index) {
  take_off_kept(index);
  core_.timers.cancel({TimerKind::originate, index, 0});
  index_.erase({records_[index].domain, records_[index].key});
  records_[index] = Record{};
  free_.push_back(index);
}

void OwnLsas::purge() {
  while (oldest_kept_ != kNone && records_[oldest_kept_].kept_until <= core_.now) release(oldest_kept_);
}

void OwnLsas::number_seen(std::uint32_t domain, const LsaHeader& header) {
  const std::uint32_t index = find_or_make(domain, header.key);
  Record& record = records_[index];
  tell_fight(record, header);
  record.highest = std::max(record.highest.value_or(header.sequence_number), header.sequence_number);
  if (!record.wanted) keep(index);
}

/// Somebody sends an LSA of ours as flushed, newer than what this run originated: nobody has it until we
/// outdo that. Told once, however many LSAs and rounds it takes, and not when one round is all.
void OwnLsas::tell_fight(const Record& record, const LsaHeader& header) {
  if (!header.is_maxage() || !record.wanted || !record.last || !record.highest) return;
  if (header.sequence_number < *record.highest) return;
  if (header.sequence_number == *record.highest) {  // newer by its age alone
    const std::uint32_t slot = present(record);
    if (slot == Lsdb::kNone || core_.entry({record.domain, slot}).age(core_.now) >= kMaxAge) return;
  }
  const bool is_same = fight_ && fight_->domain == record.domain && fight_->key == header.key;
  const auto since_last = fight_ ? core_.now - fight_->last : Duration::max();
  if (since_last >= kFightQuiet || (!is_same && !fight_->is_told && since_last >= kFightLasts)) {
    fight_ = Fight{record.domain, header.key, core_.now, core_.now, false};
    return;
  }
  if (is_same || fight_->is_told) fight_->last = core_.now;
  if (!is_same || fight_->is_told || core_.now - fight_->since < kFightLasts) return;
  fight_->is_told = true;
  core_.event(OwnLsaFlushedElsewhere{header.key, header.sequence_number});
}

}  // namespace wgospf::ospf
