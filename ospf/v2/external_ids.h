#pragma once
// Link State IDs of AS-external LSAs (RFC 2328 appendix E): the network's address, unless several prefixes
// share it. Then the most specific keeps the address and the others have host bits set. An id is always one
// of the prefix's own addresses, since it is by the mask that others find the network in it.

#include <map>
#include <optional>
#include <unordered_map>

#include "net/ip.h"
#include "ospf/footprint.h"
#include "ospf/types.h"

namespace wgospf::ospf::v2 {

class ExternalIds {
 public:
  struct Assigned {
    /// nullopt: other prefixes have all of its addresses; assign() it again when one was released.
    std::optional<LinkStateId> id;
    /// A less specific prefix that had to give up the id; assign() it again.
    std::optional<Ipv4Prefix> displaced;
  };
  /// The id of a prefix, assigned now if it has none.
  Assigned assign(const Ipv4Prefix& prefix);
  /// Forgets the prefix; its former id.
  std::optional<LinkStateId> release(const Ipv4Prefix& prefix);
  void measure(Footprint& footprint) const {
    footprint.held("externals.ids", ids_.size());
    footprint.held("externals.ids.holders", holders_.size());
  }

 private:
  [[nodiscard]] std::optional<LinkStateId> free_id(const Ipv4Prefix& prefix) const;

  std::unordered_map<Ipv4Prefix, LinkStateId> ids_;
  std::map<LinkStateId, Ipv4Prefix> holders_;
};

}  // namespace wgospf::ospf::v2
