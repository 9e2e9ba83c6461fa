// Malformed and hostile packets against a real Instance that is Full with 2.2.2.2.
//
// Fixture: the victim is 1.1.1.1 at 10.0.0.1/24, its neighbour 2.2.2.2 at 10.0.0.2 a scripted peer (hello 10,
// dead 40, opaque-capable); on a second link the neighbour 4.4.4.4 shows what is flooded on. 3.3.3.3 exists
// only in LSAs: where the adjacency is expected to stay Full it is reachable behind 2.2.2.2 and an area and
// AS border router, so that whatever it is made to say would show in the routes, and its router-LSA is there
// unless the case brings one. Where the adjacency is expected to fall, 2.2.2.2 says nothing but the link.
//
// Then the case's packets go in, a good second apart (as by an attacker who waits out MinLSArrival), and:
//   packet drop     the database is the same, the inactivity timer was not restarted, exactly one reason
//                   counts
//   packet accept   nothing counts as dropped, the inactivity timer was restarted
//   lsa             stored: this very instance is in the database, nothing counts as dropped; not-stored: the
//                   database is the same, and exactly one reason counts; any: at most one reason counts, the
//                   database has not grown by more than the packets hold
//   ack, flooded    within the next seconds, on the first link, on the second
//   reoriginate     within the time given, counted from the first packet; after_flush_at: that instance goes
//                   out at MaxAge before the new one
//   adjacency       at once, and where it is Full still so after all the rest
//   routes          the same prefixes, costs and next hops at the end

#include <algorithm>
#include <set>
#include <sstream>

#include "tests/conformance/kinds.h"
#include "tests/support/scripted_peer.h"

namespace wgospf::conformance {
namespace {

using namespace wgospf::ospf;
using test::Bench;
using Bytes = std::vector<std::byte>;

constexpr RouterId kVictim{0x01010101}, kNeighbor{0x02020202}, kThird{0x03030303};
constexpr Ipv4Address kNeighborAddress{0x0a000002};
constexpr LsaKey kThirdRouterLsa{LsaType::router, LinkStateId{kThird.value}, kThird};
constexpr Duration kBetweenPackets = kMinLsArrival + milliseconds{100};
/// Longer than any delayed acknowledgement, retransmission, held-back origination and delay of the
/// calculation.
constexpr Duration kSettle = seconds{30};

/// An LSA as the injected packets hold it, found by nothing but the header's own length.
std::vector<LsaHeader> injected_lsas(const std::vector<Bytes>& packets) {
  std::vector<LsaHeader> headers;
  for (const Bytes& packet : packets) {
    if (packet.size() < 28 || load_u8(&packet[1]) != static_cast<std::uint8_t>(PacketType::link_state_update))
      continue;
    std::span<const std::byte> rest = std::span(packet).subspan(28);
    while (rest.size() >= kLsaHeaderSize) {
      headers.push_back(V2::decode_lsa_header(rest.first(kLsaHeaderSize)));
      const std::size_t length = headers.back().length;
      if (length < kLsaHeaderSize || length > rest.size()) break;
      rest = rest.subspan(length);
    }
  }
  return headers;
}

using Snapshot = std::set<std::tuple<LsaKey, std::int32_t, std::uint16_t>>;

Snapshot database_of(const Bench& bench) {
  Snapshot entries;
  DatabaseCursor cursor;
  while (!cursor.done) {
    for (const auto& entry : bench.router().database(cursor, 100, bench.now())) {
      const auto header = V2::header(entry.lsa);
      entries.emplace(header.key, header.sequence_number, header.checksum);
    }
  }
  return entries;
}

std::string routes_of(const Bench& bench) {
  std::ostringstream out;
  const auto table = bench.router().routes();
  for (const auto& route : table->routes) {
    out << route.prefix.to_string() << ' ' << route.metric << ' ' << to_string(route.path_type);
    for (const auto& hop : table->next_hops(route)) {
      out << " link " << hop.link.value;
      if (hop.gateway) out << ' ' << to_string(*hop.gateway);
    }
    out << "; ";
  }
  return out.str();
}

/// What a packet of the given type in `sent` on `link` satisfies.
template <class Body, class Predicate>
bool sent_on(const Bench& bench, LinkId link, Instant until, Predicate predicate) {
  return std::any_of(bench.sent().begin(), bench.sent().end(), [&](const Bench::Sent& sent) {
    if (sent.link != link || sent.at > until) return false;
    const auto result = V2::decode(*sent.bytes);
    const auto* packet = std::get_if<Packet>(&result);
    const auto* body = packet == nullptr ? nullptr : std::get_if<Body>(&packet->body);
    return body != nullptr && predicate(*body);
  });
}

bool same_instance(const LsaHeader& a, const LsaHeader& b) {
  return a.key == b.key && a.sequence_number == b.sequence_number && a.checksum == b.checksum;
}

std::int32_t sequence_number(const json& value) {
  const std::string text = value.get<std::string>();
  return std::bit_cast<std::int32_t>(static_cast<std::uint32_t>(std::stoul(text, nullptr, 16)));
}

class Case {
 public:
  explicit Case(const json& item) : expect_(item.at("expect")), bench_(database_for(item)) {
    for (const json& text : item.at("hex")) packets_.push_back(from_hex(text.get<std::string>()));
    lsas_ = injected_lsas(packets_);
    if (item.contains("src")) source_ = Ipv4Address::parse(item["src"].get<std::string>()).value();
  }

