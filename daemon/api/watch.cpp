#include "daemon/api/watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/api/lists.h"

namespace wgospf::daemon::api {

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
  if (since_ && since_->run == router.facts().run && since_->number > router.last_event())
    return on_worker([this] {
      end({grpc::StatusCode::INVALID_ARGUMENT,
           fmt::format(
               "since: this run has not come to the event of the cursor \"{}\" yet; take the one of the "
               "last change that was seen",
               since_->to_string())});
    });
  snapshot_.table = router.protocol().routes();
  snapshot_.generation = snapshot_.table->generation;
  snapshot_.last_event = router.last_event();
  snapshot_.interfaces = router.protocol().interfaces();
  auto names = link_names(router, snapshot_.interfaces);
  if (read_past(router)) {
    for (const auto& event : *past_) names.merge(names_in(router, event, names));
    snapshot_.interfaces.clear();
  } else {
    read_snapshot(router);
  }
  names_ = std::make_shared<NameMap>(std::move(names));
  {
    const std::scoped_lock lock(queue_mutex_);
    shared_names_ = names_;
  }
  on_worker([this] { next(); });
}

void WatchCall::read_snapshot(RouterView& router) {
  snapshot_.neighbors = router.protocol().neighbors();
  snapshot_.wireguard = router.wireguard();
  if (topics_.has(v1::WATCH_TOPIC_PEERS)) snapshot_.peers = read_peers(router);
  snapshot_.kernel_generation = router.acknowledged_generation();
  snapshot_.now = router.now();
}

bool WatchCall::read_past(RouterView& router) {
  if (!since_) return false;
  const bool is_this_run = since_->run == router.facts().run;
  PastEvents past;
  if (is_this_run)
    past = router.events_since(
        since_->number, {topics_.has(v1::WATCH_TOPIC_ROUTES) || topics_.has(v1::WATCH_TOPIC_KERNEL),
                         topics_.has(v1::WATCH_TOPIC_INTERFACES) || topics_.has(v1::WATCH_TOPIC_NEIGHBORS) ||
                             topics_.has(v1::WATCH_TOPIC_NOTICES)});
  if (!past.is_whole) {
    gap_.emplace();
    gap_->set_since(since_->to_string());
    gap_->set_reason(is_this_run ? v1::WATCH_GAP_REASON_TOO_OLD : v1::WATCH_GAP_REASON_ANOTHER_RUN);
    return false;
  }
  maker_.set_sets(std::move(past.sets));
  past_ = std::move(past.events);
  return true;
}

bool WatchCall::wanted(const RouterEvent& event) const {
  return topics_.has(topic_of(event));
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
      auto names = names_in(router, event, *shared_names_);
      if (!names.empty() || names.hostnames != shared_names_->hostnames) {
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
  } else if (past_) {
    send_past();
  } else {
    send_snapshot();
  }
}

v1::WatchItem& WatchCall::add_item(v1::WatchResponse& part, ospf::Generation generation) {
  auto& item = *part.add_items();
  item.set_generation(generation.value);
  return item;
}

void WatchCall::begin_snapshot(v1::WatchResponse& part) {
  const auto generation = snapshot_.generation;
  if (gap_) *add_item(part, generation).mutable_gap() = *gap_;
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
    ItemMaker::Sets known;
    for (std::size_t id = 0; id < sets.size(); ++id) {
      if (!sets[id].empty()) known[ospf::SetId{static_cast<std::uint32_t>(id)}] = sets[id];
    }
    maker_.set_sets(std::move(known));
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
  if (position_ == table.routes.size()) add_end(part);
  write(std::move(part));
}

void WatchCall::send_past() {
  v1::WatchResponse part;
  // Each event is looked at, but only those that are asked for are told.
  const std::size_t end = std::min(position_ + kPartSize, past_->size());
  for (; position_ < end; ++position_) {
    const auto& event = (*past_)[position_];
    v1::WatchItem item;
    maker_.make(event, *names_, item);
    if (wanted(event)) *part.add_items() = std::move(item);
  }
  if (position_ == past_->size()) add_end(part);
  write(std::move(part));
}

void WatchCall::add_end(v1::WatchResponse& part) {
  auto& item = add_item(part, snapshot_.generation);
  (void)item.mutable_snapshot_end();
  item.set_cursor(maker_.cursor(snapshot_.last_event));
  snapshot_sent_ = true;
  snapshot_ = {};
  past_.reset();
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
  for (const auto& event : events) maker_.make(event, *names_, *part.add_items());
  write(std::move(part));
}

}  // namespace wgospf::daemon::api
