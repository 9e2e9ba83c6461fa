#pragma once
// The IPv6 link-local address of a WireGuard interface, derived from its public key (`ipv6-link-local: auto`): what is to
// be changed for it. Pure: a function of what the interface has.
//
// An interface that has a link-local address by hand keeps it and gets none. One that the kernel has chosen at random
// (a tun device, which wireguard-go makes, gets one whenever it comes up) is no address that a peer's allowed-ips could
// name: ours takes its place, and no other comes by itself from then on. Ours is known by its form: it is the one that
// the key has, or bears our protocol. Taking the interface down takes it away, so it is added each time it is up.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/links.h"
#include "wgadapter/key.h"

namespace wgospf::daemon {

/// A WireGuard interface that is configured.
struct LinkLocalDevice {
  std::string name{};            ///< the kernel's
  std::uint32_t ifindex = 0;     ///< of the device that has the key
  std::optional<wg::Key> key{};  ///< its public one
  bool is_wanted = false;
};

/// Carried out in this order.
struct LinkLocalChanges {
  std::string name{};
  std::uint32_t ifindex = 0;
  std::optional<std::uint8_t> generation{};  ///< IN6_ADDR_GEN_MODE_* to set
  std::vector<Ipv6Address> remove{};
  std::optional<Ipv6Address> add{};
  [[nodiscard]] bool empty() const { return !generation && remove.empty() && !add; }
  bool operator==(const LinkLocalChanges&) const = default;
};

/// RFC 8200 section 5: with a smaller MTU Linux gives an interface no IPv6 address.
inline constexpr std::uint32_t kLeastIpv6Mtu = 1280;

/// `link` is the interface of `device`.
[[nodiscard]] LinkLocalChanges link_local_changes(const LinkLocalDevice& device, const Link& link);

/// The changes of each interface, one after the other: what is still being carried out counts as done for whatever undoes
/// it, since that is carried out behind it.
class LinkLocalPlan {
 public:
  /// What is to be carried out now, if anything; nothing while the former changes are, unless the address is not wanted any
  /// more. `link` is the interface of `device`.
  [[nodiscard]] LinkLocalChanges next(const LinkLocalDevice& device, const Link& link);
  /// Changes of next() have been carried out, or could not be, or in part only.
  void done(const LinkLocalChanges& changes, bool is_all_done);

 private:
  struct State {
    std::uint32_t under_way = 0;               ///< changes that are being carried out
    std::optional<Ipv6Address> adding{};       ///< by them; until the interface is seen to have it
    std::optional<std::uint8_t> generation{};  ///< as it was before
    [[nodiscard]] bool is_idle() const { return under_way == 0 && !adding && !generation; }
  };
  std::map<std::uint32_t, State> states_;  ///< by ifindex; those that are not idle
};

/// Ours, where the interface has it and it can be used.
[[nodiscard]] std::optional<Ipv6Address> own_link_local(const Link& link, const wg::Key& key);
/// Whether the interface has an IPv6 address that is neither ours nor the kernel's own choice.
[[nodiscard]] bool has_ipv6_by_hand(const Link& link, const std::optional<wg::Key>& key);

}  // namespace wgospf::daemon
