#include "daemon/routes/kernel_feeds.h"

#include <utility>

namespace wgospf::daemon {

void KernelFeeds::apply(const ospf::RouteChange<V2>& change, bool is_apart) {
  const auto* changed = std::get_if<ospf::PrefixChanged<V2>>(&change.change);
  if (changed == nullptr) {
    common_.apply(change);
    apart_.apply(change);
    return;
  }
  const ospf::RouteChange<V2> gone{change.generation, ospf::PrefixGone<V2>{changed->route.prefix}};
  common_.apply(is_apart ? gone : change);
  apart_.apply(is_apart ? change : gone);
}

void KernelFeeds::links_changed(const std::vector<ospf::LinkId>& links) {
  common_.links_changed(links);
  apart_.links_changed(links);
}

void KernelFeeds::set_usable(ospf::LinkId link, bool usable) {
  host_.rib().set_usable(link.value, usable);
  if (auto* apart = host_.rib_apart()) apart->set_usable(link.value, usable);
}

void KernelFeeds::submit_set(ospf::SetId set) {
  common_.submit_set(set);
  apart_.submit_set(set);
}

void KernelFeeds::open(rib::Gate gate) {
  host_.rib().open(gate);
  if (auto* apart = host_.rib_apart()) apart->open(gate);
}

std::optional<rib::Ticket> KernelFeeds::submit(const Filters& filters, bool is_ticket_wanted) {
  const bool is_due = is_ticket_wanted || common_.has_changes() || apart_.has_changes();
  auto common = common_.take(filters.is_kept_from_common, filters.gates, is_due);
  auto apart = apart_.take(filters.is_kept_from_apart, filters.gates, is_due);
  if (!common || !apart) return std::nullopt;
  const rib::Ticket ticket = common->ticket;
  // What comes to stand apart is there before it leaves the common table, as far as one order can see to it.
  if (host_.rib_apart() != nullptr)
    host_.rib_apart()->submit(std::move(*apart));
  else
    apart_reached_ = ticket;
  host_.rib().submit(std::move(*common));
  return ticket;
}

void KernelFeeds::claim() {
  host_.rib().claim();
  if (auto* apart = host_.rib_apart()) apart->claim();
}

void KernelFeeds::flush_and_stop(rib::OnStop on_stop) {
  host_.rib().flush_and_stop(on_stop);
  if (auto* apart = host_.rib_apart()) apart->flush_and_stop(on_stop);
}

KernelFeeds::Reached KernelFeeds::acknowledged(rib::Ticket ticket, TableOf table) {
  (table == TableOf::apart ? apart_reached_ : common_reached_) = ticket;
  const rib::Ticket reached = std::min(common_reached_, apart_reached_);
  (void)apart_.acknowledged(reached);
  return {reached, common_.acknowledged(reached)};
}

std::map<std::string, std::string> KernelFeeds::failures(std::size_t limit) const {
  auto result = common_.failures(limit);
  for (const auto& [subject, text] : apart_.failures(limit)) {
    if (result.size() == limit) break;
    result.emplace(subject, text);
  }
  return result;
}

rib::Counters KernelFeeds::counters() const {
  rib::Counters sum = host_.rib().counters();
  if (const auto* apart = host_.rib_apart()) sum += apart->counters();
  return sum;
}

}  // namespace wgospf::daemon
