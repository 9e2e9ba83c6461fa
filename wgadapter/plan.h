#pragma once
// Internal: what both back ends do alike with a difference before and after they send it.

#include <string>
#include <vector>

#include "net/result.h"
#include "wgadapter/device.h"

namespace wgospf::wg {

/// Allowed-ips to take from one peer.
struct Removal {
  Key public_key{};
  std::vector<AllowedIp> prefixes{};
};

/// A difference in the order in which it is carried out.
struct Plan {
  DeviceDelta settings{};  ///< The device's and the peers' settings and additions; no removals at all.
  std::vector<Removal> removals{};   ///< Of allowed-ips, after that; only what the peers own.
  std::vector<Key> removed_peers{};  ///< Last.

  [[nodiscard]] bool empty() const;
};

/// Checks the difference against the device as it is and leaves out what holds already. A prefix that the
/// same difference gives to another peer needs no removal: it moves in one step. Errors: not_found for a peer
/// that is not there, invalid for a prefix both added to and removed from one peer.
[[nodiscard]] Result<Plan> make_plan(const Device& now, const DeviceDelta& delta);

/// Whether the difference is about allowed-ips of peers that are there, and nothing else: what it makes of the
/// device is known without reading that again.
[[nodiscard]] bool is_allowed_ips_alone(const DeviceDelta& delta);
/// The device after such a plan was carried out.
[[nodiscard]] Device carried_out(Device now, const Plan& plan);

/// Whether the difference would take an allowed-ip from a peer that has it `now` and did not when the device
/// was `seen`. Error: rejected, with the first of them.
[[nodiscard]] Result<void> check_unseen(const Device& seen, const Device& now, const DeviceDelta& delta);

/// Whether the device is as the difference wanted it. WireGuard ignores an update of a peer that is gone
/// without a word, so this is the only way to know. Endpoints are not compared: a peer may have roamed
/// already.
[[nodiscard]] Result<void> verify(const Device& after, const DeviceDelta& delta);

}  // namespace wgospf::wg
