#include "daemon/routes/kernel_telling.h"

#include <fmt/format.h>

#include <utility>

namespace wgospf::daemon {

namespace {
std::string by(const std::string& who) {
  return who.empty() ? std::string("another program") : who;
}
}  // namespace

std::optional<Notice> KernelTelling::drift(const rib::Drift& report, Time now) {
  if (!last_drift_ || now - *last_drift_ >= kPeriod) fight_began_ = now;
  last_drift_ = now;
  if (rival_.empty() && now - *fight_began_ >= kPeriod) {
    rival_ = fmt::format(
        "{} keeps removing or changing routes of ours in the kernel ({}): they are put back, each once a "
        "second "
        "at most; have it leave routes of protocol 89 alone",
        by(report.who), report.what);
  }
  if (!drifts_.is_new(now)) {
    drifts_.untold += report.count;
    return std::nullopt;
  }
  drifts_.told = now;
  const std::string others = report.count > 1 ? fmt::format(" and {} more", report.count - 1) : std::string();
  return Notice{Severity::warning, "kernel_drift",
                fmt::format("{} changed what is ours in the kernel: {}{}; it is put back", by(report.who),
                            report.what, others)};
}

std::optional<Notice> KernelTelling::overrun(const rib::Overrun& report, Time now) {
  if (!overruns_.is_new(now)) {
    ++overruns_.untold;
    return std::nullopt;
  }
  overruns_.told = now;
  return Notice{Severity::info, "kernel_overrun", report.what};
}

std::vector<Notice> KernelTelling::take_rest(Time now) {
  std::vector<Notice> rest;
  if (drifts_.untold != 0 && drifts_.is_new(now)) {
    drifts_.told = now;
    rest.push_back(
        {Severity::warning, "kernel_drift",
         fmt::format("other programs changed {} more objects of ours in the kernel in the last minute",
                     std::exchange(drifts_.untold, 0))});
  }
  if (overruns_.untold != 0 && overruns_.is_new(now)) {
    overruns_.told = now;
    rest.push_back({Severity::info, "kernel_overrun",
                    fmt::format("and {} more readings of the kernel's state after losses in the last minute",
                                std::exchange(overruns_.untold, 0))});
  }
  return rest;
}

const std::string& KernelTelling::rival(Time now) {
  if (last_drift_ && now - *last_drift_ >= kPeriod) rival_.clear();
  return rival_;
}

}  // namespace wgospf::daemon
