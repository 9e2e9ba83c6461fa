// Where the API listens: the socket's place and permissions, and TCP with TLS.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "api_support.h"
#include "daemon/api/listener.h"
#include "daemon/api/socket_place.h"

namespace wgospf::daemon {
namespace {

using ::testing::HasSubstr;

/// The umask of the process while this lives.
class Umask {
 public:
  explicit Umask(mode_t mask) : former_(::umask(mask)) {}
  ~Umask() { ::umask(former_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t former_;
};

class ApiServerTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<ApiServer>> start(const std::string& listen) {
    ApiOptions options;
    options.listen = listen;
    return ApiServer::start(options, router_);
  }
  std::string error_of(const std::string& listen) {
    const auto started = start(listen);
    return started ? "no error" : started.error().text;
  }
  /// Something bound to `path`; -1 when that failed. Listening only if asked.
  static int bind_at(const std::string& path, bool listening) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_TRUE(!listening || ::listen(fd, 4) == 0);
    return fd;
  }
  static std::size_t entries_in(const std::string& directory) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator()));
  }

  TemporaryDirectory directory_;
  WiredRouter router_;
};

TEST_F(ApiServerTest, HasItsPermissionsWhenStartReturnsWhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{0777}}) {
    const Umask umask(mask);
    const auto path = directory_ / ("run" + std::to_string(mask) + "/wgospfd.sock");
    const auto server = start("unix:" + path);
    ASSERT_TRUE(server) << server.error().text;
    EXPECT_EQ(server.value()->address(), "unix:" + path);
    EXPECT_EQ(mode_of(path), 0660U);
    EXPECT_EQ(mode_of(std::filesystem::path(path).parent_path()), 0750U);
    EXPECT_EQ(entries_in(std::filesystem::path(path).parent_path()), 1U);  // nothing but the socket
  }
}

TEST_F(ApiServerTest, IsNeverAtItsPlaceWithOtherPermissions) {
  const Umask umask(0);
  const auto path = directory_ / "wgospfd.sock";
  std::atomic<bool> done{false};
  std::atomic<std::size_t> seen{0}, wrong{0};
  std::thread watcher([&] {
    while (!done) {
      const mode_t mode = mode_of(path);
      if (mode != 0) ++seen;
      if (mode != 0 && mode != 0660) ++wrong;
    }
  });
  for (int i = 0; i < 20; ++i) {
    const auto server = start("unix:" + path);
    EXPECT_TRUE(server);
  }
  done = true;
  watcher.join();
  EXPECT_GT(seen, 0U);
  EXPECT_EQ(wrong, 0U);
}

TEST_F(ApiServerTest, LeavesThePermissionsOfADirectoryThatWasThere) {
  ASSERT_EQ(::mkdir((directory_ / "run").c_str(), 0755), 0);
  ASSERT_TRUE(start("unix:" + (directory_ / "run/wgospfd.sock")));
  EXPECT_EQ(mode_of(directory_ / "run"), 0755U);
}

TEST_F(ApiServerTest, ReplacesTheSocketOfADeadDaemon) {
  const auto path = directory_ / "wgospfd.sock";
  ::close(bind_at(path, true));
  const auto server = start("unix:" + path);
  ASSERT_TRUE(server) << server.error().text;
  EXPECT_EQ(mode_of(path), 0660U);
}

TEST_F(ApiServerTest, LeavesALivingDaemonItsSocket) {
  const auto path = directory_ / "wgospfd.sock";
  const auto first = start("unix:" + path);
  ASSERT_TRUE(first);
  EXPECT_THAT(error_of("unix:" + path), HasSubstr("another process listens on " + path));
  EXPECT_EQ(mode_of(path), 0660U);
  EXPECT_EQ(entries_in(std::filesystem::path(path).parent_path()), 1U);
}

TEST_F(ApiServerTest, DoesNotReplaceWhatIsNoSocket) {
  const auto path = directory_ / "wgospfd.sock";
  std::ofstream(path) << "precious";
  EXPECT_THAT(error_of("unix:" + path), HasSubstr("is not a socket; remove it"));
  EXPECT_EQ(std::filesystem::file_size(path), 8U);
}

