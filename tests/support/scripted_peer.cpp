#include "tests/support/scripted_peer.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace wgospf::test {

using namespace wgospf::ospf;

namespace {

constexpr RouterId kRouter{0x01010101}, kFirstPeer{0x02020202}, kSecondPeer{0x04040404};
constexpr Ipv4Address kFirstSubnet{0x0a000000}, kSecondSubnet{0x0a000100};
constexpr std::uint16_t kMtu = 1500;
constexpr std::size_t kStorm = 10000;  ///< packets at one instant, far above what any exchange here takes
constexpr std::uint8_t kOptions = Options::kExternal;

Ipv4Address host(Ipv4Address subnet, std::uint32_t number) {
  return {subnet.value + number};
}

InstanceConfig configuration() {
  InstanceConfig config;
  config.router_id = kRouter;
  config.areas = {{kBackbone}};
  for (const auto& [link, name] : {std::pair{Bench::kFirstLink, "first"}, {Bench::kSecondLink, "second"}}) {
    InterfaceConfig interface;
    interface.link = link;
    interface.device = DeviceId{link.value};
    interface.name = name;
    config.interfaces.push_back(interface);
  }
  return config;
}

DeviceStatus link_status(Ipv4Address subnet, std::uint32_t ifindex) {
  DeviceStatus status;
  status.up = true;
  status.ifindex = InterfaceIndex{ifindex};
  status.mtu = kMtu;
  status.addresses = {{host(subnet, 1), 24}};
  return status;
}

}  // namespace

ScriptedPeer::ScriptedPeer(Identity identity, std::vector<Lsa> database)
    : identity_(identity), database_(std::move(database)) {}

ScriptedPeer::Bytes ScriptedPeer::hello() const {
  Hello hello;
  hello.network_mask = identity_.network_mask;
  hello.hello_interval = identity_.hello_interval;
  hello.dead_interval = identity_.dead_interval;
  hello.options.bits = identity_.options;
  hello.priority = 1;
  if (heard_.value != 0) hello.neighbors = {heard_};
  return encode(hello);
}

ScriptedPeer::Bytes ScriptedPeer::description(DdFlags flags, Headers headers) const {
  DatabaseDescription description;
  description.interface_mtu = kMtu;
  description.options.bits = (identity_.options & Options::kExternal) | Options::kOpaque;
  description.flags = flags;
  description.sequence_number = dd_sequence_number_;
  if (headers == Headers::all) {
    for (const auto& lsa : database_) description.headers.push_back(V2::header(lsa));
  }
  return encode(description);
}

std::vector<ScriptedPeer::Bytes> ScriptedPeer::restart() {
  ++dd_sequence_number_;
  described_ = false;
  return {description({.init = true, .more = true, .master = true}, Headers::none)};
}

// Section 10.6: the router with the higher id is the master.
std::vector<ScriptedPeer::Bytes> ScriptedPeer::receive_description(RouterId from,
                                                                   const DatabaseDescription& theirs) {
  if (from > identity_.router_id) return answer_as_slave(theirs);
  // It proposes itself as master, or is out of step (section 10.8): claim the mastership.
  if (theirs.flags.init || theirs.flags.master || theirs.sequence_number != dd_sequence_number_)
    return restart();
  std::vector<Bytes> answers;
  LinkStateRequest request;
  for (const auto& header : theirs.headers) request.keys.push_back(header.key);
  if (!request.keys.empty()) answers.push_back(encode(request));
  if (theirs.flags.more || !described_) {
    ++dd_sequence_number_;
    described_ = true;
    answers.push_back(description({.init = false, .more = false, .master = true}, Headers::all));
  }
  return answers;
}

std::vector<ScriptedPeer::Bytes> ScriptedPeer::answer_as_slave(const DatabaseDescription& theirs) {
  if (!theirs.flags.master) return restart();
  dd_sequence_number_ = theirs.sequence_number;
  std::vector<Bytes> answers = {description({}, theirs.flags.init ? Headers::all : Headers::none)};
  LinkStateRequest request;
  for (const auto& header : theirs.headers) request.keys.push_back(header.key);
  if (!request.keys.empty()) answers.push_back(encode(request));
  return answers;
}

std::vector<ScriptedPeer::Bytes> ScriptedPeer::receive(std::span<const std::byte> packet) {
  const auto result = V2::decode(packet);
  const auto* decoded = std::get_if<Packet>(&result);
  if (decoded == nullptr) return {};
  if (std::holds_alternative<Hello>(decoded->body)) {
    const bool fresh = heard_ != decoded->header.router_id;
    heard_ = decoded->header.router_id;
    if (fresh) return {hello()};
    return {};
  }
  if (const auto* dd = std::get_if<DatabaseDescription>(&decoded->body))
    return receive_description(decoded->header.router_id, *dd);
  if (const auto* request = std::get_if<LinkStateRequest>(&decoded->body)) {
    std::vector<OutgoingLsa> lsas;
    for (const auto& lsa : database_) {
      const auto& keys = request->keys;
      if (std::find(keys.begin(), keys.end(), V2::header(lsa).key) != keys.end()) lsas.push_back({lsa, 1});
    }
    if (lsas.size() != request->keys.size()) return restart();  // BadLSReq, section 10.7
    return {encode(std::span<const OutgoingLsa>(lsas))};
  }
  if (const auto* update = std::get_if<LinkStateUpdate>(&decoded->body)) {
    LinkStateAcknowledgment acknowledgment;
    for (const auto& lsa : update->lsas) acknowledgment.headers.push_back(lsa.header);
    return {encode(acknowledgment)};
  }
  return {};
}

