#include "ospf/protocol.h"

#include <algorithm>
#include <utility>

#include "ospf/parts.h"
#include "ospf/turn.h"
#include "ospf/views.h"

namespace wgospf::ospf {

struct Protocol::Machine {
  Machine(const Version& version, RouteCalculation& calculation, InstanceConfig config, Seed seed,
          Instant now)
      : parts(version, calculation, std::move(config), seed.value, now) {
    turn.start();
  }
  [[nodiscard]] bool has_ended() const { return parts.core.phase == Phase::ended; }
  void time_is(Instant now) { parts.core.now = std::max(parts.core.now, now); }

  Parts parts;
  Turn turn{parts};
};

Protocol::Protocol(const Version& version, RouteCalculation& calculation, InstanceConfig config, Seed seed,
                   Instant now)
    : machine_(std::make_unique<Machine>(version, calculation, std::move(config), seed, now)) {}
Protocol::~Protocol() = default;
Protocol::Protocol(Protocol&&) noexcept = default;
Protocol& Protocol::operator=(Protocol&&) noexcept = default;

void Protocol::handle(Instant now, const Input& input) {
  if (machine_->has_ended()) return;
  machine_->time_is(now);
  machine_->turn.handle(input);
}

void Protocol::handle_timeout(Instant now) {
  if (machine_->has_ended()) return;
  machine_->time_is(now);
  machine_->turn.timers_due();
}

void Protocol::send_due_hellos(Instant now) {
  if (machine_->has_ended()) return;
  machine_->time_is(now);
  machine_->turn.send_due_hellos();
}

std::optional<PendingOutput> Protocol::next_output() {
  auto& outputs = machine_->parts.core.outputs;
  if (outputs.empty()) return std::nullopt;
  std::optional<PendingOutput> next{std::move(outputs.front())};
  outputs.pop_front();
  return next;
}

std::optional<Deadline> Protocol::poll_timeout() const {
  const auto next = machine_->parts.core.timers.next();
  if (!next || machine_->has_ended()) return std::nullopt;
  return Deadline{next->first, to_string(next->second.kind)};
}

// ---- What is read ----

const InstanceConfig& Protocol::config() const {
  return machine_->parts.core.config;
}
std::vector<InterfaceInfo> Protocol::interfaces() const {
  return views::interfaces(machine_->parts.core);
}
std::vector<NeighborInfo> Protocol::neighbors() const {
  return views::neighbors(machine_->parts.core);
}
std::optional<NeighborState> Protocol::neighbor_state(LinkId link, RouterId router) const {
  const Neighbor* neighbor = machine_->parts.core.find_neighbor(link, router);
  return neighbor == nullptr ? std::nullopt : std::optional(neighbor->state);
}
std::optional<SoleNeighbor> Protocol::sole_neighbor(LinkId link) const {
  return views::sole_neighbor(machine_->parts.core, link);
}
std::vector<DatabaseEntry> Protocol::database(DatabaseCursor& cursor, std::size_t limit, Instant now) const {
  return views::database(machine_->parts.core, cursor, limit, now);
}
std::optional<DatabaseEntry> Protocol::find_lsa(AreaId area, const LsaKey& key, Instant now,
                                                LinkId link) const {
  return views::find_lsa(machine_->parts.core, {area, link}, key, now);
}
Statistics Protocol::statistics() const {
  return views::statistics(machine_->parts.core, machine_->parts.routing.calculation());
}
bool Protocol::converged(Instant now) const {
  return views::converged(machine_->parts.core, machine_->parts.routing, now);
}
Footprint Protocol::footprint() const {
  Footprint footprint;
  machine_->parts.measure(footprint);
  machine_->turn.measure(footprint);
  return footprint;
}

}  // namespace wgospf::ospf
