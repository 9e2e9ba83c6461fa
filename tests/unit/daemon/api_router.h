#pragma once
// Two real protocol instances joined by a wire, on a thread of their own: what the API is tested against. The
// observed one is 10.0.32.1; its neighbour 10.0.32.2 advertises what a test wants. The kernel's side is
// values that a test sets.

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/router_view.h"
#include "daemon/telling/history.h"

namespace wgospf::daemon {

inline constexpr std::chrono::seconds kPatience{30};

class WiredRouter : public RouterView {
 public:
  static constexpr ospf::LinkId kTunnel{1}, kLan{2};

  WiredRouter();
  ~WiredRouter() override;

  /// Runs `body` on the strand and waits for it.
  template <class Body>
  auto on_strand(Body body) {
    std::promise<decltype(body())> promise;
    auto future = promise.get_future();
    post([&] {
      if constexpr (std::is_void_v<decltype(body())>) {
        body();
        promise.set_value();
      } else {
        promise.set_value(body());
      }
    });
    return future.get();
  }
  /// Waits until `condition`, asked on the strand, holds.
  [[nodiscard]] bool eventually(const std::function<bool()>& condition);
  [[nodiscard]] bool wait_for_full() {
    return eventually([this] { return instance().converged(now()) && !instance().neighbors().empty(); });
  }
  /// The neighbour advertises `count` prefixes 172.16.0.0/32 and on, with this metric; earlier ones stay.
  void advertise(std::uint32_t count, std::uint32_t metric);
  /// A hello to the group arrives at the tunnel of the observed router.
  void hear(ospf::RouterId router, const ospf::Hello& hello, Ipv4Address source);
  /// The wire is cut or healed, without a word to either end.
  void set_wire(bool whole) {
    post([this, whole] { wire_ = whole; });
  }
  /// The observed router's tunnel goes down or comes up.
  void set_tunnel(bool up);
  void publish(const Notice& notice);
  /// Processor time of closures on the strand, since the last call.
  struct ClosureTimes {
    std::chrono::nanoseconds longest{}, total{};
  };
  [[nodiscard]] ClosureTimes take_closure_times() {
    return on_strand([this] { return std::exchange(closure_times_, {}); });
  }
  [[nodiscard]] std::size_t subscriptions() {
    return on_strand([this] { return subscriptions_here(); });
  }

  // On the strand.
  [[nodiscard]] std::size_t subscriptions_here() const { return listeners_.size(); }
  KernelView kernel_view;
  std::vector<WireguardView> wireguard_views;
  wg::OwnAllowedIps own_allowed_ip_map;
  PeerNotes peer_note_map;
  std::map<std::string, ForgottenKey> key_map;  ///< what forget_key() knows
  std::vector<std::string> warning_list;
  ReloadOrder reload_order;  ///< the last
  std::optional<Result<ReloadAnswer>> reload_answer;
  std::optional<Severity> asked_level;  ///< of the log
  UnderlayView underlay_view;
  BfdView bfd_view;
  std::map<Ipv4Prefix, std::string> route_finding_map;
  std::map<ospf::LinkId, std::string> interface_problem_map;

  // RouterView.
  void post(std::function<void()> closure) override;
  const RouterFacts& facts() const override { return facts_; }
  Subscription subscribe(Listener listener) override;
  void unsubscribe(Subscription subscription) override { listeners_.erase(subscription); }
  PastEvents events_since(std::uint64_t number, PastWanted wanted) const override {
    return history_.since(number, wanted);
  }
  std::uint64_t last_event() const override { return history_.last(); }
  const ProtocolView& protocol() const override { return *protocol_; }
  ospf::Instant now() const override;
  std::string link_name(ospf::LinkId link) const override;
  KernelView kernel() const override;
  std::uint64_t acknowledged_generation() const override { return kernel_view.acknowledged_generation; }
  RouteKernelState kernel_state(const ospf::Route<V2>& route) const override;
  std::vector<std::string> route_findings(const ospf::Route<V2>& route,
                                          const std::vector<ospf::NextHop>&) const override {
    const auto found = route_finding_map.find(route.prefix);
    return found == route_finding_map.end() ? std::vector<std::string>{} : std::vector{found->second};
  }
  /// The observed end itself.
  [[nodiscard]] const ospf::Instance<V2>& instance() const { return *ends_[0].instance; }
  std::shared_ptr<const std::vector<WireguardView>> wireguard() const override {
    return std::make_shared<std::vector<WireguardView>>(wireguard_views);
  }
  std::shared_ptr<const wg::OwnAllowedIps> own_allowed_ips() const override {
    return std::make_shared<wg::OwnAllowedIps>(own_allowed_ip_map);
  }
  PeerNotes peer_notes() const override { return peer_note_map; }
  Result<ForgottenKey> forget_key(const std::string& key_or_name) override {
    const auto found = key_map.find(key_or_name);
    if (found == key_map.end())
      return Error{ErrorCode::not_found, "no peer is called \"" + key_or_name + "\""};
    return found->second;
  }
  BfdView bfd() const override { return bfd_view; }
  UnderlayView underlay() const override { return underlay_view; }
  void reload(const ReloadOrder& order, Reloaded done) override {
    reload_order = order;
    return reload_answer ? done(*reload_answer) : RouterView::reload(order, std::move(done));
  }
  Result<Severity> set_log_level(std::optional<Severity> level) override {
    asked_level = level;
    return level.value_or(Severity::info);
  }
  std::vector<std::string> warnings() const override { return warning_list; }
  std::vector<std::string> interface_problems(ospf::LinkId link) const override {
    const auto found = interface_problem_map.find(link);
    return found == interface_problem_map.end() ? std::vector<std::string>{} : std::vector{found->second};
  }

 private:
  struct End {
    std::unique_ptr<ospf::Instance<V2>> instance;
    Ipv4Address address;
  };
  struct Packet {
    std::size_t to = 0;
    ospf::PacketBytes bytes;
  };

  void run();
  void run_closure(const std::function<void()>& closure);
  void turn(std::size_t end);
  void drain(std::size_t end);
  void deliver();
  void tell(RouterEvent event);

  RouterFacts facts_{"0.1.0", "op1", std::chrono::steady_clock::now(), "00112233445566aa"};
  History history_;
  std::vector<End> ends_;
  std::optional<InstanceView> protocol_;  ///< of the first
  std::deque<Packet> flying_;
  bool wire_ = true;
  ospf::Generation generation_;
  std::map<Subscription, Listener> listeners_;
  std::uint64_t last_subscription_ = 0;
  ClosureTimes closure_times_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> closures_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace wgospf::daemon
