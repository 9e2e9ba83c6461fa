#include "ospf/instance.h"

#include "ospf/checksum.h"
#include "ospf/turn.h"

#include <gtest/gtest.h>

#include "two_routers.h"

namespace wgospf::ospf {
namespace {

using testing::Wires;

std::map<std::pair<std::uint8_t, std::uint32_t>, std::int32_t> headers(const Wires& wires,
                                                                       std::size_t router) {
  std::map<std::pair<std::uint8_t, std::uint32_t>, std::int32_t> result;
  DatabaseCursor cursor;
  while (!cursor.done)
    for (const auto& entry : wires.routers[router].instance->database(cursor, 100, wires.now)) {
      const auto& header = entry.header;
      result[{v2::wire_type(header.key.type), header.key.id.value}] = header.sequence_number;
    }
  return result;
}

TEST(Instance, TwoRoutersReachFullInAFewRoundTrips) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  const Instant start = wires.now;
  ASSERT_TRUE(wires.run_until(seconds{1}, [&] { return wires.all_full(); }));
  EXPECT_LE(wires.now - start, 10 * wires.delay);
  ASSERT_TRUE(wires.run_until(seconds{1}, [&] { return headers(wires, 0).size() == 2; }));
  EXPECT_EQ(headers(wires, 0), headers(wires, 1));
}

// In: a link with an ordinary address and one of 169.254/16 (RFC 3927 section 7: nothing beyond the link).
// Out: a stub for the first alone.
TEST(Instance, PrefixesOfLinkLocalAddressesAreNotAdvertised) {
  Wires wires;
  wires.add(Wires::config({1}));
  DeviceStatus status;
  status.up = true;
  status.ifindex = InterfaceIndex{1};
  status.mtu = 1420;
  status.addresses = {{*Ipv4Address::parse("10.7.0.1"), 24}, {*Ipv4Address::parse("169.254.7.1"), 16}};
  wires.input(0, DeviceChanged{DeviceId{1}, status});
  wires.run_for(seconds{1});
  DatabaseCursor cursor;
  std::vector<std::uint32_t> stubs;
  while (!cursor.done)
    for (const auto& entry : wires.routers[0].instance->database(cursor, 100, wires.now)) {
      const auto body = V2::decode_body(entry.lsa);
      for (const auto& link : std::get<v2::RouterLsa>(body).links) stubs.push_back(link.link_id);
    }
  EXPECT_EQ(stubs, std::vector<std::uint32_t>{Ipv4Address::parse("10.7.0.0")->value});
}

TEST(Instance, Rfc2328Section9_3_LinkDownEndsTheNeighborAtOnce) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  ASSERT_TRUE(wires.run_until(seconds{1}, [&] { return wires.all_full(); }));
  wires.set_link(0, 1, false);
  EXPECT_EQ(wires.state(0, 1), NeighborState::down);
  ASSERT_TRUE(wires.run_until(seconds{5}, [&] { return wires.state(1, 1) == NeighborState::down; }));
  wires.set_link(0, 1, true);
  ASSERT_TRUE(wires.run_until(seconds{3}, [&] { return wires.all_full(); }));
}

// In: a run is scheduled 20 s ahead (LONG_WAIT), the hold-down is 8 s, and changes go on every 6 s. Out: each
// restarts the hold-down, so that the state stays LONG_WAIT and runs are 20 s apart, whereas turns without a
// change do not: it is QUIET again when the changes have ceased.
TEST(Instance, Rfc8405Section5_4_EachChangeRestartsTheHolddownWhileARunIsScheduled) {
  Wires wires;
  InstanceConfig config = Wires::config({1});
  config.spf_delay = {milliseconds{0}, milliseconds{50}, seconds{20}, seconds{8}, milliseconds{500}};
  wires.add(config);
  InstanceConfig other = Wires::config({1});
  other.router_id = RouterId{0x02020202};
  wires.add(other);
  wires.wire(0, 1, 1);
  ASSERT_TRUE(wires.run_until(seconds{1}, [&] { return wires.all_full(); }));
  const auto runs = [&] { return wires.routers[0].instance->statistics().spf_full; };
  const auto change = [&] {  // of the graph: the other router's cost of the link between them
    ++other.interfaces[0].cost;
    wires.input(1, Reconfigure{other});
  };
  std::vector<Instant> ran;
  for (int i = 0; i < 20; ++i) {
    change();
    for (const Instant end = wires.now + seconds{6}; wires.now < end;) {
      const auto before = runs();
      wires.run_for(milliseconds{100});
      if (i > 2 && runs() > before) ran.push_back(wires.now);
    }
  }
  ASSERT_GE(ran.size(), 4u);
  for (std::size_t i = 1; i < ran.size(); ++i) EXPECT_GE(ran[i] - ran[i - 1], seconds{19});
  wires.run_for(seconds{40});
  const auto rested = runs();
  change();
  wires.run_for(milliseconds{100});
  EXPECT_GT(runs(), rested) << "QUIET again: the next change is calculated at once";
}

