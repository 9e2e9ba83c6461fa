#pragma once
// Waiting for what happens on other threads, in other processes or in the kernel.

#include <chrono>
#include <thread>

namespace wgospf::test {

/// Polls until `condition` holds; false when it does not within the time.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition,
                              std::chrono::milliseconds within = std::chrono::seconds{10}) {
  const auto deadline = std::chrono::steady_clock::now() + within;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

}  // namespace wgospf::test
