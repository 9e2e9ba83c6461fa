#include "tests/sim/rest.h"

#include <variant>

#include "tests/sim/describe.h"

namespace wgospf::sim {

using namespace ospf;

namespace {

/// A timer may be late, and the next refresh then seems early.
constexpr Duration kTimersLate = seconds{1};
/// How long a refreshed LSA may be on its way: 40 hops of 0.75 s at most, acknowledgements, one
/// retransmission.
constexpr Duration kOnTheWay = seconds{60};
/// Each hop makes an LSA a second older.
constexpr Duration kAgedByHops = seconds{120};
/// An instance goes out once on a link; duplicates of it are acknowledged again, delays of more than the
/// retransmission interval repeat it.
constexpr std::uint32_t kPassages = 4;
/// Once in its interval, and an answer to each hello of a neighbour that does not hear us.
constexpr std::uint64_t kHellosInAnInterval = 2;

}  // namespace

RestOracle::RestOracle(Network& network) : network_(network) {
  network.observers.push_back([this](Instant, RouterIndex router, const Output<V2>& output) {
    if (const auto* packet = std::get_if<Transmit>(&output)) return see(router, *packet);
    const auto* event = std::get_if<Event>(&output);
    const auto* origin = event == nullptr ? nullptr : std::get_if<LsaOriginated>(event);
    if (origin != nullptr) see(router, *origin);
  });
}

void RestOracle::begin() {
  is_resting_ = true;
  begun_ = network_.now();
  passages_.clear();
  hellos_.clear();
}

std::vector<std::string> RestOracle::end() {
  count_hellos();
  is_resting_ = false;
  std::vector<std::string> found(problems_.begin(), problems_.end());
  problems_.clear();
  return found;
}

void RestOracle::see(RouterIndex router, const LsaOriginated& event) {
  const LsaKey& key = event.header.key;
  const LsaName named = name_of(event);
  const Instant now = network_.now();
  if (is_resting_) {
    const auto last = originated_.find({router, named});
    const Duration refresh = network_.routers[router].ls_refresh_time;
    if (event.flushed)
      complain(router, "flushes " + describe(key));
    else if (scope_of(key.type) != FloodingScope::link &&  // of these one of the same name is on each link
             (last == originated_.end() || now - last->second < refresh - kTimersLate))
      complain(router, "originates " + describe(key) + " before it is due");
  }
  originated_[{router, named}] = now;
  instances_.try_emplace({named, event.header.sequence_number}, Times{now, now}).first->second.last = now;
}

void RestOracle::see(RouterIndex router, const Transmit& transmit) {
  if (!is_resting_) return;
  if (static_cast<PacketType>((*transmit.bytes)[1]) == PacketType::hello) {
    ++hellos_[{router, transmit.link}];
    return;
  }
  const auto decoded = V2::decode(*transmit.bytes);
  const auto* packet = std::get_if<Packet>(&decoded);
  if (packet == nullptr) return;  // the network complains of it
  if (const auto* update = std::get_if<LinkStateUpdate>(&packet->body)) {
    for (const auto& lsa : update->lsas)
      see_header(router, transmit.link, PacketType::link_state_update, lsa.header);
  } else if (const auto* acks = std::get_if<LinkStateAcknowledgment>(&packet->body)) {
    for (const auto& header : acks->headers)
      see_header(router, transmit.link, PacketType::link_state_acknowledgment, header);
  } else {
    complain(router, "sends " + describe_packet(*transmit.bytes));
  }
}

void RestOracle::see_header(RouterIndex router, LinkId link, PacketType type, const LsaHeader& header) {
  const std::string what = (type == PacketType::link_state_update ? "sends " : "acknowledges ") +
                           describe(header.key) + " instance " +
                           std::to_string(static_cast<std::uint32_t>(header.sequence_number) - 0x80000000U);
  const std::string where = " on link " + std::to_string(link.value);
  const LsaName named = name_of(network_, router, link, header.key);
  const auto times = instances_.find({named, header.sequence_number});
  const Instant now = network_.now();
  const bool is_due = times != instances_.end() &&
                      (header.is_maxage() ? now - times->second.first >= seconds{kMaxAge} - kAgedByHops
                                          : now - times->second.last <= kOnTheWay);
  if (!is_due)
    complain(router, what + where + (header.is_maxage() ? " at MaxAge" : "") + ", which is not due");
  const Passage passage{router, link, type, named, header.sequence_number, header.is_maxage()};
  if (++passages_[passage] == kPassages + 1)
    complain(router, what + where + " more than " + std::to_string(kPassages) + " times");
}

void RestOracle::count_hellos() {
  const Duration time = network_.now() - begun_;
  for (const auto& [where, count] : hellos_) {
    const auto port = network_.routers[where.first].ports.find(where.second);
    if (port == network_.routers[where.first].ports.end()) continue;
    const Duration shortest = Duration{seconds{port->second.config.hello_interval}} * 9 / 10;
    const auto intervals = static_cast<std::uint64_t>(time / shortest) + 1;
    if (count > kHellosInAnInterval * intervals)
      complain(where.first, "sends " + std::to_string(count) + " hellos in " + std::to_string(intervals) +
                                " intervals on link " + std::to_string(where.second.value));
  }
}

void RestOracle::complain(RouterIndex router, const std::string& what) {
  problems_.insert("router " + std::to_string(router) + " (" + network_.routers[router].id.to_string() +
                   "): " + what);
}

}  // namespace wgospf::sim
