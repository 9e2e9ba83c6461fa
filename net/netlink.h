#pragma once
// Netlink messages, written and read: headers, attributes, acknowledgements. Byte layouts of what all netlink families
// share exist only here; nothing is trusted to be as long as it says.

#include <linux/netlink.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/ip.h"

namespace wgospf::netlink {

using Bytes = std::span<const std::byte>;

[[nodiscard]] constexpr std::size_t aligned(std::size_t length) {
  return (length + 3) & ~std::size_t{3};
}

// Reading
// ---------------------------------------------------------------------------------------------------

/// Copies a fixed header out; nullopt when the bytes do not hold one.
template <class Header>
[[nodiscard]] std::optional<Header> header_at(Bytes bytes, std::size_t offset = 0) {
  if (bytes.size() < offset + sizeof(Header)) return std::nullopt;
  Header header;
  std::memcpy(&header, bytes.data() + offset, sizeof(Header));
  return header;
}

/// Calls `visit` with the type and the value of each attribute.
template <class Visit>
void for_each_attribute(Bytes bytes, Visit visit) {
  while (const auto attribute = header_at<nlattr>(bytes)) {
    const std::size_t length = attribute->nla_len;
    if (length < sizeof(nlattr) || length > bytes.size()) return;
    visit(static_cast<std::uint16_t>(attribute->nla_type & NLA_TYPE_MASK),
          bytes.subspan(sizeof(nlattr), length - sizeof(nlattr)));
    bytes = bytes.subspan(std::min(aligned(length), bytes.size()));
  }
}

/// What stands behind nlmsghdr and the fixed header, where attributes begin.
template <class Header>
[[nodiscard]] Bytes attributes_of(Bytes message) {
  const std::size_t offset = sizeof(nlmsghdr) + aligned(sizeof(Header));
  return message.size() <= offset ? Bytes{} : message.subspan(offset);
}

/// 0 when the value is too short.
[[nodiscard]] std::uint32_t u32_of(Bytes value);
/// With or without a terminating zero.
[[nodiscard]] std::string_view text_of(Bytes value);
/// IPv4 or IPv6 by the length; nullopt for any other.
[[nodiscard]] std::optional<IpAddress> address_of(Bytes value);

/// Calls `visit` with each message of a datagram, whole. False when the last one is cut short.
template <class Visit>
bool for_each_message(Bytes datagram, Visit visit) {
  while (const auto header = header_at<nlmsghdr>(datagram)) {
    if (header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > datagram.size()) return false;
    visit(datagram.first(header->nlmsg_len));
    datagram = datagram.subspan(std::min(aligned(header->nlmsg_len), datagram.size()));
  }
  return datagram.empty();
}
/// All zeroes when the bytes do not hold one.
[[nodiscard]] nlmsghdr header_of(Bytes message);

/// What ends an answer: an acknowledgement, a refusal, or the end of a dump.
struct Reply {
  std::uint32_t sequence = 0;
  int error = 0;       ///< An errno; 0 when it was done
  std::string text{};  ///< The extended text, if the kernel gave one
};
/// nullopt when the message is none.
[[nodiscard]] std::optional<Reply> decode_reply(Bytes message);

// Writing
// ---------------------------------------------------------------------------------------------------

/// Consecutive messages in one buffer, as one sendmsg takes them.
class MessageBuffer {
 public:
  void clear() { bytes_.clear(); }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::span<std::byte> bytes() { return bytes_; }

  /// Starts a message; what is put until `end` belongs to it.
  void begin(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence = 0);
  void end();
  /// The fixed header after nlmsghdr (rtmsg, nhmsg, ...).
  template <class Header>
  void put_header(const Header& header) {
    append(std::as_bytes(std::span(&header, 1)));
  }
  void put_attribute(std::uint16_t type, Bytes value);
  void put_u32(std::uint16_t type, std::uint32_t value);
  /// With its terminating zero.
  void put_text(std::uint16_t type, const std::string& text);
  void put_address(std::uint16_t type, const IpAddress& address);

 private:
  void append(Bytes bytes);
  std::vector<std::byte> bytes_;
  std::size_t start_ = 0;
};

}  // namespace wgospf::netlink
