// Packets and events thrown at a real Instance<V2> between two scripted neighbours (tests/support).
//
// The input is a script: a first byte (bit 0: the adjacencies are Full before it begins), then steps. A step
// is one byte of operation and what it takes:
//   0..4  a packet on the first link: 1 byte of length, the bytes. Its lengths and checksums are put right
//   and
//         its sender is 2.2.2.2; operation 4 leaves it as it is
//   5     time passes: 1 byte chooses how much
//   6     a link goes down or comes back, external prefixes come and go, it changes who is admitted on a link, or the
//         driver knows of a neighbour that is gone, or there: 1 byte chooses
//   7     an update with one LSA, the checksum right: 1 byte of length, the LSA's bytes
// With bit 3 a packet comes from a host elsewhere, to the router's own address: nothing may change.
//
// Whatever came: every packet sent decodes and its LSAs are sound, nobody talks without end at one instant,
// the database holds no more than was sent; and when it is over and the links are up, the router is Full with
// both neighbours again within a few minutes. That last one is what makes a session survive anything.

#include <algorithm>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/support/scripted_peer.h"

namespace wgospf::fuzz {
namespace {

using namespace wgospf::ospf;
using test::Bench;

constexpr RouterId kRouter{0x01010101}, kPeer{0x02020202}, kThird{0x03030303};
constexpr Ipv4Address kPeerAddress{0x0a000002}, kOwnAddress{0x0a000001}, kFarHost{0xc6336401};
constexpr std::size_t kStepsMax = 64;
constexpr Duration kScriptMax = seconds{5400};  ///< of simulated time: enough to age an LSA out and refresh
/// Dead interval, a database exchange, and a few retransmissions.
constexpr Duration kRecovery = seconds{180};
constexpr Duration kPasses[] = {milliseconds{1}, milliseconds{300}, seconds{1},  milliseconds{1100},
                                seconds{5},      seconds{11},       seconds{41}, seconds{600},
                                seconds{1801},   seconds{3601}};

class Script {
 public:
  explicit Script(std::span<const std::byte> bytes)
      : in_(bytes),
        bench_({test::make_router_lsa(kPeer, {kRouter, kThird}, {*Ipv4Prefix::parse("10.2.2.0/24")}),
                test::make_router_lsa(kThird, {kPeer}, {*Ipv4Prefix::parse("10.3.3.0/24")}, 3)}) {}

  void run() {
    const unsigned first = in_.u8();
    if ((first & 1) != 0) require(bench_.bring_up(), "the fixture comes up");
    if ((first & 2) != 0) ask_for_opaque();
    for (std::size_t i = 0; i < kStepsMax && in_.remaining() > 0; ++i) {
      step();
      check_sent();
    }
    for (const LinkId link : {Bench::kFirstLink, Bench::kSecondLink}) {
      admit(link, AdmittedRouters::Kind::any);
      bench_.set_link(link, true);
    }
    bench_.run_for(kRecovery);
    check_sent();
    require(bench_.is_settled(), "the router is Full with both neighbours again");
    const auto statistics = bench_.router().statistics();
    require(statistics.lsdb_size <= 16 + 2 * kStepsMax + lsas_injected_, "the database is bounded");
  }

 private:
  void step() {
    const unsigned byte = in_.u8(), operation = byte & 7U;
    is_from_afar_ = (byte & 8U) != 0;
    if (operation == 5) {
      const Duration pass = kPasses[in_.u8() % std::size(kPasses)];
      if (passed_ + pass > kScriptMax) return;
      passed_ += pass;
      bench_.run_for(pass);
    } else if (operation == 6) {
      change(in_.u8());
    } else {
      inject(operation);
    }
  }

  void inject(unsigned operation) {
    const std::span<const std::byte> taken = in_.take(std::min<std::size_t>(in_.u8(), in_.remaining()));
    lsas_injected_ += taken.size() / kLsaHeaderSize;
    Bytes packet;
    if (operation == 7) {
      packet.assign(28, std::byte{0});
      packet[1] = std::byte{4};
      packet[27] = std::byte{1};
      packet.insert(packet.end(), taken.begin(), taken.end());
      repair_lsa(std::span(packet).subspan(28));
    } else {
      packet.assign(taken.begin(), taken.end());
    }
    if (operation != 4 && packet.size() >= 12) {
      store_u32(packet.data() + 4, kPeer.value);
      store_u32(packet.data() + 8, kBackbone.value);
      repair_packet(packet);
    }
    if (!is_from_afar_) return bench_.inject(packet, kPeerAddress);
    const auto before = state();
    bench_.inject(packet, kFarHost, kOwnAddress);
    require(state() == before, "a host elsewhere changes nothing");
  }

