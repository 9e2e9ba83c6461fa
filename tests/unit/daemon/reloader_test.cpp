// A reload at work: what is on the loop and what is not, and what its changes are changes from.

#include "daemon/reloader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <ctime>

namespace wgospf::daemon::reloader_test {
namespace {

using ::testing::ElementsAre;

Config config_of(std::size_t interfaces, std::uint16_t cost) {
  Config config;
  AreaSettings area;
  for (std::size_t i = 0; i < interfaces; ++i) {
    InterfaceSettings interface;
    interface.name = fmt::format("wg{}", i);
    interface.cost = cost;
    area.interfaces.push_back(interface);
  }
  config.areas = {area};
  return config;
}

std::chrono::nanoseconds processor_time(clockid_t clock) {
  timespec time{};
  (void)::clock_gettime(clock, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

class ReloaderTest : public ::testing::Test {
 protected:
  Reloader::Hooks hooks() {
    Reloader::Hooks hooks;
    hooks.load = [this]() -> ConfigResult {
      ++loads_;
      return file_;
    };
    hooks.in_force = [this]() -> const Config& { return in_force_; };
    hooks.obstacles = [](const Config&) { return std::vector<std::string>{}; };
    hooks.take_over = [this](const Config& config) {
      in_force_ = config;
      return std::vector<std::string>{};
    };
    hooks.gather = [](const Config&, auto) { return false; };
    hooks.tell = [](Severity, const std::string&) {};
    hooks.warn = [](const std::string&) {};
    hooks.busy = [](bool) {};
    return hooks;
  }
  /// Until it has ended.
  ReloadAnswer reload() {
    std::optional<Result<ReloadAnswer>> answer;
    reloader_.reload({}, [&](Result<ReloadAnswer> result) {
      answer = std::move(result);
      loop_.stop();
    });
    const auto guard = boost::asio::make_work_guard(loop_);
    loop_.restart();
    loop_.run_for(std::chrono::seconds{120});
    EXPECT_TRUE(answer && *answer);
    return answer && *answer ? **answer : ReloadAnswer{};
  }

  boost::asio::io_context loop_;
  Config in_force_, file_;
  std::atomic<unsigned> loads_ = 0;
  KernelJobs jobs_{loop_};
  Reloader reloader_{loop_, jobs_, hooks()};
};

// In: 2,000 interfaces, each with another cost. Out: what has changed, and the loop has had a small part of the work.
TEST_F(ReloaderTest, TheLoopDoesNotCompareConfigurations) {
  in_force_ = config_of(2'000, 10);
  file_ = config_of(2'000, 20);
  const auto all = processor_time(CLOCK_PROCESS_CPUTIME_ID), own = processor_time(CLOCK_THREAD_CPUTIME_ID);
  const auto answer = reload();
  const auto of_loop = processor_time(CLOCK_THREAD_CPUTIME_ID) - own;
  const auto of_all = processor_time(CLOCK_PROCESS_CPUTIME_ID) - all;
  EXPECT_EQ(answer.changes.size(), 2'000U);
  EXPECT_LT(of_loop, of_all / 4) << "the loop's part of the processor time";
  EXPECT_EQ(in_force_, file_);
}

// In: another configuration comes into force while the file is read (--auto chooses again). Out: changes from that one.
TEST_F(ReloaderTest, ChangesAreFromWhatIsInForceInTheEnd) {
  in_force_ = config_of(1, 10);
  file_ = config_of(1, 30);
  boost::asio::post(loop_, [this] { in_force_ = config_of(1, 20); });
  const auto answer = reload();
  std::vector<std::string> texts;
  for (const auto& change : answer.changes) texts.push_back(to_string(change));
  EXPECT_THAT(texts, ElementsAre("areas[0.0.0.0].interfaces[wg0].cost: 20 -> 30"));
  EXPECT_EQ(loads_, 2U) << "the file may be another one by now, too";
}

}  // namespace
}  // namespace wgospf::daemon::reloader_test
