// Receiving LSAs of our own (RFC 2328 section 13.4), which another instance of this router, or a former run,
// has originated.

#include "ospf/origination.h"

namespace wgospf::ospf {

bool Flooding::is_self_originated(const LsaHeader& header) const {
  if (header.key.advertising_router == core_.config.router_id) return true;
  const auto address = core_.version.address_of_originator(header.key);
  return address && core_.is_own_address(*address);
}

void Origination::came(LsaRef ref) {
  note_foreign(ref);
  settle(ref);
}

void Origination::settle(LsaRef ref) {
  const std::uint32_t index = own_.find(ref.domain, core_.entry(ref).key);
  if (index != OwnLsas::kNone && own_[index].wanted) return originate_when_allowed(index);
  flooding_.flush(ref);
}

/// Router-LSAs of one area newer than what we originated in this run, each newer than the one before, are another
/// router's. A former run left some in each area.
void Origination::note_foreign(LsaRef ref) {
  const auto& entry = core_.entry(ref);
  if (!core_.is_own_router_lsa(entry.key) || entry.age(core_.now) >= kMaxAge) return;
  const std::int32_t number = entry.lsa.sequence_number();
  Foreign& foreign = foreign_[ref.domain];
  if (foreign.count == 0 || core_.now - foreign.first > kForeignRouterLsaWindow)
    foreign = {core_.now, 0, number - 1};
  if (number <= foreign.last_number) return;
  foreign.last_number = number;
  if (++foreign.count == kForeignRouterLsas)
    core_.event(DuplicateRouterIdInArea{core_.domain(ref.domain).area, entry.lsa});
}

}  // namespace wgospf::ospf
