// One line for each item of a Watch stream: a time for changes, "snapshot" for what was there before.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "cli/json.h"
#include "cli/render.h"

namespace wgospf::cli {
namespace {

std::string hops_text(const google::protobuf::RepeatedPtrField<v1::NextHop>& next_hops) {
  std::string text;
  for (const auto& next_hop : next_hops) text += (text.empty() ? "" : ", ") + next_hop_text(next_hop);
  return text;
}

std::string route_text(const v1::Route& route) {
  const std::string via = route.next_hops().empty()
                              ? (route.next_hop_set() == 0 ? "directly attached" : "no next hop")
                              : hops_text(route.next_hops());
  return fmt::format("route {} {} metric {}: {}", route.prefix(), enum_text(route.path_type()),
                     route.metric(), via);
}

Colour severity_colour(v1::Severity severity) {
  if (severity == v1::SEVERITY_ERROR) return Colour::bad;
  return severity == v1::SEVERITY_WARNING ? Colour::attention : Colour::none;
}

std::string neighbor_change_text(const v1::NeighborStateChange& change, const Look& look) {
  return fmt::format("neighbor {} on {}: {} -> {} ({})",
                     router_text(change.neighbor_router_id(), change.neighbor_hostname()), change.interface(),
                     enum_text(change.from()), paint(enum_text(change.to()), colour_of(change.to()), look),
                     change.reason());
}

std::string interface_change_text(const v1::InterfaceStateChange& change) {
  return fmt::format("interface {}: {} -> {} ({})", change.interface(), enum_text(change.from()),
                     enum_text(change.to()), change.reason());
}

std::string gap_text(const v1::WatchGap& gap) {
  return fmt::format("what has happened since {} is not known any more, {}: a snapshot follows", gap.since(),
                     gap.reason() == v1::WATCH_GAP_REASON_ANOTHER_RUN
                         ? "for wgospfd was started anew since"
                         : "for it is more than wgospfd remembers");
}

std::string text_of(const v1::WatchItem& item, const Look& look) {
  switch (item.item_case()) {
    case v1::WatchItem::kInterface:
      return fmt::format("interface {} {}", item.interface().name(), enum_text(item.interface().state()));
    case v1::WatchItem::kNeighbor:
      return fmt::format("neighbor {} on {} {}",
                         router_text(item.neighbor().neighbor_router_id(), item.neighbor().hostname()),
                         item.neighbor().interface(),
                         paint(enum_text(item.neighbor().state()), colour_of(item.neighbor().state()), look));
    case v1::WatchItem::kPeer:
      return fmt::format("peer {} on {} endpoint {}", item.peer().public_key(), item.peer().interface(),
                         item.peer().endpoint().empty() ? "unknown" : item.peer().endpoint());
    case v1::WatchItem::kRoute:
      return route_text(item.route());
    case v1::WatchItem::kSnapshotEnd:
      return "end of snapshot, changes follow" +
             (item.cursor().empty() ? "" : fmt::format(" (from here on: --since {})", item.cursor()));
    case v1::WatchItem::kGap:
      return paint(gap_text(item.gap()), Colour::attention, look);
    case v1::WatchItem::kNeighborStateChange:
      return neighbor_change_text(item.neighbor_state_change(), look);
    case v1::WatchItem::kInterfaceStateChange:
      return interface_change_text(item.interface_state_change());
    case v1::WatchItem::kRouteRemoved:
      return fmt::format("route {} removed", item.route_removed().prefix());
    case v1::WatchItem::kNextHopSetChange: {
      const auto& change = item.next_hop_set_change();
      return fmt::format("next-hop set {}: {}", change.next_hop_set(),
                         change.next_hops().empty() ? "empty" : hops_text(change.next_hops()));
    }
    case v1::WatchItem::kNextHopSetRemoved:
      return fmt::format("next-hop set {} removed", item.next_hop_set_removed().next_hop_set());
    case v1::WatchItem::kKernelAcknowledged:
      return fmt::format("in the kernel up to generation {}", item.kernel_acknowledged().kernel_generation());
    case v1::WatchItem::kNotice:
      return paint(item.notice().text(), severity_colour(item.notice().severity()), look);
    case v1::WatchItem::ITEM_NOT_SET:
      return "something this wgospfctl does not know";
  }
  return {};
}

/// Local time of day with milliseconds; what stood before the stream began has none.
std::string time_text(const v1::WatchItem& item) {
  if (!item.has_time()) return "snapshot    ";
  return fmt::format("{:%H:%M:%S}.{:03}", fmt::localtime(static_cast<std::time_t>(item.time().seconds())),
                     item.time().nanos() / 1'000'000);
}

}  // namespace

std::string render(const v1::WatchItem& item, const Look& look) {
  return fmt::format("{} [{}] {}\n", paint(time_text(item), Colour::dim, look), item.generation(),
                     text_of(item, look));
}

}  // namespace wgospf::cli
