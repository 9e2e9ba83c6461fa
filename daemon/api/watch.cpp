#include "daemon/api/watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/api/lists.h"
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

/// The topic of an event: exactly one.
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

grpc::ServerWriteReactor<v1::WatchResponse>* WatchCall::start(grpc::CallbackServerContext& server_context) {
  auto* reactor = open(server_context);
  on_strand([this, self = shared_from_this()](RouterView& router) { subscribe_and_read(router); });
  return reactor;
}

void WatchCall::on_ended() {
  // Behind the closure that subscribes, so whatever that did is undone.
  auto self = std::static_pointer_cast<WatchCall>(shared_from_this());
  context().router().post([self, &router = context().router()] {
    if (self->subscription_) router.unsubscribe(*self->subscription_);
    self->subscription_.reset();
  });
}

void WatchCall::subscribe_and_read(RouterView& router) {
  if (ended()) return;
  subscription_ = router.subscribe([self = std::static_pointer_cast<WatchCall>(shared_from_this()),
                                    &router](const RouterEvent& event) { self->note(router, event); });
  const auto& protocol = router.protocol();
  snapshot_.table = protocol.routes();
  snapshot_.generation = snapshot_.table->generation;
  snapshot_.interfaces = protocol.interfaces();
  snapshot_.neighbors = protocol.neighbors();
  snapshot_.wireguard = router.wireguard();
  if (topics_.has(v1::WATCH_TOPIC_PEERS)) snapshot_.peers = read_peers(router);
  snapshot_.kernel_generation = router.acknowledged_generation();
  snapshot_.now = router.now();
  names_ = std::make_shared<NameMap>(link_names(router, snapshot_.interfaces));
  {
    const std::scoped_lock lock(queue_mutex_);
    shared_names_ = names_;
  }
  on_worker([this] { next(); });
}

bool WatchCall::wanted(const RouterEvent& event) const {
  return topics_.has(topic_of(event));
}

NameMap WatchCall::unknown_names(RouterView& router, const RouterEvent& event) const {
  NameMap names;
  for_each_link(event, [&](ospf::LinkId link) {
    if (!shared_names_->contains(link)) names.try_emplace(link, router.link_name(link));
  });
  return names;
}

void WatchCall::note(RouterView& router, const RouterEvent& event) {
  if (!wanted(event)) return;
  bool wake = false;
  {
    const std::scoped_lock lock(queue_mutex_);
    if (overflowed_) return;
    if (queue_.size() >= context().watch_queue_limit()) {
      overflowed_ = true;
      std::deque<RouterEvent>().swap(queue_);
    } else {
      if (auto names = unknown_names(router, event); !names.empty()) {
        names.insert(shared_names_->begin(), shared_names_->end());
        shared_names_ = std::make_shared<NameMap>(std::move(names));
      }
      queue_.push_back(event);
      wake = std::exchange(idle_, false);
    }
  }
  // Not here: what gRPC does when a call ends is no work for the strand.
  if (overflowed_) {
    on_worker([this] {
      end({grpc::StatusCode::RESOURCE_EXHAUSTED,
           fmt::format(
               "the client was too slow: {} changes were waiting for it; watch again for a new snapshot",
               context().watch_queue_limit())});
    });
  } else if (wake) {
    on_worker([this] { next(); });
  }
}

void WatchCall::next() {
  if (ended()) return;
  if (snapshot_sent_) {
    send_changes();
  } else {
    send_snapshot();
  }
}

v1::WatchItem& WatchCall::add_item(v1::WatchResponse& part, ospf::Generation generation) const {
  auto& item = *part.add_items();
  item.set_generation(generation.value);
  return item;
}

void WatchCall::begin_snapshot(v1::WatchResponse& part) {
  const auto generation = snapshot_.generation;
  if (topics_.has(v1::WATCH_TOPIC_INTERFACES)) {
    const ViewsByLink views(snapshot_.wireguard);
    for (const auto& interface : snapshot_.interfaces) {
      auto& added = *add_item(part, generation).mutable_interface();
      added = convert(interface, views.find(interface.config.link), snapshot_.now);
      convert_problems(snapshot_.neighbors, interface, added);
    }
  }
  if (topics_.has(v1::WATCH_TOPIC_NEIGHBORS)) {
    for (const auto& neighbor : snapshot_.neighbors) {
      *add_item(part, generation).mutable_neighbor() = convert(neighbor, *names_, snapshot_.now);
    }
  }
  if (topics_.has(v1::WATCH_TOPIC_PEERS)) {
    auto found = answer(snapshot_.peers, WithPrefixes::no, std::chrono::system_clock::now());
    for (auto& peer : found.peers) *add_item(part, generation).mutable_peer() = std::move(peer);
    snapshot_.peers = {};
  }
  if (topics_.has(v1::WATCH_TOPIC_KERNEL)) {
    add_item(part, generation)
        .mutable_kernel_acknowledged()
        ->set_kernel_generation(snapshot_.kernel_generation);
  }
  if (topics_.has(v1::WATCH_TOPIC_ROUTES)) {
    const auto& sets = snapshot_.table->sets;
    for (std::size_t id = 0; id < sets.size(); ++id) {
      if (!sets[id].empty()) sets_[ospf::SetId{static_cast<std::uint32_t>(id)}] = sets[id];
    }
  } else {
    position_ = snapshot_.table->routes.size();
  }
}

