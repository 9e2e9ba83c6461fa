#pragma once
// A device's table of allowed-ips as WireGuard keeps it, for tests of what is planned for it.

#include <functional>
#include <map>
#include <optional>

#include "wgadapter/device.h"

namespace wgospf::wg::test {

inline Key key_of(std::uint8_t number) {
  Key key;
  key.bytes.fill(number);
  return key;
}

inline Ipv4Prefix v4(const char* text) {
  return *Ipv4Prefix::parse(text);
}

class AllowedIpModel {
 public:
  using Table = std::map<Ipv4Prefix, Key>;
  Table table{};
  std::vector<Key> peers{};
  std::uint32_t ifindex = 7;

  /// An exact prefix belongs to one peer: given to another it moves.
  void set(const Ipv4Prefix& prefix, const Key& peer) { table[prefix] = peer; }
  void remove(const Ipv4Prefix& prefix) { table.erase(prefix); }

  [[nodiscard]] Device device() const {
    Device device;
    device.name = "wg0";
    device.ifindex = ifindex;
    for (const Key& key : peers) {
      Peer peer;
      peer.public_key = key;
      for (const auto& [prefix, owner] : table)
        if (owner == key) peer.allowed_ips.emplace_back(prefix);
      peer.allowed_ips.emplace_back(*parse_prefix("fd00::/64"));
      device.peers.push_back(std::move(peer));
    }
    return device;
  }
  /// Longest match.
  [[nodiscard]] std::optional<Key> owner(Ipv4Address address) const {
    for (int length = 32; length >= 0; --length) {
      const auto found = table.find(Ipv4Prefix::make(address, static_cast<std::uint8_t>(length)));
      if (found != table.end()) return found->second;
    }
    return std::nullopt;
  }
  /// Line by line: what is added, then what is removed; `after` is called after each.
  void apply(
      const DeviceDelta& delta, const std::function<void()>& after = [] {}) {
    for (const PeerDelta& peer : delta.peers)
      for (const AllowedIp& prefix : peer.add_allowed_ips) {
        set(std::get<Ipv4Prefix>(prefix), peer.public_key);
        after();
      }
    for (const PeerDelta& peer : delta.peers)
      for (const AllowedIp& prefix : peer.remove_allowed_ips) {
        const auto found = table.find(std::get<Ipv4Prefix>(prefix));
        if (found != table.end() && found->second == peer.public_key) table.erase(found);
        after();
      }
  }
};

}  // namespace wgospf::wg::test
