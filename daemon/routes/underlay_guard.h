#pragma once
// Stands between the protocol's route changes and the kernel's feed, and holds back what would carry a
// tunnel's own packets into it (wgadapter/underlay.h decides). Pure.
//
// A change of a prefix that covers no endpoint passes at the cost of one search among the endpoints. One that
// does is kept here, told to the feed as gone, and decided on at the end of the turn: before anything is
// handed to the kernel. Devices, endpoints and the kernel's ways to them come with each reading.
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

  /// All our routes have these in the kernel.
  void set_place(std::uint32_t table, std::uint32_t metric);
  /// The change as the kernel's feed is to have it.
  [[nodiscard]] Change pass(const Change& change);
  /// A reading of all WireGuard devices of this machine; never null.
  void set_underlay(std::shared_ptr<const wg::Underlay> underlay, WaysAnswer answer);
  /// What stays held for a while may have stayed long enough: every few seconds.
  void time_passed() { dirty_ = dirty_ || !pulled_.empty(); }
  /// The interface behind a link may be another one now.
  void links_changed() { dirty_ = dirty_ || !wanted_.empty(); }
  /// Decides, where is_due(); what is to be told to the feed in addition. At the end of a turn.
  [[nodiscard]] bool is_due() const { return dirty_; }
  [[nodiscard]] std::vector<Change> decide(Time now);

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
  [[nodiscard]] const wg::Underlay& underlay() const { return *underlay_; }

 private:
  struct Pulled {
    std::uint32_t times = 0;
    Time until{}, last{};
    wg::HeldBack why{};
  };
  [[nodiscard]] bool covers_endpoint(const Ipv4Prefix& prefix) const;
  [[nodiscard]] std::vector<wg::WantedRoute> wanted_routes() const;
  [[nodiscard]] bool uses(const ospf::SetId& set) const;
  void note_pulled(const wg::HeldBack& held, Time now);
  void keep_pulled(std::map<Ipv4Prefix, wg::HeldBack>& held, Time now);

  Resolver resolve_;
  const DesiredRoutes& desired_;
  std::uint32_t table_number_ = 0, metric_ = 0;
  std::shared_ptr<const wg::Underlay> underlay_ = std::make_shared<wg::Underlay>();
  std::vector<Ipv4Address> endpoints_;  ///< in order
  std::map<ospf::SetId, std::vector<ospf::LinkId>> sets_;
  std::map<Ipv4Prefix, ospf::Route<V2>> wanted_;  ///< those that cover an endpoint
  std::set<Ipv4Prefix> told_gone_;                ///< this turn, although wanted
  std::map<Ipv4Prefix, wg::HeldBack> held_;
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

}  // namespace wgospf::daemon
