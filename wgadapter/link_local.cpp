#include "wgadapter/link_local.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace wgospf::wg {

Ipv6Address link_local_of(const Key& public_key) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(public_key.bytes.data(), public_key.bytes.size(), digest.data());
  Ipv6Address address{};
  address.bytes[0] = 0xfe;
  address.bytes[1] = 0x80;
  std::copy_n(digest.begin(), 8, address.bytes.begin() + 8);
  return address;
}

}  // namespace wgospf::wg
