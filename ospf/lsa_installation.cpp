// Installing LSAs in the database (RFC 2328 section 13.2), and taking them out of it.

#include <algorithm>
#include <optional>
#include <utility>

#include "ospf/flooding.h"

namespace wgospf::ospf {

LsaRef Flooding::install_and_flood(std::uint32_t domain, const LsaHeader& header, Lsa lsa,
                                   std::uint8_t arrivals, const Neighbor* from) {
  auto& lsdb = core_.domain(domain).lsdb;
  const LsaKey& key = header.key;
  Lsa former;
  std::optional<Instant> former_installed;
  if (const std::uint32_t slot = lsdb.find(key); slot != Lsdb::kNone) {
    former = lsdb[slot].lsa;
    former_installed = lsdb[slot].installed;
    if (lsdb[slot].age(core_.now) >= kMaxAge) ++maxage_stale_;
    unlist({domain, slot});
  }
  const LsaRef ref{domain, lsdb.install(header, std::move(lsa), core_.now)};
  if (!former) ++core_.statistics.lsdb_size;
  core_.statistics.lsdb_bytes += lsdb[ref.slot].lsa.length();
  if (former) core_.statistics.lsdb_bytes -= former.length();
  auto& entry = lsdb[ref.slot];
  entry.arrivals = arrivals;
  answered_.forget(ref);
  arm_age_timer(ref);
  routing_.lsa_installed(ref, former);
  if (is_opaque(key.type)) core_.opaque_changed(domain, key);
  core_.note_cost_told(domain, key);
  flood(ref, from);
  if (former_installed && core_.now - *former_installed < kMinLsArrival && core_.flood_log.contains(ref))
    core_.timers.arm_no_later({TimerKind::lsa_repeat, ref.domain, ref.slot},
                              *former_installed + kOriginationSpacing);
  if (entry.age(core_.now) >= kMaxAge) {
    maxage_.push_back(ref);
    released(ref);
  }
  return ref;
}

/// Takes an instance off every retransmission list (section 13 step 5c).
void Flooding::unlist(LsaRef ref) {
  const FloodLog::Record record = core_.flood_log.find(ref);
  if (record == FloodLog::kNone) return;
  NeighborSet owing;
  core_.flood_log.for_each_owing(record, [&](NeighborId id) {
    Neighbor& neighbor = core_.neighbors[id];
    neighbor.window.gone(neighbor.sent.erase(record).in_flight);
    owing.insert(id);
  });
  core_.flood_log.drop(record);
  owing.for_each([this](NeighborId id) { outbox_.taken_off(core_.neighbors[id]); });
}

Lsa Flooding::take_out(LsaRef ref) {
  core_.timers.cancel({TimerKind::lsa_age, ref.domain, ref.slot});
  core_.timers.cancel({TimerKind::lsa_repeat, ref.domain, ref.slot});
  const LsaKey key = core_.entry(ref).key;
  Lsa last = core_.entry(ref).lsa;
  const std::size_t length = last.length();
  if (core_.entry(ref).age(core_.now) >= kMaxAge) {
    ++maxage_stale_;
    flush_memory_.remember(ref.domain, key, last, core_.now);
  }
  core_.domain(ref.domain).lsdb.erase(ref.slot);
  --core_.statistics.lsdb_size;
  core_.statistics.lsdb_bytes -= length;
  routing_.lsa_removed(ref.domain, key);
  if (is_opaque(key.type)) core_.opaque_changed(ref.domain, key);
  core_.note_cost_told(ref.domain, key);
  return last;
}

void Flooding::drop_domain(std::uint32_t domain) {
  auto& lsdb = core_.domain(domain).lsdb;
  for (std::uint32_t slot = lsdb.next(0); slot != Lsdb::kNone; slot = lsdb.next(slot + 1)) {
    unlist({domain, slot});
    take_out({domain, slot});
  }
  std::erase_if(maxage_, [&](LsaRef ref) { return ref.domain == domain; });
  std::erase_if(ready_, [&](LsaRef ref) { return ref.domain == domain; });
  flush_memory_.forget_domain(domain);
  core_.new_domains.erase(domain);
  core_.domain(domain).in_use = false;
}

}  // namespace wgospf::ospf
