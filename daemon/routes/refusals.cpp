#include "daemon/routes/refusals.h"

#include <fmt/format.h>

#include <utility>

namespace wgospf::daemon {

std::optional<Notice> Refusals::failed(const rib::Failed& report) {
  if (++failed_ > kInWords) return std::nullopt;
  return Notice{Severity::error, "kernel_refused",
                fmt::format("the kernel refused {}: {}", rib::to_string(report.subject), report.text)};
}

std::optional<Notice> Refusals::recovered(const rib::Recovered& report) {
  if (++recovered_ > kInWords) return std::nullopt;
  return Notice{Severity::info, "kernel_recovered",
                fmt::format("the kernel has taken {} now, or it is not wanted any more",
                            rib::to_string(report.subject))};
}

std::vector<Notice> Refusals::take_rest() {
  std::vector<Notice> rest;
  if (const auto count = std::exchange(failed_, 0); count > kInWords) {
    rest.push_back(
        {Severity::error, "kernel_refused",
         fmt::format("and {} more that the kernel refused; \"wgospfctl show status\" names the first "
                     "{} of what it refuses now",
                     count - kInWords, kFailuresTold)});
  }
  if (const auto count = std::exchange(recovered_, 0); count > kInWords) {
    rest.push_back({Severity::info, "kernel_recovered",
                    fmt::format("and {} more that the kernel has taken now, or that are not wanted any more",
                                count - kInWords)});
  }
  return rest;
}

}  // namespace wgospf::daemon
