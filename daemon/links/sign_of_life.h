#pragma once
// What is known of a neighbour's life (liveness.h), for those who look.

#include <cstdint>
#include <optional>

#include "ospf/types.h"

namespace wgospf::daemon {

enum class SignOfLife : std::uint8_t { ospf, traffic, handshake, echo };

struct LivenessView {
  ospf::RouterId router{};
  SignOfLife last_sign = SignOfLife::ospf;
  ospf::Instant last_sign_at{};
  bool is_suspect = false;
  std::optional<bool> answers_echoes{};  ///< nullopt: not known yet
  double loss = 0;                       ///< of round trips, 0 to 1
  unsigned loss_samples = 0;
  std::optional<ospf::Duration> round_trip{};
  ospf::Duration patience{};  ///< how long it may give no sign of life at present
};

}  // namespace wgospf::daemon
