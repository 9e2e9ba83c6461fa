// Self-originated LSAs: when a new instance may go out, and with which number.

#include "ospf/origination.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace wgospf::ospf {

void Origination::want_exactly(Producer producer, std::uint32_t domain, std::vector<OwnLsa> lsas) {
  std::vector<LsaKey> keys;
  keys.reserve(lsas.size());
  for (const OwnLsa& own : lsas) keys.push_back(own.header.key);
  std::sort(keys.begin(), keys.end());
  for (const std::uint32_t index : own_.wanted_by(producer, domain))
    if (!std::binary_search(keys.begin(), keys.end(), own_[index].key)) unwant(index);
  for (OwnLsa& own : lsas) want(producer, domain, std::move(own));
}

void Origination::want(Producer producer, std::uint32_t domain, OwnLsa own) {
  const std::uint32_t index = own_.find_or_make(domain, own.header.key);
  Record& record = own_[index];
  record.is_outdated = false;
  const bool is_same = same_contents(record.wanted, own.lsa);
  if (is_same && !std::exchange(record.is_owed, false)) return;
  if (!is_same) record.wanted = std::move(own.lsa);
  record.options = own.header.options;
  own_.want(index, producer);
  originate_when_allowed(index);
}

bool Origination::router_lsa_may_change(std::uint32_t domain) {
  const std::uint32_t index = own_.find_or_make(domain, core_.version.router_lsa_key(core_.config.router_id));
  Instant at = allowed_at(own_[index]);
  // While there is nobody to tell, links that come up one after the other need no LSA each. Who comes is told at
  // once: see Adjacency::set_neighbor_state.
  if (own_[index].last && core_.domain(domain).neighbors.empty())
    at = std::max(at, *own_[index].last + kOriginationSpacing);
  if (at <= core_.now) return true;
  own_.take_off_kept(index);
  own_[index].is_outdated = true;
  core_.timers.arm({TimerKind::originate, index, 0}, at);
  return false;
}

void Origination::unwant(std::uint32_t domain, const LsaKey& key) {
  if (const std::uint32_t index = own_.find(domain, key); index != OwnLsas::kNone) unwant(index);
}

void Origination::unwant(std::uint32_t index) {
  Record& record = own_[index];
  if (!record.wanted) return;
  record.wanted = {};
  record.is_outdated = record.is_owed = false;
  core_.timers.cancel({TimerKind::originate, index, 0});
  const LsaRef ref{record.domain, own_.present(record)};
  own_.keep(index);
  if (ref.slot == Lsdb::kNone) return;
  core_.event(LsaOriginated{core_.entry(ref).header(core_.now), true, core_.domain(ref.domain).area});
  flooding_.flush(ref);
}

void Origination::unwant_all(std::optional<std::uint32_t> domain) {
  for (const std::uint32_t index : own_.all(domain)) unwant(index);
}

void Origination::forget_domain(std::uint32_t domain) {
  for (const std::uint32_t index : own_.all(domain)) own_.release(index);
  foreign_.erase(domain);
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

Instant Origination::allowed_at(Record& record) const {
  if (is_rested(record)) record.recent = 0;
  return record.last ? *record.last + spacing(record.recent) : core_.now;
}

void Origination::originate_when_allowed(std::uint32_t index) {
  own_[index].is_owed = true;
  const Instant at = allowed_at(own_[index]);
  if (at <= core_.now) return originate_or_renew(index);
  core_.timers.arm({TimerKind::originate, index, 0}, at);
}

void Origination::due(std::uint32_t record) {
  originate_or_renew(record);
}

/// An instance may go out. What it says is asked for first where that may have changed.
void Origination::originate_or_renew(std::uint32_t index) {
  if (own_[index].is_outdated) {
    core_.followups.emplace_back(RouterLsaDue{own_[index].domain});
  } else if (own_[index].wanted && own_[index].is_owed) {
    originate(index);
  }
}

void Origination::originate(std::uint32_t index) {
  Record& record = own_[index];
  record.is_owed = false;
  core_.timers.cancel({TimerKind::originate, index, 0});
  const std::uint32_t slot = own_.present(record);
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
  core_.event(LsaOriginated{header, false, core_.domain(record.domain).area});
  const LsaRef ref = flooding_.install_and_flood(record.domain, header, std::move(lsa), 0, nullptr);
  // What nobody was sent is no part of a burst: a router that starts is told by its first neighbour, in
  // answer to what it says at Full, how far a former run had come, and shall outdo that at once.
  if (!core_.flood_log.contains(ref)) record.recent = 0;
}

/// Section 12.1.6: the largest sequence number is flushed first, also where somebody else has it only.
/// left() goes on.
void Origination::wrap(const Record& record, std::uint32_t slot) {
  const bool is_present =
      slot != Lsdb::kNone && core_.entry({record.domain, slot}).lsa.sequence_number() == kMaxSequenceNumber;
  if (is_present) return flooding_.flush({record.domain, slot});
  const LsaHeader header{kMaxAge, record.options, record.key};
  flooding_.install_and_flood(record.domain, header, with(record.wanted, kMaxAge, kMaxSequenceNumber), 0,
                              nullptr);
}

void Origination::refresh(LsaRef ref) {
  const std::uint32_t index = own_.find(ref.domain, core_.entry(ref).key);
  if (index == OwnLsas::kNone || !own_[index].wanted) return;
  if (core_.timers.is_armed({TimerKind::originate, index, 0})) {
    own_[index].is_owed = true;
  } else {
    originate(index);
  }
}

void Origination::left(std::uint32_t domain, const LsaKey& key, const Lsa& last) {
  const std::uint32_t index = own_.find(domain, key);
  if (index == OwnLsas::kNone) return;
  Record& record = own_[index];
  const bool is_flushed = last.first_age() >= kMaxAge;
  if (is_flushed && last.sequence_number() == kMaxSequenceNumber) record.highest.reset();
  if (record.wanted) return originate_when_allowed(index);
  own_.keep(index);
}

}  // namespace wgospf::ospf