  /// Empty when all expectations hold.
  std::string run() {
    if (!bench_.bring_up()) return "the fixture: 2.2.2.2 and 4.4.4.4 do not reach Full";
    bench_.run_for(seconds{1});  // so that a restarted inactivity timer shows
    before_ = database_of(bench_);
    drops_before_ = bench_.router().statistics().drops;
    const std::string routes = routes_of(bench_);
    const auto dead_at = bench_.neighbor(kNeighbor)->dead_at;
    bench_.clear_sent();
    start_ = bench_.now();
    for (std::size_t i = 0; i < packets_.size(); ++i) {
      if (i > 0) bench_.run_for(kBetweenPackets);
      bench_.inject(packets_[i], source_);
    }
    check_at_once(dead_at);
    if (adjacency() != "full") bench_.silence(Bench::kFirstLink);
    bench_.run_for(settling_time());
    check_afterwards();
    if (expect_.contains("routes") && routes_of(bench_) != routes) {
      complain(std::string("routes were ").append(routes).append("and are ").append(routes_of(bench_)));
    }
    return complaints_;
  }

 private:
  static std::vector<Lsa> database_for(const json& item) {
    if (item.at("expect").value("adjacency", "Full") != "Full")
      return {test::make_router_lsa(kNeighbor, {kVictim}, {})};
    constexpr std::uint8_t kBorder = v2::RouterLsa::kBorder | v2::RouterLsa::kExternal;
    std::vector<Lsa> lsas = {
        test::make_router_lsa(kNeighbor, {kVictim, kThird}, {*Ipv4Prefix::parse("10.2.2.0/24")}),
        test::make_router_lsa(kThird, {kNeighbor}, {*Ipv4Prefix::parse("10.3.3.0/24")}, kBorder)};
    std::vector<Bytes> packets;
    for (const json& text : item.at("hex")) packets.push_back(from_hex(text.get<std::string>()));
    const auto brought = injected_lsas(packets);
    const bool brings_third = std::any_of(brought.begin(), brought.end(),
                                          [](const auto& header) { return header.key == kThirdRouterLsa; });
    if (brings_third) lsas.pop_back();
    return lsas;
  }

  /// Lower case, as the states' names are.
  [[nodiscard]] std::string adjacency() const {
    std::string name = expect_.value("adjacency", "Full");
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(c | 0x20); });
    return name;
  }

  [[nodiscard]] Duration settling_time() const {
    if (!expect_.contains("reoriginate")) return kSettle;
    return std::max(kSettle, start_ + within() - bench_.now());
  }
  [[nodiscard]] Duration within() const {
    return seconds{expect_.at("reoriginate").at("within_s").get<int>()};
  }

  void complain(std::string_view what) {
    if (!complaints_.empty()) complaints_.append("; ");
    complaints_.append(what);
  }

  void check_adjacency() {
    const auto neighbor = bench_.neighbor(kNeighbor);
    const std::string state = neighbor ? std::string(to_string(neighbor->state)) : "gone";
    if (state != adjacency())
      complain(std::string("2.2.2.2 is ").append(state).append(", not ").append(adjacency()));
  }

  /// How many reasons grew since before the case.
  [[nodiscard]] std::size_t reasons() const {
    const DropCounters drops = bench_.router().statistics().drops;
    std::size_t count = 0;
    for (std::size_t i = 0; i < drops.values.size(); ++i)
      count += drops.values[i] > drops_before_.values[i] ? 1U : 0U;
    return count;
  }

  void check_at_once(std::optional<Instant> dead_at) {
    if (expect_.contains("adjacency")) check_adjacency();
    const std::string packet = expect_.value("packet", "");
    const bool restarted = bench_.neighbor(kNeighbor) && bench_.neighbor(kNeighbor)->dead_at != dead_at;
    if (packet == "drop") {
      if (reasons() != 1) complain(std::to_string(reasons()) + " reasons count as dropped, not one");
      if (restarted) complain("the inactivity timer was restarted");
      if (database_of(bench_) != before_) complain("the database changed");
    } else if (packet == "accept") {
      if (reasons() != 0) complain("something counts as dropped");
      if (!restarted) complain("the inactivity timer was not restarted");
    }
    check_database();
  }

