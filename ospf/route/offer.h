#pragma once
// What an LSA offers for a prefix.

#include <cstdint>

#include "ospf/base/slot_index.h"
#include "ospf/types.h"

namespace wgospf::ospf {

/// What kind of LSA makes an offer.
enum class OfferKind : std::uint8_t {
  none,          ///< a free record
  stub,          ///< at a router of the area
  network,       ///< a transit network's own prefix
  inter_prefix,  ///< by a border router
  discard,       ///< by nobody: an active address range of the root's own
  external_1,
  external_2,
  nssa_1,  ///< said within an NSSA
  nssa_2,
  nssa_1_local,  ///< without the P-bit: it is not translated
  nssa_2_local,
};

/// That an LSA says a prefix. It belongs to that LSA: an LSA of a vertex chains its offers, a summary or
/// external has one, which is found by the LSA.
struct Offer {
  std::uint32_t prefix = kNoSlot;
  std::uint32_t next = kNoSlot;    ///< of the same prefix
  std::uint32_t source = kNoSlot;  ///< vertex within the area; external: the AS boundary router's record
  std::uint32_t metric : 24 = 0;
  OfferKind kind : 8 = OfferKind::none;
  LinkStateId id;  ///< of the LSA
  union {
    std::uint32_t next_of_lsa = kNoSlot;  ///< stub, network
    std::uint32_t forwarding;             ///< external: the forwarding address's record, or kNoSlot
  };
  union {
    std::uint32_t area = 0;  ///< its number; not external, no discard
    std::uint32_t tag;       ///< external
  };

  [[nodiscard]] bool is_external() const { return kind >= OfferKind::external_1; }
  [[nodiscard]] bool is_of_nssa() const { return kind >= OfferKind::nssa_1; }
  [[nodiscard]] bool is_local() const { return kind >= OfferKind::nssa_1_local; }
  /// Of an external: with a metric of type 2.
  [[nodiscard]] bool is_type2() const {
    return kind == OfferKind::external_2 || kind == OfferKind::nssa_2 || kind == OfferKind::nssa_2_local;
  }
};

}  // namespace wgospf::ospf
