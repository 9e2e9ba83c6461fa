#include "daemon/links/peer_endpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <set>
#include <unordered_map>
#include <utility>

namespace wgospf::daemon {

namespace {

using std::chrono::milliseconds;

/// What goes to a place that the peer may be at, while it is not heard.
constexpr unsigned kEchoes = 3;
constexpr milliseconds kEchoInterval{50};
/// And to the peer itself through the tunnel, so that WireGuard shakes hands at once.
constexpr unsigned kProvocations = 3;
constexpr milliseconds kProvocationInterval{300};
/// The patience where that is off, and the least: a handshake takes a round trip, and a second where it is lost.
constexpr milliseconds kPatience{1500}, kPatienceLeast{1000};
/// A search that waits for its turn.
constexpr milliseconds kTurn{100};

PeerEndpoints::Clock::duration patience_of(const EndpointPeer& peer) {
  return peer.patience.count() == 0 ? kPatience : std::max(peer.patience, kPatienceLeast);
}

wg::Endpoint endpoint_of(const EndpointName& name) {
  return {name.address, name.port};
}

double in_milliseconds(PeerEndpoints::Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

PeerEndpoints::Entry::Entry(EndpointPeer of) : peer(std::move(of)), search(patience_of(peer)) {}

PeerEndpoints::PeerEndpoints(Host& host) : host_(host), timer_(host.loop()) {}

PeerEndpoints::~PeerEndpoints() {
  *alive_ = false;
}

// Whom it follows
// ------------------------------------------------------------------------------------------------

void PeerEndpoints::follow(std::vector<EndpointPeer> peers) {
  std::set<std::pair<std::string, std::optional<wg::Key>>> wanted;
  std::set<std::string> named;
  bool is_other = false;
  for (auto& peer : peers) {
    const auto key = std::pair(peer.device, peer.key);
    wanted.insert(key);
    for (const auto& endpoint : peer.endpoints) {
      if (endpoint.kind == EndpointName::Kind::address) continue;
      const auto text = to_string(endpoint);
      named.insert(text);
      names_.try_emplace(text, Name{endpoint});
    }
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.peer == peer) continue;
    is_other = true;
    Entry& entry = found != entries_.end() ? found->second : entries_.try_emplace(key, peer).first->second;
    entry.peer = std::move(peer);
    entry.search.set_patience(patience_of(entry.peer));
    set_candidates(entry);
    ask_names(entry);
    // What does not change is not told again.
    if (const auto device = devices_.find(entry.peer.device); device != devices_.end()) {
      const auto& peers = device->second->peers;
      const wg::Peer* only = peers.size() == 1 ? &peers.front() : nullptr;
      read(entry, entry.peer.key ? device->second->find_peer(*entry.peer.key) : only, *device->second);
    }
  }
  is_other = std::erase_if(entries_,
                           [&](const auto& item) {
                             if (wanted.contains(item.first)) return false;
                             host_.teller().set_warning("endpoints/" + item.second.peer.name, {});
                             return true;
                           }) != 0 ||
             is_other;
  if (!is_other) return;
  std::erase_if(names_, [&](const auto& item) {
    if (named.contains(item.first)) return false;
    host_.teller().set_warning("endpoint_name/" + item.first, {});
    return true;
  });
  arm();
}

PeerEndpoints::Entry* PeerEndpoints::find(ospf::LinkId link) {
  for (auto& [place, entry] : entries_)
    if (entry.peer.link == link) return &entry;
  return nullptr;
}

PeerEndpoints::Entry* PeerEndpoints::find(const std::string& device, const wg::Key& key) {
  for (auto& [place, entry] : entries_)
    if (entry.peer.device == device && entry.key == key) return &entry;
  return nullptr;
}

bool PeerEndpoints::follows(ospf::LinkId link) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const auto& item) { return item.second.peer.link == link && item.second.key; });
}

void PeerEndpoints::stop() {
  entries_.clear();
  names_.clear();
  timer_.cancel();
  armed_.reset();
}

// What is heard
// -------------------------------------------------------------------------------------------------

