// The configuration read again through the API, and how many clients are served at a time.
#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "api_support.h"

namespace wgospf::daemon::api_reload_test {
namespace {

using ::testing::HasSubstr;

class ApiReload : public ApiTest {
 protected:
  void answer_with(Result<ReloadAnswer> answer) {
    router_.on_strand([&] { router_.reload_answer = std::move(answer); });
  }
};

TEST_F(ApiReload, SaysWhatHasChanged) {
  using Kind = ConfigChange::Kind;
  answer_with(ReloadAnswer{{{"areas[0.0.0.0].interfaces[wg0].cost", Kind::changed, "10", "20"},
                            {"areas[0.0.0.0].interfaces[wg1]", Kind::removed, "", ""},
                            {"router-id", Kind::added, "", "10.0.0.1"}}});
  const auto outcome = wgospfctl({"reload"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out,
            "areas[0.0.0.0].interfaces[wg0].cost: 10 -> 20\n"
            "areas[0.0.0.0].interfaces[wg1]: removed\n"
            "router-id: 10.0.0.1, added\n"
            "The configuration is taken over.\n");
  const auto json = wgospfctl_json({"reload"});
  EXPECT_EQ(json["changes"][0]["kind"], "changed");
  EXPECT_EQ(json["changes"][0]["after"], "20");
}

TEST_F(ApiReload, OfTheSameConfigurationSaysSo) {
  answer_with(ReloadAnswer{});
  EXPECT_EQ(wgospfctl({"reload"}).out, "The configuration is what it was; nothing has changed.\n");
}

// In: a configuration that is refused for two reasons. Out: exit status 5, and each of them on a line.
TEST_F(ApiReload, ThatIsRefusedFailsWithTheReasons) {
  answer_with(Error{ErrorCode::rejected, "it is not taken over\nf.yaml:1:2: no \x1b\nf.yaml:3:4: nor that"});
  const auto outcome = wgospfctl({"reload"});
  EXPECT_EQ(outcome.status, 5);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "wgospfctl: it is not taken over\nf.yaml:1:2: no \\x1b\nf.yaml:3:4: nor that\n");
}

TEST_F(ApiReload, OfARouterWithoutAConfigurationIsRefused) {
  EXPECT_EQ(wgospfctl({"reload"}).status, 5);
}

class ApiLimits : public ApiTest {
 protected:
  /// A server that takes so many.
  void limit(std::size_t calls, std::size_t watchers) {
    ApiOptions options;
    options.max_calls = calls;
    options.max_watchers = watchers;
    start_server(options);
  }
  /// A Watch stream that has told something.
  struct Watcher {
    explicit Watcher(v1::Routing::Stub& stub) : reader(stub.Watch(&context, {})) {
      is_served = reader->Read(&part);
    }
    ~Watcher() { context.TryCancel(); }
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader;
    v1::WatchResponse part;
    bool is_served = false;
  };
};

TEST_F(ApiLimits, OneWatcherTooManyIsRefusedUntilAnotherHasGone) {
  limit(16, 2);
  const auto client = stub();
  auto first = std::make_unique<Watcher>(*client);
  Watcher second(*client);
  EXPECT_TRUE(first->is_served && second.is_served);
  Watcher third(*client);
  EXPECT_FALSE(third.is_served);
  const auto status = third.reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(status.error_message(), "2 clients watch already, and no more are served");
  first.reset();
  const auto end = std::chrono::steady_clock::now() + kPatience;
  bool is_served = false;
  while (!is_served && std::chrono::steady_clock::now() < end) is_served = Watcher(*client).is_served;
  EXPECT_TRUE(is_served);
}

TEST_F(ApiLimits, ACallTooManyIsRefusedAndCostsTheRouterNothing) {
  limit(1, 2);
  const auto client = stub();
  Watcher watcher(*client);
  ASSERT_TRUE(watcher.is_served);
  grpc::ClientContext context;
  v1::GetStatusResponse response;
  const auto status = client->GetStatus(&context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("1 calls are open"));
}

/// One question over TLS.
grpc::StatusCode ask(const std::string& address, const std::string& authority) {
  std::ifstream file(authority);
  grpc::SslCredentialsOptions options;
  options.pem_root_certs.assign(std::istreambuf_iterator<char>(file), {});
  const auto client = v1::Routing::NewStub(grpc::CreateChannel(address, grpc::SslCredentials(options)));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds{5});
  v1::GetStatusResponse response;
  return client->GetStatus(&context, {}, &response).error_code();
}

// In: the certificate's file is another one than at the start. Out: clients that come are shown the new one.
TEST_F(ApiLimits, ACertificateThatChangesIsReadAgain) {
  const auto copy = [&](const std::string& from, const std::string& to) {
    const auto source = std::string(WGOSPF_SOURCE_DIR) + "/tests/unit/daemon/tls/" + from;
    std::filesystem::copy_file(source, directory_ / (to + ".new"));
    std::filesystem::rename(directory_ / (to + ".new"), directory_ / to);
  };
  copy("stranger.pem", "api.pem");  // for which the authority does not vouch
  copy("stranger.key", "api.key");
  copy("ca.pem", "ca.pem");
  ApiOptions options;
  options.listen = "127.0.0.1:0";
  options.tls = ApiTls{directory_ / "api.pem", directory_ / "api.key", ""};
  const auto server = ApiServer::start(options, router_);
  ASSERT_TRUE(server) << server.error().text;
  EXPECT_NE(ask(server.value()->address(), directory_ / "ca.pem"), grpc::StatusCode::OK);
  copy("server.key", "api.key");
  copy("server.pem", "api.pem");
  const auto end = std::chrono::steady_clock::now() + kPatience;
  auto code = grpc::StatusCode::UNKNOWN;
  while (code != grpc::StatusCode::OK && std::chrono::steady_clock::now() < end)
    code = ask(server.value()->address(), directory_ / "ca.pem");
  EXPECT_EQ(code, grpc::StatusCode::OK);
}

}  // namespace
}  // namespace wgospf::daemon::api_reload_test
