#pragma once
// The IPv6 link-local address that a public key has: what OSPFv3 speaks from on a WireGuard interface, and what its
// peers' allowed-ips have to take. Both ends derive it, so nobody has to tell anybody.
//
// fe80::/64 with the first 64 bits of the SHA-256 of the key's 32 bytes as the interface identifier (RFC 4291 section
// 2.5.6; its bits mean nothing, RFC 7136 section 5).

#include "net/ip.h"
#include "wgadapter/key.h"

namespace wgospf::wg {

[[nodiscard]] Ipv6Address link_local_of(const Key& public_key);

}  // namespace wgospf::wg
