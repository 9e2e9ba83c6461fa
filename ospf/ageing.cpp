// Ageing the database (RFC 2328 section 14), premature ageing (14.1), and when LSAs leave it.

#include <algorithm>
#include <utility>

#include "ospf/checksum.h"
#include "ospf/flooding.h"

namespace wgospf::ospf {

/// Section 14: a MaxAge LSA goes when nobody has to acknowledge it and nobody is exchanging databases.
void Flooding::released(LsaRef ref) {
  const auto& entry = core_.entry(ref);
  if (entry.age(core_.now) >= kMaxAge && core_.exchanging.empty() && !core_.flood_log.contains(ref))
    ready_.push_back(ref);
}

void Flooding::remove(LsaRef ref) {
  const LsaKey key = core_.entry(ref).key;
  const Lsa last = take_out(ref);
  if (core_.is_ours(key)) core_.followups.emplace_back(OwnLsaLeft{ref.domain, key, last});
}

void Flooding::flush(LsaRef ref) {
  const auto& entry = core_.entry(ref);
  if (entry.lsa.first_age() >= kMaxAge) return;  // is flushing already
  ++core_.statistics.lsas_flushed;
  install_and_flood(ref.domain, entry.header(core_.now),
                    with(entry.lsa, kMaxAge, entry.lsa.sequence_number()), entry.arrivals, nullptr);
}

// Ageing (section 14): one deadline for each LSA, at the next age that means something.
void Flooding::arm_age_timer(LsaRef ref) {
  const TimerKey key{TimerKind::lsa_age, ref.domain, ref.slot};
  const auto& entry = core_.entry(ref);
  const std::uint16_t age = entry.age(core_.now);
  if (age >= kMaxAge) return core_.timers.cancel(key);
  const auto checked = static_cast<std::uint16_t>((age / kCheckAge + 1) * kCheckAge);
  Instant at = entry.reaches(std::min(checked, kMaxAge));
  const Instant refresh = entry.reaches(0) + core_.config.ls_refresh_time;
  if (refresh > core_.now && entry.key.advertising_router == core_.config.router_id)
    at = std::min(at, refresh);
  core_.timers.arm(key, at);
}

void Flooding::age_due(LsaRef ref) {
  const auto& entry = core_.entry(ref);
  const std::uint16_t age = entry.age(core_.now);
  if (age >= kMaxAge) {
    install_and_flood(ref.domain, entry.header(core_.now),
                      with(entry.lsa, kMaxAge, entry.lsa.sequence_number()), entry.arrivals, nullptr);
    return;
  }
  arm_age_timer(ref);
  // Whenever the timer fires: it may come later than in the second that it was armed for.
  if (!lsa_checksum_holds(entry.lsa.bytes())) return corrupted(ref);
  if (core_.is_ours(entry.key) && core_.now >= entry.reaches(0) + core_.config.ls_refresh_time)
    core_.followups.emplace_back(RefreshDue{ref});
}

/// Section 14: memory went bad. The LSA is dropped and learned anew by exchanging databases again.
void Flooding::corrupted(LsaRef ref) {
  core_.event(LsaCorrupted{core_.entry(ref).key});
  unlist(ref);
  remove(ref);
  for (auto& [link, interface] : core_.interfaces) {
    if (!core_.floods_on(ref.domain, *interface)) continue;
    for (const auto& [id, neighbor] : interface->neighbors)
      if (neighbor->state >= NeighborState::exchange)
        core_.followups.emplace_back(ExchangeBroken{link, id, NeighborEvent::seq_number_mismatch});
  }
}

void Flooding::collect_maxage() {
  const bool exchanges_are_on = !core_.exchanging.empty();
  if (exchanges_were_on_ && !exchanges_are_on) {
    for (const LsaRef ref : maxage_)
      if (core_.domain(ref.domain).lsdb.is_occupied(ref.slot)) released(ref);
  }
  exchanges_were_on_ = exchanges_are_on;
  drop_stale_maxage();
  if (exchanges_are_on || ready_.empty()) return;
  const auto ready = std::exchange(ready_, {});
  for (const LsaRef ref : ready) {
    const auto& lsdb = core_.domain(ref.domain).lsdb;
    if (!lsdb.is_occupied(ref.slot)) continue;
    const auto& entry = lsdb[ref.slot];
    if (entry.age(core_.now) >= kMaxAge && !core_.flood_log.contains(ref)) remove(ref);
  }
}

/// Looks through the list when half of it may be stale, so that an LSA that goes costs no more when many
/// wait.
void Flooding::drop_stale_maxage() {
  if (maxage_.empty() || 2 * maxage_stale_ < maxage_.size()) return;
  maxage_stale_ = 0;
  std::sort(maxage_.begin(), maxage_.end());
  maxage_.erase(std::unique(maxage_.begin(), maxage_.end()), maxage_.end());
  std::erase_if(maxage_, [this](LsaRef ref) {
    const auto& lsdb = core_.domain(ref.domain).lsdb;
    return !lsdb.is_occupied(ref.slot) || lsdb[ref.slot].age(core_.now) < kMaxAge;
  });
}

}  // namespace wgospf::ospf
