#pragma once
// Definitions of origination.h; included where it is instantiated.

#include <algorithm>

#include "ospf/origination.h"

namespace wgospf::ospf {

/// Same contents: options and body, whatever age, sequence number and checksum.
template <class V>
[[nodiscard]] bool same_contents(const Lsa<V>& a, const Lsa<V>& b) {
  if (!a || !b) return false;
  return a.length() == b.length() && a.header().options == b.header().options &&
         std::equal(a.body().begin(), a.body().end(), b.body().begin());
}

template <class V>
std::uint32_t Origination<V>::record_of(std::uint32_t domain, const LsaKey<V>& key) {
  const auto [it, is_new] = index_.try_emplace({domain, key}, 0);
  if (!is_new) return it->second;
  if (free_.empty()) {
    it->second = static_cast<std::uint32_t>(records_.size());
    records_.emplace_back();
  } else {
    it->second = free_.back();
    free_.pop_back();
  }
  records_[it->second] = Record{domain, key, {}, std::nullopt, 0};
  return it->second;
}

template <class V>
void Origination<V>::want(std::uint32_t domain, Lsa<V> lsa) {
  const std::uint32_t index = record_of(domain, lsa.header().key);
  Record& record = records_[index];
  if (same_contents(record.wanted, lsa)) return;
  record.wanted = std::move(lsa);
  originate_when_allowed(index);
}

template <class V>
void Origination<V>::unwant(std::uint32_t domain, const LsaKey<V>& key) {
  const auto it = index_.find({domain, key});
  if (it == index_.end()) return;
  Record& record = records_[it->second];
  if (!record.wanted) return;
  record.wanted = {};
  core_.timers.cancel({TimerKind::originate, it->second, 0});
  const std::uint32_t slot = core_.domain(domain).lsdb.find(key);
  if (slot == Lsdb<V>::kNone) return removed(domain, key);
  core_.event(LsaOriginated<V>{core_.entry({domain, slot}).header(core_.now), true});
  flooding_.flush({domain, slot});
}

template <class V>
void Origination<V>::unwant_all(std::optional<std::uint32_t> only) {
  std::vector<std::pair<std::uint32_t, LsaKey<V>>> keys;
  for (const auto& [key, index] : index_)
    if (!only || key.first == *only) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  for (const auto& [domain, key] : keys) unwant(domain, key);
}

template <class V>
void Origination<V>::forget_domain(std::uint32_t domain) {
  for (auto it = index_.begin(); it != index_.end();) {
    if (it->first.first != domain) {
      ++it;
      continue;
    }
    core_.timers.cancel({TimerKind::originate, it->second, 0});
    free_.push_back(it->second);
    it = index_.erase(it);
  }
}

template <class V>
Duration Origination<V>::spacing(unsigned recent) {
  if (recent < 2) return Duration::zero();
  return std::min<Duration>(kOriginationSpacing * (1 << std::min(recent - 2, 4u)), kMinLsInterval);
}

/// When the present burst is over, unless another instance comes. More than the spacing that it has come to,
/// or one that is held to its spacing would end at every instance.
template <class V>
Instant Origination<V>::rests_at(const Record& record) {
  return *record.last + std::max<Duration>(kMinLsInterval, 2 * spacing(record.recent));
}
template <class V>
bool Origination<V>::is_rested(const Record& record) const {
  return !record.last || rests_at(record) <= core_.now;
}

template <class V>
void Origination<V>::originate_when_allowed(std::uint32_t index) {
  Record& record = records_[index];
  if (is_rested(record)) record.recent = 0;
  const Instant at = record.last ? *record.last + spacing(record.recent) : core_.now;
  if (at <= core_.now) return originate(index);
  core_.timers.arm({TimerKind::originate, index, 0}, at);
}

template <class V>
void Origination<V>::due(std::uint32_t record) {
  if (records_[record].wanted) return originate(record);
  index_.erase({records_[record].domain, records_[record].key});
  free_.push_back(record);
}

template <class V>
void Origination<V>::originate(std::uint32_t index) {
  Record& record = records_[index];
  core_.timers.cancel({TimerKind::originate, index, 0});
  std::int32_t sequence_number = kInitialSequenceNumber;
  const std::uint32_t slot = core_.domain(record.domain).lsdb.find(record.key);
  if (slot != Lsdb<V>::kNone) {
    const auto& entry = core_.entry({record.domain, slot});
    const std::int32_t present = entry.lsa.sequence_number();
    if (present == kMaxSequenceNumber) return flooding_.flush({record.domain, slot});  // removed() goes on
    sequence_number = present + 1;
  } else if (const auto flushed = flooding_.flushed_sequence(record.domain, record.key)) {
    sequence_number = *flushed + 1;
  }
  if (is_rested(record)) record.recent = 0;  // refreshes do not use the throttle up
  record.last = core_.now;
  record.recent = static_cast<std::uint8_t>(std::min(record.recent + 1, 100));
  ++core_.statistics.lsas_originated;
  Lsa<V> lsa = V::with(record.wanted, 0, sequence_number);
  core_.event(LsaOriginated<V>{lsa.header(), false});
  flooding_.install_and_flood(record.domain, std::move(lsa), 0, nullptr);
}

template <class V>
void Origination<V>::received(LsaRef ref) {
  const auto& entry = core_.entry(ref);
  const auto it = index_.find({ref.domain, entry.key});
  if (it != index_.end() && records_[it->second].wanted) return originate_when_allowed(it->second);
  flooding_.flush(ref);
}

template <class V>
void Origination<V>::refresh(LsaRef ref) {
  const auto it = index_.find({ref.domain, core_.entry(ref).key});
  if (it == index_.end() || !records_[it->second].wanted) return;
  if (core_.timers.is_armed({TimerKind::originate, it->second, 0})) return;
  originate(it->second);
}

template <class V>
void Origination<V>::removed(std::uint32_t domain, const LsaKey<V>& key) {
  const auto it = index_.find({domain, key});
  if (it == index_.end()) return;
  const Record& record = records_[it->second];
  if (record.wanted) return originate_when_allowed(it->second);
  // Withdrawn and set again and again is a burst like any other: the record stays until that would be over.
  if (!is_rested(record)) return core_.timers.arm({TimerKind::originate, it->second, 0}, rests_at(record));
  core_.timers.cancel({TimerKind::originate, it->second, 0});
  free_.push_back(it->second);
  index_.erase(it);
}

}  // namespace wgospf::ospf
