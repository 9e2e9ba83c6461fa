#include "net/endpoint_name.h"

#include <algorithm>
#include <span>

#include "net/host_port.h"

namespace wgospf {

namespace {

constexpr std::string_view kService = "srv:";
constexpr std::size_t kNameMost = 253, kLabelMost = 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelMost && std::all_of(label.begin(), label.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

std::string without_last_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return std::string(name);
}

}  // namespace

bool is_domain_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kNameMost) return false;
  std::string_view label;
  for (;;) {
    const auto dot = name.find('.');
    label = name.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) break;
    name.remove_prefix(dot + 1);
  }
  // An address that is mistyped is no name.
  return !std::all_of(label.begin(), label.end(), is_digit);
}

bool is_remote_unicast(const IpAddress& address) {
  if (const auto* v4 = std::get_if<Ipv4Address>(&address))
    return v4->value >> 24 != 0 && !v4->is_loopback() && v4->value < 0xe0000000U;
  const auto& v6 = std::get<Ipv6Address>(address);
  const auto first = std::span(v6.bytes).first<10>();
  const bool is_old = std::all_of(first.begin(), first.end(), [](std::uint8_t byte) { return byte == 0; });
  return !is_old && !v6.is_link_local() && v6.bytes[0] != 0xff;
}

std::string to_string(const EndpointName& endpoint) {
  if (endpoint.kind == EndpointName::Kind::service) return std::string(kService) + endpoint.name;
  std::string host = endpoint.name;
  if (endpoint.kind == EndpointName::Kind::address) {
    host = to_string(endpoint.address);
    if (std::holds_alternative<Ipv6Address>(endpoint.address)) host = "[" + host + "]";
  }
  return host + ":" + std::to_string(endpoint.port);
}

std::optional<EndpointName> parse_endpoint_name(std::string_view text) {
  if (text.starts_with(kService)) {
    const auto name = text.substr(kService.size());
    if (!is_domain_name(name)) return std::nullopt;
    return EndpointName{EndpointName::Kind::service, {}, without_last_dot(name), 0};
  }
  const auto place = parse_host_port(text);
  if (!place || place->port == 0) return std::nullopt;
  const auto address = parse_address(place->bare_host());
  if (address) {
    const bool is_bare_v6 = !place->bracketed() && std::holds_alternative<Ipv6Address>(*address);
    const bool is_bracketed_v4 = place->bracketed() && std::holds_alternative<Ipv4Address>(*address);
    if (is_bare_v6 || is_bracketed_v4 || !is_remote_unicast(*address)) return std::nullopt;
    return EndpointName{EndpointName::Kind::address, *address, {}, place->port};
  }
  if (!is_domain_name(place->host)) return std::nullopt;
  return EndpointName{EndpointName::Kind::host, {}, without_last_dot(place->host), place->port};
}

}  // namespace wgospf
