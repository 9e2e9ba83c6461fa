#pragma once
// Which peers of an interface with `clients: auto` are taken for clients: those that had a session, and the time to say
// hello in it, and did not. Pure.

#include <chrono>

namespace wgospf::daemon {

/// `since_handshake`: the age of the peer's session. `heard_for`: how long this router has listened on the interface; what
/// was said before nobody knows. `dead_interval`: of the link; a router says several hellos in it.
[[nodiscard]] bool is_silent_as_a_client(std::chrono::nanoseconds since_handshake,
                                         std::chrono::nanoseconds heard_for,
                                         std::chrono::seconds dead_interval);

}  // namespace wgospf::daemon