/// What was told of interfaces and of neighbours that were lost, since the last call.
std::vector<std::string> changes_told(Wires& wires, std::size_t router) {
  std::vector<std::string> lines;
  for (const auto& event : std::exchange(wires.routers[router].events, {})) {
    if (const auto* interface = std::get_if<InterfaceStateChanged>(&event)) {
      lines.push_back(std::string(to_string(interface->to)) + ": " +
                      std::string(to_string(interface->reason)));
    }
    const auto* neighbor = std::get_if<NeighborStateChanged>(&event);
    if (neighbor != nullptr && neighbor->to == NeighborState::down) {
      lines.push_back(
          std::string(to_string(neighbor->reason)) + ": " +
          std::string(neighbor->interface_reason ? to_string(*neighbor->interface_reason) : "itself"));
    }
  }
  return lines;
}

TEST(Instance, Rfc2328Section9_3_TellsWhyAnInterfaceChangesAndItsNeighborsWithIt) {
  using Lines = std::vector<std::string>;
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  const auto full = [&] { return wires.all_full(); };
  const auto configure = [&](bool there, bool passive) {
    auto config = Wires::config(there ? std::vector<std::uint32_t>{1} : std::vector<std::uint32_t>{});
    config.router_id = wires.routers[0].instance->router_id();
    for (auto& interface : config.interfaces) interface.passive = passive;
    wires.input(0, Reconfigure{config});
  };
  const auto set_status = [&](bool up, InterfaceReason down_reason) {
    DeviceStatus status;  // without an address
    status.up = up;
    status.down_reason = down_reason;
    status.ifindex = InterfaceIndex{1};
    wires.input(0, DeviceChanged{DeviceId{1}, status});
  };
  wires.wire(0, 1, 1);
  ASSERT_TRUE(wires.run_until(seconds{1}, full));
  EXPECT_EQ(changes_told(wires, 0), (Lines{"point-to-point: link up"}));

  wires.set_link(0, 1, false);
  wires.set_link(0, 1, true);
  EXPECT_EQ(changes_told(wires, 0),
            (Lines{"LLDown: link down", "down: link down", "point-to-point: link up"}));
  ASSERT_TRUE(wires.run_until(seconds{5}, full));
  configure(false, false);
  configure(true, false);
  EXPECT_EQ(changes_told(wires, 0),
            (Lines{"KillNbr: removed from the configuration", "down: removed from the configuration",
                   "point-to-point: configured"}));
  ASSERT_TRUE(wires.run_until(seconds{5}, full));
  configure(true, true);
  EXPECT_EQ(changes_told(wires, 0), (Lines{"KillNbr: configuration changed", "down: configuration changed",
                                           "point-to-point: configured"}));
  configure(true, false);
  ASSERT_TRUE(wires.run_until(seconds{5}, full));
  (void)changes_told(wires, 0);

  set_status(true, {});
  wires.set_link(0, 1, true);
  EXPECT_EQ(changes_told(wires, 0),
            (Lines{"LLDown: no address", "down: no address", "point-to-point: address present"}));
  for (const auto& [reason, down, up] :
       {std::tuple{InterfaceReason::no_address, "down: no address", "point-to-point: address present"},
        std::tuple{InterfaceReason::no_socket, "down: no socket", "point-to-point: socket open"}}) {
    set_status(false, reason);
    wires.set_link(0, 1, true);
    EXPECT_EQ(changes_told(wires, 0), (Lines{down, up}));
  }
}