void PeerEndpoints::take(const wg::DeviceRead& reading) {
  if (reading.device == nullptr) {
    devices_.erase(reading.name);
    return;
  }
  devices_[reading.name] = reading.device;
  if (entries_.empty()) return;
  const auto& peers = reading.device->peers;
  std::unordered_map<wg::Key, const wg::Peer*> by_key;
  for (auto& [place, entry] : entries_) {
    if (entry.peer.device != reading.name) continue;
    if (by_key.empty())
      for (const auto& peer : peers) by_key.emplace(peer.public_key, &peer);
    const wg::Peer* peer = nullptr;
    if (entry.peer.key) {
      const auto found = by_key.find(*entry.peer.key);
      if (found != by_key.end()) peer = found->second;
    } else if (peers.size() == 1) {
      peer = &peers.front();
    }
    read(entry, peer, *reading.device);
  }
  arm();
}

/// `peer`: null where the device does not have it.
void PeerEndpoints::read(Entry& entry, const wg::Peer* peer, const wg::Device& device) {
  entry.key = peer == nullptr ? std::nullopt : std::optional(peer->public_key);
  entry.mark = device.fwmark;
  if (!entry.peer.key)
    host_.teller().set_warning(
        "endpoints/" + entry.peer.name,
        peer != nullptr
            ? std::string()
            : fmt::format(
                  "interface {} has {} peers, and its endpoints are those of one: use \"peers: auto\" and "
                  "write them into an entry of \"peer\"",
                  entry.peer.name, device.peers.size()),
        entry.peer.link);
  if (peer == nullptr) return;
  entry.search.take(*peer, Clock::now(), std::chrono::system_clock::now());
  run(entry);
}

void PeerEndpoints::take(const wg::Renewed& renewed) {
  if (renewed.error && !renewed.is_passed_over)
    host_.teller().notice(Severity::error, "session_not_renewed",
                          fmt::format("a peer cannot be sought elsewhere: {}", renewed.error->text));
  Entry* entry = find(renewed.name, renewed.peer);
  if (entry == nullptr) return;
  entry->search.tried(renewed.error ? renewed.error->text : std::string(), Clock::now());
  if (!renewed.error) provoke(*entry);
  run(*entry);
  arm();
}

void PeerEndpoints::doubt(ospf::LinkId link, bool is_suspect) {
  Entry* entry = find(link);
  if (entry == nullptr) return;
  entry->search.doubt(is_suspect, Clock::now());
  run(*entry);
  arm();
}

void PeerEndpoints::lost(ospf::LinkId link) {
  Entry* entry = find(link);
  if (entry == nullptr) return;
  entry->search.doubt(false, Clock::now());
  entry->search.lost(Clock::now());
  host_.devices().read_soon(entry->peer.device);
  run(*entry);
  arm();
}

// What is done
// -------------------------------------------------------------------------------------------------

void PeerEndpoints::run(Entry& entry) {
  using Kind = wg::EndpointSearch::Step::Kind;
  if (const auto took = entry.search.take_found()) tell_found(entry, *took);
  if (!entry.key) return;
  for (;;) {
    const auto now = Clock::now();
    const auto look = entry.search.next_look();
    if (!look || *look > now || !may_try(now)) return;
    const auto step = entry.search.next(now);
    if (step.kind == Kind::none) return;
    if (step.kind == Kind::ask) {
      ask_names(entry);
      send_echoes(entry);
    } else {
      move(entry, step);
    }
  }
}

bool PeerEndpoints::may_try(Clock::time_point now) {
  while (!trials_.empty() && now - trials_.front() > std::chrono::seconds{1}) trials_.pop_front();
  return trials_.size() < kTrialsMost;
}

void PeerEndpoints::move(Entry& entry, const wg::EndpointSearch::Step& step) {
  trials_.push_back(Clock::now());
  if (!std::exchange(entry.is_told, true))
    host_.teller().notice(
        Severity::info, "peer_sought",
        fmt::format("nothing is heard of the WireGuard peer {}: it is sought where it may be, {} in number",
                    entry.peer.name, entry.search.places().size()),
        entry.peer.link);
  host_.teller().notice(
      Severity::debug, "peer_sought_at",
      fmt::format("the WireGuard peer {} is sought at {}", entry.peer.name, to_string(step.endpoint)),
      entry.peer.link);
  wg::Renewal renewal;
  renewal.peer = *entry.key;
  renewal.rx_bytes = step.rx_bytes;
  renewal.aim = step.endpoint;
  host_.devices().renew(entry.peer.device, std::move(renewal));
}

