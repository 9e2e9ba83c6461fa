#pragma once
// How somebody beside the protocol knows that a neighbour is gone.

#include <cstdint>

#include "ospf/types.h"

namespace wgospf::ospf {

struct DownReason {
  enum class Kind : std::uint8_t {
    bfd_down,  ///< its BFD session went down (RFC 5882 section 4.3)
    silent,    ///< nothing has come from it, and it answers no echo
  };
  Kind kind = Kind::silent;
  Duration silent_for{};         ///< of Kind::silent: since its last sign of life
  std::uint32_t unanswered = 0;  ///< of Kind::silent: echoes since then
  bool operator==(const DownReason&) const = default;
};

}  // namespace wgospf::ospf
