#pragma once
// Opaque LSAs of our own (RFC 5250): what the driver wants to be said, wherever its link or area is configured.
// What is in them is the driver's.

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "ospf/core.h"
#include "ospf/input.h"
#include "ospf/origination.h"

namespace wgospf::ospf {

class OpaqueLsas {
 public:
  OpaqueLsas(Core& core, Origination& origination) : core_(core), origination_(origination) {}

  void change(const OpaqueChanged& change);
  /// The instance originates from now on, or the database is new: of a link or an area that has been configured.
  void originate(std::uint32_t domain);
  /// RFC 5250 section 5: who originates one of AS scope says that it is an AS boundary router.
  [[nodiscard]] bool is_boundary_router() const;
  void measure(Footprint& footprint) const { footprint.held("opaque-lsas", wanted_.size()); }

 private:
  [[nodiscard]] bool is_sound(const OpaqueContents& contents);
  [[nodiscard]] std::vector<OwnLsa> wanted_in(std::uint32_t domain) const;

  Core& core_;
  Origination& origination_;
  std::map<OpaqueName, std::vector<std::byte>> wanted_;
};

}  // namespace wgospf::ospf
