#pragma once
// What the kernel's thread says of routes, on its way to people: refusals in few lines, what others undo, with
// names for the kernel's numbers.

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "daemon/host.h"
#include "daemon/router_view.h"
#include "daemon/routes/kernel_telling.h"
#include "daemon/routes/refusals.h"
#include "rib/report.h"

namespace wgospf::daemon {

class KernelReports {
 public:
  /// `next_hops`: the members of a set of ours; none of one that is gone.
  using NextHops = std::function<std::vector<ospf::NextHop>(ospf::SetId)>;
  KernelReports(Host& host, NextHops next_hops);
  ~KernelReports();
  KernelReports(const KernelReports&) = delete;
  KernelReports& operator=(const KernelReports&) = delete;

  void tell(const rib::Failed& report) { tell(refusals_.failed(report)); }
  void tell(const rib::Recovered& report) { tell(refusals_.recovered(report)); }
  void tell(const rib::Drift& report);
  void tell(const rib::Overrun& report);
  void tell(const rib::LeftoversRemoved& report);
  void tell(const rib::TableReachable& report, std::uint32_t table);
  /// What is told by time: every few seconds.
  void tell_rest();
  /// What was only counted.
  void tell_other_refusals();

  /// What rib says, with names for the kernel's numbers.
  [[nodiscard]] std::string named(const std::string& text) const;
  /// The same of failures, as RibFeed::failures gives them.
  [[nodiscard]] std::map<std::string, std::string> named(
      const std::map<std::string, std::string>& failures) const;
  /// Objects of ours that others changed.
  [[nodiscard]] std::uint64_t drifts() const { return drifts_; }

 private:
  void tell(std::optional<Notice> refusal);

  Host& host_;
  NextHops next_hops_;
  Refusals refusals_;
  KernelTelling drift_;
  std::uint64_t drifts_ = 0;
  boost::asio::steady_timer burst_timer_;
  bool is_burst_ = false;  ///< burst_timer_ runs
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
