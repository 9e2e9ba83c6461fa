#pragma once
// What iptables-save prints, as chains of a ruleset. Pure.
//
// Of iptables' extensions nft lists the names at most, and a packet filter made by iptables is full of them.

#include <string_view>

#include "daemon/firewall/ruleset.h"

namespace wgospf::daemon::firewall {

/// The family that chains of the old iptables bear here, which nft does not know.
inline constexpr const char* kOldIptables = "iptables";

/// Puts the chains in the place of those of the same tables. `family`: "ip" for what iptables-nft keeps in
/// nftables, else kOldIptables. What is not understood becomes a condition that may hold.
void add_iptables(std::string_view text, const std::string& family, Ruleset& ruleset);

/// Whether what nft lists of its "ip" tables has extensions in it.
[[nodiscard]] bool has_extensions(const Ruleset& ruleset);

}  // namespace wgospf::daemon::firewall
