#include "net/ip.h"

#include <charconv>
#include <vector>

namespace wgospf {
namespace {

/// Decimal without sign, space or leading zero; nullopt when it is not one or exceeds `limit`.
std::optional<std::uint32_t> parse_decimal(std::string_view text, std::uint32_t limit) {
  if (text.empty() || text.size() > 10 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > limit) return std::nullopt;
  return value;
}

/// The 16-bit groups of one side of "::", an embedded IPv4 tail included; nullopt when malformed.
std::optional<std::vector<std::uint16_t>> parse_groups(std::string_view text) {
  std::vector<std::uint16_t> groups;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    if (colon == std::string_view::npos && part.find('.') != std::string_view::npos) {
      const auto v4 = Ipv4Address::parse(part);
      if (!v4) return std::nullopt;
      groups.push_back(static_cast<std::uint16_t>(v4->value >> 16));
      groups.push_back(static_cast<std::uint16_t>(v4->value & 0xffff));
      return groups;
    }
    if (part.empty() || part.size() > 4) return std::nullopt;
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value, 16);
    if (error != std::errc{} || end != part.data() + part.size()) return std::nullopt;
    groups.push_back(value);
    if (colon == std::string_view::npos) return groups;
    text.remove_prefix(colon + 1);
    if (text.empty()) return std::nullopt;
  }
  return groups;
}

}  // namespace

std::string Ipv4Address::to_string() const {
  return std::to_string(value >> 24) + '.' + std::to_string((value >> 16) & 0xff) + '.' +
         std::to_string((value >> 8) & 0xff) + '.' + std::to_string(value & 0xff);
}

std::optional<Ipv4Address> Ipv4Address::parse(std::string_view text) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto octet = parse_decimal(text.substr(0, dot), 255);
    if (!octet) return std::nullopt;
    value = (value << 8) | *octet;
    text.remove_prefix(i < 3 ? dot + 1 : dot);
  }
  return Ipv4Address{value};
}

std::string Ipv6Address::to_string() const {
  std::array<std::uint16_t, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i)
    groups[i] = static_cast<std::uint16_t>((bytes[2 * i] << 8) | bytes[2 * i + 1]);
  std::size_t best = 8, best_length = 1;  // RFC 5952 section 4.2.2: "::" never shortens a single group
  for (std::size_t i = 0; i < 8;) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_length) best = i, best_length = end - i;
    i = end == i ? i + 1 : end;
  }
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      text += "::";
      i += best_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    char digits[4];
    const auto end = std::to_chars(digits, digits + 4, groups[i], 16).ptr;
    text.append(digits, end);
  }
  return text;
}

std::optional<Ipv6Address> Ipv6Address::parse(std::string_view text) {
  const std::size_t gap = text.find("::");
  std::vector<std::uint16_t> all;
  if (gap == std::string_view::npos) {
    const auto groups = parse_groups(text);
    if (!groups || groups->size() != 8) return std::nullopt;
    all = *groups;
  } else {
    const auto head = parse_groups(text.substr(0, gap));
    const auto tail = parse_groups(text.substr(gap + 2));
    if (!head || !tail || head->size() + tail->size() > 7) return std::nullopt;
    all = *head;
    all.resize(8 - tail->size(), 0);
    all.insert(all.end(), tail->begin(), tail->end());
  }
  Ipv6Address address;
  for (std::size_t i = 0; i < 8; ++i) {
    address.bytes[2 * i] = static_cast<std::uint8_t>(all[i] >> 8);
    address.bytes[2 * i + 1] = static_cast<std::uint8_t>(all[i] & 0xff);
  }
  return address;
}

template <class Address>
std::string Prefix<Address>::to_string() const {
  return address.to_string() + '/' + std::to_string(length);
}

template <class Address>
std::optional<Prefix<Address>> Prefix<Address>::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = Address::parse(text.substr(0, slash));
  const auto length = parse_decimal(text.substr(slash + 1), Address::kBits);
  if (!address || !length) return std::nullopt;
  const auto prefix = make(*address, static_cast<std::uint8_t>(*length));
  if (prefix.address != *address) return std::nullopt;
  return prefix;
}

template struct Prefix<Ipv4Address>;
template struct Prefix<Ipv6Address>;

std::string to_string(Family family) {
  return family == Family::ipv4 ? "IPv4" : "IPv6";
}

std::string to_string(const IpAddress& address) {
  return std::visit([](const auto& a) { return a.to_string(); }, address);
}

std::string to_string(const IpPrefix& prefix) {
  return std::visit([](const auto& p) { return p.to_string(); }, prefix);
}

std::optional<IpAddress> parse_address(std::string_view text) {
  if (const auto v4 = Ipv4Address::parse(text)) return *v4;
  if (const auto v6 = Ipv6Address::parse(text)) return *v6;
  return std::nullopt;
}

std::optional<IpPrefix> parse_prefix(std::string_view text) {
  if (const auto v4 = Ipv4Prefix::parse(text)) return *v4;
  if (const auto v6 = Ipv6Prefix::parse(text)) return *v6;
  return std::nullopt;
}

std::uint8_t length_of(const IpPrefix& prefix) {
  return std::visit([](const auto& p) { return p.length; }, prefix);
}

bool contains(const IpPrefix& prefix, const IpAddress& address) {
  if (const auto* v4 = std::get_if<Ipv4Prefix>(&prefix)) {
    const auto* a = std::get_if<Ipv4Address>(&address);
    return a != nullptr && v4->contains(*a);
  }
  const auto* a = std::get_if<Ipv6Address>(&address);
  return a != nullptr && std::get<Ipv6Prefix>(prefix).contains(*a);
}

}  // namespace wgospf