TEST_F(ApiServerTest, RemovesItsSocketWhenItStopsAndNobodyElses) {
  const auto path = directory_ / "wgospfd.sock";
  {
    const auto server = start("unix:" + path);
    ASSERT_TRUE(server);
    server.value()->stop(std::chrono::system_clock::now());
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  int other = -1;
  {
    const auto server = start("unix:" + path);
    ASSERT_TRUE(server);
    ::unlink(path.c_str());
    other = bind_at(path, true);
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  ::close(other);
}

// In: daemons that were killed at each step of their start. Out: the next one leaves its socket alone.
TEST_F(ApiServerTest, ADaemonKilledAtItsStartLeavesNothingForLong) {
  const auto path = directory_ / "run/wgospfd.sock";
  const auto run = directory_ / "run";
  for (const bool bound : {false, true}) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto place = api::SocketPlace::prepare(path);
      if (place && bound) ::close(bind_at(place.value().private_path(), true));
      ::raise(SIGKILL);
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_EQ(entries_in(run), 1U) << "what it left";
    auto living = api::SocketPlace::prepare(path);
    ASSERT_TRUE(living) << living.error().text;
    EXPECT_EQ(entries_in(run), 1U) << "the dead one's is gone, the living one's is there";
    const auto server = start("unix:" + path);
    ASSERT_TRUE(server) << server.error().text;
    EXPECT_EQ(entries_in(run), 2U) << "who starts meanwhile is not disturbed";
  }
  EXPECT_EQ(entries_in(run), 0U);
}

/// A router that has not started yet.
class WaitingRouter final : public RouterView {
 public:
  explicit WaitingRouter(WiredRouter& strand) : strand_(strand) {}
  void post(std::function<void()> closure) override { strand_.post(std::move(closure)); }
  const RouterFacts& facts() const override { return strand_.facts(); }
  std::optional<std::string> waits_for() const override { return "a router id: there is none"; }
  Subscription subscribe(Listener) override { throw std::logic_error("subscribe"); }
  void unsubscribe(Subscription) override { throw std::logic_error("unsubscribe"); }
  const ProtocolView& protocol() const override { throw std::logic_error("protocol"); }
  ospf::Instant now() const override { throw std::logic_error("now"); }
  std::string link_name(ospf::LinkId) const override { throw std::logic_error("link_name"); }
  KernelView kernel() const override { throw std::logic_error("kernel"); }
  std::uint64_t acknowledged_generation() const override { throw std::logic_error("generation"); }
  RouteKernelState kernel_state(const ospf::Route<V2>&) const override { throw std::logic_error("state"); }
  std::vector<std::string> route_findings(const ospf::Route<V2>&,
                                          const std::vector<ospf::NextHop>&) const override {
    throw std::logic_error("findings");
  }
  std::shared_ptr<const std::vector<WireguardView>> wireguard() const override {
    throw std::logic_error("wireguard");
  }
  std::shared_ptr<const wg::OwnAllowedIps> own_allowed_ips() const override {
    throw std::logic_error("own_allowed_ips");
  }
  PeerNotes peer_notes() const override { throw std::logic_error("peer_notes"); }
  Result<ForgottenKey> forget_key(const std::string&) override { throw std::logic_error("forget_key"); }
  BfdView bfd() const override { throw std::logic_error("bfd"); }
  UnderlayView underlay() const override { throw std::logic_error("underlay"); }
  std::vector<std::string> interface_problems(ospf::LinkId) const override { return {}; }
  std::vector<std::string> warnings() const override { return {"waiting for a router id: there is none"}; }

 private:
  WiredRouter& strand_;
};

TEST_F(ApiServerTest, AnswersWhileTheRouterWaitsAndSaysForWhat) {
  const auto path = directory_ / "wgospfd.sock";
  WaitingRouter waiting(router_);
  ApiOptions options;
  options.listen = "unix:" + path;
  const auto server = ApiServer::start(options, waiting);
  ASSERT_TRUE(server) << server.error().text;
  const auto wgospfctl = [&](std::vector<const char*> words) {
    words.insert(words.begin(), "wgospfctl");
    words.insert(words.end(), {"--socket", path.c_str()});
    std::ostringstream out, err;
    const int status = cli::run(static_cast<int>(words.size()), words.data(), {out, err, cli::Colours::off});
    return Outcome{status, out.str(), err.str()};
  };
  const auto status = wgospfctl({"show", "status"});
  EXPECT_EQ(status.status, 0) << status.err;
  EXPECT_THAT(status.out, ::testing::MatchesRegex("wgospfd 0.1.0, router id none yet, up [^\n]*\n"
                                                  "warning +waiting for a router id: there is none\n"));
  for (const auto& words : std::vector<std::vector<const char*>>{{"show", "interfaces"},
                                                                 {"show", "neighbors"},
                                                                 {"show", "peers"},
                                                                 {"show", "database"},
                                                                 {"show", "routes"},
                                                                 {"show", "path", "10.0.0.1"},
                                                                 {"watch"}}) {
    const auto outcome = wgospfctl(words);
    EXPECT_EQ(outcome.status, 7) << words.back();
    EXPECT_EQ(outcome.err,
              "wgospfctl: the router does not run yet: it waits for a router id: there is none\n");
  }
  // Closures that calls posted are still on the strand.
  router_.on_strand([] {});
}

/// An ApiListener whose loop runs here.
class Listening : public ApiServerTest {
 protected:
  /// Runs the loop until `condition` holds.
  bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds{20});
    }
    return condition();
  }
  ApiOptions at(const std::string& listen) {
    ApiOptions options;
    options.listen = listen;
    return options;
  }

  boost::asio::io_context loop_{1};
  std::vector<std::string> problems_;
  ApiListener listener_{loop_, router_, [this](const std::string& problem) { problems_.push_back(problem); }};
};

