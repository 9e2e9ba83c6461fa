#pragma once
// What every router ends a run with, as text: its routes and the bodies of its LSAs. For comparing two builds
// (tests/sim/compare_digests.py): what moves when the same seed runs again (ages, sequence numbers,
// checksums, the numbers of next-hop sets, what is on its way out at MaxAge) is left out.

#include <string>
#include <vector>

#include "tests/sim/network.h"

namespace wgospf::sim {

struct RouterDigest {
  std::string router;                     ///< its router id
  std::vector<std::string> routes, lsas;  ///< a line each, sorted
};

/// Of the running routers.
[[nodiscard]] std::vector<RouterDigest> digest(const Network& network);
/// One line: how many routes and LSAs, and a hash of each kind.
[[nodiscard]] std::string summary(const RouterDigest& digest);

}  // namespace wgospf::sim
