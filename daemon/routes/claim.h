#pragma once
// When what a former run left in the kernel may be replaced: when this run knows as much. Pure.

#include <cstdint>

#include "ospf/types.h"

namespace wgospf::daemon {

/// What is known at the moment.
struct ClaimFacts {
  bool converged = false;                ///< ospf::Instance::converged
  bool devices_known = false;            ///< the routes may be submitted at all
  bool is_link_coming = false;           ///< a socket is yet to open or to join its group
  bool is_way_asked_for = false;         ///< a route waits for the kernel's answer on its way to an endpoint
  bool any_full = false;                 ///< interfaces with a Full neighbour
  bool all_full = false;                 ///< no active interface without one
  std::uint32_t hello_interval_max = 0;  ///< of the active interfaces, seconds
  ospf::Duration since_links_told{};     ///< since the core first heard of its interfaces
};

/// Why the claim waits.
enum class ClaimWaitsFor : std::uint8_t {
  nothing,      ///< now
  convergence,  ///< asked again when the core says that something converged
  somebody,     ///< no neighbour is Full: a timer of its own decides
  devices,      ///< this and what follows: asked again at the next turn
  links,
  ways,
  neighbors,
};

[[nodiscard]] ClaimWaitsFor claim_waits_for(const ClaimFacts& facts);

}  // namespace wgospf::daemon
