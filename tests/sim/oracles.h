#pragma once
// What must hold when the network has come to rest. Each oracle gives sentences about what does not.

#include <string>
#include <vector>

#include "tests/sim/network.h"

namespace wgospf::sim {

using Problems = std::vector<std::string>;

/// Is every LSA acknowledged and nothing asked for? (A refresh under way is not a defect: look again.)
[[nodiscard]] bool is_at_rest(const Network& network);

/// Adjacencies are Full exactly where the true topology has them; lists are empty.
void check_neighbors(const Network& network, Problems& problems);
/// Databases are equal within each connected component, hold what its members must advertise and nothing else
/// of theirs. `aged_out`: everything of routers outside must be gone too.
void check_databases(const Network& network, bool aged_out, Problems& problems);
/// Every router's routes are those of the reference, and the changes told so far add up to them.
void check_routes(const Network& network, Problems& problems);
/// From every router to every prefix hop by hop, along every branch: each ends where the prefix is.
void check_forwarding(const Network& network, Problems& problems);
/// Nothing grows without bound, nothing unexpected piles up.
void check_statistics(const Network& network, Problems& problems);

}  // namespace wgospf::sim
