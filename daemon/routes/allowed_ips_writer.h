#pragma once
// What AllowedIpsPlan wants, written: first noted in the file of the state directory as ours, then given to
// the devices. On the loop; the file is written on the jobs' thread, devices on theirs.

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/host.h"
#include "daemon/routes/allowed_ips_plan.h"

namespace wgospf::daemon {

class AllowedIpsWriter {
 public:
  /// Both must outlive it. `turn_end` is called after what it does by itself.
  AllowedIpsWriter(Host& host, AllowedIpsPlan& plan, std::function<void()> turn_end);
  ~AllowedIpsWriter();
  AllowedIpsWriter(const AllowedIpsWriter&) = delete;
  AllowedIpsWriter& operator=(const AllowedIpsWriter&) = delete;

  /// Reads what a former run noted. Once, before anything else.
  void start(const std::string& state_directory);
  /// Whatever is to be written now, if nothing is: at the end of a turn.
  void write();
  void take(const wg::Applied& applied);
  /// What is ours, as it was noted last; never null. May be read anywhere.
  [[nodiscard]] std::shared_ptr<const wg::OwnAllowedIps> own() const { return own_; }
  /// Calls once, when nothing is being written and nothing is left to write. No failure is waited for.
  void when_done(std::function<void()> done);

 private:
  using Deltas = std::vector<std::pair<std::string, wg::DeviceDelta>>;
  /// What was noted, on the jobs' thread while that runs.
  struct Noting {
    wg::OwnBook book{};
    std::vector<std::pair<std::string, std::uint32_t>> devices{};
    std::vector<wg::OwnChanges> changes{};  ///< of devices[i]
    std::shared_ptr<const wg::OwnAllowedIps> own{};
    Result<void> result{};
  };

  [[nodiscard]] Deltas collect();
  [[nodiscard]] bool is_note_due() const;
  void note_and_submit(Deltas deltas);
  void on_noted(Deltas deltas);
  void submit(Deltas deltas);
  void failed(const std::string& device);
  void rest();
  void tell_failure(const std::string& device, const std::string& why);
  void tell(const std::string& name, wg::ManagedIps& device);
  void tell_news(wg::ManagedIps& device);
  void check_done();

  Host& host_;
  AllowedIpsPlan& plan_;
  std::function<void()> turn_end_;
  std::string file_;
  std::shared_ptr<Noting> noting_ = std::make_shared<Noting>();
  std::shared_ptr<const wg::OwnAllowedIps> own_ = std::make_shared<wg::OwnAllowedIps>();
  bool is_noting_ = false;
  bool is_note_stale_ = false;  ///< it could not be written
  std::uint64_t last_ticket_ = 0;
  std::map<std::uint64_t, std::string> under_way_;  ///< ticket, device
  std::set<std::string> failed_;                    ///< devices, until the rest is over
  std::set<std::string> refused_;                   ///< devices whose last difference failed
  bool is_resting_ = false;                         ///< rest_timer_ runs
  boost::asio::steady_timer rest_timer_;
  std::function<void()> done_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
