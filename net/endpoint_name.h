#pragma once
// Where a WireGuard peer can be reached, as people write it: an address, a host's name, or a service.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/ip.h"

namespace wgospf {

struct EndpointName {
  enum class Kind : std::uint8_t {
    address,  ///< 203.0.113.4:51820, [2001:db8::4]:51820
    host,     ///< op2.example.net:51820, by its A and AAAA records
    service,  ///< srv:_wireguard._udp.example.net, by its SRV records (RFC 2782)
  };
  Kind kind = Kind::address;
  IpAddress address{};
  std::string name{};      ///< of a host or a service, without a dot at its end
  std::uint16_t port = 0;  ///< not 0, but for a service
  bool operator==(const EndpointName&) const = default;
};

/// As in the examples above.
[[nodiscard]] std::string to_string(const EndpointName& endpoint);
/// nullopt: it is none of these; the port is 0; the address is none that a host elsewhere can have; or it is an IPv6
/// link-local one, which would need an interface.
[[nodiscard]] std::optional<EndpointName> parse_endpoint_name(std::string_view text);

/// RFC 1035 section 2.3.1 with digits first (RFC 1123 section 2.1) and underscores (RFC 2782): labels of 1 to 63
/// letters, digits, hyphens and underscores, 253 bytes in all.
[[nodiscard]] bool is_domain_name(std::string_view name);

/// That a host elsewhere can have: not the unspecified address, loopback, multicast, the broadcast address, an IPv6
/// link-local one, or IPv4 in IPv6's clothes.
[[nodiscard]] bool is_remote_unicast(const IpAddress& address);

}  // namespace wgospf