void WatchCall::send_snapshot() {
  v1::WatchResponse part;
  if (!std::exchange(snapshot_begun_, true)) begin_snapshot(part);
  const auto& table = *snapshot_.table;
  const std::size_t end = std::min(position_ + kPartSize, table.routes.size());
  for (; position_ < end; ++position_) {
    const auto& route = table.routes[position_];
    *add_item(part, snapshot_.generation).mutable_route() = convert(route, table.next_hops(route), *names_);
  }
  if (position_ == table.routes.size()) {
    add_item(part, snapshot_.generation).mutable_snapshot_end();
    snapshot_sent_ = true;
    snapshot_ = {};
  }
  write(std::move(part));
}

void WatchCall::send_changes() {
  std::vector<RouterEvent> events;
  {
    const std::scoped_lock lock(queue_mutex_);
    if (overflowed_) return;  // the end is on its way
    if (queue_.empty()) {
      idle_ = true;
      return;
    }
    const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), kPartSize));
    events.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.begin() + count));
    queue_.erase(queue_.begin(), queue_.begin() + count);
    names_ = shared_names_;
  }
  v1::WatchResponse part;
  for (const auto& event : events) add_change(event, part);
  write(std::move(part));
}

void WatchCall::add_change(const RouterEvent& event, v1::WatchResponse& part) {
  auto& item = add_item(part, event.generation);
  convert(event.time, *item.mutable_time());
  std::visit(Overloaded{
                 [&](const ospf::Event& core) { fill(core, event, item); },
                 [&](const ospf::RouteChange<V2>& change) { fill(change, item); },
                 [&](const KernelReached& acknowledged) {
                   item.mutable_kernel_acknowledged()->set_kernel_generation(acknowledged.generation);
                 },
                 [&](const Notice& notice) { fill(notice, item); },
             },
             event.what);
}

void WatchCall::fill(const ospf::Event& event, const RouterEvent& whole, v1::WatchItem& item) {
  if (const auto* neighbor = std::get_if<ospf::NeighborStateChanged>(&event)) {
    auto* change = item.mutable_neighbor_state_change();
    change->set_interface(name_in(*names_, neighbor->link));
    change->set_neighbor_router_id(neighbor->router.to_string());
    change->set_from(convert(neighbor->from));
    change->set_to(convert(neighbor->to));
    change->set_reason(std::string(to_string(neighbor->reason)));
  } else if (const auto* interface = std::get_if<ospf::InterfaceStateChanged>(&event)) {
    auto* change = item.mutable_interface_state_change();
    change->set_interface(name_in(*names_, interface->link));
    change->set_from(convert(interface->from));
    change->set_to(convert(interface->to));
    change->set_reason(std::string(to_string(interface->reason)));
  } else {
    auto notice = describe(event, [this](ospf::LinkId link) { return name_in(*names_, link); });
    if (!notice.link) {
      for_each_link(whole, [&](ospf::LinkId link) { notice.link = link; });
    }
    fill(notice, item);
  }
}

void WatchCall::fill(const ospf::RouteChange<V2>& change, v1::WatchItem& item) {
  item.set_generation(change.generation.value);
  std::visit(Overloaded{
                 [&](const ospf::SetChanged& set) {
                   sets_[set.set] = set.members;
                   auto* out = item.mutable_next_hop_set_change();
                   out->set_next_hop_set(set.set.value);
                   for (const auto& member : set.members) *out->add_next_hops() = convert(member, *names_);
                 },
                 [&](const ospf::SetGone& set) {
                   sets_.erase(set.set);
                   item.mutable_next_hop_set_removed()->set_next_hop_set(set.set.value);
                 },
                 [&](const ospf::PrefixChanged<V2>& prefix) {
                   *item.mutable_route() = convert(prefix.route, sets_[prefix.route.set], *names_);
                 },
                 [&](const ospf::PrefixGone<V2>& prefix) {
                   item.mutable_route_removed()->set_prefix(prefix.prefix.to_string());
                 },
             },
             change.change);
}

void WatchCall::fill(const Notice& notice, v1::WatchItem& item) {
  auto* out = item.mutable_notice();
  out->set_severity(convert(notice.severity));
  out->set_name(notice.name);
  out->set_text(printable(notice.text));
  if (notice.link) out->set_interface(name_in(*names_, *notice.link));
}

}  // namespace wgospf::daemon::api
