#pragma once
// Asks the kernel what underlay.h goes by: its policy rules, and the ways to the endpoints of peers, for
// datagrams with the mark and the ports that theirs have. Needs no privilege; waits for the kernel, so call it off the thread that serves
// hellos. An object is used by one thread at a time and belongs to the network namespace that made it.

#include <chrono>
#include <cstdint>
#include <memory>

#include "net/result.h"
#include "wgadapter/underlay.h"

namespace wgospf::wg {

class UnderlayReader {
 public:
  [[nodiscard]] static Result<UnderlayReader> open();
  UnderlayReader(UnderlayReader&&) noexcept;
  UnderlayReader& operator=(UnderlayReader&&) noexcept;
  ~UnderlayReader();

  /// Fills in the rules, the uplink and the ways. After an error they are as they were. Two system calls a peer.
  [[nodiscard]] Result<void> read(Underlay& underlay, const OwnRoutes& own);

  /// IPv4 policy rules in the kernel's order.
  [[nodiscard]] Result<std::vector<RoutingRule>> rules();
  [[nodiscard]] Result<EndpointWay> way(const IpAddress& endpoint, const Outer& outer, const OwnRoutes& own);

 private:
  struct State;
  explicit UnderlayReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wgospf::wg
