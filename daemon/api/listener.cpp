#include "daemon/api/listener.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "daemon/router_view.h"

namespace wgospf::daemon {

ApiListener::ApiListener(boost::asio::io_context& loop, RouterView& router, Problem problem)
    : loop_(loop), router_(router), problem_(std::move(problem)), timer_(loop) {}

ApiListener::~ApiListener() {
  stop(std::chrono::system_clock::now());
}

std::optional<Error> ApiListener::open(const ApiOptions& options, std::chrono::milliseconds patience) {
  stop(std::chrono::system_clock::now());
  options_ = options;
  delay_ = kFirstRetry;
  attempt();
  if (attempt_.wait_for(patience) != std::future_status::ready) {
    problem_("the API is not served yet: opening " + options_.listen + " takes long");
    return std::nullopt;  // its end is posted
  }
  ++attempts_;  // what was posted does not count
  auto opened = attempt_.get();
  if (!opened && opened.error().system_error == EADDRINUSE) return opened.error();
  take(std::move(opened));
  return std::nullopt;
}

void ApiListener::attempt() {
  const auto number = ++attempts_;
  attempt_ = std::async(std::launch::async,
                        [this, number, &loop = loop_, alive = alive_, options = options_,
                         former = std::move(server_)]() mutable -> Opened {
                          former.reset();  // its place is needed; waits for calls to end
                          auto opened = ApiServer::start(options, router_);
                          boost::asio::post(loop, [this, number, alive] {
                            if (*alive && number == attempts_) take(attempt_.get());
                          });
                          return opened;
                        });
}

void ApiListener::take(Opened opened) {
  if (opened) {
    server_ = std::move(opened.value());
    delay_ = kFirstRetry;
    look_later();
    return problem_({});
  }
  problem_("the API is not served, which is tried again: " + opened.error().text);
  retry_later();
}

void ApiListener::retry_later() {
  timer_.expires_after(delay_);
  delay_ = std::min(2 * delay_, kLastRetry);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) attempt();
  });
}

void ApiListener::look_later() {
  timer_.expires_after(kLookInterval);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    const auto problem = server_->problem();
    if (problem.empty()) return look_later();
    problem_("clients do not reach the API, which is opened anew: " + problem);
    attempt();
  });
}

void ApiListener::stop(std::chrono::system_clock::time_point deadline) {
  *alive_ = false;
  alive_ = std::make_shared<bool>(true);
  ++attempts_;
  timer_.cancel();
  if (attempt_.valid()) (void)attempt_.get();  // a server that came too late ends at once
  if (server_) server_->stop(deadline);
  server_.reset();
}

}  // namespace wgospf::daemon
