#include "net/host_port.h"

#include <charconv>

namespace wgospf {

std::optional<std::string_view> HostPort::bracketed() const {
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return std::nullopt;
  return host.substr(1, host.size() - 2);
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  HostPort result{text.substr(0, colon)};
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data() + colon + 1, end, result.port);
  if (error != std::errc{} || parsed != end) return std::nullopt;
  return result;
}

}  // namespace wgospf
