#pragma once
// Stands between the protocol's route changes and the kernel's feeds, and keeps out of the table that all datagrams
// look up what would carry a tunnel's own packets into it: it is held back, or stands apart in a table that tunnels'
// datagrams do not look up (underlay_cure.h), where that is wanted (wgadapter/underlay.h decides). Pure.
//
// A change of a prefix that covers no endpoint passes at the cost of one search among the endpoints. One that
// does is kept here, told to the feed as gone, and decided on at the end of the turn: before anything is
// handed to the kernel. Devices, endpoints and the kernel's ways to them come with each reading.
//
// What has stood apart stays there for a while when it covers no endpoint any more, so that an endpoint that comes
// back finds no loop. A default route into a tunnel stands apart, too, where the machine has another one, which it comes
// before; but not where this router itself announces that other one.
//
// What was seen to be the kernel's choice, although it had been thought not to be, stays held for a while,
// longer each time: whoever makes it so (a rule that cannot be known here) must not make it swing.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/routes/desired_routes.h"
#include "ospf/route/route.h"
#include "ospf/v2/v2.h"
#include "wgadapter/underlay.h"

namespace wgospf::daemon {

/// Whether the kernel could be asked for the ways to endpoints; if not, they are those of the time before.
enum class WaysAnswer : std::uint8_t { given, failed };

class UnderlayGuard {
 public:
  using V2 = ospf::V2;
  using Change = ospf::RouteChange<V2>;
  using Time = std::chrono::steady_clock::time_point;
  /// The interface behind a link; 0 when there is none now.
  using Resolver = std::function<std::uint32_t(ospf::LinkId)>;

  /// `desired` has each change before it is passed here, and outlives the guard.
  UnderlayGuard(Resolver resolve, const DesiredRoutes& desired)
      : resolve_(std::move(resolve)), desired_(desired) {}

  /// By what our routes are known in the kernel.
  void set_place(const wg::OwnRoutes& own);
  /// Whether what would be held back is to stand apart.
  void set_standing_apart(bool is_wanted);
  /// Prefixes that this router announces by redistribution: they never stand apart.
  void set_announced(std::function<bool(const Ipv4Prefix&)> is_announced) {
    is_announced_ = std::move(is_announced);
  }
  /// The change as the kernel's feed is to have it.
  [[nodiscard]] Change pass(const Change& change);
  /// A reading of all WireGuard devices of this machine; never null.
  void set_underlay(std::shared_ptr<const wg::Underlay> underlay, WaysAnswer answer);
  /// What stays held for a while may have stayed long enough: every few seconds.
  void time_passed() { dirty_ = dirty_ || !pulled_.empty() || !lasting_.empty(); }
  /// The interface behind a link may be another one now, or what is announced.
  void links_changed() { dirty_ = dirty_ || !wanted_.empty(); }
  /// Decides, where is_due(); what is to be told to the feeds in addition. At the end of a turn. `cure`: how far
  /// it is in place.
  struct Decided {
    Change change{};
    bool is_apart = false;
  };
  [[nodiscard]] bool is_due() const { return dirty_; }
  [[nodiscard]] std::vector<Decided> decide(Time now, wg::Cure cure = {});

  /// Some route covers an endpoint: the kernel's ways to the endpoints matter.
  [[nodiscard]] bool needs_ways() const { return !wanted_.empty(); }
  /// The kernel should be asked now: something waits for that alone, or has just been taken out. Where it
  /// could not be asked, whoever reads the devices asks again with time: at once would be for ever.
  [[nodiscard]] bool wants_answer() const { return wants_answer_ && answer_ == WaysAnswer::given; }
  void asked() { wants_answer_ = false; }

