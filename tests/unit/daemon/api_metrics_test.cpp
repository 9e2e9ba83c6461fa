// Who scrapes, and what that costs the strand.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>
#include <string_view>
#include <thread>

#include "api_router.h"
#include "daemon/metrics/facts.h"
#include "daemon/metrics/server.h"
#include "tests/support/eventually.h"

namespace wgospf::daemon::api_metrics_test {
namespace {

using test::eventually;
using ::testing::HasSubstr;

/// Counts the closures that it is given.
class CountedRouter final : public WiredRouter {
 public:
  void post(std::function<void()> closure) override {
    ++posts;
    WiredRouter::post(std::move(closure));
  }
  std::atomic<unsigned> posts = 0;
};

/// The whole answer to a GET; "" when there is none.
std::string scrape(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  constexpr std::string_view kRequest = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
      ::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(kRequest.size())) {
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = ::recv(fd, part.data(), part.size(), 0)) > 0;)
      answer.append(part.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  return answer;
}

class MetricsServer : public ::testing::Test {
 protected:
  void SetUp() override {
    auto started = metrics::Server::start("127.0.0.1:0", router_);
    ASSERT_TRUE(started) << started.error().text;
    server_ = std::move(started).value();
    router_.posts = 0;
  }
  CountedRouter router_;
  std::unique_ptr<metrics::Server> server_;
};

// In: ten clients that scrape without a pause. Out: each answer is whole, and the strand is asked twice a second at most.
TEST_F(MetricsServer, ScrapesWithoutPauseDoNotKeepTheStrandBusy) {
  constexpr unsigned kClients = 10, kScrapes = 50;
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<unsigned> answers = 0;
  std::vector<std::thread> clients;
  for (unsigned i = 0; i < kClients; ++i)
    clients.emplace_back([&] {
      for (unsigned n = 0; n < kScrapes; ++n)
        if (scrape(server_->port()).find("wgospf_router_info") != std::string::npos) ++answers;
    });
  for (auto& client : clients) client.join();
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(answers, kClients * kScrapes);
  EXPECT_GE(router_.posts, 1U);
  EXPECT_LE(router_.posts, 1 + took / std::chrono::milliseconds{500});
}

// What is served is as it is now, half a second later at most.
TEST_F(MetricsServer, WhatHasChangedIsServedSoon) {
  EXPECT_THAT(scrape(server_->port()), HasSubstr("wgospf_warnings 0\n"));
  router_.on_strand([&] { router_.warning_list = {"something"}; });
  EXPECT_TRUE(
      eventually([&] { return scrape(server_->port()).find("wgospf_warnings 1\n") != std::string::npos; }));
}

// In: three routes, then 100,000 more. Out: what a scrape has the strand do is the same, some microseconds of work. It is
// allowed eight times as much, far below 5 ms; the least of a few counts, since what else runs only adds time.
TEST_F(MetricsServer, AScrapeHoldsTheStrandUpNoLongerUnderAHundredThousandRoutes) {
  constexpr std::uint32_t kRoutes = 100'000;
  const auto least = [this] {
    auto time = std::chrono::nanoseconds::max();
    for (int run = 0; run < 10; ++run) {
      (void)router_.take_closure_times();
      (void)router_.on_strand([this] { return metrics::gather(router_).neighbors.size(); });
      time = std::min(time, router_.take_closure_times().longest);
    }
    return time;
  };
  ASSERT_TRUE(router_.wait_for_full());
  const auto before = least();
  router_.advertise(kRoutes, 20);
  ASSERT_TRUE(router_.eventually([this] { return router_.instance().routes()->routes.size() > kRoutes; }));
  const auto after = least();
  RecordProperty("microseconds", std::to_string(after.count() / 1000));
  EXPECT_LT(after, 8 * before);
}

// In: clients that hang up before the router has answered, and the end of the server meanwhile.
TEST_F(MetricsServer, WhoHasGoneIsNotAnswered) {
  std::promise<void> gate;
  router_.post([held = gate.get_future().share()] { held.wait(); });
  std::thread waiting([port = server_->port()] { EXPECT_EQ(scrape(port), ""); });
  EXPECT_TRUE(eventually([&] { return router_.posts >= 2; }));
  server_.reset();
  waiting.join();
  gate.set_value();
  EXPECT_EQ(router_.on_strand([] { return 1; }), 1);
}

}  // namespace
}  // namespace wgospf::daemon::api_metrics_test
