#pragma once
// Telling on the loop: the moment is now, and what was left out is counted when that is due.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/telling/telling.h"

namespace wgospf::daemon {

class Teller {
 public:
  Teller(boost::asio::io_context& loop, LinkNamer link_name) : timer_(loop), telling_(std::move(link_name)) {}
  ~Teller() { *alive_ = false; }
  Teller(const Teller&) = delete;
  Teller& operator=(const Teller&) = delete;

  void publish(RouterEvent event);
  void notice(Severity severity, std::string name, std::string text, std::optional<ospf::LinkId> link = {});
  /// A condition that lasts: told when it begins, changes or ends (an empty text), and listed by warnings()
  /// meanwhile. What stands before the first slash of the key is the notice's name.
  void set_warning(const std::string& key, const std::string& text, std::optional<ospf::LinkId> link = {});
  [[nodiscard]] std::vector<std::string> warnings() const { return telling_.warnings(); }
  /// Empty when nothing lasts under this key.
  [[nodiscard]] std::string warning(const std::string& key) const { return telling_.warning(key); }
  /// Of the routing table: events bear it from now on.
  void set_generation(ospf::Generation generation) { telling_.set_generation(generation); }

  [[nodiscard]] RouterView::Subscription subscribe(RouterView::Listener listener) {
    return telling_.subscribe(std::move(listener));
  }
  void unsubscribe(RouterView::Subscription subscription) { telling_.unsubscribe(subscription); }
  [[nodiscard]] const History& history() const { return telling_.history(); }
  [[nodiscard]] const EventCounts& counts() const { return telling_.counts(); }

 private:
  void count_left_out_later();

  boost::asio::steady_timer timer_;
  bool is_waiting_ = false;  ///< timer_ runs
  Telling telling_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
