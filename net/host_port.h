#pragma once
// HOST:PORT, where HOST is a name, an IPv4 address, or an IPv6 address in brackets.

#include <cstdint>
#include <optional>
#include <string_view>

namespace wgospf {

struct HostPort {
  std::string_view host{};  ///< As it stands there, brackets included; may be empty
  std::uint16_t port = 0;

  /// What stands in brackets; nullopt when the host does not.
  [[nodiscard]] std::optional<std::string_view> bracketed() const;
  /// The host without brackets.
  [[nodiscard]] std::string_view bare_host() const { return bracketed().value_or(host); }
};

/// Taken apart at the last colon, behind which nothing but a number up to 65535 may stand: nullopt otherwise. What the
/// host may be is the caller's to say. The result points into `text`.
[[nodiscard]] std::optional<HostPort> parse_host_port(std::string_view text);

}  // namespace wgospf
