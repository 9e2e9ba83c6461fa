#pragma once
// One OSPF router: the whole protocol without I/O, clock, threads or randomness of its own.
//
// Calling contract. After every handle(), handle_timeout() or construction: call poll() until it gives
// nothing, then arm a timer for poll_timeout(). Spurious calls of handle_timeout() do nothing. `now` must
// never go back. Nothing here blocks or throws for anything a peer sends. Not thread-safe: one thread (or
// strand) owns it; what routes() returned may be read from anywhere.
//
// After a stall (the process was stopped, or had no processor) deadlines have passed for which the answer
// lies in a socket: a neighbour's hellos, its acknowledgements. So when a deadline is met late, first hand
// over what the sockets held then, a batch at a time with send_due_hellos() between the batches, and only
// then call handle_timeout(). A bounded number of packets, or a flood of them would keep the timers from
// firing.

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "ospf/protocol.h"
#include "ospf/route/calculator.h"

namespace wgospf::ospf {

/// The protocol of a version, with routes of its address family.
template <class V>
class Instance : public Protocol {
 public:
  Instance(InstanceConfig config, Seed seed, Instant now)
      : Instance(std::make_unique<RouteCalculator<V>>(config.router_id), std::move(config), seed, now) {}

  /// The next thing to do, oldest first; drain after every handle.
  [[nodiscard]] std::optional<Output<V>> poll();

  [[nodiscard]] std::shared_ptr<const RouteTable<V>> routes() const { return calculator_->table(); }
  [[nodiscard]] std::vector<PrefixPath> paths(const Prefix<typename V::Address>& prefix,
                                              std::size_t limit) const {
    return calculator_->paths(prefix, limit);
  }
  /// Whose word the route to exactly `prefix` is; see RouteCalculator::origins.
  [[nodiscard]] std::vector<PrefixOrigin> origins(const Prefix<typename V::Address>& prefix) const {
    return calculator_->origins(prefix);
  }
  [[nodiscard]] std::vector<RouterRoute> router_routes() const { return calculator_->router_routes(); }
  /// Prefixes that others advertise and that get no route, because no router may forward to them.
  [[nodiscard]] const std::set<Prefix<typename V::Address>>& martians() const {
    return calculator_->martians();
  }

 private:
  Instance(std::unique_ptr<RouteCalculator<V>> calculator, InstanceConfig config, Seed seed, Instant now)
      : Protocol(V::version(), *calculator, std::move(config), seed, now),
        calculator_(std::move(calculator)) {}

  std::unique_ptr<RouteCalculator<V>> calculator_;
};

template <class V>
std::optional<Output<V>> Instance<V>::poll() {
  auto next = next_output();
  if (!next) return std::nullopt;
  if (auto* packet = std::get_if<Transmit>(&*next)) return Output<V>{std::move(*packet)};
  if (auto* event = std::get_if<Event>(&*next)) return Output<V>{std::move(*event)};
  if (auto* opaque = std::get_if<OpaqueReceived>(&*next)) return Output<V>{std::move(*opaque)};
  return Output<V>{calculator_->take_change()};
}

}  // namespace wgospf::ospf
