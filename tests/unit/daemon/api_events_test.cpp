// `on-event` at a router: which events are handed on, in what form, and what becomes of those that are not.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>

#include "api_support.h"
#include "daemon/events/hooks.h"
#include "tests/support/eventually.h"

namespace wgospf::daemon {
namespace {

using cli::Json;
using ::testing::HasSubstr;

/// An HTTP server that answers each request with a status, and keeps their texts.
class Receiver {
 public:
  explicit Receiver(unsigned status) : status_(status), thread_([this] { run(); }) {}
  ~Receiver() {
    is_stopping_ = true;
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::vector<std::string> texts() {
    const std::scoped_lock lock(mutex_);
    return texts_;
  }

 private:
  using tcp = boost::asio::ip::tcp;
  void run() {
    boost::system::error_code error;
    acceptor_.non_blocking(true);
    while (!is_stopping_) {
      tcp::socket socket(io_);
      (void)acceptor_.accept(socket, error);
      if (error) {
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
        continue;
      }
      boost::asio::streambuf buffer;
      // The body is one line of JSON in braces, which end nothing before it.
      (void)boost::asio::read_until(socket, buffer, "}}", error);
      {
        const std::scoped_lock lock(mutex_);
        texts_.emplace_back(boost::asio::buffers_begin(buffer.data()),
                            boost::asio::buffers_end(buffer.data()));
      }
      const auto answer = fmt::format("HTTP/1.1 {} X\r\nContent-Length: 0\r\n\r\n", status_);
      (void)boost::asio::write(socket, boost::asio::buffer(answer), error);
    }
  }

  const unsigned status_;
  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  std::mutex mutex_;
  std::vector<std::string> texts_;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

class Events : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(router_.wait_for_full()); }
  ~Events() override {
    router_.on_strand([this] { hooks_.reset(); });
    work_.reset();
    loop_.stop();
    thread_.join();
  }
  void configure(std::vector<EventHook> wanted) {
    router_.on_strand([&] {
      if (!hooks_) {
        hooks_ = std::make_unique<events::Hooks>(
            loop_, router_,
            events::Hooks::Telling{[this](const std::string& key, const std::string& text) {
                                     const std::scoped_lock lock(mutex_);
                                     warnings_[key] = text;
                                   },
                                   [this](Severity, std::string text) {
                                     const std::scoped_lock lock(mutex_);
                                     told_ += text + "\n";
                                   }});
        hooks_->attach();
      }
      hooks_->configure(wanted);
    });
  }
  [[nodiscard]] EventHook writes_to_file() const {
    EventHook hook;
    hook.command = {"/bin/sh", "-c", "cat >> \"$0\"", file_};
    return hook;
  }
  [[nodiscard]] std::vector<Json> lines() const {
    std::ifstream in(file_);
    std::vector<Json> result;
    for (std::string line; std::getline(in, line);) result.push_back(Json::parse(line, nullptr, false));
    return result;
  }
  [[nodiscard]] std::string warning() {
    const std::scoped_lock lock(mutex_);
    std::string all;
    for (const auto& [key, text] : warnings_) all += text;
    return all;
  }
  void warn(const std::string& text) {
    router_.publish({Severity::warning, "test", text, WiredRouter::kTunnel});
  }

  TemporaryDirectory directory_;
  std::string file_ = directory_ / "events";
  WiredRouter router_;
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::thread thread_{[this] { loop_.run(); }};
  std::mutex mutex_;
  std::map<std::string, std::string> warnings_;
  std::string told_;
  std::unique_ptr<events::Hooks> hooks_;
};

TEST_F(Events, ACommandGetsEachEventOfItsKindsAsALineOfJsonInTheirOrder) {
  auto hook = writes_to_file();
  hook.kinds = {EventKind::neighbor_state_change, EventKind::interface_state_change};
  configure({hook});
  warn("not of these kinds");
  router_.set_tunnel(false);
  router_.set_tunnel(true);
  ASSERT_TRUE(router_.wait_for_full());
  ASSERT_TRUE(test::eventually(
      [&] {
        const auto now = lines();
        return !now.empty() && now.back()["kind"] == "neighbor_state_change" &&
               now.back()["data"]["to"] == "full";
      },
      kPatience));
  std::set<std::string> kinds;
  std::string interface_states;
  for (const auto& line : lines()) {
    kinds.insert(line["kind"]);
    EXPECT_EQ(line["router_id"], "10.0.32.1");
    EXPECT_EQ(line["hostname"], "op1");
    EXPECT_EQ(line["left_out"], 0);
    EXPECT_THAT(line["cursor"].get<std::string>(), ::testing::StartsWith("00112233445566aa-"));
    if (line["kind"] == "interface_state_change")
      interface_states += line["data"]["reason"].get<std::string>() + ",";
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"interface_state_change", "neighbor_state_change"}));
  EXPECT_EQ(interface_states, "link down,link up,");
}

