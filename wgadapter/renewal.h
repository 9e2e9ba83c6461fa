#pragma once
// Internal: a new session with a peer that is not heard any more.
//
// A peer that has lost its session and our endpoint (a restart behind a NAT) cannot begin one, and this end goes on with
// its stale key until WireGuard's timer of 15 s. Of what can be said to a device only one thing makes it shake hands
// before that: the peer is removed and made again, in one operation, with all that it had. Measured (wireguard-go
// 0.0.20220316): a first answer 1 s after that; after 15.2 to 15.4 s where the endpoint, the keepalive, the preshared key
// or the private key is set again as it is.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "wgadapter/device.h"

namespace wgospf::wg {

struct Renewal {
  Key peer{};
  std::uint64_t rx_bytes = 0;  ///< as read last: nothing is done when something has come since
  /// The device's own networks. An endpoint there was learned from a datagram that came through the tunnel itself, and
  /// the one before is used in its place.
  std::vector<IpPrefix> inside{};
  std::optional<Endpoint> outside{};  ///< the last one that was seen elsewhere
  std::optional<Endpoint> aim{};      ///< where it is to be sought, whatever it has (endpoint_search.h)
};

/// The peer's endpoint as read, unless it lies in the tunnel; else the last that did not.
[[nodiscard]] std::optional<Endpoint> outer_endpoint(const Peer& peer, const Renewal& renewal);

/// What makes the peer as it is, once it is removed. nullopt: it is not there, has been heard since, or no endpoint of
/// it outside of the tunnel is known.
[[nodiscard]] std::optional<DeviceDelta> made_again(const Device& device, const Renewal& renewal,
                                                    const std::optional<SecretKey>& preshared_key);

/// Of the answer to get=1.
[[nodiscard]] std::optional<SecretKey> preshared_key_in(std::string_view answer, const Key& peer);

}  // namespace wgospf::wg
