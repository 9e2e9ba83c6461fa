#pragma once
// Which endpoints of peers are proven. Pure: readings go in.
//
// WireGuard takes the source of a handshake's first message for the peer's endpoint as soon as the message is
// authentic. Whoever is on the way can keep such a message and send it on from any address he likes, so that this
// alone does not tell that the peer is there, nor that anybody is. An endpoint is proven when it was set by hand (nothing
// had come from the peer with it), or when a handshake has been completed since the peer was first read with it. Of a peer that is read for
// the first time that it has ever completed one is all that can be known.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "wgadapter/device.h"

namespace wgospf::wg {

class EndpointProofs {
 public:
  /// A device as it was read last; null: there is none now.
  void take(const std::string& name, const Device* device);
  /// This router made the peer again (Renewal): the counters that begin anew with the next reading, and an endpoint that
  /// it gave the peer, are nobody's word.
  void renewed(const std::string& name, const Key& peer);
  /// Whether the peer has this address proven. Of a device that was not taken nothing is.
  [[nodiscard]] bool is_proven(const std::string& device, const Key& peer, const IpAddress& address) const;

 private:
  struct Proof {
    IpAddress address{};
    bool is_proven = false;
    bool is_renewed = false;  ///< since it was read
    std::optional<SystemTime> handshake{};
    std::uint64_t rx_bytes = 0;
    std::uint64_t reading = 0;  ///< the last that had the peer
  };
  static void take(const Peer& peer, bool is_new, Proof& proof);

  std::unordered_map<std::string, std::unordered_map<Key, Proof>> devices_;
  std::uint64_t reading_ = 0;
};

}  // namespace wgospf::wg
