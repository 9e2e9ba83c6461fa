#pragma once
// The Router Information LSA (RFC 7770): an opaque LSA of opaque type 4 whose body is TLVs, as in RFC 3630 section 2.3.2.
// Of these the Dynamic Hostname TLV (RFC 5642 section 3) is read and written; others are passed over.
//
//    0                   1                   2                   3
//    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |             7                 |             Length            |
//   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//   |              Hostname, 1 to 255 octets, padded to 32 bits     |

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace wgospf::ospf {

inline constexpr std::uint8_t kRouterInformationType = 4;    ///< the opaque type, RFC 7770 section 6
inline constexpr std::uint32_t kRouterInformationFirst = 0;  ///< the opaque id of a router's first one
inline constexpr std::size_t kLongestHostname = 255;

struct RouterInformation {
  std::optional<std::string> hostname;  ///< is_hostname() holds
  bool operator==(const RouterInformation&) const = default;
};

/// Why nothing is taken from an LSA.
enum class RouterInformationError : std::uint8_t {
  truncated,     ///< a TLV ends beyond the LSA
  bad_hostname,  ///< its length, or an octet of it, is none of a hostname's
};

/// 1 to 255 letters, digits, "-", "_" and "."; neither first nor last a "-" or ".", and no two "." together. What is
/// believed of others, so that it can stand in a log, a terminal or a hosts file as it is.
[[nodiscard]] bool is_hostname(std::string_view text);

/// `body`: what follows the LSA header. The first TLV of a type counts (RFC 5642 section 3).
[[nodiscard]] std::variant<RouterInformation, RouterInformationError> decode_router_information(
    std::span<const std::byte> body);
[[nodiscard]] std::vector<std::byte> encode_router_information(const RouterInformation& information);

}  // namespace wgospf::ospf
