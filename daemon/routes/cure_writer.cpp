#include "daemon/routes/cure_writer.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "rib/operation.h"

namespace wgospf::daemon {

void CureWriter::write(const UnderlayCure::UnderlayPtr& underlay) {
  if (host_.rib_apart() == nullptr) {
    if (done_) return std::exchange(done_, nullptr)();
    if (!may_clear()) return;
  }
  if (auto rules = cure_.take_rules(host_.links().inventory(), *underlay))
    host_.kernel().set_rules(std::move(*rules));
  const auto& problem = cure_.problem();
  host_.teller().set_warning(
      "underlay_cure",
      problem.empty()
          ? problem
          : fmt::format("routes that would carry tunnels' own packets cannot be kept from them: {}",
                        problem));
  if (done_ && cure_.is_gone()) std::exchange(done_, nullptr)();
}

// Rules are those of the daemon whose table is main. Another one takes away what such a daemon left, once, if
// none runs.
bool CureWriter::may_clear() {
  if (is_left_alone_ || !cure_.is_claimed()) return false;
  if (lock_ && cure_.is_gone() && cure_.rules_were_wanted()) {
    lock_.reset();
    is_left_alone_ = true;
    return false;
  }
  if (!lock_)
    lock_ = rib::IdsLock::try_acquire(rib::default_id_range(rib::kApartTable).first, lock_directory_);
  is_left_alone_ = !lock_;
  return !is_left_alone_;
}

void CureWriter::give_back(std::function<void()> done) {
  done_ = std::move(done);
  cure_.give_back();
}

}  // namespace wgospf::daemon