// On a point-to-point link a hello from a new router id ends the former neighbour.
TEST(Instance, ANeighborThatIsReplacedDoesNotEndWithItsInterface) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  ASSERT_TRUE(wires.run_until(seconds{1}, [&] { return wires.all_full(); }));
  (void)changes_told(wires, 0);
  wires.add(Wires::config({1}));
  wires.filter = [](std::size_t from, const Transmit&) { return from != 1; };  // it is gone
  wires.wire(0, 2, 1);
  ASSERT_TRUE(wires.run_until(seconds{5}, [&] { return wires.state(2, 1) == NeighborState::full; }));
  EXPECT_EQ(changes_told(wires, 0), (std::vector<std::string>{"KillNbr: itself"}));
}

TEST(Instance, Rfc2328Section14_1_ShutdownFlushesEverywhere) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1, 2}));
  wires.add(Wires::config({2}));
  wires.wire(0, 1, 1);
  wires.wire(1, 2, 2);
  ASSERT_TRUE(wires.run_until(seconds{2}, [&] { return wires.all_full() && headers(wires, 2).size() == 3; }));
  wires.input(0, Shutdown{});
  ASSERT_TRUE(wires.run_until(seconds{1}, [&] {
    for (const auto& event : wires.routers[0].events)
      if (const auto* done = std::get_if<ShutdownComplete>(&event)) return done->acknowledged;
    return false;
  }));
  ASSERT_TRUE(wires.run_until(seconds{1}, [&] { return headers(wires, 2).size() == 2; }));
  EXPECT_TRUE(wires.run_until(milliseconds{300}, [&] { return wires.state(1, 1) == NeighborState::init; }))
      << "the last hello lists nobody";
}

// In: a shutdown that nobody acknowledges, and the timers are served 300 ms late, when a hello is due, too.
// Out: nothing is sent after ShutdownComplete, and nothing is due any more.
TEST(Instance, NothingIsSentAfterShutdownComplete) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  ASSERT_TRUE(wires.run_until(seconds{2}, [&] { return wires.all_full() && headers(wires, 0).size() == 2; }));
  wires.filter = [](auto, const auto&) { return false; };
  auto& instance = *wires.routers[0].instance;
  for (int round = 0; round < 2; ++round) {
    instance.handle(wires.now, Shutdown{});
    while (instance.poll()) {
    }
    wires.now += kShutdownWait + milliseconds{300};
    instance.handle_timeout(wires.now);
    std::size_t complete = 0, sent_after = 0;
    while (const auto output = instance.poll()) {
      const auto* event = std::get_if<Event>(&*output);
      if (event != nullptr && std::holds_alternative<ShutdownComplete>(*event)) ++complete;
      if (complete > 0 && std::holds_alternative<Transmit>(*output)) ++sent_after;
    }
    EXPECT_EQ(complete, round == 0 ? 1U : 0U);
    EXPECT_EQ(sent_after, 0U);
  }
  EXPECT_FALSE(instance.poll_timeout());
}

TEST(Instance, Rfc2328Section14_LsasOfADeadRouterAgeOut) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  ASSERT_TRUE(wires.run_until(seconds{2}, [&] { return wires.all_full() && headers(wires, 0).size() == 2; }));
  wires.filter = [](auto, const auto&) { return false; };
  wires.run_for(seconds{3598});
  EXPECT_EQ(headers(wires, 0).size(), 2u);
  wires.run_for(seconds{10});
  EXPECT_EQ(headers(wires, 0).size(), 1u);
}

TEST(Instance, Rfc2328Section12_4_RefreshTakesTheNextSequenceNumber) {
  Wires wires;
  auto config = Wires::config({1});
  config.ls_refresh_time = seconds{60};
  wires.add(config);
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  ASSERT_TRUE(wires.run_until(seconds{2}, [&] { return wires.all_full() && headers(wires, 0).size() == 2; }));
  wires.run_for(seconds{10});
  const auto before = headers(wires, 1);
  wires.run_for(seconds{180});
  const auto after = headers(wires, 1);
  EXPECT_EQ(after.at({1, 0x01010101}), before.at({1, 0x01010101}) + 3);
  EXPECT_EQ(after.at({1, 0x02020202}), before.at({1, 0x02020202}));
}

