#pragma once
// Which peers carry the datagrams of other tunnels, by the kernel's ways to endpoints. Pure.

#include "daemon/peer_note.h"
#include "wgadapter/underlay.h"

namespace wgospf::daemon {

/// Adds to each peer the tunnels whose datagrams go through it, as far as the kernel has been asked for their ways:
/// "wg-op2", or "wg0/2qxnrbVX" of a device with several peers.
void add_carried(const wg::Underlay& underlay, PeerNotes& notes);

}  // namespace wgospf::daemon
