#include "ospf/own_lsas.h"

#include <algorithm>
#include <utility>

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
  if (domains_.size() <= domain) domains_.resize(domain + 1);
  link(domains_[domain].all, &Record::in_domain, it->second);
  return it->second;
}

std::vector<std::uint32_t> OwnLsas::all(std::optional<std::uint32_t> domain) const {
  std::vector<std::uint32_t> indexes;
  for (std::uint32_t d = domain.value_or(0); d < domains_.size() && d <= domain.value_or(d); ++d) {
    const auto begin = indexes.size();
    for (auto index = domains_[d].all.oldest; index != kNone; index = records_[index].in_domain.newer)
      indexes.push_back(index);
    std::sort(indexes.begin() + static_cast<std::ptrdiff_t>(begin), indexes.end(),
              [this](std::uint32_t x, std::uint32_t y) { return records_[x].key < records_[y].key; });
  }
  return indexes;
}

std::vector<std::uint32_t> OwnLsas::wanted_by(Producer producer, std::uint32_t domain) const {
  std::vector<std::uint32_t> indexes;
  if (domain >= domains_.size()) return indexes;
  const List& list = domains_[domain].wanted[static_cast<std::size_t>(producer)];
  for (auto index = list.oldest; index != kNone; index = records_[index].links.newer)
    indexes.push_back(index);
  return indexes;
}

void OwnLsas::link(List& list, Links Record::*which, std::uint32_t index) {
  (records_[index].*which).older = list.newest;
  (list.newest == kNone ? list.oldest : (records_[list.newest].*which).newer) = index;
  list.newest = index;
  ++list.count;
}

void OwnLsas::unlink(List& list, Links Record::*which, std::uint32_t index) {
  const Links here = std::exchange(records_[index].*which, Links{});
  (here.older == kNone ? list.oldest : (records_[here.older].*which).newer) = here.newer;
  (here.newer == kNone ? list.newest : (records_[here.newer].*which).older) = here.older;
  --list.count;
}

auto OwnLsas::list_of(const Record& record) -> List& {
  if (record.on == On::kept) return kept_;
  return domains_[record.domain].wanted[static_cast<std::size_t>(record.producer)];
}

/// It is on no list yet.
void OwnLsas::put_on(std::uint32_t index, On on) {
  records_[index].on = on;
  link(list_of(records_[index]), &Record::links, index);
}

/// Off the list that it is on, if it is on any.
void OwnLsas::take_off(std::uint32_t index) {
  Record& record = records_[index];
  if (record.on == On::none) return;
  unlink(list_of(record), &Record::links, index);
  record.on = On::none;
}

void OwnLsas::keep(std::uint32_t index) {
  take_off(index);
  records_[index].kept_until = core_.now + seconds{kMaxAge};
  put_on(index, On::kept);
  if (kept_.count > kKeptNumbers) release(kept_.oldest);
}

void OwnLsas::want(std::uint32_t index, Producer producer) {
  Record& record = records_[index];
  if (record.on == On::wanted && record.producer == producer) return;
  take_off(index);
  record.producer = producer;
  put_on(index, On::wanted);
}

void OwnLsas::take_off_kept(std::uint32_t index) {
  if (records_[index].on == On::kept) take_off(index);
}

void OwnLsas::release(std::uint32_t index) {
  take_off(index);
  unlink(domains_[records_[index].domain].all, &Record::in_domain, index);
  core_.timers.cancel({TimerKind::originate, index, 0});
  index_.erase({records_[index].domain, records_[index].key});
  records_[index] = Record{};
  free_.push_back(index);
}

void OwnLsas::purge() {
  while (kept_.oldest != kNone && records_[kept_.oldest].kept_until <= core_.now) release(kept_.oldest);
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
