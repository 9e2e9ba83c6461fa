#pragma once
// Allowed-ips that follow the routes, on links whose allowed-ips are managed: which prefix belongs to which
// peer, and in which order that, the routes and what is no longer needed go to device and kernel. Pure.
//
//   added or moved     wg::ManagedIps plans each device; what needs an allowed-ip that is not there yet waits at
//                      a gate (rib/desired.h): a set when its members have changed and one of its prefixes lacks
//                      it, else that prefix alone; nothing else does
//   next hops, routes  once the gate is opened; what comes later waits at a gate of its own
//   removed            when the kernel has acknowledged all that was submitted when no route needed it more
//
// With costs that are the same both ways, and one way of a set over each device, what is sent to a peer is what
// may come from it.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/routes/desired_routes.h"
#include "ospf/route/route.h"
#include "ospf/v2/v2.h"
#include "rib/desired.h"
#include "wgadapter/managed_ips.h"

namespace wgospf::daemon {

class AllowedIpsPlan {
 public:
  using V2 = ospf::V2;
  using Change = ospf::RouteChange<V2>;
  /// Is the prefix kept from the kernel although it is desired?
  using IsHeld = std::function<bool(const Ipv4Prefix&)>;
  using Devices = std::map<std::string, wg::ManagedIps>;

  struct ManagedLink {
    std::string device{};
    std::optional<Ipv4Address> neighbor{};  ///< as last heard, or as the interface's address tells
    /// Behind which the link is, on a device that is shared; nullopt: on a device of its own, its only peer, or
    /// whose allowed-ips cover the neighbour's address.
    std::optional<wg::Key> peer{};
    /// Of a client: its addresses, which routes may give to other peers while it is elsewhere; `neighbor` is then set
    /// while it is here, and all of them are its own.
    std::vector<Ipv4Address> lent{};
    bool has_link_local = false;  ///< the peer is given the address of its key
    bool operator==(const ManagedLink&) const = default;
  };
  struct Links {
    std::map<ospf::LinkId, ManagedLink> managed{};
    /// Devices; what is ours there is the user's from now on, unless some link over them is managed.
    std::set<std::string> manual{};
    /// Of the interfaces of managed devices, by device.
    std::map<std::string, std::vector<Ipv4Prefix>> subnets{};
    bool operator==(const Links&) const = default;
  };

  /// `desired` is as after the changes that were applied here, and outlives the plan.
  explicit AllowedIpsPlan(const DesiredRoutes& desired) : desired_(desired) {}

  /// What a former run noted: it stays until claim(). Once, before anything else.
  void adopt(const wg::OwnNote& note);
  void set_links(Links links);
  /// A device as it was read last; null: there is none.
  void read(const std::string& name, std::shared_ptr<const wg::Device> device);

  /// A change that goes to the kernel's feed.
  void apply(const Change& change);
  /// Whether the prefix is held may have changed.
  void look_again(const Ipv4Prefix& prefix) { note(prefix); }
  /// At the end of a turn: what the changes of the turn mean for the devices, and what waits for these.
  void decide(const IsHeld& is_held);
  /// Sets that wait since the last call: to be in the next batch.
  [[nodiscard]] std::vector<ospf::SetId> take_closed() { return std::exchange(closed_, {}); }
  [[nodiscard]] bool is_any_closed() const { return !gates_.empty(); }
  [[nodiscard]] std::optional<rib::Gate> gate_of(ospf::SetId set) const;
  /// Of this prefix alone.
  [[nodiscard]] std::optional<rib::Gate> gate_of(const Ipv4Prefix& prefix) const;
  /// Gates at which nothing is waited for any more: to be opened now that the turn's batch is submitted, and
  /// before the next.
  [[nodiscard]] std::vector<rib::Gate> take_open();

  /// Something waits for the kernel to have done all that it is given up to now: a batch is wanted, be it
  /// empty.
  [[nodiscard]] bool wants_ticket() const { return !released_.empty(); }
  void submitted(rib::Ticket ticket);
  void acknowledged(rib::Ticket ticket);
  /// What a former run left and this one does not want is released.
  void claim();
  /// All that is ours is taken back; no change is applied after this.
  void give_back();

  [[nodiscard]] Devices& devices() { return devices_; }
  [[nodiscard]] const Devices& devices() const { return devices_; }

