#pragma once
// Interfaces as values: what they are, their addresses, and what changes of them.
//
// An interface is known by name and ifindex together. One that is deleted and created again, moved to another
// network namespace, or renamed, is a `removed` of the old and an `added` of the new, in that order.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/ip.h"

namespace wgospf {

/// The kernel's IFF_ flags that matter here.
struct LinkFlags {
  bool up = false;        ///< IFF_UP: the administrator wants it.
  bool running = false;   ///< IFF_RUNNING: operational.
  bool lower_up = false;  ///< IFF_LOWER_UP: carrier.
  bool loopback = false;
  bool broadcast = false;
  bool point_to_point = false;
  bool noarp = false;
  bool multicast = false;  ///< Not needed for OSPF: kernel WireGuard lacks it and carries multicast.

  bool operator==(const LinkFlags&) const = default;
};

enum class AddressScope : std::uint8_t { global, site, link, host, nowhere };

struct LinkAddress {
  IpAddress address{};
  std::uint8_t prefix_length = 0;
  std::optional<IpAddress> peer{};  ///< The far end, on point-to-point addresses; the prefix is then its.
  AddressScope scope = AddressScope::global;
  bool secondary = false;   ///< IPv4: another address of the same subnet came first.
  bool deprecated = false;  ///< IPv6: not for new conversations.
  bool tentative = false;   ///< IPv6: duplicate detection is not done (or has failed): it cannot be used yet.
  bool is_generated = false;  ///< IPv6, link-local: the kernel's own choice.
  std::uint8_t protocol = 0;  ///< Who added it (IFA_PROTO, Linux 5.18); 0: not said.

  bool operator==(const LinkAddress&) const = default;
};
/// The subnet that the address puts on the link: the peer's where there is one.
[[nodiscard]] IpPrefix subnet_of(const LinkAddress& address);

struct Link {
  std::uint32_t ifindex = 0;
  std::string name{};
  std::vector<std::string> altnames{};  ///< Further names, up to 127 characters (ip link property).
  std::uint32_t mtu = 0;
  LinkFlags flags{};
  std::string kind{};           ///< "wireguard", "tun", "veth", "bridge"...; empty for plain devices.
  std::uint32_t master = 0;     ///< ifindex of the bridge, bond or VRF that it belongs to; 0 is none.
  std::uint32_t vrf_table = 0;  ///< Of a VRF device, else 0.
  std::vector<LinkAddress> addresses{};  ///< IPv4 first, each family in the kernel's order.
  /// IN6_ADDR_GEN_MODE_*: how the kernel makes a link-local address when the link comes up; nullopt: without IPv6.
  std::optional<std::uint8_t> address_generation{};

  bool operator==(const Link&) const = default;
  /// Whether `text` is its name or one of the further ones.
  [[nodiscard]] bool is_named(const std::string& text) const;
  /// Up with carrier: packets can pass. On devices with a carrier of their own (Ethernet, veth; not
  /// WireGuard) the kernel may drop what is sent in the first milliseconds, until it has seen to the queue;
  /// `running` turns true after that, up to a second later, and is a good moment to send a first hello again.
  [[nodiscard]] bool usable() const { return flags.up && flags.lower_up; }
};

/// All links by ifindex.
using Inventory = std::map<std::uint32_t, Link>;
/// Null when there is none.
[[nodiscard]] const Link* find_link(const Inventory& inventory, std::uint32_t ifindex);
/// By its name or one of its further names (ip link property add altname).
[[nodiscard]] const Link* find_link(const Inventory& inventory, const std::string& name);

struct LinkEvent {
  enum class Kind : std::uint8_t { added, changed, removed };
  Kind kind = Kind::changed;
  Link link{};  ///< As it is now; of a removed link, as it was last.
  /// Of a removed link: it goes on under another name, or may do so (another took its ifindex unheard of).
  bool is_renamed = false;
  /// Addresses that came, or changed; and that went, with the link if it is removed.
  std::vector<LinkAddress> came{}, went{};

  bool operator==(const LinkEvent&) const = default;
};
using LinkEvents = std::vector<LinkEvent>;
/// The inventory as it is after the events.
void follow(const LinkEvents& events, Inventory& inventory);

}  // namespace wgospf
