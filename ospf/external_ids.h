#pragma once
// The Link State IDs of our AS-external-LSAs: which one is a prefix's is the version's rule.

#include <optional>

#include "net/ip.h"
#include "ospf/base/footprint.h"
#include "ospf/types.h"

namespace wgospf::ospf {

class ExternalIds {
 public:
  virtual ~ExternalIds() = default;

  struct Assigned {
    /// nullopt: other prefixes have all that it could have; assign() it again when one was released.
    std::optional<LinkStateId> id;
    /// Another prefix that had to give up the id; assign() it again.
    std::optional<IpPrefix> displaced;
  };
  /// The id of a prefix of the version's address family, assigned now if it has none.
  virtual Assigned assign(const IpPrefix& prefix) = 0;
  /// Forgets the prefix; its former id.
  virtual std::optional<LinkStateId> release(const IpPrefix& prefix) = 0;
  virtual void measure(Footprint& footprint) const = 0;
};

}  // namespace wgospf::ospf
