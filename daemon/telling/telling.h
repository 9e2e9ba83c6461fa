#pragma once
// Where everything that is told passes: events of the core, route changes, and the daemon's own notices, on
// their way to the log and to Watch streams; and the warnings that last.
//
// No kind of message may flood (message_limits.h). What a listener keeps its picture by, that is changes of
// neighbors, interfaces, routes and the kernel's generation, reaches it always and is marked as left out;
// everything else that is left out reaches nobody.
//
// Of the router's thread. What is decided by time has it as an argument.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/router_view.h"
#include "daemon/telling/describe.h"
#include "daemon/telling/history.h"
#include "daemon/telling/message_limits.h"

namespace wgospf::daemon {

class Telling {
 public:
  using Instant = MessageLimits::Instant;

  explicit Telling(LinkNamer link_name) : link_name_(std::move(link_name)) {}

  [[nodiscard]] RouterView::Subscription subscribe(RouterView::Listener listener);
  void unsubscribe(RouterView::Subscription subscription);

  /// Of the routing table: events bear it from now on.
  void set_generation(ospf::Generation generation) { generation_ = generation; }
  void publish(RouterEvent event, Instant now);
  /// A condition that lasts: told when it begins, changes or ends (an empty text), and listed meanwhile. The
  /// notice's name is the key up to its slash.
  void set_warning(const std::string& key, const std::string& text, std::optional<ospf::LinkId> link,
                   Instant now);
  [[nodiscard]] std::vector<std::string> warnings() const;
  /// Empty when nothing lasts under this key.
  [[nodiscard]] std::string warning(const std::string& key) const;
  /// Ends without a word what lasts under this key: what it was about is no longer looked at.
  void forget_warning(const std::string& key) { warnings_.erase(key); }

  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] const EventCounts& counts() const { return counts_; }

  /// When count_left_out() has something to tell; nullopt when nothing was left out.
  [[nodiscard]] std::optional<Instant> due() const { return limits_.due(); }
  void count_left_out(Instant now);

 private:
  void pass_on(RouterEvent event);
  void count(const RouterEvent& event);

  LinkNamer link_name_;
  ospf::Generation generation_{};
  MessageLimits limits_;
  History history_;
  EventCounts counts_;
  std::map<std::string, std::string> warnings_;
  std::map<RouterView::Subscription, RouterView::Listener> listeners_;
  std::uint64_t last_subscription_ = 0;
};

}  // namespace wgospf::daemon
