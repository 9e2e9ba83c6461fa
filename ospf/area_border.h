#pragma once
// This router as an area border router: hands what the calculation tells of routes to those who say it elsewhere.

#include "ospf/core.h"
#include "ospf/nssa_translator.h"
#include "ospf/route/calculation.h"
#include "ospf/summaries.h"

namespace wgospf::ospf {

class AreaBorder {
 public:
  AreaBorder(Core& core, RouteCalculation& calculation, Summaries& summaries, NssaTranslator& translator)
      : core_(core), calculation_(calculation), summaries_(summaries), translator_(translator) {}

  /// After the calculation has run, or the areas' configuration has changed. True when something may have been originated
  /// or withdrawn.
  bool update() {
    if (!calculation_.is_border_router()) {
      if (!is_one_) return false;
      is_one_ = false;
      summaries_.stop();
      translator_.stop();
      calculation_.set_discards({});
      (void)calculation_.take_news();
      return true;
    }
    if (core_.phase != Phase::running) return false;
    if (is_one_ && !calculation_.has_news() && !summaries_.is_outdated() && !translator_.is_outdated())
      return false;
    is_one_ = true;
    const auto news = calculation_.take_news();
    const bool summaries_said = summaries_.update(news);
    const bool translator_said = translator_.update(news);
    if (summaries_said || translator_said) discard();
    return summaries_said || translator_said;
  }
  void areas_changed() {
    summaries_.areas_changed();
    translator_.areas_changed();
  }

 private:
  /// What is in a range that is said elsewhere, and has no route of its own, goes nowhere: others that say the range may
  /// have sent it here (RFC 2328 section 11.1).
  void discard() {
    auto ranges = summaries_.said_ranges();
    ranges.insert(translator_.said_ranges().begin(), translator_.said_ranges().end());
    calculation_.set_discards(std::move(ranges));
  }

  Core& core_;
  RouteCalculation& calculation_;
  Summaries& summaries_;
  NssaTranslator& translator_;
  bool is_one_ = false;
};

}  // namespace wgospf::ospf
