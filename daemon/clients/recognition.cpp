#include "daemon/clients/recognition.h"

#include <algorithm>

#include "wgadapter/peer_changes.h"

namespace wgospf::daemon {

namespace {
/// A session that is renewed is never much older.
constexpr std::chrono::seconds kQuietMost{100};
}  // namespace

bool is_silent_as_a_client(std::chrono::nanoseconds since_handshake, std::chrono::nanoseconds heard_for,
                           std::chrono::seconds dead_interval) {
  const auto enough = std::min(dead_interval, kQuietMost);
  return since_handshake >= enough && since_handshake <= wg::kSessionLife && heard_for >= enough;
}

}  // namespace wgospf::daemon