TEST_F(Events, OfNoticesThoseThatMatterAndNoMoreThanAreAllowedWithTheCountOfTheOthers) {
  auto hook = writes_to_file();
  hook.kinds = {EventKind::notice};
  hook.max_per_minute = 60;  // one a second, after 60
  configure({hook});
  router_.publish({Severity::info, "test", "of no account", std::nullopt});
  for (int i = 0; i < 64; ++i) warn(fmt::format("number {}", i));
  ASSERT_TRUE(test::eventually([&] { return lines().size() >= 60; }, kPatience));
  EXPECT_EQ(lines()[0]["data"]["text"], "number 0");
  EXPECT_EQ(lines()[0]["data"]["severity"], "warning");
  EXPECT_EQ(lines()[59]["data"]["text"], "number 59");
  // The next that is let through has the count of those that were not.
  ASSERT_TRUE(test::eventually(
      [&] {
        warn("later");
        return lines().back()["data"]["text"] == "later";
      },
      kPatience));
  EXPECT_GE(lines().back()["left_out"].get<int>(), 1);
}

TEST_F(Events, ACommandThatFailsIsAWarningWithTheCureUntilItDoesNot) {
  EventHook missing;
  missing.command = {"/nonexistent/hook"};
  configure({missing});
  warn("one");
  ASSERT_TRUE(test::eventually([&] { return !warning().empty(); }, kPatience));
  EXPECT_EQ(
      warning(),
      "on-event: /nonexistent/hook cannot be run, so that nothing is done about events (it cannot run: No "
      "such "
      "file or directory); make it an executable file that begins with #! and its interpreter, or correct "
      "\"command\"");
  EventHook failing;
  failing.command = {"/bin/sh", "-c", "echo why; test -e \"$0\"", file_};
  configure({failing});
  EXPECT_EQ(warning(), "");  // with the entry its warning is gone
  warn("two");
  ASSERT_TRUE(test::eventually([&] { return !warning().empty(); }, kPatience));
  EXPECT_EQ(warning(), "on-event: /bin/sh fails with status 1; what it has printed is in the log");
  std::ofstream(file_) << "there";
  warn("three");
  EXPECT_TRUE(test::eventually([&] { return warning().empty(); }, kPatience));
  const std::scoped_lock lock(mutex_);
  EXPECT_THAT(told_, HasSubstr("on-event: /bin/sh says: why"));
}

TEST_F(Events, AUrlIsPostedTo) {
  Receiver receiver(204);
  EventHook hook;
  hook.kinds = {EventKind::notice};
  hook.url = fmt::format("http://127.0.0.1:{}/hook?x=1", receiver.port());
  configure({hook});
  warn("\x1b[2Jhello");
  ASSERT_TRUE(test::eventually([&] { return !receiver.texts().empty(); }, kPatience));
  const auto text = receiver.texts().front();
  EXPECT_THAT(text, ::testing::StartsWith("POST /hook?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(text, HasSubstr(fmt::format("Host: 127.0.0.1:{}\r\n", receiver.port())));
  EXPECT_THAT(text, HasSubstr("Content-Type: application/json\r\n"));
  const auto json = Json::parse(text.substr(text.find("\r\n\r\n") + 4), nullptr, false);
  EXPECT_THAT(json["data"]["text"].get<std::string>(), HasSubstr("[2Jhello"));
  EXPECT_EQ(json["data"]["text"].get<std::string>().find('\x1b'), std::string::npos);
  EXPECT_EQ(warning(), "");
}

TEST_F(Events, AUrlThatDoesNotTakeThemIsAWarning) {
  Receiver receiver(500);
  EventHook refusing;
  refusing.url = fmt::format("http://127.0.0.1:{}/", receiver.port());
  configure({refusing});
  warn("one");
  ASSERT_TRUE(test::eventually([&] { return !warning().empty(); }, kPatience));
  EXPECT_EQ(warning(),
            fmt::format("on-event: {} does not take events: it answers with status 500; events are lost "
                        "meanwhile",
                        refusing.url));
  EventHook absent;
  absent.url = "http://127.0.0.1:9/";
  configure({absent});
  warn("two");
  ASSERT_TRUE(test::eventually([&] { return !warning().empty(); }, kPatience));
  EXPECT_THAT(warning(), HasSubstr("http://127.0.0.1:9/ cannot be reached (connect: Connection refused)"));
}

TEST_F(Events, AnEndDoesNotWaitForACommandThatHangs) {
  EventHook hook;
  hook.command = {"/bin/sh", "-c", "echo > \"$0\"; sleep 1000", file_};
  hook.time_limit = 300;
  configure({hook});
  warn("one");
  ASSERT_TRUE(test::eventually([&] { return std::filesystem::exists(file_); }, kPatience));
  const auto begin = std::chrono::steady_clock::now();
  router_.on_strand([&] { hooks_->finish(begin + std::chrono::milliseconds{100}); });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{100});
}

}  // namespace
}  // namespace wgospf::daemon
