#include "daemon/router_place.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <random>
#include <utility>

#include "daemon/telling/log.h"

namespace wgospf::daemon {

namespace {

std::string random_run() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

}  // namespace

RouterPlace::RouterPlace(boost::asio::io_context& loop)
    : loop_(loop),
      facts_{WGOSPF_VERSION, host_name(), std::chrono::steady_clock::now(), random_run()},
      teller_(loop, [](ospf::LinkId) { return std::string(); }) {
  (void)teller_.subscribe([](const RouterEvent& event) { log(std::get<Notice>(event.what)); });
}

Router& RouterPlace::take(std::unique_ptr<Router> router) {
  router_ = std::move(router);
  return *router_;
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
  const auto append = [&result](std::vector<std::string> more) {
    result.insert(result.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  append(teller_.warnings());
  if (router_) append(router_->warnings());
  return result;
}

}  // namespace wgospf::daemon
