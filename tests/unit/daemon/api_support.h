#pragma once
// A server on a unix socket in a directory of its own, and clients of it.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "api_router.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "daemon/api/server.h"
#include "wgospf/v1/routing_service.grpc.pb.h"

namespace wgospf::daemon {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char pattern[] = "/tmp/wgospf-api-XXXXXX";
    EXPECT_NE(mkdtemp(pattern), nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// The permission bits of a file; 0 when there is none.
inline mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
}

struct Outcome {
  int status = 0;
  std::string out, err;
};

class ApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(router_.wait_for_full());
    start_server();
  }
  /// On the socket; the former one has ended.
  void start_server(ApiOptions options = {}) {
    options.listen = "unix:" + socket_;
    server_.reset();
    auto started = ApiServer::start(options, router_);
    ASSERT_TRUE(started) << started.error().text;
    server_ = std::move(started.value());
  }
  [[nodiscard]] std::unique_ptr<v1::Routing::Stub> stub(grpc::ChannelArguments arguments = {}) const {
    return v1::Routing::NewStub(
        grpc::CreateCustomChannel("unix:" + socket_, grpc::InsecureChannelCredentials(), arguments));
  }
  /// Runs wgospfctl against the server.
  [[nodiscard]] Outcome wgospfctl(std::vector<const char*> arguments) const {
    arguments.insert(arguments.begin(), "wgospfctl");
    arguments.insert(arguments.end(), {"--socket", socket_.c_str()});
    std::ostringstream out, err;
    const int status =
        cli::run(static_cast<int>(arguments.size()), arguments.data(), {out, err, cli::Colours::off});
    return {status, out.str(), err.str()};
  }
  [[nodiscard]] cli::Json wgospfctl_json(std::vector<const char*> arguments) const {
    arguments.push_back("--json");
    const auto outcome = wgospfctl(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return cli::Json::parse(outcome.out, nullptr, false);
  }

  TemporaryDirectory directory_;
  std::string socket_ = directory_ / "run/wgospfd.sock";
  WiredRouter router_;
  std::unique_ptr<ApiServer> server_;
};

}  // namespace wgospf::daemon
