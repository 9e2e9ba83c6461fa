// Self-originated LSAs: when a new instance may go out, and with which number.

#include <algorithm>

#include "ospf/origination.h"

namespace wgospf::ospf {

std::uint32_t Origination::record_of(std::uint32_t domain, const LsaKey& key) {
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

/// The record of an LSA that is not wanted: kept until MaxAge from now, the oldest of too many is not.
void Origination::keep(std::uint32_t index) {
  take_off_kept(index);
  Record& record = records_[index];
  record.is_kept = true;
  record.kept_until = core_.now + seconds{kMaxAge};
  record.older = newest_kept_;
  (newest_kept_ == kNone ? oldest_kept_ : records_[newest_kept_].newer) = index;
  newest_kept_ = index;
  if (++kept_count_ > kKeptNumbers) release(oldest_kept_);
}

void Origination::take_off_kept(std::uint32_t index) {
  Record& record = records_[index];
  if (!record.is_kept) return;
  (record.older == kNone ? oldest_kept_ : records_[record.older].newer) = record.newer;
  (record.newer == kNone ? newest_kept_ : records_[record.newer].older) = record.older;
  record.is_kept = false;
  record.older = record.newer = kNone;
  --kept_count_;
}

void Origination::release(std::uint32_t index) {
  take_off_kept(index);
  core_.timers.cancel({TimerKind::originate, index, 0});
  index_.erase({records_[index].domain, records_[index].key});
  records_[index] = Record{};
  free_.push_back(index);
}

void Origination::purge() {
  while (oldest_kept_ != kNone && records_[oldest_kept_].kept_until <= core_.now) release(oldest_kept_);
}

void Origination::want(std::uint32_t domain, OwnLsa own) {
  const std::uint32_t index = record_of(domain, own.header.key);
  Record& record = records_[index];
  if (same_contents(record.wanted, own.lsa)) return;
  record.wanted = std::move(own.lsa);
  record.options = own.header.options;
  take_off_kept(index);
  originate_when_allowed(index);
}

void Origination::unwant(std::uint32_t domain, const LsaKey& key) {
  const auto it = index_.find({domain, key});
  if (it == index_.end()) return;
  Record& record = records_[it->second];
  if (!record.wanted) return;
  record.wanted = {};
  core_.timers.cancel({TimerKind::originate, it->second, 0});
  keep(it->second);
  const std::uint32_t slot = present(record);
  if (slot == Lsdb::kNone) return;
  core_.event(LsaOriginated{core_.entry({domain, slot}).header(core_.now), true});
  flooding_.flush({domain, slot});
}

void Origination::unwant_all(std::optional<std::uint32_t> only) {
  std::vector<std::pair<std::uint32_t, LsaKey>> keys;
  for (const auto& [key, index] : index_)
    if (!only || key.first == *only) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  for (const auto& [domain, key] : keys) unwant(domain, key);
}

void Origination::forget_domain(std::uint32_t domain) {
  std::vector<std::uint32_t> indexes;
  for (const auto& [key, index] : index_)
    if (key.first == domain) indexes.push_back(index);
  std::sort(indexes.begin(), indexes.end());
  for (const std::uint32_t index : indexes) release(index);
}

Duration Origination::spacing(unsigned recent) {
  if (recent < 2) return Duration::zero();
  const unsigned doubled =
      recent < kOriginationBurst ? std::min(recent - 2, 1U) : 2 + recent - kOriginationBurst;
  return std::min<Duration>(kOriginationSpacing * (1 << std::min(doubled, 4U)), kMinLsInterval);
}

/// When the present burst is over, unless another instance comes. More than the spacing that it has come to,
/// or one that is held to its spacing would end at every instance.
Instant Origination::rests_at(const Record& record) {
  return *record.last + std::max<Duration>(kMinLsInterval, 2 * spacing(record.recent));
}
bool Origination::is_rested(const Record& record) const {
  return !record.last || rests_at(record) <= core_.now;
}

void Origination::originate_when_allowed(std::uint32_t index) {
  Record& record = records_[index];
  if (is_rested(record)) record.recent = 0;
  const Instant at = record.last ? *record.last + spacing(record.recent) : core_.now;
  if (at <= core_.now) return originate(index);
  core_.timers.arm({TimerKind::originate, index, 0}, at);
}

void Origination::due(std::uint32_t record) {
  if (records_[record].wanted) originate(record);
}

void Origination::originate(std::uint32_t index) {
  Record& record = records_[index];
  core_.timers.cancel({TimerKind::originate, index, 0});
  const std::uint32_t slot = present(record);
  if (slot != Lsdb::kNone) {
    const std::int32_t present_number = core_.entry({record.domain, slot}).lsa.sequence_number();
    record.highest = std::max(record.highest.value_or(present_number), present_number);
  }
  if (record.highest == kMaxSequenceNumber) return wrap(record, slot);
  const std::int32_t sequence_number = record.highest ? *record.highest + 1 : kInitialSequenceNumber;
  record.highest = sequence_number;
  if (is_rested(record)) record.recent = 0;  // refreshes do not use the throttle up
  record.last = core_.now;
  record.recent = static_cast<std::uint8_t>(std::min(record.recent + 1, 100));
  ++core_.statistics.lsas_originated;
  Lsa lsa = with(record.wanted, 0, sequence_number);
  const LsaHeader header{0, record.options, record.key, sequence_number, lsa.checksum(), lsa.length()};
  core_.event(LsaOriginated{header, false});
  const LsaRef ref = flooding_.install_and_flood(record.domain, header, std::move(lsa), 0, nullptr);
  // What nobody was sent is no part of a burst: a router that starts is told by its first neighbour, in
  // answer to what it says at Full, how far a former run had come, and shall outdo that at once.
  if (core_.entry(ref).retransmitters == 0) record.recent = 0;
}

/// Section 12.1.6: the largest sequence number is flushed first, also where somebody else has it only.
/// removed() goes on.
void Origination::wrap(const Record& record, std::uint32_t slot) {
  const bool is_present =
      slot != Lsdb::kNone && core_.entry({record.domain, slot}).lsa.sequence_number() == kMaxSequenceNumber;
  if (is_present) return flooding_.flush({record.domain, slot});
  const LsaHeader header{kMaxAge, record.options, record.key};
  flooding_.install_and_flood(record.domain, header, with(record.wanted, kMaxAge, kMaxSequenceNumber), 0,
                              nullptr);
}

void Origination::number_seen(std::uint32_t domain, const LsaHeader& header) {
  const std::uint32_t index = record_of(domain, header.key);
  Record& record = records_[index];
  tell_fight(record, header);
  record.highest = std::max(record.highest.value_or(header.sequence_number), header.sequence_number);
  if (!record.wanted) keep(index);
}

/// Somebody sends an LSA of ours as flushed, newer than what this run originated: nobody has it until we
/// outdo that. Told once, however many LSAs and rounds it takes, and not when one round is all.
void Origination::tell_fight(const Record& record, const LsaHeader& header) {
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

void Origination::received(LsaRef ref) {
  const auto& entry = core_.entry(ref);
  const auto it = index_.find({ref.domain, entry.key});
  if (it != index_.end() && records_[it->second].wanted) return originate_when_allowed(it->second);
  flooding_.flush(ref);
}

void Origination::refresh(LsaRef ref) {
  const auto it = index_.find({ref.domain, core_.entry(ref).key});
  if (it == index_.end() || !records_[it->second].wanted) return;
  if (core_.timers.is_armed({TimerKind::originate, it->second, 0})) return;
  originate(it->second);
}

void Origination::removed(std::uint32_t domain, const LsaKey& key, const Lsa& last) {
  const auto it = index_.find({domain, key});
  if (it == index_.end()) return;
  Record& record = records_[it->second];
  const bool is_flushed = last.first_age() >= kMaxAge;
  if (is_flushed && last.sequence_number() == kMaxSequenceNumber) record.highest.reset();
  if (record.wanted) return originate_when_allowed(it->second);
  keep(it->second);
}

}  // namespace wgospf::ospf
