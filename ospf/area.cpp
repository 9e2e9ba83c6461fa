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

bool covers(const IpPrefix& range, const IpPrefix& prefix) {
  const IpAddress first = std::visit([](const auto& own) { return IpAddress{own.address}; }, prefix);
  return length_of(range) <= length_of(prefix) && contains(range, first);
}

const AreaRange* Area::range_of(const IpPrefix& prefix) const {
  const AreaRange* longest = nullptr;
  for (const AreaRange& range : config.ranges) {
    if (!covers(range.prefix, prefix)) continue;
    if (longest == nullptr || length_of(range.prefix) > length_of(longest->prefix)) longest = &range;
  }
  return longest;
}

}  // namespace wgospf::ospf
