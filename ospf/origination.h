#pragma once
// Self-originated LSAs (RFC 2328 sections 12.4, 12.1.6, 14.1: origination.cpp; 13.4:
// self_originated_lsas.cpp): what this router wants in the database, and when a new instance may go out.
//
// Throttling deviates from the fixed MinLSInterval: the first change goes out at once; so does the second
// (flooding repeats it to neighbours that enforce MinLSArrival); from the third on instances are
// kOriginationSpacing apart, then twice that, and after kOriginationBurst of them MinLSInterval, until
// MinLSInterval and twice the present spacing passed without one. A withdrawal and what follows it count as
// one burst; refreshes do not add up to one.

#include <cstdint>
#include <map>
#include <optional>

#include "ospf/core.h"
#include "ospf/flooding.h"
#include "ospf/own_lsas.h"

namespace wgospf::ospf {

class Origination {
 public:
  Origination(Core& core, OwnLsas& own, Flooding& flooding) : core_(core), own_(own), flooding_(flooding) {}

  /// The producer wants exactly these LSAs in the database from now on (their sequence numbers are ours to
  /// choose): what it wanted before and does not name is flushed, what says the same as before is left as it is.
  /// No two producers want one LSA.
  void want_exactly(Producer producer, std::uint32_t domain, std::vector<OwnLsa> lsas);
  /// One more, for a producer of many.
  void want(Producer producer, std::uint32_t domain, OwnLsa own);
  /// One less: flushed if it is in the database.
  void unwant(std::uint32_t domain, const LsaKey& key);
  /// What our router-LSA of the domain says may have changed. True when an instance may go out: it is made,
  /// and want() is told. Else RouterLsaDue follows when one may, so that it is not made at each change
  /// before.
  [[nodiscard]] bool router_lsa_may_change(std::uint32_t domain);
  /// Nothing is wanted any more, of whatever producer.
  void unwant_all(std::optional<std::uint32_t> domain = std::nullopt);
  /// The whole domain is gone; nothing is flushed.
  void forget_domain(std::uint32_t domain);

  /// Section 13.4: an instance of ours that is newer than what we originated came in and is installed.
  void came(LsaRef ref);
  /// An instance of ours that we did not originate is in the database: superseded, or flushed when it is not
  /// wanted.
  void settle(LsaRef ref);
  void refresh(LsaRef ref);
  /// An LSA left the database, `last` was its instance there; a wrapped sequence number starts anew (section
  /// 12.1.6).
  void left(std::uint32_t domain, const LsaKey& key, const Lsa& last);
  /// Timer of a throttled origination.
  void due(std::uint32_t record);
  void measure(Footprint& footprint) const { footprint.held("origination.foreign", foreign_.size()); }

 private:
  using Record = OwnLsas::Record;

  [[nodiscard]] static Instant rests_at(const Record& record);
  [[nodiscard]] bool is_rested(const Record& record) const;
  void unwant(std::uint32_t index);
  [[nodiscard]] Instant allowed_at(Record& record) const;
  void originate_when_allowed(std::uint32_t index);
  void originate_or_renew(std::uint32_t index);
  void originate(std::uint32_t index);
  void wrap(const Record& record, std::uint32_t slot);
  void note_foreign(LsaRef ref);
  [[nodiscard]] static Duration spacing(unsigned recent);

  Core& core_;
  OwnLsas& own_;
  Flooding& flooding_;
  struct Foreign {
    Instant first;
    unsigned count = 0;
    std::int32_t last_number = 0;
  };
  std::map<std::uint32_t, Foreign>
      foreign_;  ///< router-LSAs of our router id that we did not originate, by domain
};

}  // namespace wgospf::ospf
