// The one place where OSPFv2's route calculation is compiled.
#include "ospf/route/as_external_impl.h"
#include "ospf/route/feed_impl.h"
#include "ospf/route/inter_area_impl.h"
#include "ospf/route/news_impl.h"
#include "ospf/route/paths_impl.h"
#include "ospf/route/root_impl.h"
#include "ospf/route/run_impl.h"
#include "ospf/route/view_impl.h"
#include "ospf/v2/topology.h"
#include "ospf/v2/v2.h"

namespace wgospf::ospf {

template class RouteCalculator<V2>;

}  // namespace wgospf::ospf
