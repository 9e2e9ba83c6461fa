#pragma once
// Filters of the lists that come whole. Routes and the database are filtered by the daemon.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/options.h"
#include "wgospf/v1/bfd.pb.h"
#include "wgospf/v1/client.pb.h"
#include "wgospf/v1/firewall.pb.h"
#include "wgospf/v1/interface.pb.h"
#include "wgospf/v1/neighbor.pb.h"
#include "wgospf/v1/peer.pb.h"
#include "wgospf/v1/underlay.pb.h"

namespace wgospf::cli {

/// Addresses of either family that begin alike.
class Range {
 public:
  /// "192.168.37.0/24", "fd00::/8", an address, or an address with the length of its network. nullopt: none of these.
  [[nodiscard]] static std::optional<Range> parse(const std::string& text);
  /// Whether one of them covers the other.
  [[nodiscard]] bool overlaps(const Range& other) const;

 private:
  int family_ = 0;
  std::array<std::uint8_t, 16> bytes_{};
  unsigned length_ = 0;
};

/// Whether a link is an interface's: the interface itself, or the link "wg0/op2" to one peer of it.
[[nodiscard]] bool is_on(const std::string& link, const std::string& interface);

// Each leaves what all the options match that are given; Options::prefix is right (Range::parse()).
void keep_matching(const Options& options, v1::ListInterfacesResponse& list);
void keep_matching(const Options& options, v1::ListNeighborsResponse& list);
void keep_matching(const Options& options, v1::ListPeersResponse& list);
void keep_matching(const Options& options, v1::ListClientsResponse& list);
void keep_matching(const Options& options, v1::GetBfdResponse& list);
void keep_matching(const Options& options, v1::GetUnderlayResponse& list);
void keep_matching(const Options& options, v1::GetFirewallResponse& list);

}  // namespace wgospf::cli
