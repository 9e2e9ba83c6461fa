#include "daemon/config/redistribute.h"

#include <fmt/format.h>

#include <algorithm>

#include "daemon/config/leaves.h"
#include "daemon/config/prefix_filter.h"
#include "daemon/config/printable.h"

namespace wgospf::daemon {

namespace {

static_assert(leaf::redistribution::source_values[static_cast<std::size_t>(rib::RouteOrigin::static_route)] ==
              "static");
static_assert(leaf::redistribution::source_values[static_cast<std::size_t>(rib::RouteOrigin::table)] ==
              "table");
static_assert(leaf::redistribution::metric.range.max == ospf::kLsInfinity - 1);

std::string source_name(const RedistributeRule& rule) {
  if (rule.source == rib::RouteOrigin::table) return fmt::format("table {}", rule.table);
  return rule.source == rib::RouteOrigin::static_route ? "static" : "connected";
}

/// Does one of two filters let through a prefix that the other lets through too? Gives the shortest one.
std::optional<Ipv4Prefix> common_prefix(const PrefixFilter& a, const PrefixFilter& b) {
  const PrefixFilter& longer = a.prefix.length >= b.prefix.length ? a : b;
  const PrefixFilter& shorter = &longer == &a ? b : a;
  const auto length = std::max(a.ge, b.ge);
  if (!shorter.prefix.covers(longer.prefix) || length > std::min(a.le, b.le)) return std::nullopt;
  return Ipv4Prefix{longer.prefix.address, length};
}

/// Is everything that `inner` lets through let through by `outer` too?
bool contains(const PrefixFilter& outer, const PrefixFilter& inner) {
  return outer.prefix.covers(inner.prefix) && outer.ge <= inner.ge && inner.le <= outer.le;
}

}  // namespace

void RedistributionReader::read(const YAML::Node& node, Config& config) {
  MapReader map(node, leaf::redistribution::section, errors_);
  if (!map.valid()) return;
  RedistributeRule rule;
  const bool source_known = read_source(map, rule);
  if (const auto type = map.number(leaf::redistribution::metric_type)) rule.type2 = *type == 2;
  map.read(leaf::redistribution::metric, rule.metric);
  read_prefixes(map, source_known ? source_name(rule) : "", config.redistribute.size(), rule);
  config.redistribute.push_back(std::move(rule));
}

bool RedistributionReader::read_source(MapReader& map, RedistributeRule& rule) {
  const auto& table = leaf::redistribution::table;
  const auto& leaf = leaf::redistribution::source;
  const auto source = map.choice(leaf);
  if (source) rule.source = static_cast<rib::RouteOrigin>(*source);
  map.read(table, rule.table);
  if (!source) return false;
  const bool is_table = rule.source == rib::RouteOrigin::table;
  if (!is_table && map.has(table)) {
    errors_.add(map.mark(table), fmt::format("table is for \"source: table\" only; remove it from source {}",
                                             leaf.values[*source]));
  }
  if (is_table && !map.has(table)) {
    errors_.add(map.mark(leaf),
                "source table lacks the kernel table's number; add for instance \"table: 100\"");
  }
  return !is_table || rule.table != 0;
}

void RedistributionReader::read_prefixes(MapReader& map, const std::string& source, std::size_t entry,
                                         RedistributeRule& rule) {
  if (!map.has(leaf::redistribution::prefixes) && !source.empty())
    check_overlap(placed(kEveryPrefix, entry, map.mark(leaf::redistribution::source)), source);
  for (const auto& item : map.list(leaf::redistribution::prefixes)) {
    const auto filter = read_prefix_filter(item, errors_);
    if (!filter) continue;
    if (!source.empty()) check_overlap(placed(*filter, entry, item.Mark()), source);
    rule.prefixes.push_back(*filter);
  }
}

RedistributionReader::PlacedFilter RedistributionReader::placed(const PrefixFilter& filter, std::size_t entry,
                                                                const YAML::Mark& mark) const {
  return {filter, entry, mark, errors_.place_of(mark)};
}

void RedistributionReader::check_overlap(const PlacedFilter& added, const std::string& source) {
  auto& seen = redistributed_[source];
  for (const PlacedFilter& other : seen) {
    if (other.entry != added.entry) {
      const auto common = common_prefix(other.filter, added.filter);
      if (!common) continue;
      errors_.add(added.mark, fmt::format("{} of source {} overlaps with {} in {}: two entries would "
                                          "announce for instance {}; give each entry prefixes of its own, "
                                          "which ge and le can narrow",
                                          added.filter.to_string(), source, other.filter.to_string(),
                                          errors_.in_words(other.place), common->to_string()));
      break;
    }
    const bool adds_nothing = contains(other.filter, added.filter);
    if (!adds_nothing && !contains(added.filter, other.filter)) continue;
    const PlacedFilter& idle = adds_nothing ? added : other;
    const PlacedFilter& enough = adds_nothing ? other : added;
    errors_.add(idle.mark, fmt::format("{} adds nothing to {} in {}; remove it", idle.filter.to_string(),
                                       enough.filter.to_string(), errors_.in_words(enough.place)));
    break;
  }
  seen.push_back(added);
}

}  // namespace wgospf::daemon
