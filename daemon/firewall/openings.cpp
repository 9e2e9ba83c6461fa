#include "daemon/firewall/openings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace wgospf::daemon::firewall {
namespace {

constexpr std::uint8_t kTcp = 6, kUdp = 17, kOspf = 89;
constexpr std::uint16_t kBfdPort = 3784;
constexpr Ipv4Address kAllSpfRouters{0xe0000005};
/// Pairs of interfaces between which forwarding is looked at: more would say nothing that these do not.
constexpr std::size_t kPairsMost = 200;

std::optional<std::string> name_or_any(const std::string& name) {
  return name.empty() ? std::nullopt : std::optional(name);
}

/// Some of the packets are dropped: so it is closed. It is open when all are known to pass.
class Judge {
 public:
  explicit Judge(const Ruleset* ruleset) : ruleset_(ruleset) {}

  void look(Opening& opening, const Packet& packet) const {
    if (ruleset_ == nullptr) return;
    const Fate fate = fate_of(packet, *ruleset_);
    for (const auto& chain : fate.chains)
      if (std::find(opening.chains.begin(), opening.chains.end(), chain) == opening.chains.end())
        opening.chains.push_back(chain);
    const State state = state_of(fate.kind);
    if (rank(state) <= rank(opening.state) && is_looked_at_) return;
    is_looked_at_ = true;
    opening.state = state;
    opening.by = fate.by;
  }
  /// Of one opening: the worst of all its packets.
  void begin() { is_looked_at_ = false; }

 private:
  using State = Opening::State;
  static State state_of(Fate::Kind kind) {
    if (kind == Fate::Kind::passes) return State::open;
    return kind == Fate::Kind::dropped ? State::closed : State::unknown;
  }
  static int rank(State state) { return state == State::open ? 0 : state == State::unknown ? 1 : 2; }

  const Ruleset* ruleset_;
  mutable bool is_looked_at_ = false;
};

class Openings {
 public:
  Openings(const Needs& needs, const Ruleset* ruleset) : needs_(needs), ruleset_(ruleset), judge_(ruleset) {}

  std::vector<Opening> all() {
    for (const auto& tunnel : needs_.tunnels) {
      add_wireguard(tunnel);
      if (!tunnel.is_active) continue;
      add_ospf(tunnel, Packet::Way::in);
      add_ospf(tunnel, Packet::Way::out);
      add_bfd(tunnel);
    }
    add_forwarding();
    return std::move(openings_);
  }

 private:
  using Kind = Opening::Kind;
  using Way = Packet::Way;

  Opening& add(Kind kind, Way way, const Tunnel& tunnel) {
    judge_.begin();
    openings_.push_back({kind, way, tunnel.name});
    return openings_.back();
  }

  void add_wireguard(const Tunnel& tunnel) {
    if (tunnel.port == 0) return;
    std::set<std::string> names;
    for (const auto& uplink : tunnel.uplinks) names.insert(uplink.name);
    if (names.empty()) names.insert("");
    for (const auto& name : names) {
      Opening& opening = add(Kind::wireguard, Way::in, tunnel);
      opening.in = name;
      opening.port = tunnel.port;
      Packet packet{Way::in, name_or_any(name), {}, kUdp, tunnel.port};
      bool is_any = false;
      for (const auto& uplink : tunnel.uplinks) {
        if (uplink.name != name) continue;
        packet.source = uplink.peer;
        judge_.look(opening, packet);
        is_any = true;
      }
      if (!is_any) judge_.look(opening, packet);
      if (opening.state != Opening::State::closed) continue;
      packet.connection_state = "established";
      if (fate_of(packet, *ruleset_).kind == Fate::Kind::dropped) continue;
      opening.state = Opening::State::closed_to_new;
      opening.is_needed_now = tunnel.must_be_called;
    }
  }

