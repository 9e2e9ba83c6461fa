#pragma once
// AS-external-LSAs of our own (RFC 2328 section 12.4.4): the prefixes that the driver announces.

#include <map>

#include "ospf/core.h"
#include "ospf/input.h"
#include "ospf/origination.h"
#include "ospf/prefix_lsas.h"

namespace wgospf::ospf {

class Externals {
 public:
  Externals(Core& core, Origination& origination);

  void change(const ExternalsChanged& change);
  /// The instance originates from now on.
  void originate_all() { in_as_.originate_all(); }
  /// Without any we are no AS boundary router.
  [[nodiscard]] bool empty() const { return in_as_.empty(); }
  void measure(Footprint& footprint) const {
    footprint.held("externals", in_as_.wanted().size());
    in_as_.measure(footprint);
  }

 private:
  [[nodiscard]] bool is_of_our_family(const IpPrefix& prefix);

  Core& core_;
  PrefixLsas<ExternalRoute> in_as_;
};

}  // namespace wgospf::ospf