  /// What a packet could change at once.
  [[nodiscard]] std::vector<std::uint64_t> state() const {
    const auto statistics = bench_.router().statistics();
    std::vector<std::uint64_t> all{statistics.lsdb_size, statistics.lsas_received, statistics.lsas_originated,
                                   statistics.timers, bench_.sent().size()};
    for (const auto& neighbor : bench_.router().neighbors())
      all.insert(all.end(), {neighbor.router_id.value, as<Ipv4Address>(neighbor.address).value,
                             static_cast<std::uint64_t>(neighbor.state), neighbor.state_changes,
                             neighbor.request_list, neighbor.retransmission_list});
    return all;
  }

  /// Who may be the neighbour on a link: anybody, whoever nobody speaks for, the peer of the first link, nobody.
  void admit(LinkId link, AdmittedRouters::Kind kind) {
    InstanceConfig config = bench_.router().config();
    config.claimed_router_ids = {kPeer};
    for (auto& interface : config.interfaces)
      if (interface.link == link) interface.admitted = {kind, kPeer};
    bench_.handle(Reconfigure{config});
  }

  void ask_for_opaque() {
    InstanceConfig config = bench_.router().config();
    config.opaque_types = {kOpaqueType};
    bench_.handle(Reconfigure{config});
  }

  /// One of our own opaque LSAs is set or withdrawn, of each scope.
  void change_opaque(std::uint8_t choice) {
    OpaqueName name{
        FloodingScope{static_cast<std::uint8_t>((choice >> 3) & 3U)}, {}, {}, kOpaqueType, choice};
    if (name.scope == FloodingScope::link)
      name.link = (choice & 1) != 0 ? Bench::kFirstLink : Bench::kSecondLink;
    OpaqueChanged opaque;
    if ((choice & 4) != 0)
      opaque.set.push_back({name, std::vector<std::byte>(choice & 7U)});
    else
      opaque.removed.push_back(name);
    bench_.handle(opaque);
  }

  /// The driver knows that a neighbour is there, or that it is gone.
  void know_of_neighbor(LinkId link, std::uint8_t choice) {
    if ((choice & 2) != 0) return bench_.handle(NeighborHeard{link});
    bench_.handle(NeighborDown{link, (choice & 4) != 0 ? kPeer : kThird, {}});
  }

  void change(std::uint8_t choice) {
    if ((choice & 0xe0) == 0x60) return change_opaque(choice);
    const LinkId link = (choice & 1) != 0 ? Bench::kFirstLink : Bench::kSecondLink;
    if ((choice & 0xe0) == 0x40) return know_of_neighbor(link, choice);
    if ((choice & 0x80) != 0) return admit(link, static_cast<AdmittedRouters::Kind>(choice >> 2 & 3));
    if ((choice & 2) != 0) return bench_.set_link(link, (choice & 4) != 0);
    const auto prefix = Ipv4Prefix::make(Ipv4Address{0xc0000000U | (choice & 0x18U) << 5}, 24);
    ExternalsChanged externals;
    if ((choice & 4) != 0) {
      externals.set.push_back(
          {.prefix = prefix, .metric = choice, .type2 = true, .tag = 0, .forwarding_address = {}});
    } else {
      externals.removed.push_back(prefix);
    }
    bench_.handle(externals);
  }

  void check_sent() {
    require(!bench_.storm(), "nobody talks without end");
    for (const Bench::Sent& sent : bench_.sent()) {
      const auto result = V2::decode(*sent.bytes);
      const auto* packet = std::get_if<Packet>(&result);
      require(packet != nullptr, "what is sent decodes");
      require(packet->header.router_id == kRouter, "what is sent is sent in its own name");
      const auto* update = std::get_if<LinkStateUpdate>(&packet->body);
      if (update == nullptr) continue;
      for (const auto& lsa : update->lsas) require(!lsa.error, "LSAs that are sent are sound");
    }
    bench_.clear_sent();
  }

  static constexpr std::uint8_t kOpaqueType = 200;
  Reader in_;
  Bench bench_;
  std::size_t lsas_injected_ = 0;
  Duration passed_{};
  bool is_from_afar_ = false;
};

}  // namespace
}  // namespace wgospf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  wgospf::fuzz::Script(wgospf::fuzz::as_bytes(data, size)).run();
  return 0;
}
