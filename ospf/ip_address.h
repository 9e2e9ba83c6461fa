#pragma once
// Addresses of either family in what is written once for both: the sender of a packet, a neighbour, the
// addresses of a link. What there are many of (prefixes, routes) is kept by family.

#include <optional>
#include <variant>

#include "net/ip.h"

namespace wgospf {

/// The address, of this family; all zero when it is of the other one.
template <class Address>
[[nodiscard]] constexpr Address as(const IpAddress& address) {
  const auto* own = std::get_if<Address>(&address);
  return own == nullptr ? Address{} : *own;
}
/// The same of one that may be missing.
template <class Address>
[[nodiscard]] constexpr std::optional<Address> as(const std::optional<IpAddress>& address) {
  if (!address) return std::nullopt;
  return as<Address>(*address);
}

}  // namespace wgospf
