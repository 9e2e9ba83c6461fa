#pragma once
// The metrics' server, opened as soon as it can be: an address that is not there yet, or a port that is taken, never
// keeps a router from routing. It is a warning, and tried again.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "daemon/metrics/server.h"

namespace wgospf::daemon::metrics {

class Listener {
 public:
  /// Why it is not served; empty when it is, or nobody asks for it. On the loop.
  using Problem = std::function<void(const std::string&)>;

  /// On `loop`; both must outlive it.
  Listener(boost::asio::io_context& loop, RouterView& router, Problem problem)
      : router_(router), problem_(std::move(problem)), timer_(loop) {}

  /// At this address from now on; nowhere where it is empty. The same as before changes nothing.
  void open(const std::string& listen);

 private:
  void attempt();

  RouterView& router_;
  Problem problem_;
  boost::asio::steady_timer timer_;
  std::string listen_;
  std::unique_ptr<Server> server_;
};

}  // namespace wgospf::daemon::metrics
