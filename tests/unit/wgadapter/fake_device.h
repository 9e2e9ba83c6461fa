#pragma once
// A userspace WireGuard device as its control socket shows it: a tun device and a program that answers what
// the test wants.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "namespace.h"

namespace wgospf::wg::test {

class FakeDevice {
 public:
  /// Answers every question with an error until it is told what to say.
  FakeDevice(Namespace& space, const std::string& name) {
    space.sh("ip tuntap add " + name + " mode tun && mkdir -p /var/run/wireguard");
    space.run([&] {
      listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      const std::string path = "/var/run/wireguard/" + name + ".sock";
      std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
      EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
      EXPECT_EQ(::listen(listener_, 8), 0);
    });
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeDevice() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  FakeDevice(const FakeDevice&) = delete;
  FakeDevice& operator=(const FakeDevice&) = delete;

  /// Lines of an answer to get=1.
  void says(std::string lines) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(lines) + "errno=0\n\n";
  }
  /// What it says once something has been set; the error that it answers to the setting, 0 for none.
  void says_after_a_change(std::string lines, int error = 0) {
    const std::lock_guard lock(mutex_);
    changed_ = std::move(lines) + "errno=0\n\n";
    error_ = error;
  }
  void takes(std::chrono::milliseconds time) { delay_ms_ = static_cast<int>(time.count()); }
  [[nodiscard]] int readings() const { return readings_; }
  [[nodiscard]] int changes() const { return changes_; }

 private:
  void serve() {
    for (int fd = 0; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(fd)) {
      std::string request;
      std::array<char, 1000> buffer{};
      while (!request.ends_with("\n\n")) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(got));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{delay_ms_});
      const std::string answer = answer_to(request);
      (void)::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }
  std::string answer_to(const std::string& request) {
    const std::lock_guard lock(mutex_);
    if (request.starts_with("get=1")) {
      ++readings_;
      return answer_;
    }
    ++changes_;
    if (error_ != 0) return "errno=" + std::to_string(error_) + "\n\n";
    answer_ = changed_;
    return "errno=0\n\n";
  }

  int listener_ = -1;
  std::mutex mutex_;
  std::string answer_ = "errno=5\n\n";
  std::string changed_;
  int error_ = 0;
  std::atomic<int> delay_ms_ = 0, readings_ = 0, changes_ = 0;
  std::thread thread_;
};

}  // namespace wgospf::wg::test
