#pragma once
// What the kernel refuses, told in a few lines however much it is: a table that is full, or a device that
// went away, makes reports by the hundred thousand, and each line costs the protocol's thread its time. Of
// what comes within one burst the first few are told in words, the others as one number when it is over.
// Pure.

#include <cstddef>
#include <optional>
#include <vector>

#include "daemon/router_view.h"
#include "rib/report.h"

namespace wgospf::daemon {

class Refusals {
 public:
  static constexpr std::size_t kInWords = 5;

  /// nullopt: it is counted.
  [[nodiscard]] std::optional<Notice> failed(const rib::Failed& report);
  [[nodiscard]] std::optional<Notice> recovered(const rib::Recovered& report);
  /// Ends the burst: what was counted.
  [[nodiscard]] std::vector<Notice> take_rest();

 private:
  std::size_t failed_ = 0, recovered_ = 0;
};

}  // namespace wgospf::daemon