// In: 8,000 LSAs of ours that are due for their refresh in one moment, and a processor that takes 300 ms for a turn.
// Out: a bounded number of them in each turn, and hellos in time all the while.
TEST(Instance, Rfc2328Section12_4_RefreshesOfManyLsasAreManyTurnsAndHoldUpNoHello) {
  constexpr std::uint32_t kLsas = 8000;
  constexpr Duration kTurn = milliseconds{300};
  Wires wires;
  auto config = Wires::config({1});
  config.ls_refresh_time = seconds{60};
  wires.add(config);
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  ExternalsChanged externals;
  for (std::uint32_t i = 0; i < kLsas; ++i)
    externals.set.push_back({Ipv4Prefix::make({0x64000000 + (i << 8)}, 24), 20, true, 0, std::nullopt});
  wires.input(0, externals);
  ASSERT_TRUE(wires.run_until(
      seconds{20}, [&] { return wires.routers[1].instance->statistics().lsdb_size == kLsas + 2; }));
  auto& events = wires.routers[0].events;
  events.clear();

  Instant last_hello = wires.now;
  Duration longest{};
  wires.filter = [&](std::size_t from, const Transmit& packet) {
    if (from != 0 || static_cast<PacketType>((*packet.bytes)[1]) != PacketType::hello) return true;
    longest = std::max(longest, wires.now - last_hello);
    last_hello = wires.now;
    return true;
  };
  std::size_t seen = 0, refreshed = 0, most = 0;
  const auto all_refreshed = [&] {
    std::size_t in_turn = 0;
    for (; seen < events.size(); ++seen) in_turn += std::holds_alternative<LsaOriginated>(events[seen]);
    if (in_turn > 1) wires.now += kTurn;
    most = std::max(most, in_turn);
    refreshed += in_turn;
    return refreshed >= kLsas;
  };
  ASSERT_TRUE(wires.run_until(seconds{60}, all_refreshed)) << refreshed;
  EXPECT_LE(most, Turn::kLsasAged);
  EXPECT_LE(longest, seconds{1} + kTurn);
  wires.run_for(seconds{10});
  EXPECT_TRUE(wires.all_full());
  for (const auto& [lsa, number] : headers(wires, 1)) {
    if (lsa.first == 5) {
      ASSERT_EQ(number, kInitialSequenceNumber + 1) << lsa.second;
    }
  }
}

TEST(Instance, Rfc2328Section14_ACorruptedLsaIsLearntAnew) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  ASSERT_TRUE(wires.run_until(seconds{2}, [&] { return wires.all_full() && headers(wires, 0).size() == 2; }));
  const LsaKey key{LsaType::router, LinkStateId{0x02020202}, RouterId{0x02020202}};
  const auto entry = wires.routers[0].instance->find_lsa(kBackbone, key, wires.now);
  ASSERT_TRUE(entry);
  const_cast<std::byte&>(entry->lsa.bytes()[24]) ^= std::byte{1};  // NOLINT: a flipped bit of memory
  wires.routers[0].events.clear();
  wires.run_for(seconds{310});
  bool told = false;
  for (const auto& event : wires.routers[0].events) told |= std::holds_alternative<LsaCorrupted>(event);
  EXPECT_TRUE(told);
  EXPECT_TRUE(wires.all_full());
  const auto again = wires.routers[0].instance->find_lsa(kBackbone, key, wires.now);
  ASSERT_TRUE(again);
  EXPECT_TRUE(lsa_checksum_holds(again->lsa.bytes()));
}

// In: the same, and the timers are served two seconds late, past the second of CheckAge. Out: found all the
// same.
TEST(Instance, Rfc2328Section14_TheChecksumIsVerifiedWhenTheTimerIsLate) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  ASSERT_TRUE(wires.run_until(seconds{2}, [&] { return wires.all_full() && headers(wires, 0).size() == 2; }));
  wires.run_for(seconds{290});
  const LsaKey key{LsaType::router, LinkStateId{0x02020202}, RouterId{0x02020202}};
  auto& instance = *wires.routers[0].instance;
  const auto entry = instance.find_lsa(kBackbone, key, wires.now);
  ASSERT_TRUE(entry);
  ASSERT_LT(entry->header.age, kCheckAge);
  const_cast<std::byte&>(entry->lsa.bytes()[24]) ^= std::byte{1};  // NOLINT: a flipped bit of memory
  wires.now += seconds{kCheckAge + 2 - entry->header.age};
  instance.handle_timeout(wires.now);
  bool told = false;
  while (const auto output = instance.poll()) {
    const auto* event = std::get_if<Event>(&*output);
    told |= event != nullptr && std::holds_alternative<LsaCorrupted>(*event);
  }
  EXPECT_TRUE(told);
}

