#include "wgadapter/address.h"

namespace wgospf::wg {

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

}  // namespace wgospf::wg
