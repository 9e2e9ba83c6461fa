#pragma once
// A whole router whose loop runs on a thread of its own in a network namespace.

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "daemon/router.h"
#include "tests/unit/wgadapter/namespace.h"

namespace wgospf::daemon {

using wg::test::Namespace;

inline constexpr std::chrono::seconds kPatience{60};

inline Config config_of(const std::string& text) {
  auto result = parse_config(text, "test");
  if (const auto* errors = std::get_if<1>(&result)) ADD_FAILURE() << errors->front().to_string();
  return std::get<0>(std::move(result));
}

/// A router whose loop runs on a thread in the namespace.
class RunningRouter {
 public:
  RunningRouter(Namespace& space, const std::string& config, const char* id) {
    std::promise<void> started;
    auto ready = started.get_future();
    // Made by the namespace's own thread, so that it inherits the namespace and leaves that thread free.
    space.run([&] {
      thread_ = std::thread([this, &started, config, id] {
        auto monitor = LinkMonitor::open();
        ASSERT_TRUE(monitor) << monitor.error().text;
        router_ = std::make_unique<Router>(loop_, std::move(monitor).value(),
                                           RouterOptions{config_of(config), *ospf::RouterId::parse(id)});
        const auto error = router_->start();
        ASSERT_FALSE(error) << error->text;
        started.set_value();
        loop_.run();
      });
    });
    if (ready.wait_for(kPatience) != std::future_status::ready) std::abort();
  }
  ~RunningRouter() {
    router_->post([this] {
      router_->shutdown(rib::OnStop::remove_routes, [this](bool in_order) {
        EXPECT_TRUE(in_order);
        loop_.stop();
      });
    });
    thread_.join();
  }

  Router& operator*() { return *router_; }
  Router* operator->() { return router_.get(); }

  /// `read` on the strand, its answer here.
  template <class Read>
  auto ask(Read read) {
    auto promise = std::make_shared<std::promise<decltype(read())>>();
    auto answer = promise->get_future();
    router_->post([promise, read] { promise->set_value(read()); });
    return answer.get();
  }
  bool has_route(const char* prefix) {
    const auto table = ask([this] { return router_->protocol().routes(); });
    return table->find(*Ipv4Prefix::parse(prefix)) != nullptr;
  }

 private:
  boost::asio::io_context loop_{1};
  std::unique_ptr<Router> router_;
  std::thread thread_;
};

}  // namespace wgospf::daemon
