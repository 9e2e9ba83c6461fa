#pragma once
// What an instance has come to step by step must be what one gets that is given the same at once: its routes
// against a calculation that is fed its present database, and what it holds against what that database needs.

#include "tests/sim/oracles.h"

namespace wgospf::sim {

/// Every running router's table is the one that a fresh calculation makes of its database and links, and the
/// calculation holds no more than the fresh one.
void check_calculations(const Network& network, Problems& problems);
/// Every container of every running router is at its baseline: what waits or remembers is empty, what stands
/// for something is as many as there is of it.
enum class Remembered : bool {
  maybe,
  no
};  ///< `no`: more than an hour ago whatever was flushed is forgotten
void check_footprints(const Network& network, Remembered remembered, Problems& problems);

/// The containers that are empty when everything is acknowledged and no LSA has changed for some seconds.
inline constexpr const char* kEmptyAtRest[] = {
    "outputs",
    "interfaces.updates",
    "interfaces.direct-acks",
    "interfaces.delayed-acks",
    "neighbors.requests",
    "neighbors.retransmissions",
    "neighbors.retransmissions.order",
    "requests-under-way",
    "flood-log",
    "flood-log.lsas",
    "outbox.encoded",
    "flooding.maxage",
    "flooding.maxage-ready",
    "flooding.requests-shrunk",
    "flooding.interfaces-due",
    "flush-memory",
    "flush-memory.order",
    "answered-memory",
    "answered-memory.order",
    "origination.dirty-areas",
    "origination.dirty-links",
    "origination.stale",
    "prefixes.dirty",
    "forwarding-addresses.dirty",
    "boundary-routers.dirty",
    "next-hop-sets.changed",
    "next-hop-sets.idle",
    "next-hop-sets.streams",
    "calculation.work",
    "calculation.news",
    "summaries.dirty",
};

}  // namespace wgospf::sim
