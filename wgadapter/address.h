#pragma once
// Addresses and prefixes of either family: what WireGuard's allowed-ips and endpoints are made of.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "ospf/ip.h"

namespace wgospf::wg {

using IpAddress = std::variant<Ipv4Address, Ipv6Address>;
using IpPrefix = std::variant<Ipv4Prefix, Ipv6Prefix>;
/// What a peer may send, and what is sent to it.
using AllowedIp = IpPrefix;

[[nodiscard]] std::string to_string(const IpAddress& address);
[[nodiscard]] std::string to_string(const IpPrefix& prefix);
/// "10.0.0.1" or "fe80::1"; nullopt for anything else.
[[nodiscard]] std::optional<IpAddress> parse_address(std::string_view text);
/// "10.0.0.0/24" or "2001:db8::/32"; nullopt when malformed or with bits set past the length.
[[nodiscard]] std::optional<IpPrefix> parse_prefix(std::string_view text);
[[nodiscard]] std::uint8_t length_of(const IpPrefix& prefix);
/// False when the families differ.
[[nodiscard]] bool contains(const IpPrefix& prefix, const IpAddress& address);

}  // namespace wgospf::wg
