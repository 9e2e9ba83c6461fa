#pragma once
// One OSPF router without its routes: the protocol, whatever its version and address family. What is used is
// an Instance (instance.h), which says the calling contract.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/config.h"
#include "ospf/info.h"
#include "ospf/input.h"
#include "ospf/output.h"
#include "ospf/types.h"
#include "ospf/version.h"

namespace wgospf::ospf {

/// The seed of all random choices (jitter, initial sequence numbers). Same seed and inputs: same outputs.
struct Seed {
  std::uint64_t value = 0;
};

class Protocol {
 public:
  void handle(Instant now, const Input& input);
  void handle_timeout(Instant now);
  /// Sends the hellos that are due and fires no other timer.
  void send_due_hellos(Instant now);
  [[nodiscard]] std::optional<Deadline> poll_timeout() const;

  [[nodiscard]] RouterId router_id() const { return config().router_id; }
  [[nodiscard]] const InstanceConfig& config() const;
  [[nodiscard]] std::vector<InterfaceInfo> interfaces() const;
  [[nodiscard]] std::vector<NeighborInfo> neighbors() const;
  /// nullopt: the link has no such neighbour.
  [[nodiscard]] std::optional<NeighborState> neighbor_state(LinkId link, RouterId router) const;
  /// nullopt while the link has none, or more than one.
  [[nodiscard]] std::optional<SoleNeighbor> sole_neighbor(LinkId link) const;
  /// Up to `limit` entries from the cursor on; advances it, sets `done` at the end. A fresh cursor starts.
  [[nodiscard]] std::vector<DatabaseEntry> database(DatabaseCursor& cursor, std::size_t limit,
                                                    Instant now) const;
  /// `link`: where one of link scope is looked for; it has no meaning for the others.
  [[nodiscard]] std::optional<DatabaseEntry> find_lsa(AreaId area, const LsaKey& key, Instant now,
                                                      LinkId link = {}) const;
  [[nodiscard]] Statistics statistics() const;
  /// Has every interface with a neighbour reached Full, and have routes been calculated since? Without any
  /// neighbour: have all interfaces been up for a hello interval, in which one would have been heard?
  [[nodiscard]] bool converged(Instant now) const;
  /// The sizes of all containers, by name.
  [[nodiscard]] Footprint footprint() const;

 protected:
  /// `calculation` must outlive it.
  Protocol(const Version& version, RouteCalculation& calculation, InstanceConfig config, Seed seed,
           Instant now);
  ~Protocol();
  Protocol(Protocol&&) noexcept;
  Protocol& operator=(Protocol&&) noexcept;
  [[nodiscard]] std::optional<PendingOutput> next_output();

 private:
  struct Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace wgospf::ospf
