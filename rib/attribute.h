#pragma once
// Reading netlink's building blocks: fixed headers and the attributes behind them.

#include <linux/netlink.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace wgospf::rib {

[[nodiscard]] constexpr std::size_t aligned(std::size_t length) {
  return (length + 3) & ~std::size_t{3};
}

/// Copies a fixed header out; nullopt when the bytes do not hold one.
template <class Header>
[[nodiscard]] std::optional<Header> header_at(std::span<const std::byte> bytes, std::size_t offset = 0) {
  if (bytes.size() < offset + sizeof(Header)) return std::nullopt;
  Header header;
  std::memcpy(&header, bytes.data() + offset, sizeof(Header));
  return header;
}

/// Calls `visit` with the type and the value of each attribute.
template <class Visit>
void for_each_attribute(std::span<const std::byte> bytes, Visit visit) {
  while (const auto attribute = header_at<nlattr>(bytes)) {
    const std::size_t length = attribute->nla_len;
    if (length < sizeof(nlattr) || length > bytes.size()) return;
    visit(static_cast<std::uint16_t>(attribute->nla_type & NLA_TYPE_MASK),
          bytes.subspan(sizeof(nlattr), length - sizeof(nlattr)));
    bytes = bytes.subspan(std::min(aligned(length), bytes.size()));
  }
}

}  // namespace wgospf::rib
