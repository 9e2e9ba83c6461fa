#pragma once
// The peers of a WireGuard device as links of their own (`peers: auto`): which of them there are, under which
// names, and from which address each speaks OSPF, or why that is not known. Pure.
//
// A link is known by the interface and the peer's public key, which outlives the interface and the peer's
// addresses. The peer's address decides what its packets count for, so it is taken from what WireGuard itself
// accepts from the peer alone: a host route among its allowed-ips. What this program has added to these by
// itself leads to addresses of others and tells nothing.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/config/config.h"
#include "wgadapter/device.h"
#include "wgadapter/own_allowed_ips.h"

namespace wgospf::daemon {

struct PeerLink {
  wg::Key key{};
  std::string name{};                    ///< of its entry, else the first eight characters of the key
  PeerSettings settings{};               ///< in force
  bool has_entry = false;                ///< in the configuration
  bool is_there = false;                 ///< the device has the peer
  std::optional<Ipv4Address> address{};  ///< that it speaks OSPF from
  std::vector<Ipv4Address> hosts{};      ///< of what may be a client: all of its host routes by hand
  bool is_held = false;                  ///< the address is a host route among its allowed-ips
  std::string problem{};                 ///< why nothing can be said to it, with the cure; empty for a client
  bool operator==(const PeerLink&) const = default;

  /// Whether there is a link to it: one on which nobody is admitted where it is a client.
  [[nodiscard]] bool is_link() const { return is_there && address.has_value(); }
};

/// "wg0/op2".
[[nodiscard]] std::string shown_name(const std::string& interface, const PeerLink& peer);
/// What LinkNames knows the link by: the interface and the whole key.
[[nodiscard]] std::string registry_name(const std::string& interface, const wg::Key& key);

/// What is known of the peers beside their device.
struct PeerKnowledge {
  const wg::OwnPrefixes* own = nullptr;  ///< allowed-ips that this program has added; may be null
  /// The addresses of routers as they were last known: where allowed-ips do not tell, they do.
  const std::unordered_map<wg::Key, Ipv4Address>* former = nullptr;
  /// The addresses of clients of the device, the one that each is known by first; any may be lent to other peers at
  /// present.
  const std::unordered_map<wg::Key, std::vector<Ipv4Address>>* clients = nullptr;
};

/// The peers of the device in the order of their keys, and those with an entry that it lacks. `addresses` are
/// the interface's. One pass over the allowed-ips.
[[nodiscard]] std::vector<PeerLink> peer_links(const InterfaceSettings& settings, const wg::Device& device,
                                               std::span<const ospf::InterfaceAddress> addresses,
                                               const PeerKnowledge& known);

}  // namespace wgospf::daemon
