#pragma once
// Which allowed-ips are ours: what this program has given to peers, as opposed to what the user wrote by hand.
// WireGuard has no mark for it, so it is kept in a file. Pure: values and their text.
//
// A prefix stands here before it is given to the peer, and until it is known to be taken back. So what a run
// that was killed has left is found again: it was not there by hand when it was noted. What does not stand
// here is the user's.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/result.h"
#include "wgadapter/device.h"

namespace wgospf::wg {

/// Of one device; prefixes in order, at least one a peer.
using OwnPrefixes = std::map<Key, std::vector<Ipv4Prefix>>;
/// By the name of the device, which a tunnel keeps when it is taken down and set up again.
using OwnAllowedIps = std::map<std::string, OwnPrefixes>;

[[nodiscard]] std::string to_text(const OwnAllowedIps& own);
/// Exactly what to_text() makes. Error: malformed, with what is wrong, to stand behind a colon.
[[nodiscard]] Result<OwnAllowedIps> parse_own_allowed_ips(std::string_view text);

}  // namespace wgospf::wg
