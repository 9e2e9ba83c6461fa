#pragma once
// Events as messages: what Watch streams and `on-event` tell. Off the strand.

#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/api/convert.h"
#include "daemon/router_view.h"
#include "wgospf/v1/watch.pb.h"

namespace wgospf::daemon::api {

/// The topic of an event: exactly one.
[[nodiscard]] v1::WatchTopic topic_of(const RouterEvent& event);
/// On the strand: the names of the links that the event names and that are not in `known`, and those of routers.
[[nodiscard]] NameMap names_in(const RouterView& router, const RouterEvent& event, const NameMap& known);

/// Makes messages of events, in their order: a route's change names a set of next hops that another one gave.
class ItemMaker {
 public:
  using Sets = std::unordered_map<ospf::SetId, std::vector<ospf::NextHop>>;
  /// `run`: of RouterFacts.
  explicit ItemMaker(std::string run) : run_(std::move(run)) {}

  /// As they are before the next event.
  void set_sets(Sets sets) { sets_ = std::move(sets); }
  void make(const RouterEvent& event, const NameMap& names, v1::WatchItem& item);
  /// Behind the event with this number.
  [[nodiscard]] std::string cursor(std::uint64_t number) const;

 private:
  static void fill(const ospf::Event& event, const RouterEvent& whole, const NameMap& names,
                   v1::WatchItem& item);
  void fill(const ospf::RouteChange<V2>& change, const NameMap& names, v1::WatchItem& item);
  static void fill(const Notice& notice, const NameMap& names, v1::WatchItem& item);

  const std::string run_;
  Sets sets_;  ///< as the client knows them
};

}  // namespace wgospf::daemon::api