Bench::Bench(InstanceConfig config, std::vector<Link> links)
    : links_(std::move(links)),
      hello_interval_(seconds{config.interfaces.front().hello_interval}),
      router_(std::move(config), Seed{1}, now_) {
  for (const Link& link : links_) set_link(link.link, true);
}

Bench::Bench(std::vector<Lsa> database)
    : Bench(configuration(), {{kFirstLink, link_status(kFirstSubnet, 11),
                               ScriptedPeer({kFirstPeer, host(kFirstSubnet, 2)}, std::move(database))},
                              {kSecondLink, link_status(kSecondSubnet, 12),
                               ScriptedPeer({kSecondPeer, host(kSecondSubnet, 2)},
                                            {make_router_lsa(kSecondPeer, {kRouter},
                                                             {Ipv4Prefix::make(kSecondSubnet, 24)})})}}) {}

bool Bench::bring_up() {
  const Instant deadline = now_ + seconds{60};
  while (now_ < deadline) {
    run_for(seconds{5});
    if (is_settled()) return true;
  }
  return false;
}

bool Bench::is_settled() const {
  const auto neighbors = router_.neighbors();
  const auto peers =
      std::count_if(links_.begin(), links_.end(), [](const Link& link) { return link.peer.has_value(); });
  return std::cmp_equal(neighbors.size(), peers) &&
         std::all_of(neighbors.begin(), neighbors.end(), [](const auto& n) {
           return n.state == NeighborState::full && n.retransmission_list == 0 && n.request_list == 0;
         });
}

void Bench::inject(std::span<const std::byte> packet, Ipv4Address source, Ipv4Address destination) {
  handle(Received{kFirstLink, source, destination, packet});
}

void Bench::handle(const Input& input) {
  router_.handle(now_, input);
  drain();
}

void Bench::set_link(LinkId id, bool up) {
  DeviceStatus status = link(id).status;
  status.up = up;
  handle(DeviceChanged{DeviceId{id.value}, status});
}

Bench::Link& Bench::link(LinkId id) {
  return *std::find_if(links_.begin(), links_.end(), [id](const Link& link) { return link.link == id; });
}

void Bench::receive(const Link& link, std::span<const std::byte> packet) {
  router_.handle(now_, Received{link.link, link.peer->address(), kAllSpfRouters, packet});
}

void Bench::run_for(Duration duration) {
  const Instant end = now_ + duration;
  for (;;) {
    Instant next = next_hello_;
    if (const auto deadline = router_.poll_timeout()) next = std::min(next, deadline->at);
    if (next > end) break;
    now_ = std::max(now_, next);
    if (now_ >= next_hello_) send_hellos();
    router_.handle_timeout(now_);
    drain();
  }
  now_ = end;
}

void Bench::send_hellos() {
  next_hello_ = now_ + hello_interval_;
  for (const Link& link : links_) {
    if (!link.peer || silent_.contains(link.link)) continue;
    receive(link, link.peer->hello());
    drain();
  }
}

// Delivery is immediate: what the router sends is answered, and the answers handled, until nobody speaks.
void Bench::drain() {
  std::deque<Sent> wire;
  for (std::size_t packets = 0; packets < kStorm; ++packets) {
    while (const auto output = router_.poll()) {
      if (const auto* transmit = std::get_if<Transmit>(&*output)) {
        sent_.push_back({now_, transmit->link, transmit->bytes});
        wire.push_back(sent_.back());
      }
    }
    if (wire.empty()) return;
    const Sent sent = wire.front();
    wire.pop_front();
    Link& from = link(sent.link);
    if (!from.peer || silent_.contains(sent.link)) continue;
    for (const auto& answer : from.peer->receive(*sent.bytes)) receive(from, answer);
  }
  storm_ = true;
}

std::optional<NeighborInfo> Bench::neighbor(RouterId router_id) const {
  for (auto& info : router_.neighbors()) {
    if (info.router_id == router_id) return info;
  }
  return std::nullopt;
}

Lsa make_router_lsa(RouterId router, const std::vector<RouterId>& neighbors,
                    const std::vector<Ipv4Prefix>& stubs, std::uint8_t flags) {
  v2::RouterLsa body;
  body.flags = flags;
  for (const RouterId neighbor : neighbors) {
    body.links.push_back({neighbor.value, router.value, v2::RouterLinkType::point_to_point, 10, {}});
  }
  for (const Ipv4Prefix& stub : stubs) {
    body.links.push_back({stub.address.value, netmask(stub.length), v2::RouterLinkType::stub, 10, {}});
  }
  LsaHeader header;
  header.age = 1;
  header.options.bits = kOptions;
  header.key = {LsaType::router, LinkStateId{router.value}, router};
  return V2::encode_lsa(header, body);
}

}  // namespace wgospf::test
