#pragma once
// The translation of an NSSA's type 7 LSAs into AS-external-LSAs (RFC 3101 section 3): whether this border router does it,
// and what it says. It follows the routes by what the calculation tells of them, as summaries.h does: what is translated
// is what is in the route table.

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "ospf/core.h"
#include "ospf/externals.h"
#include "ospf/route/calculation.h"

namespace wgospf::ospf {

class NssaTranslator {
 public:
  NssaTranslator(Core& core, Externals& externals, const RouteCalculation& calculation)
      : core_(core), externals_(externals), calculation_(calculation) {}

  /// What became of routes. True when something may have been said.
  bool update(const RouteCalculation::News& news);
  /// This is no border router any more.
  void stop();
  /// The configuration of areas has changed.
  void areas_changed() { is_outdated_ = true; }
  /// Timer nssa_translator: the stability interval of an area is over. What follows is said at the end of the turn.
  void stable(AreaId area);
  [[nodiscard]] bool is_outdated() const { return is_outdated_; }
  /// The ranges that are said in place of what is in them.
  [[nodiscard]] const std::set<IpPrefix>& said_ranges() const { return said_ranges_; }
  /// Does it translate what is in the area? For display and tests.
  [[nodiscard]] bool translates(AreaId area) const { return translating_.contains(area); }
  void measure(Footprint& footprint) const {
    footprint.held("nssa-translator.routes", routes_.size());
    footprint.held("nssa-translator.said", said_.size());
    footprint.held("nssa-translator.ranges", said_ranges_.size());
    footprint.held("nssa-translator.areas", translating_.size() + leaving_.size());
  }

 private:
  [[nodiscard]] bool is_elected(const Area& area) const;
  void elect();
  void say();
  struct Wanted {
    std::map<IpPrefix, ExternalRoute> routes;
    std::set<IpPrefix> ranges;
  };
  [[nodiscard]] Wanted wanted() const;

  Core& core_;
  Externals& externals_;
  const RouteCalculation& calculation_;
  std::map<IpPrefix, RouteNews> routes_;  ///< by type 7 LSAs that are to be translated
  std::map<IpPrefix, ExternalRoute> said_;
  std::set<IpPrefix> said_ranges_;
  std::set<AreaId> translating_;
  std::set<AreaId> leaving_;  ///< of these: others do it now, and the stability interval is not over
  bool is_outdated_ = false;
};

}  // namespace wgospf::ospf