// In: a configuration with another router id. Out: refused whole, and said: it would need a new instance.
TEST(Instance, AReconfigurationWithAnotherRouterIdIsRefused) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  ASSERT_TRUE(wires.run_until(seconds{2}, [&] { return wires.all_full(); }));
  wires.routers[0].events.clear();
  auto other = Wires::config({});
  other.router_id = RouterId{0x09090909};
  wires.input(0, Reconfigure{other});
  EXPECT_EQ(wires.routers[0].instance->router_id(), RouterId{0x01010101});
  EXPECT_EQ(wires.routers[0].instance->config().interfaces.size(), 1u);
  EXPECT_TRUE(wires.all_full());
  ASSERT_EQ(wires.routers[0].events.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<InternalError>(wires.routers[0].events.front()));
}

// In: a router whose links have no neighbour. Out: converged when one would have been heard, not before.
TEST(Instance, ARouterWithoutNeighborsHasConvergedAfterTheLongestHelloInterval) {
  Wires wires;
  auto config = Wires::config({1, 2});
  config.interfaces[1].hello_interval = 7;
  config.interfaces[1].dead_interval = 28;
  wires.add(config);
  wires.set_link(0, 1, true);
  wires.set_link(0, 2, true);
  const Instant start = wires.now;
  const auto converged = [&] { return wires.routers[0].instance->converged(wires.now); };
  wires.run_for(seconds{6});
  EXPECT_FALSE(converged());
  ASSERT_TRUE(wires.run_until(seconds{3}, [&] { return converged(); }));
  EXPECT_GE(wires.now - start, seconds{7});
}

// In: external and intra-area prefixes within the ranges that no router forwards to, and the default route
// and its halves, from a neighbour. Out: the first get no route and are told as long as they are there; the
// others do.
TEST(Instance, PrefixesThatNoRouterForwardsToAreNotInstalled) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1, 2}));
  wires.wire(0, 1, 1);
  const std::vector<const char*> martians{"0.0.0.0/8",    "0.1.0.0/16",     "127.0.0.0/8",
                                          "127.1.0.0/24", "169.254.0.0/16", "224.0.0.0/4",
                                          "239.1.2.3/32", "240.0.0.0/4",    "255.255.255.255/32"};
  const std::vector<const char*> good{"0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "169.0.0.0/8", "192.0.0.0/2"};
  ExternalsChanged change;
  for (const auto& all : {martians, good})
    for (const char* text : all) change.set.push_back({*Ipv4Prefix::parse(text), 20, true, 0, std::nullopt});
  wires.input(1, change);
  DeviceStatus status;
  status.up = true;
  status.mtu = 1420;
  status.addresses = {{Ipv4Address{0xf0010101}, 24}};
  wires.input(1, DeviceChanged{DeviceId{2}, status});
  const auto& router = *wires.routers[0].instance;
  ASSERT_TRUE(wires.run_until(
      seconds{5}, [&] { return wires.all_full() && router.routes()->routes.size() == 1 + good.size(); }));
  wires.run_for(seconds{2});
  for (const char* text : good) EXPECT_NE(router.routes()->find(*Ipv4Prefix::parse(text)), nullptr) << text;
  for (const char* text : martians) {
    EXPECT_EQ(router.routes()->find(*Ipv4Prefix::parse(text)), nullptr) << text;
    EXPECT_TRUE(router.martians().contains(*Ipv4Prefix::parse(text))) << text;
  }
  EXPECT_TRUE(router.martians().contains(*Ipv4Prefix::parse("240.1.1.0/24"))) << "the neighbour's own subnet";
  EXPECT_TRUE(wires.routers[1].instance->martians().empty()) << "what is one's own is not learnt";
  ExternalsChanged removal;
  for (const auto& route : change.set) removal.removed.push_back(route.prefix);
  wires.input(1, removal);
  wires.set_link(1, 2, false);
  EXPECT_TRUE(wires.run_until(seconds{10}, [&] { return router.martians().empty(); }));
}

TEST(Instance, StatisticsTellTheSizeOfTheTable) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  const auto is_told = [&] {
    const auto statistics = wires.routers[0].instance->statistics();
    const auto table = wires.routers[0].instance->routes();
    return statistics.routes == table->routes.size() && statistics.generation == table->generation;
  };
  EXPECT_TRUE(is_told());
  wires.wire(0, 1, 1);
  wires.input(1, ExternalsChanged{{{*Ipv4Prefix::parse("198.51.100.0/24"), 20, true, 0, {}}}, {}});
  ASSERT_TRUE(
      wires.run_until(seconds{2}, [&] { return wires.routers[0].instance->statistics().routes == 2; }));
  EXPECT_TRUE(is_told());
  wires.set_link(0, 1, false);
  ASSERT_TRUE(
      wires.run_until(seconds{2}, [&] { return wires.routers[0].instance->statistics().routes == 0; }));
  EXPECT_TRUE(is_told());
}

