#include "daemon/telling/message_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "daemon/telling/words.h"

namespace wgospf::daemon {

bool MessageLimits::Bucket::has_room(const Allowance& allowance, Instant now) {
  const auto grown = (now - refilled_) / allowance.refill;
  if (grown >= used_) {
    used_ = 0;
    refilled_ = now;
  } else {
    used_ -= static_cast<std::uint32_t>(grown);
    refilled_ += grown * allowance.refill;
  }
  return used_ < allowance.burst;
}

bool MessageLimits::admit(const MessageKind& what, std::string_view text, Instant now) {
  if (what.severity == Severity::debug) return true;
  Kind& kind = kinds_[{std::string(what.name), what.severity}];
  Place& place = kind.places[what.link];
  if (const auto hash = std::hash<std::string_view>{}(text); text.empty() || hash != place.text_hash) {
    place.text_hash = hash;
    place.same_text = {};
  }
  // What concerns no interface has the whole kind's allowance.
  if (kind.all.has_room(kOfKind, now) && (!what.link || place.all.has_room(kOfInterface, now)) &&
      place.same_text.has_room(kOfSameText, now)) {
    for (Bucket* bucket : {&kind.all, &place.all, &place.same_text}) bucket->take();
    return true;
  }
  if (kind.left_out++ == 0) {
    // Silence since the last count: it is a new flood.
    if (now - kind.since > 2 * kind.interval) kind.interval = kFirstCount;
    kind.since = now;
    ++silenced_;
  }
  if (what.link) kind.links.insert(*what.link);
  return false;
}

std::optional<MessageLimits::Instant> MessageLimits::due() const {
  std::optional<Instant> first;
  if (silenced_ == 0) return first;
  for (const auto& [key, kind] : kinds_) {
    if (kind.left_out == 0) continue;
    const auto at = kind.since + kind.interval;
    if (!first || at < *first) first = at;
  }
  return first;
}

std::vector<MessageLimits::LeftOut> MessageLimits::take(Instant now) {
  std::vector<LeftOut> result;
  for (auto& [key, kind] : kinds_) {
    if (kind.left_out == 0 || kind.since + kind.interval > now) continue;
    result.push_back({key.name, key.severity, std::exchange(kind.left_out, 0),
                      std::chrono::duration_cast<std::chrono::seconds>(now - kind.since),
                      std::exchange(kind.links, {})});
    kind.since = now;
    kind.interval = std::min(2 * kind.interval, kLastCount);
    --silenced_;
  }
  return result;
}

Notice describe(const MessageLimits::LeftOut& left_out, const LinkNamer& link_name) {
  std::vector<std::string> names;
  for (const auto link : left_out.links) names.push_back(link_name(link));
  return {left_out.severity,
          "left_out",
          fmt::format("{} more messages of the kind {}{} within {} s were left out", left_out.count,
                      left_out.name, names.empty() ? "" : fmt::format(" (on {})", join_few(names)),
                      left_out.within.count()),
          {}};
}

}  // namespace wgospf::daemon
