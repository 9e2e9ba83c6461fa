#pragma once
// What the route calculation is told, and when it runs: which LSAs of the database count (RFC 2328 section
// 13.2), the links of the root, and the delays of RFC 8405.

#include <cstdint>

#include "ospf/core.h"
#include "ospf/route/calculation.h"
#include "ospf/route/spf_scheduler.h"

namespace wgospf::ospf {

class Routing {
 public:
  Routing(Core& core, RouteCalculation& calculation) : core_(core), calculation_(calculation) {}

  /// An instance was installed over `former` (empty: the LSA is new).
  void lsa_installed(LsaRef ref, const Lsa& former);
  /// An LSA left the database.
  void lsa_removed(std::uint32_t domain, const LsaKey& key);
  /// It is new, before anything is told of it.
  void area_configured(const Area& area);
  void area_removed(AreaId area) { calculation_.area_removed(area); }
  void set_rfc1583_compatibility(bool is_compatible) {
    calculation_.set_rfc1583_compatibility(is_compatible);
  }
  /// The facts about our own links that changed. What we are is known before it may be told: the throttle of
  /// router-LSAs is the others' business.
  void publish_links();

  /// At the end of a turn: runs or schedules what is pending.
  void schedule();

  // Timers (RFC 8405 section 5.1).
  void spf_due() { calculate(); }
  void learn_due() { scheduler_.learned(); }
  void hold_down_due();

  [[nodiscard]] const RouteCalculation& calculation() const { return calculation_; }
  /// All of it has been calculated, and at least once.
  [[nodiscard]] bool is_up_to_date() const;

 private:
  [[nodiscard]] bool counts(const Domain& domain, const LsaKey& key) const;
  void calculate();

  Core& core_;
  RouteCalculation& calculation_;
  SpfScheduler scheduler_;
  bool has_calculated_ = false;
};

}  // namespace wgospf::ospf
