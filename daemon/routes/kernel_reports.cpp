#include "daemon/routes/kernel_reports.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "daemon/telling/words.h"

namespace wgospf::daemon {

using Clock = std::chrono::steady_clock;

namespace {
/// Refusals of the kernel that come within this time are told together.
constexpr std::chrono::seconds kBurst{1};
}  // namespace

KernelReports::KernelReports(Host& host, NextHops next_hops)
    : host_(host), next_hops_(std::move(next_hops)), burst_timer_(host.loop()) {}

KernelReports::~KernelReports() {
  *alive_ = false;
}

void KernelReports::tell(const rib::Drift& report) {
  drifts_ += report.count;
  if (auto told = drift_.drift({report.count, named(report.what), report.who}, Clock::now()))
    host_.teller().publish({std::move(*told)});
}

void KernelReports::tell(const rib::Overrun& report) {
  if (auto told = drift_.overrun(report, Clock::now())) host_.teller().publish({std::move(*told)});
}

void KernelReports::tell(const rib::LeftoversRemoved& report) {
  host_.teller().notice(Severity::info, "kernel_leftovers", "removed what a former run left: " + report.what);
}

void KernelReports::tell(const rib::TableReachable& report, std::uint32_t table) {
  host_.teller().set_warning(
      "table_unused",
      report.reachable ? std::string()
                       : fmt::format("no routing rule looks up table {0}: its routes have no effect; add one "
                                     "with \"ip rule add table {0}\"",
                                     table));
}

void KernelReports::tell_rest() {
  const auto now = Clock::now();
  for (auto& rest : drift_.take_rest(now)) host_.teller().publish({std::move(rest)});
  host_.teller().set_warning("kernel_rival", drift_.rival(now));
}

void KernelReports::tell(std::optional<Notice> refusal) {
  if (refusal) {
    refusal->text = named(refusal->text);
    host_.teller().publish({std::move(*refusal)});
  }
  if (is_burst_) return;
  is_burst_ = true;
  burst_timer_.expires_after(kBurst);
  burst_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) tell_other_refusals();
  });
}

void KernelReports::tell_other_refusals() {
  is_burst_ = false;
  for (auto& rest : refusals_.take_rest()) host_.teller().publish({std::move(rest)});
}

std::string KernelReports::named(const std::string& text) const {
  KernelNames names;
  names.interface = [this](std::uint32_t ifindex) {
    const Link* link = host_.links().find(ifindex);
    return link == nullptr ? std::string("an interface that is gone") : link->name;
  };
  names.next_hop_set = [this](std::uint32_t set) {
    std::vector<std::string> members;
    for (const auto& hop : next_hops_(ospf::SetId{set})) {
      const auto name = host_.link_name(hop.link);
      members.push_back(hop.gateway ? fmt::format("{} via {}", name, to_string(*hop.gateway)) : name);
    }
    return members.empty() ? std::string("next hops that are gone") : "next hops " + join_few(members);
  };
  return with_names(text, names);
}

std::map<std::string, std::string> KernelReports::named(
    const std::map<std::string, std::string>& failures) const {
  std::map<std::string, std::string> result;
  for (const auto& [subject, text] : failures) result[named(subject)] = named(text);
  return result;
}

}  // namespace wgospf::daemon
