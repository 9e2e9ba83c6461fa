#include "ospf/area.h"

#include <variant>

namespace wgospf::ospf {

Options Area::capability() const {
  switch (config.type) {
    case AreaType::normal:
      return {Options::kExternal};
    case AreaType::stub:
      return {};
    case AreaType::nssa:
      return {Options::kNssa};
  }
  return {};
}

IpPrefix default_route(Family family) {
  return family == Family::ipv4 ? IpPrefix{Ipv4Prefix{}} : IpPrefix{Ipv6Prefix{}};
}

bool covers(const IpPrefix& range, const IpPrefix& prefix) {
  const IpAddress first = std::visit([](const auto& own) { return IpAddress{own.address}; }, prefix);
  return length_of(range) <= length_of(prefix) && contains(range, first);
}

template <class Range>
[[nodiscard]] static const Range* longest_around(const std::vector<Range>& ranges, const IpPrefix& prefix) {
  const Range* longest = nullptr;
  for (const Range& range : ranges) {
    if (!covers(range.prefix, prefix)) continue;
    if (longest == nullptr || length_of(range.prefix) > length_of(longest->prefix)) longest = &range;
  }
  return longest;
}

const AreaRange* Area::range_of(const IpPrefix& prefix) const {
  return longest_around(config.ranges, prefix);
}

const NssaRange* Area::nssa_range_of(const IpPrefix& prefix) const {
  return longest_around(config.nssa_ranges, prefix);
}

}  // namespace wgospf::ospf
