#include "daemon/config/prefix_filter.h"

#include <fmt/format.h>

#include <charconv>

#include "daemon/config/leaves.h"
#include "daemon/config/printable.h"

namespace wgospf::daemon {

namespace {

std::optional<Ipv4Prefix> without_host_bits(const std::string& text) {
  const auto slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto address = Ipv4Address::parse(text.substr(0, slash));
  unsigned length = 33;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + slash + 1, end, length);
  if (!address || parsed.ptr != end || length > 32) return std::nullopt;
  return Ipv4Prefix::make(*address, static_cast<std::uint8_t>(length));
}

}  // namespace

std::optional<Ipv4Prefix> read_prefix(const YAML::Node& node, const YAML::Mark& mark, ConfigErrors& errors) {
  if (node.IsScalar()) {
    const std::string& text = node.Scalar();
    if (const auto prefix = Ipv4Prefix::parse(text)) return prefix;
    if (const auto fixed = without_host_bits(text)) {
      errors.add(mark, fmt::format("prefix {} has bits set past its length; the network is {}",
                                   shortened(text), fixed->to_string()));
      return std::nullopt;
    }
  }
  errors.add(mark, fmt::format("a prefix must look like 198.51.100.0/24, not {}", describe_node(node)));
  return std::nullopt;
}

std::string PrefixFilter::to_string() const {
  if (*this == kEveryPrefix) return "every prefix";
  if (ge == prefix.length && le == prefix.length) return prefix.to_string();
  return fmt::format("{} ge {} le {}", prefix.to_string(), ge, le);
}

std::optional<PrefixFilter> read_prefix_filter(const YAML::Node& node, ConfigErrors& errors) {
  if (!node.IsMap()) {
    const auto prefix = read_prefix(node, node.Mark(), errors);
    if (!prefix) return std::nullopt;
    return PrefixFilter{*prefix, prefix->length, prefix->length};
  }
  namespace keys = leaf::prefix_filter;
  MapReader map(node, keys::section, errors);
  const auto value = map.node(keys::prefix);
  const auto prefix = value ? read_prefix(*value, map.value_mark(keys::prefix), errors) : std::nullopt;
  if (!prefix) return std::nullopt;
  PrefixFilter filter{*prefix, prefix->length,
                      map.has(keys::ge) && !map.has(keys::le) ? std::uint8_t{32} : prefix->length};
  // The definition's range of both is 0 to 32; what stands before narrows it.
  const auto read = [&](const leaf::Leaf& leaf, std::uint64_t min, std::uint8_t& target) {
    if (const auto value = map.number(leaf, {min, keys::le.range.max}))
      target = static_cast<std::uint8_t>(*value);
  };
  read(keys::ge, prefix->length, filter.ge);
  read(keys::le, filter.ge, filter.le);
  return filter;
}

}  // namespace wgospf::daemon
