#include "tests/sim/scripted_peer.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "ospf/recency.h"

namespace wgospf::sim {

using namespace ospf;

ScriptedPeer::ScriptedPeer(Network& network, RouterIndex router, LinkId port, RouterId id,
                           Ipv4Address own_address)
    : address(own_address),
      network_(network),
      id_(id),
      config_(network.routers[router].ports.at(port).config) {
  Cable::End peer;
  peer.tap = [this](Instant, const Datagram& datagram) { receive(datagram); };
  cable_ = network.connect({router, port, {}}, std::move(peer));
}

void ScriptedPeer::start() {
  is_silent_ = false;
  hello_due(++life_);
}

void ScriptedPeer::say_goodbye() {
  auto last = hello();
  last.neighbors.clear();
  transmit(V2::encode(id_, config_.area, last));
}

void ScriptedPeer::become(RouterId id) {
  id_ = id;
  neighbor_.reset();
  two_way_ = exchanging_ = full_ = false;
  described_ = 0;
  wanted_.clear();
  database_.clear();
  send_hello();
}

void ScriptedPeer::hello_due(unsigned life) {
  if (life != life_) return;
  send_hello();
  network_.scheduler.after(seconds{1}, [this, life] { hello_due(life); });
}

Hello ScriptedPeer::hello() const {
  Hello hello;
  hello.network_mask = network_mask;
  hello.hello_interval = config_.hello_interval;
  hello.dead_interval = config_.dead_interval;
  hello.options = hello_options;
  if (neighbor_) hello.neighbors.push_back(*neighbor_);
  return hello;
}

void ScriptedPeer::send_hello() {
  transmit(V2::encode(id_, config_.area, hello()));
}

void ScriptedPeer::transmit(std::vector<std::byte> bytes, Ipv4Address source, Ipv4Address destination) {
  network_.send(cable_, 1,
                {source, destination, std::make_shared<const std::vector<std::byte>>(std::move(bytes))});
}

void ScriptedPeer::send_update(const std::vector<OutgoingLsa>& lsas) {
  transmit(V2::encode(id_, config_.area, std::span<const OutgoingLsa>(lsas)));
}

void ScriptedPeer::send_dd(const DatabaseDescription& dd) {
  transmit(V2::encode(id_, config_.area, dd));
}

void ScriptedPeer::send_request(const std::vector<LsaKey>& keys) {
  transmit(V2::encode(id_, config_.area, LinkStateRequest{keys}));
}

void ScriptedPeer::hold(const Lsa& lsa) {
  database_[V2::header(lsa).key] = {lsa, network_.now() - seconds{10}};
}

std::optional<LsaHeader> ScriptedPeer::held(const LsaKey& key) const {
  const auto it = database_.find(key);
  if (it == database_.end()) return std::nullopt;
  return V2::header(it->second.lsa);
}

Lsa ScriptedPeer::router_lsa(std::int32_t sequence_number, std::uint32_t stubs, std::uint16_t age) const {
  v2::RouterLsa body;
  if (neighbor_)
    body.links.push_back({neighbor_->value, address.value, v2::RouterLinkType::point_to_point, 10, {}});
  for (std::uint32_t i = 0; i < stubs; ++i)
    body.links.push_back({0xc6336400 + i, 0xffffffff, v2::RouterLinkType::stub, 1, {}});
  LsaHeader header;
  header.age = age;
  header.options = {Options::kExternal};
  header.key = {LsaType::router, LinkStateId{id_.value}, id_};
  header.sequence_number = sequence_number;
  return V2::encode_lsa(header, body);
}

std::vector<ScriptedPeer::Seen> ScriptedPeer::updates_of(const LsaKey& key) const {
  std::vector<Seen> found;
  for (const Seen& seen : updates)
    if (seen.header.key == key) found.push_back(seen);
  return found;
}

void ScriptedPeer::receive(const Datagram& datagram) {
  if (is_silent_) return;
  const auto decoded = V2::decode(*datagram.bytes);
  const auto* packet = std::get_if<Packet>(&decoded);
  if (packet == nullptr) return;
  neighbor_ = packet->header.router_id;
  std::visit([this](const auto& body) { take(body); }, packet->body);
}

void ScriptedPeer::take(const Hello& hello) {
  hellos.push_back(network_.now());
  last_hello = hello;
  const bool listed = std::find(hello.neighbors.begin(), hello.neighbors.end(), id_) != hello.neighbors.end();
  if (!listed) {
    exchanging_ = full_ = false;
    described_ = 0;
    two_way_ = false;
    send_hello();
    return;
  }
  if (std::exchange(two_way_, true)) return;
  send_hello();
  if (answers_descriptions) open_exchange();
}

DatabaseDescription ScriptedPeer::opening_dd() const {
  DatabaseDescription dd;
  dd.interface_mtu = mtu;
  dd.options = dd_options;
  dd.flags = {.init = true, .more = true, .master = true};
  dd.sequence_number = dd_sequence_;
  return dd;
}

void ScriptedPeer::open_exchange() {
  exchanging_ = full_ = false;
  described_ = 0;
  wanted_.clear();
  last_dd_.reset();
  last_answer_.reset();
  send_dd(opening_dd());
}

std::vector<LsaHeader> ScriptedPeer::headers() const {
  std::vector<LsaHeader> all;
  for (const auto& [key, held] : database_)
    if (!keeps_flushed || !V2::header(held.lsa).is_maxage()) all.push_back(V2::header(held.lsa));
  return all;
}

/// One packet describes everything: a test's databases are small.
void ScriptedPeer::take(const DatabaseDescription& dd) {
  descriptions.push_back({network_.now(), dd});
  if (!answers_descriptions || (refuses_larger_mtu && dd.interface_mtu > mtu) ||
      (refuses_smaller_mtu && dd.interface_mtu < mtu))
    return;
  const bool is_slave = *neighbor_ > id_;
  if (std::exchange(last_dd_, dd) == dd) {  // section 10.6: the slave repeats itself, the master does nothing
    if (is_slave && last_answer_) send_dd(*last_answer_);
    return;
  }
  if (dd.flags.init && (exchanging_ || full_)) {  // the other side begins again
    ++dd_sequence_;
    return open_exchange();
  }
  if (full_) return;
  const unsigned packets = describes_twice ? 2 : 1;
  for (const auto& header : dd.headers) {
    const auto own = held(header.key);
    if (!own || compare_recency(header, *own) > 0) wanted_.push_back(header.key);
  }
  DatabaseDescription answer;
  answer.interface_mtu = mtu;
  answer.options = dd_options;
  if (is_slave) {
    if (!dd.flags.init && !exchanging_) return;
    answer.sequence_number = dd.sequence_number;
  } else {
    if (dd.flags.init || dd.sequence_number != dd_sequence_) return;
    if (described_ >= packets && !dd.flags.more) return exchange_done();
    answer.sequence_number = ++dd_sequence_;
    answer.flags.master = true;
  }
  exchanging_ = true;
  if (described_ < packets) {
    answer.headers = headers();
    ++described_;
  }
  answer.flags.more = described_ < packets;
  last_answer_ = answer;
  send_dd(answer);
  if (is_slave && !dd.flags.more) exchange_done();
}

void ScriptedPeer::exchange_done() {
  full_ = wanted_.empty();
  if (!full_) send_request(wanted_);
}

void ScriptedPeer::take(const LinkStateRequest& request) {
  requests.push_back({network_.now(), request.keys});
  if (!answers_requests) return;
  std::vector<OutgoingLsa> lsas;
  for (const auto& key : request.keys) {
    const auto other = answers.find(key);
    const auto it = database_.find(key);
    if (other == answers.end() && it == database_.end()) continue;
    const Lsa& lsa = other == answers.end() ? it->second.lsa : other->second;
    lsas.push_back({lsa, static_cast<std::uint16_t>(V2::header(lsa).age + 1)});
  }
  send_update(lsas);
}

/// True when the instance is to be acknowledged.
bool ScriptedPeer::install(const ReceivedLsa& received) {
  const auto it = database_.find(received.header.key);
  if (it != database_.end()) {
    const auto order = compare_recency(received.header, V2::header(it->second.lsa));
    if (order == 0) return true;
    if (order < 0) {
      if (keeps_flushed) send_update({{it->second.lsa, V2::header(it->second.lsa).age}});
      return false;
    }
    if (strict_arrival && network_.now() - it->second.installed < kMinLsArrival) return false;
  }
  if (received.header.is_maxage() && !keeps_flushed)
    database_.erase(received.header.key);
  else
    database_[received.header.key] = {Lsa::copy(received.bytes), network_.now()};
  return true;
}

void ScriptedPeer::acknowledge(const std::vector<LsaHeader>& headers) {
  constexpr std::size_t kMost = 60;
  if (ack_clock > Duration{}) {
    if (unacknowledged_.empty() && !headers.empty()) {
      const Duration past = network_.now().time_since_epoch() % ack_clock;
      network_.scheduler.after(ack_clock - past, [this] {
        const Duration clock = std::exchange(ack_clock, Duration{});
        acknowledge(std::exchange(unacknowledged_, {}));
        ack_clock = clock;
      });
    }
    unacknowledged_.insert(unacknowledged_.end(), headers.begin(), headers.end());
    return;
  }
  for (std::size_t i = 0; i < headers.size(); i += kMost) {
    LinkStateAcknowledgment ack;
    ack.headers.assign(headers.begin() + static_cast<std::ptrdiff_t>(i),
                       headers.begin() + static_cast<std::ptrdiff_t>(std::min(i + kMost, headers.size())));
    transmit(V2::encode(id_, config_.area, ack));
  }
}

void ScriptedPeer::take(const LinkStateUpdate& update) {
  LinkStateAcknowledgment ack;
  for (const auto& received : update.lsas) {
    const bool hears = (acknowledges || !full_) && received.header.key != never_acknowledges;
    const bool taken = hears && install(received);
    if (taken) ack.headers.push_back(received.header);
    updates.push_back({network_.now(), received.header, Lsa::copy(received.bytes), taken});
    std::erase(wanted_, received.header.key);
  }
  acknowledge(ack.headers);
  if (exchanging_ && wanted_.empty()) full_ = true;
}

void ScriptedPeer::take(const LinkStateAcknowledgment& ack) {
  acknowledgments.insert(acknowledgments.end(), ack.headers.begin(), ack.headers.end());
}

}  // namespace wgospf::sim