void PeerEndpoints::tell_found(Entry& entry, Clock::duration took) {
  const auto& endpoint = entry.search.endpoint();
  std::string origin;
  for (const auto& place : entry.search.places())
    if (endpoint && place.endpoint == *endpoint && place.origin != to_string(place.endpoint))
      origin = place.origin;
  host_.teller().notice(
      Severity::info, "peer_found",
      fmt::format("the WireGuard peer {} is at {}{}: it was sought for {:.0f} ms", entry.peer.name,
                  endpoint ? to_string(*endpoint) : "an unknown place",
                  origin.empty() ? std::string() : " (" + origin + ")", in_milliseconds(took)),
      entry.peer.link);
  entry.is_told = false;
}

/// On the probers' threads only the hand-over.
void PeerEndpoints::send_echoes(Entry& entry) {
  if (!prober_) prober_ = std::make_unique<wg::IcmpProber>();
  for (const auto& place : entry.search.places()) {
    wg::EchoTarget target;
    if (const auto* v4 = std::get_if<Ipv4Address>(&place.endpoint.address))
      target.destination = *v4;
    else
      target.destination6 = std::get<Ipv6Address>(place.endpoint.address);
    target.mark = entry.mark;
    entry.search.echoed(place.endpoint, std::nullopt);
    wg::EchoTrain train{++last_ticket_, target, kEchoInterval,
                        std::chrono::duration_cast<milliseconds>(wg::EndpointSearch::kMeasure), kEchoes};
    prober_->start(std::move(train),
                   [this, &loop = host_.loop(), alive = alive_, key = entry.key, device = entry.peer.device,
                    endpoint = place.endpoint](const wg::EchoFate& fate) {
                     if (fate.what != wg::EchoFate::What::answered) return;
                     boost::asio::post(loop, [this, alive, key, device, endpoint, took = fate.round_trip] {
                       if (!*alive || !key) return;
                       if (Entry* of = find(device, *key)) of->search.echoed(endpoint, took);
                     });
                   });
  }
}

void PeerEndpoints::provoke(const Entry& entry) {
  if (entry.peer.inside.destination == Ipv4Address{}) return;
  if (!prober_) prober_ = std::make_unique<wg::IcmpProber>();
  prober_->start(
      {++last_ticket_, entry.peer.inside, kProvocationInterval, kProvocationInterval, kProvocations},
      [](const wg::EchoFate&) {});
}

// Names
// ---------------------------------------------------------------------------------------------------------

std::optional<PeerEndpoints::Clock::time_point> PeerEndpoints::due_at(const Name& name, bool is_heard) const {
  if (name.ticket != 0) return std::nullopt;
  if (!name.answered_at) return Clock::time_point{};
  if (name.has_failed) return *name.answered_at + (is_heard ? kAskAgainMost : kAskAgainFailed);
  if (is_heard) return std::nullopt;
  return *name.answered_at + std::min<Clock::duration>(name.ttl, kAskAgainMost);
}

bool PeerEndpoints::is_due(const Name& name, bool is_heard, Clock::time_point now) const {
  const auto at = due_at(name, is_heard);
  return at && *at <= now;
}

void PeerEndpoints::ask_names(const Entry& entry) {
  const bool is_heard = entry.search.phase() == wg::EndpointSearch::Phase::heard;
  const auto now = Clock::now();
  for (const auto& endpoint : entry.peer.endpoints) {
    const auto found = names_.find(to_string(endpoint));
    if (found == names_.end() || !is_due(found->second, is_heard, now)) continue;
    if (!resolver_)
      // On its thread: only the hand-over.
      resolver_ = std::make_unique<wg::NameResolver>(
          [this, &loop = host_.loop(), alive = alive_](wg::NameAnswer answer) {
            boost::asio::post(loop, [this, alive, answer = std::move(answer)] {
              if (*alive) take(answer);
            });
          });
    found->second.ticket = ++last_ticket_;
    resolver_->ask(last_ticket_, found->second.name);
  }
}

