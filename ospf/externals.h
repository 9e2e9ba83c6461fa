#pragma once
// AS-external-LSAs of our own (RFC 2328 section 12.4.4): the prefixes that the driver announces, each with a
// Link State ID. What is said of one in an LSA, and which ids it may have, is the version's.

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "ospf/core.h"
#include "ospf/external_ids.h"
#include "ospf/input.h"
#include "ospf/origination.h"

namespace wgospf::ospf {

class Externals {
 public:
  Externals(Core& core, Origination& origination)
      : core_(core), origination_(origination), ids_(core.version.external_ids()) {}

  void change(const ExternalsChanged& change);
  /// The instance originates from now on.
  void originate_all();
  /// Without any we are no AS boundary router.
  [[nodiscard]] bool empty() const { return announced_.empty(); }
  void measure(Footprint& footprint) const {
    footprint.held("externals", announced_.size());
    footprint.held("externals.without-id", without_id_.size());
    ids_->measure(footprint);
  }

 private:
  void withdraw(const IpPrefix& prefix);
  void originate(const ExternalRoute& route);
  [[nodiscard]] bool is_of_our_family(const IpPrefix& prefix);

  Core& core_;
  Origination& origination_;
  std::map<IpPrefix, ExternalRoute> announced_;
  std::unique_ptr<ExternalIds> ids_;
  std::set<IpPrefix> without_id_;  ///< of these; not advertised
};

}  // namespace wgospf::ospf
