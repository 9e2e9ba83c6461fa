#pragma once
// Which of two instances of an LSA is the more recent (RFC 2328 section 13.1).

#include <compare>

#include "ospf/constants.h"
#include "ospf/lsa.h"

namespace wgospf::ospf {

/// RFC 2328 section 13.1: `greater` when `a` is the more recent instance, `equivalent` when they are the same
/// instance. Ages are those at the present moment.
[[nodiscard]] constexpr std::weak_ordering compare_recency(const LsaInstance& a, const LsaInstance& b) {
  if (a.sequence_number != b.sequence_number) return a.sequence_number <=> b.sequence_number;
  if (a.checksum != b.checksum) return a.checksum <=> b.checksum;
  if (a.is_maxage() != b.is_maxage())
    return a.is_maxage() ? std::weak_ordering::greater : std::weak_ordering::less;
  const int difference = int{a.age} - int{b.age};
  if (difference > kMaxAgeDiff) return std::weak_ordering::less;
  if (difference < -int{kMaxAgeDiff}) return std::weak_ordering::greater;
  return std::weak_ordering::equivalent;
}

}  // namespace wgospf::ospf
