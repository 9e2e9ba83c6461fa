#include "rib/rivals.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace wgospf::rib {

// Routes for one type of service do not come before ours for the others. A dead one is not used.
bool RivalRoutes::matters(const RouteMessage& message) const {
  return message.table == context_.table && message.metric <= context_.metric && message.tos == 0 &&
         !message.cloned && !message.dead && !is_ours(message, context_);
}

Holder RivalRoutes::holder_of(const RouteMessage& message) {
  return {message.metric, message.ifindex, message.protocol};
}

void RivalRoutes::heard(const RouteMessage& message, bool has_ours) {
  if (message.removed) return removed(message);
  if (!matters(message)) return;
  changed_.insert(message.prefix);
  if (message.replaces) return replaced(message);
  // `ip route prepend` and `append`; of IPv6 routes the later one stands behind.
  const bool is_behind = message.appended || family_of(message.prefix) == Family::ipv6;
  routes_.emplace(message.prefix, Entry{holder_of(message), !(is_behind && has_ours)});
}

void RivalRoutes::removed(const RouteMessage& message) {
  const auto [begin, end] = routes_.equal_range(message.prefix);
  if (begin == end) return;
  const Holder gone = holder_of(message);
  const auto found = std::find_if(begin, end, [&](const auto& entry) { return entry.second.holder == gone; });
  if (found == end) return;
  changed_.insert(message.prefix);
  const bool was_first = found->second.is_first && message.metric == context_.metric;
  routes_.erase(found);
  if (was_first && routes_.count(message.prefix) > 1) wants_reading_ = true;
}

// It took the place of one with its metric: of the first, and which that was is not told.
void RivalRoutes::replaced(const RouteMessage& message) {
  const auto [begin, end] = routes_.equal_range(message.prefix);
  std::vector<Routes::iterator> same;
  for (auto i = begin; i != end; ++i) {
    if (i->second.holder.metric == message.metric) same.push_back(i);
  }
  if (same.size() == 1) {
    same.front()->second.holder = holder_of(message);
  } else if (same.empty()) {
    routes_.emplace(message.prefix, Entry{holder_of(message), true});
  } else {
    wants_reading_ = true;
  }
}

void RivalRoutes::begin_reading(Family family) {
  std::erase_if(reading_, [family](const auto& entry) { return family_of(entry.first) == family; });
  last_ours_.reset();
}

void RivalRoutes::read(const RouteMessage& message) {
  if (is_ours(message, context_)) {
    last_ours_ = message.prefix;
  } else if (matters(message)) {
    reading_.emplace(message.prefix, Entry{holder_of(message), last_ours_ != message.prefix});
  }
}

void RivalRoutes::end_reading() {
  wants_reading_ = false;
  std::swap(routes_, reading_);
  for (const auto* routes : {&routes_, &reading_}) {
    for (const auto& [prefix, entry] : *routes) {
      if (!changed_.contains(prefix) && digest_of(routes_, prefix) != digest_of(reading_, prefix)) {
        changed_.insert(prefix);
      }
    }
  }
  Routes().swap(reading_);
}

// Of the entries in whatever order.
std::uint64_t RivalRoutes::digest_of(const Routes& routes, const IpPrefix& prefix) {
  std::uint64_t digest = 0;
  const auto [begin, end] = routes.equal_range(prefix);
  for (auto i = begin; i != end; ++i) {
    const Holder& holder = i->second.holder;
    const auto metric = hash_mix(holder.metric + (std::uint64_t{holder.protocol} << 32));
    digest += hash_mix(metric ^ (holder.ifindex + (i->second.is_first ? std::uint64_t{1} << 32 : 0)));
  }
  return digest;
}

bool RivalRoutes::uses_link(std::uint32_t ifindex) const {
  return std::any_of(routes_.begin(), routes_.end(),
                     [ifindex](const auto& entry) { return entry.second.holder.ifindex == ifindex; });
}

std::optional<Rivals> RivalRoutes::of(const IpPrefix& prefix) const {
  if (routes_.empty()) return std::nullopt;
  Rivals rivals;
  const auto [begin, end] = routes_.equal_range(prefix);
  for (auto i = begin; i != end; ++i) {
    const Entry& entry = i->second;
    const bool in_our_slot = entry.holder.metric == context_.metric;
    if (in_our_slot && !entry.is_first) continue;
    rivals.in_slot = rivals.in_slot || in_our_slot;
    if (!rivals.used || entry.holder.metric < rivals.used->metric) rivals.used = entry.holder;
  }
  if (!rivals.used) return std::nullopt;
  return rivals;
}

}  // namespace wgospf::rib
