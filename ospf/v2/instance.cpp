// The one place where OSPFv2's instance is compiled.
#include "ospf/instance_view_impl.h"
#include "ospf/v2/rules.h"
#include "ospf/v2/v2.h"

namespace wgospf::ospf {

template class Instance<V2>;

}  // namespace wgospf::ospf
