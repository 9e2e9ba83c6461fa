#pragma once
// The configuration read anew while the router runs: by SIGHUP and by the API, one after the other. Reading may wait for
// a disk or for who knows the groups, so it is done on a thread of its own, and so are the comparison with what is in
// force and the calculation of what would be lost; what is taken over is on the loop.
//
// A reload that waits for its confirmation: the former configuration is written to the state directory first
// (unconfirmed.h), then the new one is taken over. Without confirm() in time the former one is taken over again, and
// stays so at the next start, until the file is another one or a reload takes it over for good.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/kernel_jobs.h"
#include "daemon/router_view.h"
#include "daemon/routes/preview.h"

namespace wgospf::daemon {

class Reloader {
 public:
  struct Hooks {
    std::function<ConfigResult()> load;  ///< on the thread of `jobs`
    std::function<const Config&()> in_force;
    /// Why it could not be taken over; empty when it could.
    std::function<std::vector<std::string>(const Config&)> obstacles;
    /// Why it is not taken over; empty when it is.
    std::function<std::vector<std::string>(const Config&)> take_over;
    /// What preview() needs; false when there is no router yet.
    std::function<bool(const Config&, std::function<void(PreviewFacts)>)> gather;
    std::function<void(Severity, std::string)> tell;
    /// A lasting warning; empty when it is over.
    std::function<void(const std::string&)> warn;
    /// Around each reload: true at its beginning.
    std::function<void(bool)> busy;
    bool has_file = true;  ///< that could be confirmed
  };
  using Done = RouterView::Reloaded;

  /// On the loop of `jobs`, which must end before this.
  Reloader(boost::asio::io_context& loop, KernelJobs& jobs, Hooks hooks)
      : jobs_(jobs), hooks_(std::move(hooks)), timer_(loop) {}

  /// `done` follows once, on the loop.
  void reload(const ReloadOrder& order, Done done);
  /// The configuration that waits is there to stay.
  void confirm(RouterView::Confirmed done);
  /// The router runs with the configuration that was in force before one that was not confirmed.
  void started_with_former();
  /// Nothing is taken over any more.
  void stop();

 private:
  struct Item {
    ReloadOrder order{};
    Done done;
    std::optional<Config> config{};  ///< as read
    ReloadAnswer answer{};
  };
  void begin();
  void load();
  void loaded(ConfigResult result);
  void look_ahead();
  void calculate(PreviewFacts facts);
  void note_former();
  void take();
  void end(Result<ReloadAnswer> answer);
  [[nodiscard]] Error refused(const std::vector<std::string>& reasons, const char* summary);
  void tell_changes(const std::vector<ConfigChange>& changes);
  void wait_for_confirmation(std::chrono::seconds time);
  void bring_back();
  void forget_former();

  KernelJobs& jobs_;
  Hooks hooks_;
  boost::asio::steady_timer timer_;
  std::deque<Item> waiting_;      ///< the first is under way
  std::optional<Config> former_;  ///< while the one in force waits for its confirmation
  bool is_file_refused_ = false;  ///< the file was not confirmed, and is not in force
  bool is_stopped_ = false;
};

}  // namespace wgospf::daemon