TEST_F(Listening, WhatCannotBeOpenedIsToldAndTriedAgain) {
  const auto path = directory_ / "later/run/wgospfd.sock";
  EXPECT_FALSE(listener_.open(at("unix:" + path), kPatience));
  ASSERT_EQ(problems_.size(), 1U);
  EXPECT_THAT(problems_[0],
              HasSubstr("the API is not served, which is tried again: api.listen: cannot make"));
  EXPECT_EQ(listener_.address(), "");
  ASSERT_EQ(::mkdir((directory_ / "later").c_str(), 0755), 0);
  EXPECT_TRUE(eventually([&] { return !listener_.address().empty(); }));
  EXPECT_EQ(problems_.back(), "");
  EXPECT_EQ(mode_of(path), 0660U);
  listener_.stop(std::chrono::system_clock::now());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(Listening, ASocketThatWasRemovedOrReplacedIsOpenedAnew) {
  const auto path = directory_ / "run/wgospfd.sock";
  EXPECT_FALSE(listener_.open(at("unix:" + path), kPatience));
  for (const auto& remove : {path, directory_ / "run"}) {
    problems_.clear();
    ASSERT_GT(std::filesystem::remove_all(remove), 0U);
    EXPECT_TRUE(eventually([&] { return std::filesystem::is_socket(path); }));
    EXPECT_TRUE(eventually([&] { return !problems_.empty() && problems_.back().empty(); }));
    EXPECT_EQ(problems_.front(),
              "clients do not reach the API, which is opened anew: its socket was removed or replaced");
    EXPECT_EQ(mode_of(path), 0660U);
  }
  // One that is served is left alone from then on.
  std::filesystem::remove(path);
  const auto other = start("unix:" + path);
  ASSERT_TRUE(other);
  EXPECT_TRUE(eventually(
      [&] { return problems_.back().find("another process listens on " + path) != std::string::npos; }));
  EXPECT_EQ(other.value()->problem(), "");
}

TEST_F(Listening, ASocketThatAnotherDaemonServesIsAnError) {
  const auto path = directory_ / "wgospfd.sock";
  const auto other = start("unix:" + path);
  ASSERT_TRUE(other);
  const auto error = listener_.open(at("unix:" + path), kPatience);
  ASSERT_TRUE(error);
  EXPECT_THAT(error->text, HasSubstr("another process listens on " + path));
}

TEST_F(Listening, IsOpenedElsewhereWhenAskedAgain) {
  const auto first = directory_ / "first.sock", second = directory_ / "second.sock";
  EXPECT_FALSE(listener_.open(at("unix:" + first), kPatience));
  EXPECT_FALSE(listener_.open(at("unix:" + second), kPatience));
  EXPECT_EQ(listener_.address(), "unix:" + second);
  EXPECT_FALSE(std::filesystem::exists(first));
}

TEST_F(ApiServerTest, NamesTheFieldAndTheCureWhenItCannotListen) {
  EXPECT_THAT(error_of("unix:run/wgospfd.sock"),
              HasSubstr("api.listen: \"unix:run/wgospfd.sock\" is not an absolute path"));
  EXPECT_THAT(error_of("unix:/tmp/" + std::string(120, 'x')), HasSubstr("too long for a socket"));
  EXPECT_THAT(error_of("unix:" + (directory_ / "a/b/wgospfd.sock")),
              HasSubstr("make its parent directory first"));
  EXPECT_THAT(error_of("nonsense"), HasSubstr("neither unix:/PATH nor HOST:PORT"));
  EXPECT_THAT(error_of("127.0.0.1:50051"), HasSubstr("needs api.tls with certificate and key"));
}

class ApiOverTcp : public ApiServerTest {
 protected:
  static std::string pem(const std::string& name) {
    return std::string(WGOSPF_SOURCE_DIR) + "/tests/unit/daemon/tls/" + name;
  }
  static ApiOptions options(bool mutual) {
    ApiOptions options;
    options.listen = "127.0.0.1:0";
    options.tls = ApiTls{pem("server.pem"), pem("server.key"), mutual ? pem("ca.pem") : ""};
    return options;
  }
  static Outcome status_at(const std::string& address, std::vector<std::string> more) {
    std::vector<std::string> words{"wgospfctl", "--socket", address, "--ca", pem("ca.pem")};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<const char*> arguments;
    for (const auto& word : words) arguments.push_back(word.c_str());
    std::ostringstream out, err;
    const int status =
        cli::run(static_cast<int>(arguments.size()), arguments.data(), {out, err, cli::Colours::off});
    return {status, out.str(), err.str()};
  }
};

TEST_F(ApiOverTcp, ServesClientsThatTrustItsCertificate) {
  const auto server = ApiServer::start(options(false), router_);
  ASSERT_TRUE(server) << server.error().text;
  const auto outcome = status_at(server.value()->address(), {});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("router id 10.0.32.1"));
}

