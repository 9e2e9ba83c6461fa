#pragma once
// The parts of an instance, whatever its version. Each stands on those before it and knows none of those
// behind it; what follows for these is written down in Core::followups.

#include <cstdint>
#include <utility>

#include "ospf/adjacency.h"
#include "ospf/area_border.h"
#include "ospf/core.h"
#include "ospf/externals.h"
#include "ospf/flooding.h"
#include "ospf/link_costs.h"
#include "ospf/opaque_lsas.h"
#include "ospf/origination.h"
#include "ospf/outbox.h"
#include "ospf/own_lsas.h"
#include "ospf/received_opaque_lsas.h"
#include "ospf/router_lsas.h"
#include "ospf/routing.h"
#include "ospf/summaries.h"

namespace wgospf::ospf {

struct Parts {
  Parts(const Version& version, RouteCalculation& calculation, InstanceConfig config, std::uint64_t seed,
        Instant now)
      : core(version, std::move(config), seed, now),
        routing(core, calculation),
        summaries(core, origination, calculation),
        nssa_translator(core, externals, calculation),
        area_border(core, calculation, summaries, nssa_translator) {}
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  ~Parts() = default;
  void measure(Footprint& footprint) const {
    core.measure(footprint);
    outbox.measure(footprint);
    own_lsas.measure(footprint);
    origination.measure(footprint);
    flooding.measure(footprint);
    externals.measure(footprint);
    opaque_lsas.measure(footprint);
    link_costs.measure(footprint);
    summaries.measure(footprint);
    nssa_translator.measure(footprint);
    received_opaque_lsas.measure(footprint);
    routing.calculation().measure(footprint);
  }

  Core core;
  Outbox outbox{core};
  Routing routing;
  OwnLsas own_lsas{core};
  Flooding flooding{core, outbox, routing, own_lsas};
  Adjacency adjacency{core, outbox, flooding};
  Origination origination{core, own_lsas, flooding};
  Externals externals{core, origination};
  OpaqueLsas opaque_lsas{core, origination};
  LinkCosts link_costs{core, origination};
  RouterLsas router_lsas{core, origination, externals, opaque_lsas};
  Summaries summaries;
  NssaTranslator nssa_translator;
  AreaBorder area_border;
  ReceivedOpaqueLsas received_opaque_lsas{core, routing.calculation()};
};

}  // namespace wgospf::ospf
