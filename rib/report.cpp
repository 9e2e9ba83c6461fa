#include "rib/report.h"

#include <algorithm>

namespace wgospf::rib {

// The bindings name every member: another one does not compile until it is seen to here.
Counters& Counters::operator+=(const Counters& other) {
  {
    auto& [wanted, routes_, adopted_, groups_, nexthops_, pending_, failing_, missing_, hidden_] =
        static_cast<Sizes&>(*this);
    const auto& [more_wanted, more_routes, more_adopted, more_groups, more_nexthops, more_pending,
                 more_failing, more_missing, more_hidden] = static_cast<const Sizes&>(other);
    wanted += more_wanted;
    routes_ += more_routes;
    adopted_ += more_adopted;
    groups_ += more_groups;
    nexthops_ += more_nexthops;
    pending_ += more_pending;
    failing_ += more_failing;
    missing_ += more_missing;
    hidden_ += more_hidden;
  }
  auto& [messages_, calls, failures_, drift_, overruns_, resyncs_, ticket_, links_, claimed_] =
      static_cast<Work&>(*this);
  const auto& [more_messages, more_calls, more_failures, more_drift, other_overruns, other_resyncs,
               other_ticket, other_links, other_claimed] = static_cast<const Work&>(other);
  messages_ += more_messages;
  calls += more_calls;
  failures_ += more_failures;
  drift_ += more_drift;
  overruns_ = std::max(overruns_, other_overruns);
  resyncs_ = std::max(resyncs_, other_resyncs);
  ticket_ = std::min(ticket_, other_ticket);
  links_ = std::max(links_, other_links);
  claimed_ = claimed_ && other_claimed;
  return *this;
}

}  // namespace wgospf::rib