 private:
  /// A peer of a device.
  struct Place {
    wg::ManagedIps* device = nullptr;
    wg::Key peer{};
    wg::ManagedIps::PeerIndex index = 0;  ///< of the peer; for prefixes of routes
    auto operator<=>(const Place&) const = default;
  };
  /// At most one a device, in order.
  using Places = std::vector<Place>;
  using SharedPlaces = std::shared_ptr<const Places>;
  struct Set {
    std::vector<ospf::NextHop> hops{};
    SharedPlaces places{};
    std::optional<rib::Gate> gate{};
  };
  using Sets = std::unordered_map<ospf::SetId, Set>;
  /// A prefix that is somewhere.
  struct Placed {
    SharedPlaces places{};
    ospf::SetId set{};
    rib::Gate gate = 0;  ///< its own, which may be open by now; 0: none
  };
  /// A prefix that a device need not have any more, as soon as no route leads there.
  struct Release {
    wg::ManagedIps* device = nullptr;
    Ipv4Prefix prefix{};
    wg::ManagedIps::Generation generation = 0;
  };
  using Releases = std::vector<Release>;
  struct Waited {
    Ipv4Prefix prefix{};
    const wg::ManagedIps* device = nullptr;
  };
  struct Closed {
    std::optional<ospf::SetId> set{};  ///< that waits; nullopt: prefixes do, each for itself
    std::vector<Waited> waited{};      ///< for, or not any more
    Releases releases{};               ///< until it is opened, routes lead there
  };
  /// What has changed, so that something waits.
  enum class Cause : std::uint8_t { prefix, set };

  [[nodiscard]] wg::ManagedIps& device_at(const std::string& name);
  [[nodiscard]] std::optional<wg::Key> peer_of(const ManagedLink& link,
                                               const std::optional<IpAddress>& neighbor);
  [[nodiscard]] SharedPlaces resolve(const std::vector<ospf::NextHop>& hops);
  void resolve_again();
  void carry_hellos();
  void carry_hellos(ospf::LinkId id, const ManagedLink& link);
  void leave_multicast(ospf::LinkId link, const wg::Device& device);
  void end_hellos(const Place& place);
  void lend_addresses();
  [[nodiscard]] static bool is_managed(const Links& links, const std::string& device);
  void note(const Ipv4Prefix& prefix);
  /// `set`: of its route; null: it has none that goes to the kernel.
  void place(const Ipv4Prefix& prefix, Sets::value_type* set, Cause cause);
  void unplace(const Ipv4Prefix& prefix, const Places& before, const Places& now);

  // The order (allowed_ips_order.cpp).
  void wait_for(const Waited& waited, Placed& placed, Sets::value_type& set, Cause cause);
  [[nodiscard]] rib::Gate close(std::optional<ospf::SetId> set);
  [[nodiscard]] std::optional<rib::Gate> waits_at(const Ipv4Prefix& prefix) const;
  [[nodiscard]] bool is_waited(rib::Gate number, const Closed& gate, const Waited& waited) const;
  [[nodiscard]] Releases end(rib::Gate gate);
  void release_in_turn(Releases releases);
  void hand_over(const std::string& device);

  const DesiredRoutes& desired_;
  Links links_;
  std::map<std::string, std::shared_ptr<const wg::Device>> readings_;
  Devices devices_;
  std::map<ospf::LinkId, Place> lenders_;  ///< links to clients
  std::map<ospf::LinkId, Place> hellos_;   ///< links whose peer has what OSPF itself needs
  Sets sets_;
  PrefixMap<Ipv4Prefix, Placed> placed_;
  std::set<ospf::SetId> dirty_sets_;
  std::vector<Ipv4Prefix> dirty_;
  std::vector<Ipv4Prefix> decided_;  ///< empty but in decide(): its memory is used again
  Releases unplaced_;                ///< this turn
  /// Of prefixes that came to a device, or to a set that leads over several, in this turn.
  std::map<std::pair<const wg::ManagedIps*, ospf::SetId>, rib::Gate> turn_gates_;
  std::map<rib::Gate, Closed> gates_;
  std::vector<ospf::SetId> closed_;
  rib::Gate last_gate_ = 0;
  Releases released_;                                     ///< for the next ticket
  std::deque<std::pair<rib::Ticket, Releases>> waiting_;  ///< for the kernel
  /// What a former run left, and the kernel's routes of that run may need until claim().
  std::map<std::pair<wg::ManagedIps*, Ipv4Prefix>, wg::ManagedIps::Generation> former_;
};

}  // namespace wgospf::daemon
