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
/// Link-local addresses of peers that another peer has; empty when there are none.
[[nodiscard]] std::string describe_link_local_conflicts(const std::string& device,
                                                        const std::map<wg::Key, wg::Key>& conflicts);
/// What somebody else has taken from its peer and is put back; not empty.
[[nodiscard]] std::string describe_taken(const std::string& device,
                                         const std::vector<wg::TakenAllowedIp>& taken);

/// Prefixes that two peers have been given by hand; not empty.
[[nodiscard]] std::string describe_claimed_twice(const std::string& device,
                                                 const std::vector<wg::ClaimedTwice>& claims);
/// What is to be said of each peer: who has what its routes need, and what was taken from it.
[[nodiscard]] std::map<wg::Key, std::vector<std::string>> peer_problems(const wg::ManagedIps& device);

}  // namespace wgospf::daemon
