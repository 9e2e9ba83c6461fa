#pragma once
// What becomes of managed allowed-ips, in words. Pure.

#include <map>
#include <string>
#include <vector>

#include "wgadapter/managed_ips.h"

namespace wgospf::daemon {

/// Prefixes that are not at the peer that they are wanted at, with who has them and the cure; empty when
/// there are none. The first few are named.
[[nodiscard]] std::string describe_conflicts(const std::string& device,
                                             const std::map<Ipv4Prefix, wg::AllowedIpConflict>& conflicts);
/// What somebody else has taken from its peer and is put back; not empty.
[[nodiscard]] std::string describe_taken(const std::string& device,
                                         const std::vector<wg::TakenAllowedIp>& taken);

}  // namespace wgospf::daemon