  void check_database() {
    const std::string lsa = expect_.value("lsa", "");
    const Snapshot now = database_of(bench_);
    const bool stored = std::all_of(lsas_.begin(), lsas_.end(), [&now](const auto& header) {
      return now.contains({header.key, header.sequence_number, header.checksum});
    });
    if (lsa == "stored" && !stored) complain("the LSA is not in the database");
    if (lsa == "stored" && reasons() != 0) complain("something counts as dropped");
    if (lsa == "not-stored" && now != before_) complain("the database changed");
    if (lsa == "not-stored" && reasons() != 1) {
      complain(std::to_string(reasons()) + " reasons count as dropped, not one");
    }
    if (reasons() > 1) complain("more than one reason counts as dropped");
    if (now.size() > before_.size() + lsas_.size()) complain("the database grew by more than came");
  }

  void check_afterwards() {
    if (adjacency() == "full") check_adjacency();
    const auto is_injected = [this](const LsaHeader& header) {
      return std::any_of(lsas_.begin(), lsas_.end(),
                         [&](const auto& lsa) { return same_instance(lsa, header); });
    };
    if (expect_.contains("ack")) {
      const bool acknowledged =
          sent_on<LinkStateAcknowledgment>(bench_, Bench::kFirstLink, bench_.now(), [&](const auto& body) {
            return std::any_of(body.headers.begin(), body.headers.end(), is_injected);
          });
      if (acknowledged != expect_["ack"].get<bool>())
        complain(acknowledged ? "acknowledged" : "not acknowledged");
    }
    if (expect_.contains("flooded")) {
      const bool flooded =
          sent_on<LinkStateUpdate>(bench_, Bench::kSecondLink, bench_.now(), [&](const auto& body) {
            return std::any_of(body.lsas.begin(), body.lsas.end(),
                               [&](const auto& lsa) { return is_injected(lsa.header); });
          });
      if (flooded != expect_["flooded"].get<bool>()) complain(flooded ? "flooded on" : "not flooded on");
    }
    if (expect_.contains("reoriginate")) check_reorigination(expect_["reoriginate"]);
  }

  /// When an instance of the victim's own LSA that satisfies this was first sent in time: its place in
  /// sent().
  template <class Predicate>
  [[nodiscard]] std::optional<std::size_t> first_own(Predicate predicate) const {
    for (std::size_t i = 0; i < bench_.sent().size(); ++i) {
      const Bench::Sent& sent = bench_.sent()[i];
      if (sent.link != Bench::kFirstLink || sent.at > start_ + within()) continue;
      const auto result = V2::decode(*sent.bytes);
      const auto* packet = std::get_if<Packet>(&result);
      const auto* update = packet == nullptr ? nullptr : std::get_if<LinkStateUpdate>(&packet->body);
      if (update != nullptr && std::any_of(update->lsas.begin(), update->lsas.end(), [&](const auto& lsa) {
            return !lsa.error && lsa.header.key == lsas_.front().key && predicate(lsa.header);
          }))
        return i;
    }
    return std::nullopt;
  }

  void check_reorigination(const json& wanted) {
    const auto anew = first_own([&wanted](const auto& header) {
      return !header.is_maxage() &&
             (!wanted.contains("seq_above") ||
              header.sequence_number > sequence_number(wanted["seq_above"])) &&
             (!wanted.contains("seq") || header.sequence_number == sequence_number(wanted["seq"]));
    });
    if (!anew) complain("its own LSA did not come in time with a sequence number as expected");
    if (!wanted.contains("after_flush_at")) return;
    const auto flush = first_own([&wanted](const auto& header) {
      return header.is_maxage() && header.sequence_number == sequence_number(wanted["after_flush_at"]);
    });
    if (!flush || (anew && *anew < *flush)) complain("its own LSA was not flushed first");
  }

  const json& expect_;
  std::vector<Bytes> packets_;
  std::vector<LsaHeader> lsas_;
  Ipv4Address source_ = kNeighborAddress;
  Bench bench_;
  Snapshot before_;
  DropCounters drops_before_;
  Instant start_;
  std::string complaints_;
};

bool recognises(const json& sample) {
  return sample.is_object() && sample.contains("hex") && sample["hex"].is_array() &&
         sample.contains("expect");
}

void run_malformed(const Document& document, Report& report) {
  for (const json& item : document.content) {
    const std::string id = item.at("id").get<std::string>();
    if (item.at("version") != 2) {
      report.skip(id, "OSPFv3 is not spoken yet");
    } else if (item.at("network") != "ptp") {
      report.skip(id, "broadcast interfaces are not built yet");
    } else {
      report.result(id, Case(item).run());
    }
  }
}

}  // namespace

Kind malformed_kind() {
  return {"malformed", recognises, run_malformed};
}

}  // namespace wgospf::conformance
