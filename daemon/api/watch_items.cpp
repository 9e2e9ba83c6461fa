#include "daemon/api/watch_items.h"

#include <utility>

#include "daemon/api/request.h"
#include "daemon/telling/describe.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon::api {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

/// Calls `visit` with each link that the event names.
template <class Visit>
void for_each_link(const RouterEvent& event, Visit visit) {
  std::visit(Overloaded{
                 [&](const ospf::Event& core) {
                   std::visit(
                       [&](const auto& what) {
                         if constexpr (requires { what.link; }) visit(what.link);
                       },
                       core);
                 },
                 [&](const ospf::RouteChange<V2>& change) {
                   const auto* set = std::get_if<ospf::SetChanged>(&change.change);
                   if (!set) return;
                   for (const auto& member : set->members) visit(member.link);
                 },
                 [](const KernelReached&) {},
                 [&](const Notice& notice) {
                   if (notice.link) visit(*notice.link);
                 },
             },
             event.what);
}

}  // namespace

v1::WatchTopic topic_of(const RouterEvent& event) {
  return std::visit(Overloaded{
                        [](const ospf::Event& core) {
                          if (std::holds_alternative<ospf::NeighborStateChanged>(core))
                            return v1::WATCH_TOPIC_NEIGHBORS;
                          if (std::holds_alternative<ospf::InterfaceStateChanged>(core))
                            return v1::WATCH_TOPIC_INTERFACES;
                          return v1::WATCH_TOPIC_NOTICES;
                        },
                        [](const ospf::RouteChange<V2>&) { return v1::WATCH_TOPIC_ROUTES; },
                        [](const KernelReached&) { return v1::WATCH_TOPIC_KERNEL; },
                        [](const Notice&) { return v1::WATCH_TOPIC_NOTICES; },
                    },
                    event.what);
}

NameMap names_in(const RouterView& router, const RouterEvent& event, const NameMap& known) {
  NameMap names;
  names.hostnames = router.hostnames();
  for_each_link(event, [&](ospf::LinkId link) {
    if (!known.contains(link)) names.try_emplace(link, router.link_name(link));
  });
  return names;
}

std::string ItemMaker::cursor(std::uint64_t number) const {
  return Cursor{run_, number}.to_string();
}

void ItemMaker::make(const RouterEvent& event, const NameMap& names, v1::WatchItem& item) {
  item.set_generation(event.generation.value);
  item.set_cursor(cursor(event.number));
  convert(event.time, *item.mutable_time());
  std::visit(Overloaded{
                 [&](const ospf::Event& core) { fill(core, event, names, item); },
                 [&](const ospf::RouteChange<V2>& change) { fill(change, names, item); },
                 [&](const KernelReached& acknowledged) {
                   item.mutable_kernel_acknowledged()->set_kernel_generation(acknowledged.generation);
                 },
                 [&](const Notice& notice) { fill(notice, names, item); },
             },
             event.what);
}

void ItemMaker::fill(const ospf::Event& event, const RouterEvent& whole, const NameMap& names,
                     v1::WatchItem& item) {
  if (const auto* neighbor = std::get_if<ospf::NeighborStateChanged>(&event)) {
    auto* change = item.mutable_neighbor_state_change();
    change->set_interface(name_in(names, neighbor->link));
    change->set_neighbor_router_id(neighbor->router.to_string());
    change->set_neighbor_hostname(hostname_in(names, neighbor->router));
    change->set_from(convert(neighbor->from));
    change->set_to(convert(neighbor->to));
    change->set_reason(std::string(to_string(neighbor->reason)));
  } else if (const auto* interface = std::get_if<ospf::InterfaceStateChanged>(&event)) {
    auto* change = item.mutable_interface_state_change();
    change->set_interface(name_in(names, interface->link));
    change->set_from(convert(interface->from));
    change->set_to(convert(interface->to));
    change->set_reason(std::string(to_string(interface->reason)));
  } else {
    auto notice = describe(event, [&names](ospf::LinkId link) { return name_in(names, link); });
    if (!notice.link) {
      for_each_link(whole, [&](ospf::LinkId link) { notice.link = link; });
    }
    fill(notice, names, item);
  }
}

void ItemMaker::fill(const ospf::RouteChange<V2>& change, const NameMap& names, v1::WatchItem& item) {
  item.set_generation(change.generation.value);
  std::visit(Overloaded{
                 [&](const ospf::SetChanged& set) {
                   sets_[set.set] = set.members;
                   auto* out = item.mutable_next_hop_set_change();
                   out->set_next_hop_set(set.set.value);
                   for (const auto& member : set.members) *out->add_next_hops() = convert(member, names);
                 },
                 [&](const ospf::SetGone& set) {
                   sets_.erase(set.set);
                   item.mutable_next_hop_set_removed()->set_next_hop_set(set.set.value);
                 },
                 [&](const ospf::PrefixChanged<V2>& prefix) {
                   *item.mutable_route() = convert(prefix.route, sets_[prefix.route.set], names);
                 },
                 [&](const ospf::PrefixGone<V2>& prefix) {
                   item.mutable_route_removed()->set_prefix(prefix.prefix.to_string());
                 },
             },
             change.change);
}

void ItemMaker::fill(const Notice& notice, const NameMap& names, v1::WatchItem& item) {
  auto* out = item.mutable_notice();
  out->set_severity(convert(notice.severity));
  out->set_name(notice.name);
  out->set_text(printable(notice.text));
  if (notice.link) out->set_interface(name_in(names, *notice.link));
}

}  // namespace wgospf::daemon::api
