#include "daemon/api/lists.h"

#include <algorithm>
#include <utility>

#include "daemon/api/gather.h"

namespace wgospf::daemon::api {

grpc::ServerWriteReactor<v1::ListDatabaseResponse>* DatabaseCall::start(
    grpc::CallbackServerContext& server_context) {
  auto* reactor = open(server_context);
  next();
  return reactor;
}

void DatabaseCall::next() {
  if (cursor_.done) {
    end(grpc::Status::OK);
    return;
  }
  on_strand([this, self = shared_from_this()](RouterView& router) {
    auto entries = router.protocol().database(cursor_, kPartSize);
    std::erase_if(entries, [this](const auto& entry) { return !filter_.matches(entry); });
    NameMap names;
    names.hostnames = router.hostnames();
    for (const auto& entry : entries) {
      if (entry.scope == ospf::FloodingScope::link)
        names.try_emplace(entry.link, router.link_name(entry.link));
    }
    on_worker([this, entries = std::move(entries), names = std::move(names)] { send(entries, names); });
  });
}

void DatabaseCall::send(const std::vector<ospf::DatabaseEntry>& entries, const NameMap& names) {
  if (entries.empty()) {  // nothing matched here
    next();
    return;
  }
  v1::ListDatabaseResponse part;
  for (const auto& entry : entries) *part.add_lsas() = convert(entry, names, filter_.headers_only);
  write(std::move(part));
}

grpc::ServerWriteReactor<v1::ListRoutesResponse>* RoutesCall::start(
    grpc::CallbackServerContext& server_context) {
  auto* reactor = open(server_context);
  on_strand([this, self = shared_from_this()](RouterView& router) {
    take_table(router);
    take_states(router);
  });
  return reactor;
}

void RoutesCall::take_table(RouterView& router) {
  table_ = router.protocol().routes();
  names_ = link_names(router, router.protocol().interfaces());
  kernel_generation_ = router.acknowledged_generation();
  end_ = table_->routes.size();
  if (filter_.address) {
    const auto* route = table_->lookup(*filter_.address);
    position_ = route == nullptr ? end_ : static_cast<std::size_t>(route - table_->routes.data());
    end_ = std::min(position_ + 1, end_);
  }
  if (!filter_.within) return;
  // Sorted by prefix, so what a prefix covers stands together, behind itself.
  const auto first =
      std::lower_bound(table_->routes.begin(), table_->routes.end(), *filter_.within,
                       [](const auto& route, const Ipv4Prefix& prefix) { return route.prefix < prefix; });
  const auto last = std::find_if_not(first, table_->routes.end(), [this](const auto& route) {
    return filter_.within->covers(route.prefix);
  });
  position_ = static_cast<std::size_t>(first - table_->routes.begin());
  end_ = static_cast<std::size_t>(last - table_->routes.begin());
}

void RoutesCall::take_states(RouterView& router) {
  std::vector<State> states;
  for (const auto end = std::min(position_ + kPartSize, end_); position_ < end; ++position_) {
    const auto& route = table_->routes[position_];
    const auto& next_hops = table_->next_hops(route);
    if (filter_.matches(route, next_hops, names_))
      states.push_back({position_, router.kernel_state(route), router.route_findings(route, next_hops)});
  }
  on_worker([this, states = std::move(states)] { send(states); });
}

void RoutesCall::send(const std::vector<State>& states) {
  if (states.empty() && std::exchange(has_told_, true)) {  // nothing matched here
    next();
    return;
  }
  has_told_ = true;
  v1::ListRoutesResponse part;
  part.set_generation(table_->generation.value);
  part.set_kernel_generation(kernel_generation_);
  for (const auto& state : states) {
    const auto& route = table_->routes[state.position];
    auto* added = part.add_routes();
    *added = convert(route, table_->next_hops(route), names_);
    convert(state.kernel, *added);
    for (const auto& finding : state.findings) added->add_findings(finding);
  }
  write(std::move(part));
}

void RoutesCall::next() {
  if (position_ == end_) {
    end(grpc::Status::OK);
    return;
  }
  on_strand([this, self = shared_from_this()](RouterView& router) { take_states(router); });
}

}  // namespace wgospf::daemon::api
