#pragma once
// From the system's inventory of links to what the core and the RIB are told. Pure functions of values, so
// that what the daemon makes of an interface can be tested without one.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/config/names.h"
#include "daemon/links/link_names.h"
#include "daemon/router_view.h"
#include "net/links.h"
#include "rib/desired.h"
#include "wgadapter/key.h"

namespace wgospf::daemon {

/// What the configuration's patterns are held against.
[[nodiscard]] std::vector<SystemInterface> system_interfaces(const Inventory& inventory);

/// The first IPv4 address of global scope on a loopback interface, never of 127/8.
[[nodiscard]] std::optional<Ipv4Address> first_loopback_address(const Inventory& inventory);
/// The highest one.
[[nodiscard]] std::optional<Ipv4Address> highest_loopback_address(const Inventory& inventory);

/// Neither a WireGuard nor a point-to-point device, nor a loopback: hosts may be on it that have no say.
[[nodiscard]] bool is_plain_lan(const Link& link);
/// The settings with the default that depends on the link: a plain LAN that names no interface-type is
/// passive.
[[nodiscard]] InterfaceSettings settings_in_force(InterfaceSettings settings, const Inventory& inventory);

/// What the core is told of a configured interface, which may not exist. On a link without IPv4 address the
/// source is that of `unnumbered`, else the loopback's; without any the link cannot be used and is not up.
[[nodiscard]] ospf::DeviceStatus link_status(const InterfaceSettings& settings, const Inventory& inventory);

/// Why a link that exists and is up is not used all the same, with the cure; empty when nothing is wrong. What
/// belongs to a bridge, a bond or the like hears nothing: all that comes in is the master's.
[[nodiscard]] std::string link_problem(const InterfaceSettings& settings, const Inventory& inventory);

/// Why a link that belongs to a VRF does not use the routes of `table`, with the cure; empty when that is not so.
[[nodiscard]] std::string vrf_problem(const InterfaceSettings& settings, const Inventory& inventory,
                                      std::uint32_t table);

/// net.ipv4.conf.NAME.rp_filter; the kernel goes by the greater one.
struct ReversePathFilter {
  int all = 0;
  int own = 0;  ///< of the interface
};
/// What the kernel's reverse path filter drops on a link whose addresses are on no subnet (unnumbered, or /32
/// alone) before there is an adjacency, with the cure; empty when it drops nothing.
[[nodiscard]] std::string reverse_path_problem(const InterfaceSettings& settings, const Inventory& inventory,
                                               ReversePathFilter filter);

/// The filter of a link that OSPF sends traffic over. On one link alone everything comes back the way it
/// went.
struct LinkFilter {
  std::string interface {};
  std::string system_name{};  ///< as the kernel calls it
  ReversePathFilter filter{};
};
/// On which of several links the strict filter drops transit traffic, with the cure; empty when on none.
[[nodiscard]] std::string strict_filter_problem(const std::vector<LinkFilter>& links);

/// What has changed of a link's MTU and addresses, in words; empty when nothing has, and for a link that has
/// come or gone meanwhile.
[[nodiscard]] std::string link_change(const std::string& name, const ospf::DeviceStatus& before,
                                      const ospf::DeviceStatus& after);

/// Whether the kernel forwards what comes in on an interface (net.ipv4.conf.NAME.forwarding).
struct Forwarding {
  std::string interface {};
  std::string system_name{};  ///< as the kernel calls it
  bool is_on = false;
};
/// Which links do not forward, with the cure; empty when all do, and for a host with one link.
[[nodiscard]] std::string forwarding_problem(const std::vector<Forwarding>& links);

/// What the RIB needs of a link to make next hops of it.
[[nodiscard]] rib::LinkFacts rib_facts(const Link& link);

/// Where the neighbour must be that has not been heard yet: the far end that the first IPv4 address names, or
/// the only other host of its /30 or /31; nullopt when the address does not tell.
[[nodiscard]] std::optional<Ipv4Address> expected_neighbor(const Link& link);

/// As sysctl wants an interface's name, with a slash for a dot.
[[nodiscard]] std::string sysctl_name(std::string interface);

/// Every IPv4 prefix that is on this machine itself: own addresses of all links that are up, and the subnets
/// of those that have a carrier. Without one another router on it may be the way to a subnet.
[[nodiscard]] std::vector<IpPrefix> connected_prefixes(const Inventory& inventory);

/// Subnets in which this machine finds hosts by itself, and on which interface: those of all links that are up with a
/// carrier, but for WireGuard's, where routers and clients have host routes.
[[nodiscard]] std::map<Ipv4Prefix, std::string> connected_networks(const Inventory& inventory);

/// What the core is configured with. `is_wireguard` decides the default of mtu-ignore.
[[nodiscard]] ospf::InstanceConfig instance_config(
    const Config& config, ospf::RouterId router_id, LinkNames& names,
    const std::function<bool(const std::string&)>& is_wireguard);

/// Where a router id came from, in words for the log.
struct ChosenRouterId {
  ospf::RouterId id;
  std::string reason;
  std::string skipped{};  ///< the first of the interfaces that were skipped as EarlierInterfaces::skip says
};
/// What to do when an interface that does not exist yet, or a WireGuard interface without a key, stands
/// before the first one with a key: its key would be the one that counts, if it comes to have one.
enum class EarlierInterfaces : std::uint8_t { wait, skip };
/// The configuration's; else the highest loopback address; else made of the public key of the first WireGuard
/// interface in the order of the configuration. nullopt when there is none of these (yet).
/// `public_key`: of an interface, nullopt when it is no WireGuard device or has no key.
[[nodiscard]] std::optional<ChosenRouterId> choose_router_id(
    const Config& config, const Inventory& inventory,
    const std::function<std::optional<wg::Key>(const std::string&)>& public_key,
    EarlierInterfaces earlier = EarlierInterfaces::skip);

/// 32 bits of a public key, never 0.0.0.0 or 255.255.255.255.
[[nodiscard]] ospf::RouterId router_id_of(const wg::Key& key);

}  // namespace wgospf::daemon
