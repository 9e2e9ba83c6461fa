#pragma once
// Router-LSAs of our own (RFC 2328 section 12.4.1): originated when the facts that they are made of changed.
// What these facts look like in an LSA is the version's.

#include <vector>

#include "ospf/externals.h"
#include "ospf/opaque_lsas.h"
#include "ospf/origination.h"

namespace wgospf::ospf {

class RouterLsas {
 public:
  RouterLsas(Core& core, Origination& origination, const Externals& externals, const OpaqueLsas& opaque)
      : core_(core), origination_(origination), externals_(externals), opaque_(opaque) {}

  /// Those of the areas where something changed.
  void originate();
  /// An instance of that of a domain may go out.
  void originate(std::uint32_t domain);

 private:
  [[nodiscard]] RouterRole role_in(const Area& area) const;
  [[nodiscard]] std::vector<InterfaceFacts> facts_of(const Area& area) const;

  Core& core_;
  Origination& origination_;
  const Externals& externals_;
  const OpaqueLsas& opaque_;
};

}  // namespace wgospf::ospf
