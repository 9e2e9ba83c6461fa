#include "daemon/router_place.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "daemon/telling/log.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon {

RouterPlace::RouterPlace(boost::asio::io_context& loop)
    : loop_(loop), facts_{WGOSPF_VERSION, host_name(), std::chrono::steady_clock::now()} {}

Router& RouterPlace::take(std::unique_ptr<Router> router) {
  router_ = std::move(router);
  return *router_;
}

void RouterPlace::set_warning(const std::string& key, const std::string& text) {
  const auto found = warnings_.find(key);
  if (text.empty()) {
    if (found == warnings_.end()) return;
    log(Severity::info, "no longer: " + found->second);
    warnings_.erase(found);
  } else if (found == warnings_.end() || found->second != text) {
    warnings_[key] = text;
    log(Severity::warning, text);
  }
}

void RouterPlace::post(std::function<void()> closure) {
  boost::asio::post(loop_, std::move(closure));
}

std::optional<std::string> RouterPlace::waits_for() const {
  return router_ ? std::nullopt : std::optional(waits_for_);
}

RouterView::Subscription RouterPlace::subscribe(Listener listener) {
  return router_->subscribe(std::move(listener));
}

void RouterPlace::unsubscribe(Subscription subscription) {
  if (router_) router_->unsubscribe(subscription);
}

std::vector<std::string> RouterPlace::warnings() const {
  std::vector<std::string> result;
  if (!router_) result.push_back("waiting for " + waits_for_);
  for (const auto& [key, text] : warnings_) result.push_back(printable(text));
  if (router_) {
    auto more = router_->warnings();
    result.insert(result.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return result;
}

}  // namespace wgospf::daemon