  /// Null when the prefix is not held back.
  [[nodiscard]] const wg::HeldBack* find(const Ipv4Prefix& prefix) const;
  /// In order of prefix.
  [[nodiscard]] const std::map<Ipv4Prefix, wg::HeldBack>& held() const { return held_; }
  [[nodiscard]] bool stands_apart() const { return stands_apart_; }
  /// Prefixes whose routes stand apart in the kernel.
  [[nodiscard]] const std::set<Ipv4Prefix>& apart() const { return apart_; }
  /// Of what stands apart or waits to, the lengths; and the devices whose datagrams that is for.
  [[nodiscard]] const std::set<std::uint8_t>& lengths_apart() const { return lengths_apart_; }
  [[nodiscard]] const std::set<std::string>& in_need() const { return in_need_; }
  [[nodiscard]] const wg::Underlay& underlay() const { return *underlay_; }
  /// Never null.
  [[nodiscard]] const std::shared_ptr<const wg::Underlay>& underlay_ptr() const { return underlay_; }

 private:
  struct Pulled {
    std::uint32_t times = 0;
    Time until{}, last{};
    wg::HeldBack why{};
  };
  [[nodiscard]] bool covers_endpoint(const Ipv4Prefix& prefix) const;
  [[nodiscard]] bool is_watched(const Ipv4Prefix& prefix) const;
  [[nodiscard]] std::vector<wg::WantedRoute> wanted_routes() const;
  [[nodiscard]] bool would_be_apart(const wg::WantedRoute& route) const;
  [[nodiscard]] bool leads_into_tunnel(const wg::WantedRoute& route) const;
  [[nodiscard]] bool would_take_a_way(const Ipv4Prefix& prefix) const;
  void note_lasting(Time now);
  void note_in_need();
  void want(const ospf::Route<V2>& route);
  void note_pulled(const wg::HeldBack& held, Time now);
  void keep_pulled(std::map<Ipv4Prefix, wg::HeldBack>& held, Time now);

  Resolver resolve_;
  const DesiredRoutes& desired_;
  wg::OwnRoutes own_;
  bool stands_apart_ = false;
  std::function<bool(const Ipv4Prefix&)> is_announced_ = [](const Ipv4Prefix&) { return false; };
  std::shared_ptr<const wg::Underlay> underlay_ = std::make_shared<wg::Underlay>();
  std::vector<Ipv4Address> endpoints_;                      ///< in order
  std::vector<std::pair<Ipv4Address, std::size_t>> peers_;  ///< by endpoint: indexes of the underlay's
  std::map<ospf::SetId, std::vector<ospf::LinkId>> sets_;
  std::map<Ipv4Prefix, ospf::Route<V2>> wanted_;  ///< those that cover an endpoint
  std::set<ospf::SetId> wanted_sets_;             ///< that they lead over, and perhaps some that they did
  std::set<Ipv4Prefix> told_gone_;                ///< this turn, although wanted
  std::map<Ipv4Prefix, wg::HeldBack> held_;
  std::set<Ipv4Prefix> apart_;
  std::map<Ipv4Prefix, Time>
      lasting_;  ///< those that have covered an endpoint apart, and until when they stay
  std::set<std::uint8_t> lengths_apart_;
  std::set<std::string> in_need_;
  std::map<Ipv4Prefix, Pulled> pulled_;
  ospf::Generation generation_;
  bool dirty_ = false;
  bool wants_answer_ = false;
  WaysAnswer answer_ = WaysAnswer::given;  ///< the last one
};

/// "it would carry wg-op2's own packets to 203.0.113.5:51820 into wg-op2".
[[nodiscard]] std::string reason_of(const wg::HeldBack& held);
/// All that is held, in one line with the cure; the first few are named. Empty when the kernel is still being
/// asked about all of it, and when nothing is held.
[[nodiscard]] std::string describe_held(const std::map<Ipv4Prefix, wg::HeldBack>& held);

/// Those that the packets of this device would follow, in one line: "held back: 0.0.0.0/0 (it would carry ...)".
[[nodiscard]] std::string describe_held_for(const std::string& device,
                                            const std::map<Ipv4Prefix, wg::HeldBack>& held);

}  // namespace wgospf::daemon
