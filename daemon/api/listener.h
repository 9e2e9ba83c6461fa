#pragma once
// The API's server, opened as soon as it can be. An address that is not there yet, a port that is taken or a
// directory that cannot be made is no reason not to route: it is told, and tried again at growing intervals.
// Only a socket that another daemon serves is: who starts twice would disturb the one that runs. One that
// clients reach no more, because its socket was removed or accepting failed, is opened anew.
//
// Opening may wait for a name server, so it is done by a thread of its own.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "daemon/api/server.h"
#include "daemon/router_view.h"

namespace wgospf::daemon {

class ApiListener {
 public:
  /// What keeps the API from being served, with the cure; empty when it is served. On the loop.
  using Problem = std::function<void(const std::string&)>;

  static constexpr std::chrono::milliseconds kFirstRetry{1000}, kLastRetry{30'000};
  /// How often it is looked whether clients reach the server.
  static constexpr std::chrono::milliseconds kLookInterval{1000};

  ApiListener(boost::asio::io_context& loop, RouterView& router, Problem problem);
  /// The same as stop() with no time for clients. Waits for an attempt that is under way.
  ~ApiListener();
  ApiListener(const ApiListener&) = delete;
  ApiListener& operator=(const ApiListener&) = delete;

  /// Opens the server, for whose first attempt it waits so long at most. An error only when another daemon
  /// serves the socket. On the loop; once, or again with other options, which ends what was.
  [[nodiscard]] std::optional<Error> open(const ApiOptions& options, std::chrono::milliseconds patience);
  /// As ApiServer::stop(); nothing is tried any more.
  void stop(std::chrono::system_clock::time_point deadline);
  /// What clients connect to; empty while it is not open.
  [[nodiscard]] std::string address() const { return server_ ? server_->address() : std::string(); }
  /// Whom it serves.
  [[nodiscard]] ApiUse use() const {
    return server_ ? ApiUse{server_->call_count(), server_->watcher_count()} : ApiUse{};
  }

 private:
  using Opened = Result<std::unique_ptr<ApiServer>>;
  void attempt();
  void take(Opened opened);
  void retry_later();
  void look_later();

  boost::asio::io_context& loop_;
  RouterView& router_;
  Problem problem_;
  ApiOptions options_;
  std::chrono::milliseconds delay_ = kFirstRetry;
  boost::asio::steady_timer timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::uint64_t attempts_ = 0;  ///< the one that counts
  std::future<Opened> attempt_;
  std::unique_ptr<ApiServer> server_;
};

}  // namespace wgospf::daemon
