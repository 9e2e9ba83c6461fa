#pragma once
// Router-LSAs of our own (RFC 2328 section 12.4.1): originated when the facts that they are made of changed.
// What these facts look like in an LSA is the version's.

#include <vector>

#include "ospf/externals.h"
#include "ospf/origination.h"
#include "ospf/routing.h"

namespace wgospf::ospf {

class RouterLsas {
 public:
  RouterLsas(Core& core, Routing& routing, Origination& origination, const Externals& externals)
      : core_(core), routing_(routing), origination_(origination), externals_(externals) {}

  /// Those of the areas where something changed.
  void originate();

 private:
  void originate(Area& area);
  [[nodiscard]] std::vector<InterfaceFacts> facts_of(const Area& area) const;

  Core& core_;
  Routing& routing_;
  Origination& origination_;
  const Externals& externals_;
};

}  // namespace wgospf::ospf
