#pragma once
// Random connected graphs: 3 to 40 routers, spare and parallel cables, numbered (/30, /31) and unnumbered
// ones, costs that differ by direction or tie, LANs (some shared by two routers, some within others),
// externals of both types.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "tests/sim/network.h"
#include "tests/sim/random.h"

namespace wgospf::sim {

/// Draws everything that a topology is made of; later changes (faults) draw from the same pools.
class Topology {
 public:
  Topology(Network& network, Random random) : network_(network), random_(random) {}

  /// From now on most cables that are made are between peers: their ends are on one device of each router, in
  /// a subnet that all such devices have. Other cables cost the same in both directions. What else is drawn stays
  /// as it is.
  void share_devices(Random random) { sharing_ = random; }
  [[nodiscard]] bool shares_devices() const { return sharing_.has_value(); }

  /// Routers with loopbacks and LANs, all cables, all externals; nothing is started.
  void build(std::optional<std::uint32_t> router_count);
  /// The same with the first router in the middle of all others, and `externals` more externals at a few of
  /// them, each of a prefix of its own.
  void build_hub(std::uint32_t spokes, std::uint32_t externals);

  /// One more router, with a cable to another.
  RouterIndex add_router_beside(RouterIndex other);
  /// One more cable between two routers.
  CableIndex add_cable(RouterIndex a, RouterIndex b);
  /// One more LAN at a router: a passive port.
  LinkId add_lan(RouterIndex router);
  /// For both ends of a cable, in a subnet that no cable has.
  [[nodiscard]] std::array<ospf::InterfaceAddress, 2> new_addresses();
  /// A prefix that is now and then another router's too, with random metrics.
  [[nodiscard]] ospf::ExternalRoute external(RouterIndex router);
  [[nodiscard]] std::uint16_t cost();

 private:
  void draw_style();
  void build_in_style(std::optional<std::uint32_t> router_count);
  void add_router(RouterIndex index);
  [[nodiscard]] RouterIndex parent_of(RouterIndex index);
  [[nodiscard]] Direction direction();
  void share(CableIndex cable);
  [[nodiscard]] bool is_shared_between(RouterIndex a, RouterIndex b) const;

  enum class Shape : std::uint8_t { any_tree, chain, star, bushy };
  enum class CostStyle : std::uint8_t { all_equal, few_values, wide, extreme };

  Network& network_;
  Random random_;
  Shape shape_{};
  CostStyle cost_style_{};
  std::uint32_t numbered_percent_ = 50, lan_percent_ = 70;
  std::uint16_t hello_interval_ = 1;
  Duration delay_limit_ = milliseconds{100};
  std::uint32_t next_subnet_ = 0, next_lan_ = 0;
  std::vector<ospf::InterfaceAddress> lans_;
  std::optional<Random> sharing_;
  std::map<RouterIndex, LinkId> shared_;  ///< of routers with a device for peers, the first of its ports
};

}  // namespace wgospf::sim