// In: what changes something, over TLS. Out: refused without a certificate of the client, done with one.
TEST_F(ApiOverTcp, OnlyAClientWithACertificateChangesAnything) {
  router_.on_strand([&] { router_.key_map["op2"] = {wg::Key{}, ospf::RouterId{0x0a002002}}; });
  const auto open = ApiServer::start(options(false), router_);
  ASSERT_TRUE(open) << open.error().text;
  const auto refused = status_at(open.value()->address(), {"forget-key", "op2"});
  EXPECT_EQ(refused.status, 4);
  EXPECT_THAT(refused.err,
              HasSubstr("this changes something: ask over the unix socket, or with a certificate"));
  const auto closed = ApiServer::start(options(true), router_);
  ASSERT_TRUE(closed) << closed.error().text;
  const auto done = status_at(closed.value()->address(),
                              {"--cert", pem("client.pem"), "--key", pem("client.key"), "forget-key", "op2"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("was known as router 10.0.32.2"));
}

TEST_F(ApiOverTcp, WithAClientCaServesOnlyClientsWithACertificate) {
  const auto server = ApiServer::start(options(true), router_);
  ASSERT_TRUE(server) << server.error().text;
  const auto& address = server.value()->address();
  EXPECT_EQ(status_at(address, {}).status, 3);
  const auto outcome = status_at(address, {"--cert", pem("client.pem"), "--key", pem("client.key")});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TEST_F(ApiOverTcp, TellsWhichFileCannotBeRead) {
  auto absent = options(false);
  absent.tls->key = directory_ / "absent.key";
  const auto server = ApiServer::start(absent, router_);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().text, HasSubstr("api.tls.key: cannot read " + absent.tls->key));
  auto wrong = options(false);
  wrong.tls->certificate = pem("README.md");
  EXPECT_THAT(ApiServer::start(wrong, router_).error().text, HasSubstr("is not in PEM form"));
}

TEST_F(ApiOverTcp, RefusesAPortThatIsTaken) {
  const auto first = ApiServer::start(options(false), router_);
  ASSERT_TRUE(first);
  auto second = options(false);
  second.listen = first.value()->address();
  const auto refused = ApiServer::start(second, router_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("cannot listen on " + second.listen));
}

}  // namespace
}  // namespace wgospf::daemon
