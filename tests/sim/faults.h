#pragma once
// What goes wrong, and when: a random schedule drawn from the seed before the run, so that its first N
// entries can be replayed alone.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/network.h"
#include "tests/sim/random.h"
#include "tests/sim/topology.h"

namespace wgospf::sim {

struct Fault {
  Duration at;            ///< after the start of the run
  std::string_view kind;  ///< a literal
  std::string what;
  std::function<void(Network&)> apply;
};

/// Draws and holds the faults of one run, in order of time.
class FaultPlan {
 public:
  /// Faults begin within `begin` .. `begin + length`; what heals again does so before `begin + 2 * length`.
  FaultPlan(const Network& network, Topology& topology, Random random, Duration begin, Duration length);

  [[nodiscard]] const std::vector<Fault>& faults() const { return faults_; }
  void keep_first(std::size_t count) { faults_.resize(std::min(count, faults_.size())); }
  /// Call sort() when all are added.
  void add(Duration at, std::string_view kind, std::string what, std::function<void(Network&)> apply);
  void sort();

 private:
  void draw();
  [[nodiscard]] Duration moment();
  /// Later than `at` by some tenths of a second to about two dead intervals.
  [[nodiscard]] Duration later(Duration at);
  void cut(CableIndex cable);
  void lossy(CableIndex cable);
  void link_down(CableIndex cable);
  void flap(CableIndex cable);
  void reboot(RouterIndex router);
  void leave(RouterIndex router);
  void change_cost(RouterIndex router);
  void change_lans(RouterIndex router);
  void new_cable(RouterIndex router);
  void change_externals(RouterIndex router);
  void mismatch(CableIndex cable);
  void readdress(CableIndex cable);

  const Network& network_;
  Topology& topology_;
  Random random_;
  Duration begin_, length_;
  std::vector<Fault> faults_;
};

/// Ends loss, duplication and corruption everywhere. What is cut, down or gone stays so.
void calm(Network& network);

}  // namespace wgospf::sim
