// What the userspace back end makes of programs that do not answer as they should: stuck, ended, confused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include "wgadapter/device_backend.h"

namespace wgospf::wg {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class UserspaceSocketTest : public testing::Test {
 protected:
  UserspaceSocketTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "wgadapter.XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = directory_ + "/lo.sock";
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~UserspaceSocketTest() override {
    if (program_.joinable()) program_.join();
    if (listener_ >= 0) ::close(listener_);
    std::filesystem::remove_all(directory_);
  }

  void listen() { ASSERT_EQ(::listen(listener_, 8), 0); }

  /// A program that takes one connection, reads the request to its end, answers, and hangs up.
  void answer_once(std::string answer) {
    listen();
    program_ = std::thread([this, answer = std::move(answer)] {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      std::string request;
      std::array<char, 1000> buffer{};
      while (!request.ends_with("\n\n")) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(got));
      }
      for (std::size_t at = 0; at < answer.size();) {
        const ssize_t sent = ::send(fd, answer.data() + at, answer.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) break;
        at += static_cast<std::size_t>(sent);
      }
      ::close(fd);
    });
  }

  [[nodiscard]] Result<Device> read(std::chrono::milliseconds timeout = 5s) const {
    return open_userspace_backend({timeout, directory_})->read("lo");
  }

  std::string directory_;
  int listener_ = -1;
  std::thread program_;
};

TEST_F(UserspaceSocketTest, WellBehavedProgramIsRead) {
  std::string answer = "listen_port=7\n";
  for (int i = 0; i < 5000; ++i) answer += "public_key=" + SecretKey::generate().public_key().to_hex() + "\n";
  answer_once(answer + "errno=0\n\n");
  const auto device = read();
  ASSERT_TRUE(device) << device.error().text;
  EXPECT_EQ(device->listen_port, 7);
  EXPECT_EQ(device->peers.size(), 5000U);
}

TEST_F(UserspaceSocketTest, StuckProgramCostsNoMoreThanTheDeadline) {
  listen();
  const auto start = std::chrono::steady_clock::now();
  const auto device = read(200ms);
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, ErrorCode::timed_out);
  EXPECT_THAT(device.error().text, HasSubstr("lo: "));
  EXPECT_GE(took, 150ms);
  EXPECT_LT(took, 2s);
}

TEST_F(UserspaceSocketTest, FullBacklogCostsNoMoreThanTheDeadlineEither) {
  ASSERT_EQ(::listen(listener_, 0), 0);
  const auto backend = open_userspace_backend({100ms, directory_});
  for (int i = 0; i < 3; ++i) {  // the first few wait in the queue of the listener, which nobody accepts
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(backend->read("lo").error().code, ErrorCode::timed_out);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  }
}

TEST_F(UserspaceSocketTest, EndedProgramIsToldByItsLeftOverSocket) {
  const auto device = read();  // bound, but nobody listens
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, ErrorCode::not_found);
  EXPECT_THAT(device.error().text, HasSubstr("start it again"));
}

TEST_F(UserspaceSocketTest, NoSocketNamesThePath) {
  const auto device = open_userspace_backend({1s, directory_})->read("wg7");
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, ErrorCode::not_found);
  EXPECT_THAT(device.error().text, HasSubstr(directory_ + "/wg7.sock"));
  EXPECT_EQ(open_userspace_backend({1s, directory_})->read("../wg7").error().code, ErrorCode::invalid);
}

TEST_F(UserspaceSocketTest, HangUpInTheMiddleIsAnError) {
  answer_once("listen_port=7\nerrno=0\n");
  const auto device = read();
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, ErrorCode::malformed);
  EXPECT_THAT(device.error().text, HasSubstr("hung up"));
}

TEST_F(UserspaceSocketTest, NonsenseNamesItsLine) {
  answer_once("listen_port=7\nfwmark=0x10\nerrno=0\n\n");
  const auto device = read();
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, ErrorCode::malformed);
  EXPECT_THAT(device.error().text, HasSubstr("line 2 of the device's answer, \"fwmark=0x10\""));
}

TEST_F(UserspaceSocketTest, SocketWithoutAnInterfaceOfThatNameIsSomeoneElses) {
  std::filesystem::rename(directory_ + "/lo.sock", directory_ + "/nosuch.sock");
  answer_once("errno=0\n\n");
  const auto device = open_userspace_backend({5s, directory_})->read("nosuch");
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, ErrorCode::not_found);
  EXPECT_THAT(device.error().text, HasSubstr("unique"));
}

}  // namespace
}  // namespace wgospf::wg
