#include "daemon/telling/telling.h"

#include <utility>

#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace {

/// Listeners keep their picture of the router by these.
bool is_state(const RouterEvent& event) {
  const auto* core = std::get_if<ospf::Event>(&event.what);
  return core != nullptr && (std::holds_alternative<ospf::NeighborStateChanged>(*core) ||
                             std::holds_alternative<ospf::InterfaceStateChanged>(*core));
}

/// They come by the hundred thousand, are data to who subscribes to them, and are logged at debug level only.
bool is_unlimited(const RouterEvent& event) {
  return std::holds_alternative<ospf::RouteChange<V2>>(event.what) ||
         std::holds_alternative<KernelReached>(event.what);
}

}  // namespace

RouterView::Subscription Telling::subscribe(RouterView::Listener listener) {
  const auto subscription = static_cast<RouterView::Subscription>(++last_subscription_);
  listeners_.emplace(subscription, std::move(listener));
  return subscription;
}

void Telling::unsubscribe(RouterView::Subscription subscription) {
  listeners_.erase(subscription);
}

void Telling::count(const RouterEvent& event) {
  const auto* core = std::get_if<ospf::Event>(&event.what);
  if (core == nullptr) return;
  if (std::holds_alternative<ospf::InterfaceStateChanged>(*core)) ++counts_.interface_state_changes;
  const auto* neighbor = std::get_if<ospf::NeighborStateChanged>(core);
  if (neighbor == nullptr) return;
  ++counts_.neighbor_state_changes;
  if (neighbor->to == ospf::NeighborState::full) ++counts_.adjacencies_formed;
  if (neighbor->from == ospf::NeighborState::full) ++counts_.adjacencies_lost;
}

void Telling::pass_on(RouterEvent event) {
  event.generation = generation_;
  event.time = std::chrono::system_clock::now();
  count(event);
  history_.add(event);
  for (const auto& [subscription, listener] : listeners_) listener(event);
}

void Telling::publish(RouterEvent event, Instant now) {
  if (is_unlimited(event)) return pass_on(std::move(event));
  auto* notice = std::get_if<Notice>(&event.what);
  if (!limits_.admit(kind_of(event), notice == nullptr ? std::string_view{} : notice->text, now)) {
    if (!is_state(event)) return;
    event.left_out = true;
  }
  if (notice != nullptr) notice->text = printable(notice->text);
  pass_on(std::move(event));
}

void Telling::set_warning(const std::string& key, const std::string& text, std::optional<ospf::LinkId> link,
                          Instant now) {
  const auto tell = [&](Severity severity, std::string what) {
    publish({Notice{severity, key.substr(0, key.find('/')), std::move(what), link}}, now);
  };
  const auto found = warnings_.find(key);
  if (text.empty()) {
    if (found == warnings_.end()) return;
    const std::string former = std::move(found->second);
    warnings_.erase(found);
    tell(Severity::info, "no longer: " + former);
  } else if (found == warnings_.end() || found->second != text) {
    warnings_[key] = text;
    tell(Severity::warning, text);
  }
}

std::vector<std::string> Telling::warnings() const {
  std::vector<std::string> result;
  for (const auto& [key, text] : warnings_) result.push_back(printable(text));
  return result;
}

std::string Telling::warning(const std::string& key) const {
  const auto found = warnings_.find(key);
  return found == warnings_.end() ? std::string() : printable(found->second);
}

void Telling::count_left_out(Instant now) {
  for (const auto& left_out : limits_.take(now)) pass_on({describe(left_out, link_name_)});
}

}  // namespace wgospf::daemon
