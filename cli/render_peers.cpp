// WireGuard peers.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "cli/json.h"
#include "cli/render.h"

namespace wgospf::cli {
namespace {

/// The neighbor's state; of a peer without one why there is none.
Cell state_cell(const v1::Peer& peer) {
  if (peer.link().empty()) return {"no link", Colour::dim};
  if (peer.link_state() == v1::INTERFACE_STATE_DOWN) return {"link down", Colour::bad};
  if (peer.neighbor_state() != v1::NEIGHBOR_STATE_UNSPECIFIED)
    return {enum_text(peer.neighbor_state()), colour_of(peer.neighbor_state())};
  if (peer.role() == v1::PEER_ROLE_CLIENT) return {"none", Colour::dim};
  if (peer.asleep()) return {"asleep", Colour::dim};
  return {"none", Colour::attention};
}

Cell handshake_cell(const v1::Peer& peer) {
  if (!peer.has_handshake_age()) return {"never", Colour::attention};
  return {seconds_text(peer.handshake_age()) + " ago"};
}

/// "3 managed, 2 by hand".
std::string allowed_ips_text(const v1::Peer& peer) {
  const int managed = peer.managed_allowed_ips_size(), by_hand = peer.allowed_ips_size() - managed;
  if (managed == 0 && by_hand == 0) return "none";
  if (managed == 0) return fmt::format("{} by hand", by_hand);
  if (by_hand == 0) return fmt::format("{} managed", managed);
  return fmt::format("{} managed, {} by hand", managed, by_hand);
}

/// Lines of a list under a heading of its own, several entries a line.
void append_list(std::string& out, std::string_view heading, const std::vector<std::string>& entries) {
  constexpr std::size_t kLine = 100;
  std::string line;
  const auto end_line = [&] {
    if (!line.empty()) out += fmt::format("  {:<9}{}\n", heading, line);
    heading = {};
    line.clear();
  };
  for (const auto& entry : entries) {
    if (!line.empty() && line.size() + entry.size() > kLine) end_line();
    line += fmt::format("{}{}", line.empty() ? "" : " ", entry);
  }
  end_line();
}

/// "198.51.100.7:51820 (op2.example.net:51820) in use, 1.2 ms".
std::string endpoint_text(const v1::EndpointCandidate& place) {
  std::string text = place.endpoint().empty() ? place.origin() : place.endpoint();
  if (!place.endpoint().empty() && !place.origin().empty() && place.origin() != place.endpoint())
    text += fmt::format(" ({})", place.origin());
  text += " " + place.state();
  if (place.has_round_trip())
    text += fmt::format(", {:.1f} ms", static_cast<double>(place.round_trip().seconds()) * 1e3 +
                                           place.round_trip().nanos() / 1e6);
  return place.reason().empty() ? text : text + ": " + place.reason();
}

/// The whole key, what is sent to the peer and what is accepted from it.
std::string details(const v1::Peer& peer) {
  std::string out = fmt::format("{} on {}\n", peer.name(), peer.interface());
  append_list(out, "key", {peer.public_key()});
  if (!peer.speaks_for().empty())
    append_list(out, "router", {peer.speaks_for(), peer.written_down() ? "(written down)" : "(learned)"});
  if (peer.has_liveness()) {
    const auto cells = liveness_cells(peer.liveness());
    append_list(out, "heard", {cells[0].text});
    if (!cells[1].text.empty()) append_list(out, "echoes", {cells[1].text, cells[2].text, "lost"});
  }
  for (const auto& place : peer.endpoint_candidates()) append_list(out, "endpoint", {endpoint_text(place)});
  if (!peer.endpoint_reason().empty()) append_list(out, "", {"(" + peer.endpoint_reason() + ")"});
  append_list(out, "sent", {peer.routed_prefixes().begin(), peer.routed_prefixes().end()});
  const std::set<std::string> managed{peer.managed_allowed_ips().begin(), peer.managed_allowed_ips().end()};
  std::vector<std::string> by_hand;
  std::copy_if(peer.allowed_ips().begin(), peer.allowed_ips().end(), std::back_inserter(by_hand),
               [&](const auto& prefix) { return !managed.contains(prefix); });
  append_list(out, "managed", {peer.managed_allowed_ips().begin(), peer.managed_allowed_ips().end()});
  append_list(out, "by hand", by_hand);
  append_list(out, "carries", {peer.carries().begin(), peer.carries().end()});
  return out;
}

}  // namespace

std::string render(const v1::ForgetKeyResponse& forgotten) {
  return fmt::format("Peer {} was known as router {}; it is learned anew.\n", forgotten.public_key(),
                     forgotten.router_id());
}

std::string render(const v1::ListPeersResponse& list, PeersView view, const Look& look) {
  std::string below;
  for (const auto& device : list.devices())
    if (!device.error().empty())
      below += fmt::format("{}: {}\n", device.interface(), paint(device.error(), Colour::bad, look));
  if (list.peers().empty()) return "No WireGuard peers.\n" + below;
  Table table({{"PEER"},
               {"INTERFACE"},
               {"ROLE", Align::left, 4},
               {"STATE"},
               {"ROUTER-ID"},
               {"ENDPOINT", Align::left, 3},
               {"HANDSHAKE"},
               {"RECEIVED", Align::right, 5},
               {"SENT", Align::right, 5},
               {"MTU", Align::right, 7},
               {"ROUTES", Align::right},
               {"ALLOWED-IPS", Align::left, 2},
               {"CARRIES", Align::left, 6}});
  for (const auto& peer : list.peers()) {
    table.row({peer.name(), peer.interface(), enum_text(peer.role()), state_cell(peer),
               peer.neighbor_router_id(), peer.endpoint(), handshake_cell(peer), bytes_text(peer.rx_bytes()),
               bytes_text(peer.tx_bytes()), peer.mtu() == 0 ? std::string() : std::to_string(peer.mtu()),
               std::to_string(peer.routed_prefix_count()), allowed_ips_text(peer),
               fmt::format("{}", fmt::join(peer.carries(), ", "))});
    for (const auto& problem : peer.problems())
      below += fmt::format("{} on {}: {}\n", peer.name(), peer.interface(),
                           paint(problem, Colour::attention, look));
  }
  if (view == PeersView::wide)
    for (const auto& peer : list.peers()) below += details(peer);
  return table.text(look) + below;
}

}  // namespace wgospf::cli
