#include "daemon/links/liveness_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <unordered_map>

namespace wgospf::daemon {

using ospf::Instant;
using ospf::LinkId;

namespace {

/// A device whose peer is suspect is read so often.
constexpr std::chrono::milliseconds kReadAgain{250};

double in_seconds(ospf::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// What is connected at the device.
std::vector<IpPrefix> networks_of(const Inventory& inventory, const std::string& device) {
  std::vector<IpPrefix> networks;
  for (const auto& [ifindex, link] : inventory) {
    if (link.name != device) continue;
    for (const auto& address : link.addresses) networks.push_back(subnet_of(address));
  }
  return networks;
}

}  // namespace

LivenessWatch::LivenessWatch(Host& host, Sources sources)
    : host_(host), sources_(std::move(sources)), timer_(host.loop()) {}

LivenessWatch::~LivenessWatch() {
  *alive_ = false;
}

Instant LivenessWatch::now() {
  return Instant{std::chrono::steady_clock::now().time_since_epoch()};
}

// Whom it follows
// ------------------------------------------------------------------------------------------------

void LivenessWatch::take(const ospf::NeighborStateChanged& change) {
  if (change.to > ospf::NeighborState::attempt) renewals_.end(change.link);
  if (change.to == ospf::NeighborState::full)
    begin(change.link, change.router);
  else if (change.from == ospf::NeighborState::full)
    end(change.link);
}

void LivenessWatch::begin(LinkId link, ospf::RouterId router) {
  end(link);
  auto target = sources_.target(link);
  const auto neighbor = sources_.neighbor(link);
  if (!target || !neighbor || neighbor->router_id != router) return;
  const auto* address = std::get_if<Ipv4Address>(&neighbor->address);
  if (address == nullptr) return;
  target->echo.destination = *address;
  Entry& entry = entries_.try_emplace(link, router, std::move(*target), now()).first->second;
  if (neighbor->dead_at) entry.liveness.set_dead_at(*neighbor->dead_at);
  plan(link, entry, now());
  arm();
}

void LivenessWatch::end(LinkId link) {
  const auto found = entries_.find(link);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  stop_probing(entry);
  if (entry.learning != 0) host_.icmp().stop(entry.learning);
  looks_.erase({entry.look, link});
  entries_.erase(found);
}

void LivenessWatch::stop() {
  while (!entries_.empty()) end(entries_.begin()->first);
  renewals_.clear();
  timer_.cancel();
  armed_.reset();
}

void LivenessWatch::refresh() {
  std::vector<std::pair<LinkId, ospf::RouterId>> changed;
  for (auto& [link, entry] : entries_) {
    auto target = sources_.target(link);
    const auto neighbor = sources_.neighbor(link);
    const auto* address = neighbor ? std::get_if<Ipv4Address>(&neighbor->address) : nullptr;
    if (target && address != nullptr) target->echo.destination = *address;
    const bool is_same = target && target->echo == entry.target.echo && target->peer == entry.target.peer;
    if (!is_same) {
      changed.emplace_back(link, entry.router);
    } else if (target->settings != entry.target.settings) {
      entry.target.settings = target->settings;
      entry.liveness.set(target->settings);
      plan(link, entry, now());
    }
  }
  for (const auto& [link, router] : changed) begin(link, router);
  arm();
}

// Signs of life
// ---------------------------------------------------------------------------------------------------

void LivenessWatch::received(LinkId link) {
  const auto found = entries_.find(link);
  if (found == entries_.end()) return;
  const auto neighbor = sources_.neighbor(link);
  if (!neighbor) return;
  Entry& entry = found->second;
  const bool was_suspect = entry.liveness.is_suspect();
  // One that was refused is not the last that was taken.
  if (neighbor->last_heard > entry.liveness.last_ospf_at())
    entry.liveness.heard(SignOfLife::ospf, neighbor->last_heard);
  if (neighbor->dead_at) entry.liveness.set_dead_at(*neighbor->dead_at);
  if (was_suspect && !entry.liveness.is_suspect()) {
    tell_suspicion(link, entry, true);
    sources_.suspect(link, false);
    stop_probing(entry);
  }
}

void LivenessWatch::take(const wg::DeviceRead& reading) {
  renewals_.take(reading);
  if (reading.device == nullptr || entries_.empty()) return;
  const auto inside = networks_of(host_.links().inventory(), reading.name);
  const auto& peers = reading.device->peers;
  std::unordered_map<wg::Key, const wg::Peer*> by_key;
  for (const auto& peer : peers) by_key.emplace(peer.public_key, &peer);
  for (auto& [link, entry] : entries_) {
    if (entry.target.echo.device != reading.name) continue;
    const wg::Peer* peer = peers.size() == 1 ? &peers.front() : nullptr;
    if (entry.target.peer) {
      const auto found = by_key.find(*entry.target.peer);
      peer = found == by_key.end() ? nullptr : found->second;
    }
    if (peer == nullptr) continue;
    wg::Renewal now_read{peer->public_key, peer->rx_bytes, inside,
                         entry.peer ? entry.peer->outside : std::nullopt};
    now_read.outside = wg::outer_endpoint(*peer, now_read);
    const auto before = std::exchange(entry.peer, now_read);
    const bool has_grown = before && peer->rx_bytes > before->rx_bytes;
    const bool has_shaken = peer->last_handshake > std::exchange(entry.handshake, peer->last_handshake);
    // What came between two readings came at the second at the latest; of the first since it is suspect that says
    // nothing.
    const bool is_known = std::exchange(entry.is_read, entry.liveness.is_suspect());
    if (!is_known) continue;
    if (has_shaken)
      entry.liveness.heard(SignOfLife::handshake, now());
    else if (has_grown)
      entry.liveness.heard(SignOfLife::traffic, now());
  }
}

void LivenessWatch::take(LinkId link, const wg::EchoFate& fate) {
  const auto found = entries_.find(link);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  const bool is_of_learning = fate.ticket == entry.learning;
  if (!is_of_learning && fate.ticket != entry.probing) return;
  switch (fate.what) {
    case wg::EchoFate::What::answered:
      entry.liveness.answered(fate.round_trip, now());
      break;
    case wg::EchoFate::What::unanswered:
      entry.liveness.unanswered();
      break;
    case wg::EchoFate::What::over:
      (is_of_learning ? entry.learning : entry.probing) = 0;
      if (is_of_learning) {
        entry.liveness.learned(now());
        tell_learned(link, entry);
      }
      if (!fate.error.empty())
        host_.teller().notice(
            Severity::info, "no_echo",
            fmt::format("neighbor {} on {} cannot be asked whether it is there: {}; the dead "
                        "interval holds",
                        entry.router.to_string(), host_.link_name(link), fate.error),
            link);
      break;
  }
  look(link);
  arm();
}

// What is done
// ----------------------------------------------------------------------------------------------------

void LivenessWatch::look(LinkId link) {
  const auto found = entries_.find(link);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  const Instant at = now();
  for (;;) {
    switch (entry.liveness.next(at)) {
      case Liveness::Step::none:
        if (entry.liveness.is_suspect() && at - entry.asked_at >= kReadAgain) {
          entry.asked_at = at;
          host_.devices().read_soon(entry.target.echo.device);
        }
        return plan(link, entry, entry.liveness.next_look(at));
      case Liveness::Step::learn:
        entry.learning = send(link, entry, Liveness::kLearnedFrom);
        break;
      case Liveness::Step::probe:
        entry.is_read = false;
        entry.probing = send(link, entry, 0);
        tell_suspicion(link, entry, false);
        sources_.suspect(link, true);
        break;
      case Liveness::Step::hold: {
        sources_.hold(link);
        const auto neighbor = sources_.neighbor(link);
        if (neighbor && neighbor->dead_at) entry.liveness.set_dead_at(*neighbor->dead_at);
        return plan(link, entry, at + Liveness::kInterval);
      }
      case Liveness::Step::lost:
        return give_up(link);
    }
  }
}

/// Unless something lies in the sockets.
void LivenessWatch::give_up(LinkId link) {
  if (now() - sockets_read_at_ >= Liveness::kInterval) {
    sources_.read_sockets();
    sockets_read_at_ = now();
  }
  const auto found = entries_.find(link);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (entry.liveness.next(now()) != Liveness::Step::lost)
    return plan(link, entry, now() + Liveness::kInterval);
  const auto router = entry.router;
  const auto reason = entry.liveness.reason(now());
  const auto peer = entry.peer;
  const std::string device = entry.target.echo.device;
  end(link);
  sources_.lost(link, router, reason);
  if (peer && !sources_.is_sought(link)) renewals_.begin(link, device, *peer, now());
  arm();
}

void LivenessWatch::renew_sessions() {
  for (const auto& due : renewals_.take_due(now())) {
    if (due.is_first)
      host_.teller().notice(
          Severity::info, "session_renewed",
          fmt::format(
              "nothing is heard on {}: its WireGuard peer {} is made again every second for {} s, for a new "
              "handshake",
              host_.link_name(due.link), due.renewal.peer.to_base64(), SessionRenewals::kTrials),
          due.link);
    host_.devices().renew(due.device, due.renewal);
  }
}

void LivenessWatch::take(const wg::Renewed& renewed) {
  renewals_.take(renewed);
  if (renewed.error)
    host_.teller().notice(Severity::error, "session_not_renewed",
                          fmt::format("a new session with a peer cannot be had: {}", renewed.error->text));
}

/// The ticket.
std::uint64_t LivenessWatch::send(LinkId link, const Entry& entry, unsigned most) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const bool is_learning = most != 0;
  wg::EchoTrain train{
      ++last_ticket_, entry.target.echo,
      duration_cast<milliseconds>(is_learning ? Liveness::kLearnInterval : Liveness::kInterval),
      duration_cast<milliseconds>(entry.liveness.echo_wait()), most};
  // On its thread: only the hand-over.
  host_.icmp().start(std::move(train),
                     [this, link, &loop = host_.loop(), alive = alive_](const wg::EchoFate& fate) {
                       boost::asio::post(loop, [this, link, alive, fate] {
                         if (*alive) take(link, fate);
                       });
                     });
  return last_ticket_;
}

void LivenessWatch::stop_probing(Entry& entry) {
  if (entry.probing != 0) host_.icmp().stop(std::exchange(entry.probing, 0));
}

void LivenessWatch::plan(LinkId link, Entry& entry, Instant at) {
  looks_.erase({entry.look, link});
  entry.look = at;
  looks_.emplace(at, link);
}

void LivenessWatch::arm() {
  auto at = looks_.empty() ? std::nullopt : std::optional(looks_.begin()->first);
  if (const auto next = renewals_.next()) at = at ? std::min(*at, *next) : *next;
  if (at == armed_) return;
  armed_ = at;
  if (!at) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(std::chrono::steady_clock::time_point{at->time_since_epoch()});
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) time_is_up();
  });
}

