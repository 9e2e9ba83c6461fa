#include "daemon/routes/claim.h"

#include <chrono>

namespace wgospf::daemon {

ClaimWaitsFor claim_waits_for(const ClaimFacts& facts) {
  if (!facts.converged) return ClaimWaitsFor::convergence;
  if (!facts.devices_known) return ClaimWaitsFor::devices;
  // Such a link is up for the core in a moment, and may have a neighbour.
  if (facts.is_link_coming) return ClaimWaitsFor::links;
  // Such a route comes with the answer.
  if (facts.is_way_asked_for) return ClaimWaitsFor::ways;
  if (!facts.any_full) return ClaimWaitsFor::somebody;
  // Which interfaces have a neighbour is known when each has had the time for a hello, and for another in
  // case that one was lost.
  if (!facts.all_full && facts.since_links_told < std::chrono::seconds{2 * facts.hello_interval_max})
    return ClaimWaitsFor::neighbors;
  return ClaimWaitsFor::nothing;
}

}  // namespace wgospf::daemon