  void add_ospf(const Tunnel& tunnel, Way way) {
    Opening& opening = add(Kind::ospf, way, tunnel);
    (way == Way::in ? opening.in : opening.out) = tunnel.name;
    Packet packet{way};
    (way == Way::in ? packet.in : packet.out) = tunnel.name;
    packet.protocol = kOspf;
    if (tunnel.is_multicast) packet.destination = kAllSpfRouters;
    const auto look_at = [&](std::optional<Ipv4Address> neighbor) {
      if (way == Way::in) packet.source = neighbor;
      if (way == Way::out && !tunnel.is_multicast) packet.destination = neighbor;
      judge_.look(opening, packet);
    };
    if (tunnel.neighbors.empty()) look_at(std::nullopt);
    for (const auto& neighbor : tunnel.neighbors) look_at(neighbor);
  }

  void add_bfd(const Tunnel& tunnel) {
    Opening& opening = add(Kind::bfd, Way::in, tunnel);
    opening.in = tunnel.name;
    opening.port = kBfdPort;
    opening.is_needed_now = tunnel.has_bfd;
    Packet packet{Way::in, tunnel.name, {}, kUdp, kBfdPort};
    if (!tunnel.neighbors.empty()) packet.source = tunnel.neighbors.front();
    judge_.look(opening, packet);
  }

  void add_forwarding() {
    std::size_t pairs = 0;
    const auto pair = [&](const Tunnel& tunnel, const std::string& in, const std::string& out) {
      if (++pairs > kPairsMost) return;
      Opening& opening = add(Kind::forwarding, Way::through, tunnel);
      opening.in = in;
      opening.out = out;
      judge_.look(opening, {Way::through, in, out, kTcp});
      // Somebody may forward one protocol on purpose: what drops both is closed.
      const auto state = opening.state;
      judge_.begin();
      judge_.look(opening, {Way::through, in, out, kUdp});
      if (state != opening.state) opening.state = Opening::State::unknown;
    };
    for (const auto& tunnel : needs_.tunnels) {
      for (const auto& lan : needs_.lans) {
        pair(tunnel, lan, tunnel.name);
        pair(tunnel, tunnel.name, lan);
      }
    }
    for (const auto& tunnel : needs_.tunnels)
      for (const auto& other : needs_.tunnels)
        if (tunnel.is_active && other.is_active && tunnel.name != other.name)
          pair(tunnel, tunnel.name, other.name);
  }

  const Needs& needs_;
  const Ruleset* ruleset_;
  Judge judge_;
  std::vector<Opening> openings_;
};

std::string in_words(const Opening& opening) {
  using Kind = Opening::Kind;
  std::string text;
  if (opening.kind == Kind::wireguard) {
    text =
        fmt::format("UDP port {}{}", opening.port, opening.in.empty() ? "" : " coming in on " + opening.in);
    if (opening.state == Opening::State::closed_to_new) text += " from a peer that calls first";
  } else if (opening.kind == Kind::forwarding) {
    text = fmt::format("forwarding from {} to {}", opening.in, opening.out);
  } else {
    const std::string what =
        opening.kind == Kind::ospf ? "protocol 89 (OSPF)" : fmt::format("UDP port {}", opening.port);
    text = opening.way == Packet::Way::in ? fmt::format("{} coming in on {}", what, opening.in)
                                          : fmt::format("{} going out on {}", what, opening.out);
  }
  return opening.by.empty() ? text : fmt::format("{} by {}", text, opening.by);
}

}  // namespace

std::vector<Opening> openings_of(const Needs& needs, const Ruleset* ruleset) {
  return Openings(needs, ruleset).all();
}

std::string problem_of(const std::string& tunnel, const std::vector<Opening>& openings) {
  /// What one line names.
  constexpr std::size_t kNamed = 4;
  using State = Opening::State;
  std::string named;
  std::size_t count = 0;
  for (const auto& opening : openings) {
    const bool is_closed = opening.state == State::closed || opening.state == State::closed_to_new;
    if (opening.tunnel != tunnel || !is_closed || !opening.is_needed_now) continue;
    if (++count <= kNamed) named += (count == 1 ? "" : "; ") + in_words(opening);
  }
  if (count == 0) return {};
  if (count > kNamed) named += fmt::format("; and {} more", count - kNamed);
  return fmt::format(
      "interface {}: the packet filter drops {}. \"wgospfctl firewall\" says what must be open, and "
      "prints the commands",
      tunnel, named);
}

}  // namespace wgospf::daemon::firewall
