#pragma once
// What UnderlayCure wants, written by the kernel's thread. On the loop.

#include <functional>
#include <optional>
#include <string>

#include "daemon/host.h"
#include "daemon/routes/underlay_cure.h"
#include "rib/table_lock.h"

namespace wgospf::daemon {

class CureWriter {
 public:
  /// `host` must outlive it.
  explicit CureWriter(Host& host) : host_(host) {}

  [[nodiscard]] UnderlayCure& cure() { return cure_; }
  [[nodiscard]] const UnderlayCure& cure() const { return cure_; }
  /// Where daemons have their locks: of rules that are left while our table is not main.
  void set_lock_directory(const std::string& directory) { lock_directory_ = directory; }
  /// Whatever is to be written now.
  void write(const UnderlayCure::UnderlayPtr& underlay);
  void take(const rib::RulesStand& report) { cure_.rules_stand(report.ticket, report.error); }
  /// Everything is taken back; `done` is called once, when it is. Call write() when reports have come meanwhile.
  void give_back(std::function<void()> done);

 private:
  [[nodiscard]] bool may_clear();

  Host& host_;
  UnderlayCure cure_;
  std::function<void()> done_;
  std::string lock_directory_;
  std::optional<rib::IdsLock> lock_;  ///< while what a former run left is removed
  bool is_left_alone_ = false;  ///< our table is not main, and what there is, is gone or another daemon's
};

}  // namespace wgospf::daemon