TEST(Instance, ExternalsAreFloodedAndWithdrawn) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  ExternalsChanged change;
  for (std::uint32_t i = 0; i < 3000; ++i)
    change.set.push_back({Ipv4Prefix::make({0xc6000000 + (i << 8)}, 24), 20, true, 0, std::nullopt});
  wires.input(0, change);
  ASSERT_TRUE(wires.run_until(seconds{2}, [&] { return headers(wires, 1).size() == 3002; }));
  ExternalsChanged removal;
  for (const auto& route : change.set) removal.removed.push_back(route.prefix);
  wires.input(0, removal);
  ASSERT_TRUE(wires.run_until(seconds{2}, [&] { return headers(wires, 1).size() == 2; }));
  EXPECT_TRUE(wires.run_until(seconds{1}, [&] { return headers(wires, 0).size() == 2; }));
}

// In: an IPv6 prefix for an OSPFv2 router, beside one of IPv4. Out: that one is advertised, the other is told.
TEST(Instance, AnExternalOfTheOtherAddressFamilyIsRefused) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  auto& router = *wires.routers[0].instance;
  const ExternalRoute other{*parse_prefix("2001:db8::/32"), 20, true, 0, {}};
  router.handle(wires.now,
                ExternalsChanged{{other, {*parse_prefix("198.51.100.0/24"), 20, true, 0, {}}}, {}});
  std::vector<std::string> told;
  while (const auto output = router.poll())
    if (const auto* event = std::get_if<Event>(&*output))
      if (const auto* error = std::get_if<InternalError>(event)) told.emplace_back(error->what);
  EXPECT_EQ(told, std::vector<std::string>{"an external prefix is of the other address family"});
  EXPECT_TRUE(wires.run_until(seconds{2}, [&] { return headers(wires, 1).size() == 3; }));
  wires.input(0, ExternalsChanged{{}, {other.prefix}});
  wires.run_for(seconds{2});
  EXPECT_EQ(headers(wires, 1).size(), 3U);
}

// A forged instance of our own router-LSA, again and again: it must be superseded, and never change our
// routes.
TEST(Instance, Rfc2328Section13_4_AForgedLsaOfOursNeverChangesOurRoutes) {
  Wires wires;
  wires.add(Wires::config({1}));
  wires.add(Wires::config({1}));
  wires.wire(0, 1, 1);
  ASSERT_TRUE(wires.run_until(seconds{2}, [&] { return wires.all_full() && headers(wires, 0).size() == 2; }));
  wires.run_for(seconds{10});
  const auto before = wires.routers[0].instance->routes()->routes;
  ASSERT_FALSE(before.empty());
  const RouterId own{0x01010101};
  v2::RouterLsa forged;
  forged.links = {{0xc0000200, 0xffffff00, v2::RouterLinkType::stub, 1, {}}};
  for (int round = 0; round < 6; ++round) {
    LsaHeader header;
    header.key = {LsaType::router, LinkStateId{own.value}, own};
    header.sequence_number = headers(wires, 0).at({1, own.value}) + 1;
    const OutgoingLsa lsa{V2::encode_lsa(header, forged), 1};
    const auto packet = V2::encode(RouterId{0x02020202}, kBackbone, std::span<const OutgoingLsa>(&lsa, 1));
    wires.input(0, Received{LinkId{1}, Wires::address(1, 1), Ipv4Address{0xe0000005}, packet});
    for (int i = 0; i < 22; ++i) {
      ASSERT_EQ(wires.routers[0].instance->routes()->routes, before) << "round " << round;
      wires.run_for(milliseconds{50});
    }
  }
  ASSERT_TRUE(wires.run_until(seconds{10}, [&] { return headers(wires, 0) == headers(wires, 1); }));
  const LsaKey key{LsaType::router, LinkStateId{own.value}, own};
  const auto held = wires.routers[1].instance->find_lsa(kBackbone, key, wires.now);
  ASSERT_TRUE(held);
  EXPECT_EQ(std::get<v2::RouterLsa>(V2::decode_body(held->lsa)).links.size(), 2u);
}

}  // namespace
}  // namespace wgospf::ospf
