#pragma once
// Whether hellos go to the one peer behind a link (InterfaceConfig::peer_address). It may be no router but a
// host that sleeps, and each packet to it would wake it. So a few hellos go to it when it is awake anyway,
// because it was heard of on the lower level or the link came up; then it is left alone until a hello comes
// from it. One that has said hello is a router, for as long as the link is configured. A recorded deviation
// (docs/rfc-compliance.md): section 9.5.1 of RFC 2328 would send to it every PollInterval.

#include <cstdint>

#include "ospf/constants.h"

namespace wgospf::ospf {

class PeerWake {
 public:
  /// It is awake at this moment.
  void woken() { left_ = kHellosAfterWake; }
  /// It has said hello.
  void heard() { is_router_ = true; }
  /// A hello went out to it.
  void said_hello() {
    if (left_ > 0) --left_;
  }
  /// May a hello go out?
  [[nodiscard]] constexpr bool is_awake() const { return is_router_ || left_ > 0; }

 private:
  bool is_router_ = false;
  std::uint8_t left_ = 0;  ///< hellos that may go out without an answer
};

}  // namespace wgospf::ospf
