#pragma once
// Allowed-ips that follow the routes, on links whose allowed-ips are managed: which prefix belongs to which
// peer, and in which order that, the routes and what is no longer needed go to device and kernel. Pure.
//
//   added or moved     wg::ManagedIps plans each device; a set whose prefixes need what is not on the device
//                      yet waits at a gate (rib/desired.h), and no other set does
//   next hops, routes  once the gate is opened
//   removed            when the kernel has acknowledged all that was submitted when no route needed it more
//
// With costs that are the same both ways, what is sent to a peer is what may come from it.

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
    bool operator==(const ManagedLink&) const = default;
  };
  struct Links {
    std::map<ospf::LinkId, ManagedLink> managed{};
    std::set<std::string> manual{};  ///< devices; what is ours there is the user's from now on
    bool operator==(const Links&) const = default;
  };

  /// `desired` is as after the changes that were applied here, and outlives the plan.
  explicit AllowedIpsPlan(const DesiredRoutes& desired) : desired_(desired) {}

  /// What a former run noted: it stays until claim(). Once, before anything else.
  void adopt(const wg::OwnAllowedIps& own);
  void set_links(Links links);
  /// A device as it was read last; null: there is none.
  void read(const std::string& name, std::shared_ptr<const wg::Device> device);

  /// A change that goes to the kernel's feed.
  void apply(const Change& change);
  /// At the end of a turn: what the changes of the turn mean for the devices.
  void decide(const IsHeld& is_held);
  /// After decide(), and after the devices were asked for their next(): sets that wait from now on.
  [[nodiscard]] std::vector<ospf::SetId> close_gates();
  [[nodiscard]] std::optional<rib::Gate> gate_of(ospf::SetId set) const;
  /// Gates at which nothing is waited for any more. They are to be opened before the next batch.
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
  /// A prefix that a device need not have any more, as soon as no route leads there.
  struct Release {
    wg::ManagedIps* device = nullptr;
    Ipv4Prefix prefix{};
  };
  using Releases = std::vector<Release>;
  struct Gate {
    ospf::SetId set{};
    std::map<wg::ManagedIps*, std::uint64_t> marks{};  ///< of the devices waited for
    Releases releases{};                               ///< until it is opened, routes lead there
  };
  struct Unplaced {
    Release release{};
    std::optional<ospf::SetId> now_over{};  ///< the set of the route; nullopt: there is none
  };

  [[nodiscard]] wg::ManagedIps& device_at(const std::string& name);
  [[nodiscard]] std::optional<wg::Key> peer_of(const std::string& device,
                                               const std::optional<IpAddress>& neighbor) const;
  [[nodiscard]] SharedPlaces resolve(const std::vector<ospf::NextHop>& hops);
  void resolve_again();
  void carry_hellos();
  void leave_multicast(ospf::LinkId link, const wg::Device& device);
  void end_hellos(const Place& place);
  void note(const Ipv4Prefix& prefix);
  void place(const Ipv4Prefix& prefix, const IsHeld& is_held);
  void unplace(const Ipv4Prefix& prefix, const Places& before, const Places& now,
               const std::optional<ospf::SetId>& set);
  void close_gate(ospf::SetId id, const std::set<wg::ManagedIps*>& devices, std::vector<ospf::SetId>& closed);
  void end_gate(std::optional<rib::Gate>& gate);
  [[nodiscard]] static bool leads_over(const Set& set, const wg::ManagedIps& device);
  void hand_over(const std::string& device);

  const DesiredRoutes& desired_;
  Links links_;
  std::map<std::string, std::shared_ptr<const wg::Device>> readings_;
  Devices devices_;
  std::map<ospf::LinkId, Place> hellos_;  ///< links whose peer has what OSPF itself needs
  std::unordered_map<ospf::SetId, Set> sets_;
  std::unordered_map<Ipv4Prefix, SharedPlaces> placed_;  ///< only those that are somewhere
  std::set<ospf::SetId> dirty_sets_;
  std::vector<Ipv4Prefix> dirty_;
  std::map<ospf::SetId, std::set<wg::ManagedIps*>> touched_;  ///< this turn
  std::vector<Unplaced> unplaced_;                            ///< this turn
  std::map<rib::Gate, Gate> gates_;                           ///< the closed ones
  rib::Gate last_gate_ = 0;
  Releases released_;                                     ///< for the next ticket
  std::deque<std::pair<rib::Ticket, Releases>> waiting_;  ///< for the kernel
  Releases former_;                                       ///< a former run's, for claim()
};

}  // namespace wgospf::daemon
