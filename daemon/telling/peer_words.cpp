#include "daemon/telling/peer_words.h"

#include <fmt/format.h>

#include <optional>

namespace wgospf::daemon {

namespace {

std::string in_words(const std::optional<wg::Endpoint>& endpoint) {
  return endpoint ? to_string(*endpoint) : "unknown";
}

}  // namespace

Notice describe(const wg::PeerChange& change, ospf::LinkId link, const std::string& interface) {
  using Kind = wg::PeerChange::Kind;
  const auto notice = [&](const char* name, const std::string& what) {
    return Notice{Severity::info, name,
                  fmt::format("peer {} on {}: {}", change.peer.to_base64(), interface, what), link};
  };
  switch (change.kind) {
    case Kind::added:
      return notice("peer_added", "added, endpoint " + in_words(change.now));
    case Kind::removed:
      return notice("peer_removed", "removed");
    case Kind::endpoint_changed:
      return notice("peer_endpoint_changed",
                    fmt::format("endpoint {} -> {}", in_words(change.before), in_words(change.now)));
    case Kind::session_established:
      return notice("peer_session_established",
                    change.is_first_session ? "the first handshake" : "a handshake after a loss");
    case Kind::session_lost:
      break;
  }
  return notice("peer_session_lost",
                fmt::format("no handshake for more than {} s", wg::kSessionLife.count()));
}

}  // namespace wgospf::daemon
