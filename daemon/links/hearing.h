#pragma once
// Whether a link hears what comes in on it. Where nothing has come for a while, hellos are looked for before
// the kernel decides on them (wgadapter/hello_probe.h); while they come there and never here, the kernel drops
// them, which it does without a word.
//
// On the loop.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "daemon/kernel_jobs.h"
#include "daemon/links/link_facts.h"
#include "ospf/types.h"
#include "wgadapter/hello_probe.h"

namespace wgospf::daemon {

class Hearing {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A datagram came the usual way.
  void datagram_came() { came_ = true; }
  /// It hears, is made anew, or does not listen: a silence begins at `now`. Closes what is open.
  void reset(KernelJobs& jobs, Time now);
  /// Every few seconds, while the link listens under this index. What of its hellos is dropped, if any.
  [[nodiscard]] std::optional<wg::HelloProbe::Hello> look(KernelJobs& jobs, const std::string& interface,
                                                          std::uint32_t ifindex, std::uint32_t hello_interval,
                                                          Time now);
  [[nodiscard]] bool is_looking() const { return probe_ != nullptr; }

 private:
  bool came_ = false;  ///< since look()
  Time silent_since_{};
  std::uint32_t ifindex_ = 0;  ///< 0: it does not listen
  std::shared_ptr<wg::HelloProbe> probe_{};
  std::uint32_t rounds_ = 0;  ///< looks that found hellos, none having come the usual way
  Time last_{};               ///< of them
  std::optional<wg::HelloProbe::Hello> hello_{};
};

/// What is wrong when this hello comes in and is not heard, with the cure.
[[nodiscard]] std::string deafness_problem(const std::string& interface, const wg::HelloProbe::Hello& hello,
                                           ospf::RouterId own, const Inventory& inventory);

}  // namespace wgospf::daemon
