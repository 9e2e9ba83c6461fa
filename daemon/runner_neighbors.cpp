// What becomes of a neighbour that somebody beside the protocol knows about.

#include "daemon/runner.h"

namespace wgospf::daemon {

namespace {
/// In so many turns at most sockets are read before a neighbour is given up: more than a full receive buffer takes.
constexpr unsigned kReadMost = 512;
}  // namespace

void Runner::neighbor_lost(ospf::LinkId link, ospf::RouterId router, const ospf::DownReason& reason) {
  if (phase_ != Phase::running || !instance_->neighbor_state(link, router)) return;
  pipeline_.set_usable(link, false);
  feed(ospf::NeighborDown{link, router, reason});
  finish_turn();
}

LivenessWatch::Sources Runner::liveness_sources() {
  return {[this](ospf::LinkId link) { return links_.liveness_target(link); },
          [this](ospf::LinkId link) { return instance_->sole_neighbor(link); },
          [this] {
            for (unsigned turns = kReadMost; turns > 0 && links_.read_now(); --turns) {
            }
            finish_turn();
          },
          [this](ospf::LinkId link, ospf::RouterId router, const ospf::DownReason& reason) {
            neighbor_lost(link, router, reason);
          },
          [this](ospf::LinkId link) {
            feed(ospf::NeighborHeard{link});
            finish_turn();
          },
          [this](ospf::LinkId link, bool is_suspect) { endpoints_.doubt(link, is_suspect); },
          [this](ospf::LinkId link) { return endpoints_.follows(link); }};
}

/// One that said goodbye, or does not see us, is there.
void Runner::tell_endpoints(const ospf::NeighborStateChanged& change) {
  if (change.from == ospf::NeighborState::full) endpoints_.doubt(change.link, false);
  const bool is_silent = change.down_reason || change.reason == ospf::NeighborEvent::inactivity_timer;
  if (change.to == ospf::NeighborState::down && is_silent) endpoints_.lost(change.link);
}

void Runner::follow_bfd() {
  if (phase_ != Phase::running) return;
  const auto links = links_.bfd_links();
  if (links.empty() && !bfd_.is_any()) return;
  bfd_.follow(links, instance_->neighbors());
}

}  // namespace wgospf::daemon
