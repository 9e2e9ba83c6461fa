#pragma once
// What a large network has to live with beside ordinary faults: processes that stand still, a third router on
// a link for two, a router id that is taken twice, a database that is full, opaque LSAs. All of it is over
// when the faults are, so that the ordinary oracles hold then.

#include <cstdint>
#include <optional>

#include "tests/sim/faults.h"

namespace wgospf::sim {

class Hardships {
 public:
  /// The network is built, the plan drawn and nothing started yet.
  Hardships(Network& network, Random random) : network_(network), random_(random) {}

  /// Adds its faults to the plan; they begin within `begin` .. `begin + length` and are over by `begin + 2 *
  /// length`.
  void add_to(FaultPlan& plan, Duration begin, Duration length);

 private:
  [[nodiscard]] Duration moment() { return random_.duration(begin_, begin_ + length_); }
  /// A router that is not the first, which all hang on.
  [[nodiscard]] RouterIndex some_router() { return 1 + random_.below(ordinary_ - 1); }
  void pauses(FaultPlan& plan);
  void intruder(FaultPlan& plan);
  void twice_one_id(FaultPlan& plan);
  void full_database(FaultPlan& plan);
  void opaque_lsas(FaultPlan& plan);
  [[nodiscard]] std::optional<CableIndex> some_cable_in_use();
  [[nodiscard]] std::optional<CableIndex> some_cable_for_three();
  void send_opaque(std::uint32_t round);

  Network& network_;
  Random random_;
  Duration begin_{}, length_{};
  RouterIndex ordinary_ = 0;
};

}  // namespace wgospf::sim
