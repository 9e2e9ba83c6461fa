#pragma once
// Link State IDs of AS-external LSAs (RFC 2328 appendix E): the network's address, unless several prefixes
// share it. Then the most specific keeps the address and the others have host bits set. An id is always one
// of the prefix's own addresses, since it is by the mask that others find the network in it.

#include <map>
#include <optional>
#include <unordered_map>

#include "ospf/external_ids.h"

namespace wgospf::ospf::v2 {

class ExternalIds final : public ospf::ExternalIds {
 public:
  Assigned assign(const IpPrefix& of) override;
  std::optional<LinkStateId> release(const IpPrefix& of) override;
  void measure(Footprint& footprint) const override {
    footprint.held("link-state-ids", ids_.size());
    footprint.held("link-state-ids.holders", holders_.size());
  }

 private:
  [[nodiscard]] std::optional<LinkStateId> free_id(const Ipv4Prefix& prefix) const;

  std::unordered_map<Ipv4Prefix, LinkStateId> ids_;
  std::map<LinkStateId, Ipv4Prefix> holders_;
};

}  // namespace wgospf::ospf::v2
