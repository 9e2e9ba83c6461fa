#pragma once
// What other programs do to our objects in the kernel, and readings after a loss, told in a few lines however
// often it happens: the first at once, what follows within a minute as one number. Who goes on for more than
// a minute is a rival, and named as a lasting warning. Pure.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "daemon/router_view.h"
#include "rib/report.h"

namespace wgospf::daemon {

class KernelTelling {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kPeriod{60};

  /// nullopt: it is counted.
  [[nodiscard]] std::optional<Notice> drift(const rib::Drift& report, Time now);
  [[nodiscard]] std::optional<Notice> overrun(const rib::Overrun& report, Time now);
  /// What was counted in a minute that is over.
  [[nodiscard]] std::vector<Notice> take_rest(Time now);
  /// The lasting warning; empty when nobody fights us. The text stays the same while it lasts.
  [[nodiscard]] const std::string& rival(Time now);

 private:
  struct Kind {
    std::optional<Time> told{};
    std::size_t untold = 0;
    [[nodiscard]] bool is_new(Time now) const { return !told || now - *told >= kPeriod; }
  };
  Kind drifts_, overruns_;
  std::optional<Time> fight_began_, last_drift_;
  std::string rival_;
};

}  // namespace wgospf::daemon
