#include "daemon/links/link_watch.h"

#include <utility>

#include "wgadapter/device_backend.h"

namespace wgospf::daemon {

namespace {
/// Readings of everything are so far apart.
constexpr std::chrono::seconds kBetweenReadings{1};
}  // namespace

LinkWatch::LinkWatch(boost::asio::io_context& loop, KernelJobs& jobs, wg::LinkMonitor monitor)
    : jobs_(jobs), monitor_(std::move(monitor)), descriptor_(loop, monitor_.fd()), timer_(loop) {}

LinkWatch::~LinkWatch() {
  stop();
  descriptor_.release();  // the monitor closes it
}

void LinkWatch::start(Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  wait();
}

void LinkWatch::stop() {
  *alive_ = false;
}

std::string LinkWatch::system_name(const std::string& name) const {
  const wg::Link* link = find(name);
  return link == nullptr ? name : link->name;
}

bool LinkWatch::is_wireguard(const std::string& name) const {
  const wg::Link* link = find(name);
  return link != nullptr && wg::looks_like_wireguard(link->name, link->kind);
}

void LinkWatch::wait() {
  if (is_waiting_) return;
  is_waiting_ = true;
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this, alive = alive_](const boost::system::error_code& error) {
                           if (error || !*alive) return;
                           is_waiting_ = false;
                           take_events();
                           callbacks_.turn_end();
                         });
}

void LinkWatch::take_events() {
  const auto events = monitor_.take_notifications();
  if (!events) callbacks_.trouble(events.error().text);
  if (events && !events->empty()) callbacks_.changed(*events);
  if (monitor_.is_stale())
    read_anew();
  else
    wait();
}

// After a loss: one reading at a time, and not more than one a second, however much goes on.
void LinkWatch::read_anew() {
  if (is_reading_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - read_at_ < kBetweenReadings) return read_anew_later();
  is_reading_ = true;
  read_at_ = now;
  auto reading = std::make_shared<wg::LinkReading>(monitor_.start_reading());
  jobs_.run([reading] { reading->run(); },
            [this, reading, alive = alive_] {
              if (!*alive) return;
              is_reading_ = false;
              const auto events = monitor_.take(std::move(*reading));
              callbacks_.trouble(events ? std::string() : events.error().text);
              if (events && !events->empty()) callbacks_.changed(*events);
              take_events();
              callbacks_.turn_end();
            });
}

void LinkWatch::read_anew_later() {
  if (is_retrying_) return;
  is_retrying_ = true;
  timer_.expires_after(kBetweenReadings);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    is_retrying_ = false;
    take_events();
    callbacks_.turn_end();
  });
}

}  // namespace wgospf::daemon