void PeerEndpoints::take(const wg::NameAnswer& answer) {
  const auto found = std::find_if(names_.begin(), names_.end(),
                                  [&](const auto& item) { return item.second.ticket == answer.ticket; });
  if (found == names_.end()) return;
  auto& [text, name] = *found;
  name.ticket = 0;
  name.answered_at = Clock::now();
  name.ttl = answer.ttl;
  name.error = answer.error;
  name.has_failed = answer.endpoints.empty();
  const bool is_other = !answer.endpoints.empty() && answer.endpoints != name.endpoints;
  if (is_other) name.endpoints = answer.endpoints;
  host_.teller().set_warning(
      "endpoint_name/" + text,
      answer.endpoints.empty()
          ? fmt::format("the endpoint {} has no address: {}; look whether the name and the servers in "
                        "/etc/resolv.conf are right{}",
                        text, answer.error,
                        name.endpoints.empty() ? "" : "; the addresses that it had are used")
          : std::string());
  for (auto& [place, entry] : entries_) {
    const bool is_its = std::any_of(entry.peer.endpoints.begin(), entry.peer.endpoints.end(),
                                    [&](const auto& endpoint) { return to_string(endpoint) == text; });
    if (!is_its || !is_other) continue;
    set_candidates(entry);
    if (entry.search.phase() != wg::EndpointSearch::Phase::heard) send_echoes(entry);
    run(entry);
  }
  arm();
}

void PeerEndpoints::set_candidates(Entry& entry) const {
  std::vector<wg::EndpointSearch::Candidate> candidates;
  for (const auto& endpoint : entry.peer.endpoints) {
    const auto text = to_string(endpoint);
    if (endpoint.kind == EndpointName::Kind::address) {
      candidates.push_back({endpoint_of(endpoint), text});
      continue;
    }
    const auto name = names_.find(text);
    if (name == names_.end()) continue;
    for (const auto& found : name->second.endpoints) candidates.push_back({found, text});
  }
  entry.search.set_candidates(std::move(candidates));
}

// Time
// ----------------------------------------------------------------------------------------------------------

void PeerEndpoints::arm() {
  std::optional<Clock::time_point> at;
  const auto soonest = [&](Clock::time_point other) { at = at ? std::min(*at, other) : other; };
  const auto now = Clock::now();
  const bool is_turn = may_try(now);
  for (const auto& [place, entry] : entries_) {
    const bool is_heard = entry.search.phase() == wg::EndpointSearch::Phase::heard;
    if (const auto look = entry.search.next_look(); look && entry.key)
      soonest(is_turn ? *look : std::max(*look, now + kTurn));
    if (entry.search.is_trying()) soonest(entry.read_at + kReadAgain);
    for (const auto& endpoint : entry.peer.endpoints)
      if (const auto name = names_.find(to_string(endpoint)); name != names_.end())
        if (const auto due = due_at(name->second, is_heard)) soonest(*due);
  }
  if (at == armed_) return;
  armed_ = at;
  if (!at) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*at);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) time_is_up();
  });
}

void PeerEndpoints::time_is_up() {
  armed_.reset();
  const auto now = Clock::now();
  for (auto& [place, entry] : entries_) {
    ask_names(entry);
    run(entry);
    if (!entry.search.is_trying() || now - entry.read_at < kReadAgain) continue;
    entry.read_at = now;
    host_.devices().read_soon(entry.peer.device);
  }
  arm();
}

// What is shown
// ---------------------------------------------------------------------------------------------------

std::vector<EndpointNote> PeerEndpoints::notes_of(const Entry& entry) const {
  using Outcome = wg::EndpointSearch::Outcome;
  std::vector<EndpointNote> notes;
  for (const auto& place : entry.search.places()) {
    EndpointNote note{to_string(place.endpoint), place.origin, place.round_trip, "not tried", {}};
    const bool is_used = entry.search.endpoint() == place.endpoint;
    if (place.outcome == Outcome::answered) note.state = "heard";
    if (place.outcome == Outcome::silent) note.state = "no answer";
    if (is_used && place.outcome != Outcome::silent) note.state = "in use";
    if (place.outcome == Outcome::trying) note.state = "trying";
    if (place.outcome == Outcome::passed_over) {
      note.state = "passed over";
      note.why = place.why;
    }
    notes.push_back(std::move(note));
  }
  for (const auto& endpoint : entry.peer.endpoints) {
    const auto name = names_.find(to_string(endpoint));
    if (name == names_.end() || !name->second.endpoints.empty()) continue;
    notes.push_back({{},
                     name->first,
                     std::nullopt,
                     "not known",
                     name->second.error.empty() ? "it is being asked" : name->second.error});
  }
  return notes;
}

void PeerEndpoints::add_to(PeerNotes& notes) const {
  for (const auto& [place, entry] : entries_) {
    if (!entry.key) continue;
    PeerNote& note = notes[{entry.peer.device, *entry.key}];
    note.endpoints = notes_of(entry);
    note.endpoint_reason = entry.search.reason();
  }
}

}  // namespace wgospf::daemon
