#pragma once
// Where the router is to be: what the API sees from the first moment, and through the life of the router. A
// router needs a router id, which may be long in coming; until then the place says what is waited for.

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/router.h"
#include "daemon/telling/teller.h"

namespace wgospf::daemon {

class RouterPlace final : public RouterView {
 public:
  /// `loop` as for Router.
  explicit RouterPlace(boost::asio::io_context& loop);

  [[nodiscard]] Router* router() const { return router_.get(); }
  /// On the strand, once.
  Router& take(std::unique_ptr<Router> router);
  /// The router's end; nothing is asked of it any more.
  void clear() { router_.reset(); }
  /// What is waited for until take(), in words.
  void set_waits_for(std::string what) { waits_for_ = std::move(what); }
  /// Who reads the configuration again.
  void set_reloader(std::function<void(const ReloadOrder&, Reloaded)> reload,
                    std::function<void(Confirmed)> confirm) {
    reload_ = std::move(reload);
    confirm_ = std::move(confirm);
  }
  /// Who sets the level of the log, and says what is in force then.
  void set_log_setter(std::function<Severity(std::optional<Severity>)> set) {
    set_log_level_ = std::move(set);
  }
  /// Who serves the API.
  void set_api_use(std::function<ApiUse()> use) { api_use_ = std::move(use); }
  // Around the router, as Router has its own: logged, with the same limits.
  void notice(Severity severity, std::string name, std::string text) {
    teller_.notice(severity, std::move(name), std::move(text));
  }
  /// A condition that lasts: listed until the text is empty again.
  void set_warning(const std::string& key, const std::string& text) { teller_.set_warning(key, text); }

  // RouterView.
  void post(std::function<void()> closure) override;
  [[nodiscard]] const RouterFacts& facts() const override { return facts_; }
  [[nodiscard]] std::optional<std::string> waits_for() const override;
  [[nodiscard]] Subscription subscribe(Listener listener) override;
  void unsubscribe(Subscription subscription) override;
  [[nodiscard]] ApiUse api_use() const override { return api_use_ ? api_use_() : ApiUse{}; }
  [[nodiscard]] PastEvents events_since(std::uint64_t number, PastWanted wanted) const override {
    return router_->events_since(number, wanted);
  }
  [[nodiscard]] std::uint64_t last_event() const override { return router_->last_event(); }
  [[nodiscard]] EventCounts event_counts() const override { return router_->event_counts(); }
  [[nodiscard]] CalculationTimes calculation_times() const override { return router_->calculation_times(); }
  [[nodiscard]] std::shared_ptr<const HostnameMap> hostnames() const override { return router_->hostnames(); }
  [[nodiscard]] const ProtocolView& protocol() const override { return router_->protocol(); }
  [[nodiscard]] ospf::Instant now() const override { return router_->now(); }
  [[nodiscard]] std::string link_name(ospf::LinkId link) const override { return router_->link_name(link); }
  [[nodiscard]] KernelView kernel() const override { return router_->kernel(); }
  [[nodiscard]] std::uint64_t acknowledged_generation() const override {
    return router_->acknowledged_generation();
  }
  [[nodiscard]] std::vector<std::string> route_findings(
      const ospf::Route<V2>& route, const std::vector<ospf::NextHop>& next_hops) const override {
    return router_->route_findings(route, next_hops);
  }
  [[nodiscard]] RouteKernelState kernel_state(const ospf::Route<V2>& route) const override {
    return router_->kernel_state(route);
  }
  [[nodiscard]] std::shared_ptr<const std::vector<WireguardView>> wireguard() const override {
    return router_->wireguard();
  }
  [[nodiscard]] std::shared_ptr<const wg::OwnAllowedIps> own_allowed_ips() const override {
    return router_->own_allowed_ips();
  }
  [[nodiscard]] PeerNotes peer_notes() const override { return router_->peer_notes(); }
  [[nodiscard]] Result<ForgottenKey> forget_key(const std::string& key_or_name) override {
    return router_->forget_key(key_or_name);
  }
  [[nodiscard]] std::vector<ClientView> clients() const override { return router_->clients(); }
  [[nodiscard]] std::map<ospf::LinkId, LivenessView> liveness() const override { return router_->liveness(); }
  [[nodiscard]] BfdView bfd() const override { return router_->bfd(); }
  [[nodiscard]] UnderlayView underlay() const override { return router_->underlay(); }
  void reload(const ReloadOrder& order, Reloaded done) override {
    return reload_ ? reload_(order, std::move(done)) : RouterView::reload(order, std::move(done));
  }
  void confirm(Confirmed done) override {
    return confirm_ ? confirm_(std::move(done)) : RouterView::confirm(std::move(done));
  }
  [[nodiscard]] Result<Severity> set_log_level(std::optional<Severity> level) override {
    if (!set_log_level_) return RouterView::set_log_level(level);
    return set_log_level_(level);
  }
  [[nodiscard]] std::vector<std::string> warnings() const override;
  [[nodiscard]] std::shared_ptr<const firewall::View> firewall() const override {
    return router_->firewall();
  }
  [[nodiscard]] std::vector<std::string> interface_problems(ospf::LinkId link) const override {
    return router_->interface_problems(link);
  }

 private:
  boost::asio::io_context& loop_;
  RouterFacts facts_;
  std::function<void(const ReloadOrder&, Reloaded)> reload_;
  std::function<void(Confirmed)> confirm_;
  std::function<Severity(std::optional<Severity>)> set_log_level_;
  std::function<ApiUse()> api_use_;
  std::string waits_for_ = "its start";
  Teller teller_;
  std::unique_ptr<Router> router_;
};

}  // namespace wgospf::daemon
