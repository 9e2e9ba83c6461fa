#pragma once
// Interfaces, changed. Each call waits for whoever changes links, addresses or routes in bulk, at most some seconds.
// Errors: the kernel's own, of which permission, not_found and invalid.

#include <cstdint>

#include "net/ip.h"
#include "net/result.h"

namespace wgospf {

/// IN6_ADDR_GEN_MODE_NONE: no link-local address comes by itself.
inline constexpr std::uint8_t kGeneratesNoAddress = 1;
/// What addresses of ours are marked with (IFA_PROTO), where the kernel keeps that: as routes are.
inline constexpr std::uint8_t kAddressProtocol = 89;

/// Sets an interface's MTU, bytes. invalid: the device takes no such MTU.
[[nodiscard]] Result<void> set_link_mtu(std::uint32_t ifindex, std::uint32_t mtu);
/// IN6_ADDR_GEN_MODE_*, see Link::address_generation.
[[nodiscard]] Result<void> set_address_generation(std::uint32_t ifindex, std::uint8_t mode);
/// Adds an IPv6 address with its /64, usable at once; no error where the interface has it.
[[nodiscard]] Result<void> add_address(std::uint32_t ifindex, const Ipv6Address& address);
/// Of a /64; no error where the interface has it not.
[[nodiscard]] Result<void> remove_address(std::uint32_t ifindex, const Ipv6Address& address);

}  // namespace wgospf
