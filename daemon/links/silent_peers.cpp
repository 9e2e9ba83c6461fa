#include "daemon/links/silent_peers.h"

#include <fmt/format.h>

namespace wgospf::daemon {

namespace {

/// Peers that the line names.
constexpr std::size_t kPeersInWords = 3;

std::string what_to_look_at(const wg::Device& device, const wg::Peer& peer) {
  if (!device.public_key) return fmt::format("{} has no private key: set one", device.name);
  const std::string own = device.public_key->to_base64();
  if (!peer.endpoint)
    return fmt::format(
        "it has no endpoint here, so that it must call first: set one, or see that the other side has this "
        "router's address and port {} as its endpoint and {} as its public key",
        device.listen_port, own);
  if (peer.tx_bytes == 0)
    return "nothing has been sent to it: look at its allowed-ips, and at the route to its endpoint " +
           to_string(*peer.endpoint);
  return fmt::format(
      "{} does not answer: look whether address and port are right, whether UDP passes there, and whether "
      "the "
      "other side has {} as this router's public key and the same preshared key",
      to_string(*peer.endpoint), own);
}

}  // namespace

std::string SilentPeers::problem_of(const WireguardView& view, bool is_up, Time now,
                                    const Expected* expected) {
  auto& since = silent_since_[view.link];
  if (!is_up || !view.device) {
    since.clear();
    return {};
  }
  std::map<wg::Key, Time> still;
  std::string named;
  std::size_t count = 0;
  for (const auto& peer : view.device->peers) {
    if (peer.last_handshake || (expected != nullptr && !expected->contains(peer.public_key))) continue;
    const auto known = since.find(peer.public_key);
    const Time first = known == since.end() ? now : known->second;
    still.emplace(peer.public_key, first);
    if (now - first < kPatience || ++count > kPeersInWords) continue;
    named += fmt::format("{}peer {} has never shaken hands; {}", count == 1 ? "" : "; ",
                         peer.public_key.to_base64(), what_to_look_at(*view.device, peer));
  }
  since = std::move(still);
  if (count == 0) return {};
  if (count > kPeersInWords)
    named += fmt::format("; and {} more peers have never shaken hands", count - kPeersInWords);
  return fmt::format("interface {}: {}", view.name, named);
}

}  // namespace wgospf::daemon
