#include "daemon/telling/teller.h"

#include <chrono>
#include <utility>

namespace wgospf::daemon {

using Clock = std::chrono::steady_clock;

void Teller::publish(RouterEvent event) {
  telling_.publish(std::move(event), Clock::now());
  count_left_out_later();
}

void Teller::notice(Severity severity, std::string name, std::string text, std::optional<ospf::LinkId> link) {
  publish({Notice{severity, std::move(name), std::move(text), link}});
}

void Teller::set_warning(const std::string& key, const std::string& text, std::optional<ospf::LinkId> link) {
  telling_.set_warning(key, text, link, Clock::now());
  count_left_out_later();
}

void Teller::count_left_out_later() {
  if (is_waiting_) return;
  const auto due = telling_.due();
  if (!due) return;
  is_waiting_ = true;
  timer_.expires_at(*due);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    is_waiting_ = false;
    telling_.count_left_out(Clock::now());
    count_left_out_later();
  });
}

}  // namespace wgospf::daemon
