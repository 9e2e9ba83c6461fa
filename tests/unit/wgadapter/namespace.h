#pragma once
// Network namespaces for tests on the real thing. Each has a mount namespace with an empty /run of its own,
// so that control sockets of userspace WireGuard never meet those of the host or of another test. All of it
// ends with the object, on every way out, a crash of the test included.

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/eventually.h"

namespace wgospf::wg::test {

/// Why tests cannot make namespaces here; empty when they can.
[[nodiscard]] std::string namespaces_unavailable();
#define WGOSPF_REQUIRE_NAMESPACES() \
  if (const std::string why = ::wgospf::wg::test::namespaces_unavailable(); !why.empty()) GTEST_SKIP() << why

using wgospf::test::eventually;

/// Waits until the fd is readable; false when it is not within the time.
[[nodiscard]] bool readable(int fd, std::chrono::milliseconds within = std::chrono::seconds(5));

class Namespace {
 public:
  Namespace();
  ~Namespace();
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  /// Runs a function inside and waits for it. Sockets opened there stay in the namespace and may be used
  /// outside.
  void run(const std::function<void()>& body);
  /// A shell command inside; a failure is a failure of the test.
  void sh(const std::string& command);
  /// For `ip link ... netns`: a path that names the network namespace.
  [[nodiscard]] std::string path() const;

  /// Starts wireguard-go and waits for its control socket; false when it does not come.
  [[nodiscard]] bool start_wireguard_go(const std::string& name);
  /// Ends the wireguard-go that was started last.
  void stop_wireguard_go();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* job_ = nullptr;
  bool stop_ = false;
  int fd_ = -1;
  std::vector<pid_t> children_;
  std::thread thread_;
};

}  // namespace wgospf::wg::test
