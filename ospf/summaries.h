#pragma once
// Summary-LSAs of our own (RFC 2328 section 12.4.3): what an area border router says in each of its areas of the
// others. Prefixes of an area go as they are, or by the address ranges that condense them (C.2); AS boundary
// routers go where AS-external-LSAs go; into stub areas goes a default route (12.4.3.1), and the rest unless
// `summary` is false.
//
// Who is an area border router is RFC 3509's answer: a router in several areas of which one is the backbone. One
// that is adjacent to nobody in the backbone learns from the summaries of its other areas, and does not pass
// these on.
//
// It follows the routes by what the calculation tells of them (RouteCalculation::take_news): the cost is that of
// what changed.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "ospf/core.h"
#include "ospf/origination.h"
#include "ospf/prefix_lsas.h"
#include "ospf/route/calculation.h"

namespace wgospf::ospf {

class Summaries {
 public:
  Summaries(Core& core, Origination& origination, RouteCalculation& calculation)
      : core_(core), origination_(origination), calculation_(calculation) {}

  /// What became of routes. True when something may have been originated or withdrawn.
  bool update(const RouteCalculation::News& news);
  /// This is no border router any more: all of it is withdrawn.
  void stop();
  [[nodiscard]] bool is_outdated() const { return is_outdated_; }
  /// The active ranges that are said (section 11.1).
  [[nodiscard]] std::set<IpPrefix> said_ranges() const;
  /// The configuration of areas has changed.
  void areas_changed() { is_outdated_ = true; }
  /// Before its database goes.
  void area_removed(AreaId area);
  void measure(Footprint& footprint) const;

 private:
  /// What is said in one area.
  struct Into {
    AreaId area;
    PrefixLsas<std::uint32_t> prefixes;  ///< each with its metric
  };
  /// A range of an area that is active: some route of the area is in it.
  struct ActiveRange {
    AreaId area;
    std::uint32_t metric = 0;
    bool is_advertised = true;
  };

  void start_anew();
  void take(const RouteCalculation::News& news);
  void note_range_of(const RouteNews& route);
  void refresh_ranges();
  [[nodiscard]] std::optional<ActiveRange> condense(const Area& area, const AreaRange& range) const;
  void say(const IpPrefix& prefix);
  void say(const IpPrefix& prefix, const Area& area);
  [[nodiscard]] std::optional<std::uint32_t> metric_in(const Area& area, const IpPrefix& prefix) const;
  [[nodiscard]] std::optional<std::uint32_t> metric_of_route(const Area& area, const IpPrefix& prefix) const;
  void say_boundary_routers();
  [[nodiscard]] Into& into(const Area& area);
  [[nodiscard]] const Area* find_area(AreaId id) const;

  Core& core_;
  Origination& origination_;
  RouteCalculation& calculation_;
  std::map<IpPrefix, RouteNews> routes_;  ///< within the AS
  std::map<AreaId, std::unique_ptr<Into>> into_;
  std::map<IpPrefix, ActiveRange> ranges_;
  // What is yet to be looked at in an update.
  std::set<IpPrefix> dirty_, dirty_ranges_;
  std::optional<AreaId> default_leads_into_;  ///< our own, by what is said in this NSSA
  bool is_running_ = false;                   ///< as an area border router
  bool is_outdated_ = false;                  ///< all of it
};

}  // namespace wgospf::ospf
