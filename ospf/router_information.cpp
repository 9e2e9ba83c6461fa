#include "ospf/router_information.h"

#include <algorithm>

#include "ospf/base/bytes.h"

namespace wgospf::ospf {

namespace {

constexpr std::uint16_t kHostnameTlv = 7;

/// Octets from the end of a value of this length to the next TLV.
[[nodiscard]] constexpr std::size_t padding_of(std::size_t length) {
  return (4 - length % 4) % 4;
}

/// Not of the locale.
[[nodiscard]] constexpr bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > kLongestHostname) return false;
  const auto is_end = [](char c) { return is_letter_or_digit(c) || c == '_'; };
  return is_end(text.front()) && is_end(text.back()) && text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [&](char c) { return is_end(c) || c == '-' || c == '.'; });
}

std::variant<RouterInformation, RouterInformationError> decode_router_information(
    std::span<const std::byte> body) {
  Reader in(body);
  RouterInformation result;
  while (in.remaining() > 0) {
    const std::uint16_t type = in.u16();
    const std::uint16_t length = in.u16();
    const auto value = in.take(length);
    if (!in.ok()) return RouterInformationError::truncated;
    // The last one's padding may be missing.
    (void)in.take(std::min(padding_of(length), in.remaining()));
    if (type != kHostnameTlv || result.hostname) continue;
    std::string name;
    for (const std::byte octet : value) name.push_back(static_cast<char>(octet));
    if (!is_hostname(name)) return RouterInformationError::bad_hostname;
    result.hostname = std::move(name);
  }
  return result;
}

std::vector<std::byte> encode_router_information(const RouterInformation& information) {
  Writer out;
  if (information.hostname) {
    const std::string& name = *information.hostname;
    out.u16(kHostnameTlv);
    out.u16(static_cast<std::uint16_t>(name.size()));
    out.append(std::as_bytes(std::span(name.data(), name.size())));
    for (std::size_t i = padding_of(name.size()); i > 0; --i) out.u8(0);
  }
  return out.take();
}

}  // namespace wgospf::ospf