void LivenessWatch::time_is_up() {
  armed_.reset();
  const Instant at = now();
  std::vector<LinkId> due;
  for (auto it = looks_.begin(); it != looks_.end() && it->first <= at; ++it) due.push_back(it->second);
  for (const auto link : due) look(link);
  renew_sessions();
  arm();
}

// What is told
// ----------------------------------------------------------------------------------------------------

void LivenessWatch::tell_suspicion(LinkId link, const Entry& entry, bool was_suspect) {
  const auto& liveness = entry.liveness;
  const auto who = fmt::format("neighbor {} on {}", entry.router.to_string(), host_.link_name(link));
  if (was_suspect)
    return host_.teller().notice(Severity::debug, "neighbor_heard_again",
                                 fmt::format("{} is heard again", who), link);
  host_.teller().notice(
      Severity::debug, "neighbor_suspect",
      fmt::format("{} is suspect: no OSPF packet came from it for {:.2f} s; it is sent echoes, and "
                  "given up when {} of them are unanswered and nothing came for {:.2f} s",
                  who, in_seconds(now() - liveness.last_ospf_at()), liveness.enough(),
                  in_seconds(liveness.settings().patience)),
      link);
}

void LivenessWatch::tell_learned(LinkId link, const Entry& entry) {
  if (entry.liveness.answers_echoes() != false) return;
  host_.teller().notice(
      Severity::info, "no_echo",
      fmt::format("neighbor {} on {} answers no ICMP echo: when it is silent it is given up after "
                  "the dead interval of {:.0f} s only; let echo requests to {} pass there",
                  entry.router.to_string(), host_.link_name(link),
                  in_seconds(entry.liveness.settings().dead_interval),
                  entry.target.echo.destination.to_string()),
      link);
}

std::map<LinkId, LivenessView> LivenessWatch::views() const {
  std::map<LinkId, LivenessView> views;
  for (const auto& [link, entry] : entries_) {
    const Liveness& liveness = entry.liveness;
    if (liveness.settings().patience.count() == 0) continue;
    LivenessView view;
    view.router = entry.router;
    view.last_sign = liveness.last_sign();
    view.last_sign_at = liveness.last_sign_at();
    view.is_suspect = liveness.is_suspect();
    view.answers_echoes = liveness.answers_echoes();
    view.loss = liveness.loss().mean();
    view.loss_samples = liveness.loss().samples();
    view.round_trip = liveness.round_trip();
    view.patience = liveness.patience();
    views.emplace(link, view);
  }
  return views;
}

}  // namespace wgospf::daemon
