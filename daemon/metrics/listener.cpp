#include "daemon/metrics/listener.h"

#include <chrono>

namespace wgospf::daemon::metrics {

namespace {
constexpr std::chrono::seconds kBetweenAttempts{5};
}  // namespace

void Listener::open(const std::string& listen) {
  if (listen == listen_) return;
  listen_ = listen;
  timer_.cancel();
  server_.reset();
  problem_({});
  if (!listen_.empty()) attempt();
}

void Listener::attempt() {
  auto started = Server::start(listen_, router_);
  if (started) {
    server_ = std::move(started).value();
    return problem_({});
  }
  problem_("metrics are not served, which is tried again: " + started.error().text);
  timer_.expires_after(kBetweenAttempts);
  timer_.async_wait([this, listen = listen_](const boost::system::error_code& error) {
    if (!error && listen == listen_) attempt();
  });
}

}  // namespace wgospf::daemon::metrics
