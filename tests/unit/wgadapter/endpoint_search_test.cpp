#include "wgadapter/endpoint_search.h"

#include <gtest/gtest.h>

#include <cmath>

namespace wgospf::wg::endpoint_search_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = EndpointSearch::Step::Kind;
using Phase = EndpointSearch::Phase;
using Outcome = EndpointSearch::Outcome;

Endpoint at(const char* address, std::uint16_t port = 51820) {
  return {*parse_address(address), port};
}
const Endpoint kLan = at("192.168.1.2"), kWan = at("203.0.113.2"), kSix = at("2001:db8::2");

struct EndpointSearchTest : ::testing::Test {
  EndpointSearch search{milliseconds{1500}};
  EndpointSearch::Time now{seconds{1000}};
  SystemTime clock{seconds{1'700'000'000}};
  Peer peer;

  EndpointSearchTest() {
    peer.endpoint = kWan;
    peer.rx_bytes = peer.tx_bytes = 5000;
    peer.last_handshake = clock - seconds{30};
    search.set_candidates({{kLan, "lan"}, {kWan, "wan"}, {kSix, "six"}});
    read();
  }
  void pass(milliseconds time) {
    now += time;
    clock += time;
  }
  void read() { search.take(peer, now, clock); }
  /// Something came from it.
  void hear() {
    peer.rx_bytes += 100;
    read();
  }
  /// The first step that is not to ask, at the time that it is due.
  EndpointSearch::Step next_move() {
    for (int i = 0; i < 100; ++i) {
      const auto step = search.next(now);
      if (step.kind == Kind::move) return step;
      if (step.kind == Kind::ask) continue;
      const auto look = search.next_look();
      if (!look) break;
      EXPECT_GT(*look, now) << "nothing to do, and yet it is to be asked at once";
      pass(std::chrono::ceil<milliseconds>(*look - now));
    }
    return {};
  }
  /// The device has carried it out.
  void made(const Endpoint& endpoint) {
    peer.endpoint = endpoint;
    peer.rx_bytes = 0;
    peer.tx_bytes = 148;
    peer.last_handshake.reset();
    search.tried({}, now);
    read();
  }
  /// It answered there.
  void answer(const Endpoint& endpoint) {
    peer.endpoint = endpoint;
    peer.rx_bytes += 92;
    peer.last_handshake = clock;
    read();
  }
  void lose() {
    hear();
    pass(milliseconds{1500});
    search.lost(now);
  }
};

TEST_F(EndpointSearchTest, WhoIsHeardIsLeftAlone) {
  for (int i = 0; i < 100; ++i) {
    hear();
    EXPECT_EQ(search.next(now).kind, Kind::none);
    pass(seconds{2});
    peer.last_handshake = clock - seconds{20};
  }
  EXPECT_EQ(search.phase(), Phase::heard);
}

// In: the peer has roamed to a place that nobody wrote down. Out: nothing is changed; and when it is lost there, it is
// sought there, too.
TEST_F(EndpointSearchTest, RoamingIsRespected) {
  const Endpoint elsewhere = at("198.51.100.77", 7);
  peer.endpoint = elsewhere;
  hear();
  EXPECT_EQ(search.next(now).kind, Kind::none);
  EXPECT_NE(search.reason().find("roamed"), std::string::npos);
  lose();
  std::vector<Endpoint> tried;
  for (int i = 0; i < 4; ++i) {
    const auto step = next_move();
    tried.push_back(step.endpoint);
    made(step.endpoint);
  }
  EXPECT_EQ(tried, (std::vector{kLan, kWan, kSix, elsewhere}));
}

// In: it was lost where it is now. Out: the names are asked, the echoes are waited for, and it is sought elsewhere first.
TEST_F(EndpointSearchTest, TheDeadPlaceIsLeftWithinThePatience) {
  lose();
  EXPECT_EQ(search.next(now).kind, Kind::ask);
  const auto asked = now;
  const auto first = next_move();
  EXPECT_EQ(now - asked, EndpointSearch::kMeasure);
  EXPECT_EQ(first.endpoint, kLan);
  EXPECT_EQ(first.rx_bytes, peer.rx_bytes);
  made(kLan);
  const auto since = now;
  EXPECT_EQ(next_move().endpoint, kSix);
  EXPECT_EQ(now - since, milliseconds{1500});
  made(kSix);
  EXPECT_EQ(next_move().endpoint, kWan);
}

// In: echoes came back, soonest from where it was lost. Out: the sooner one of the others is first.
TEST_F(EndpointSearchTest, TheShortestRoundTripIsFirst) {
  lose();
  EXPECT_EQ(search.next(now).kind, Kind::ask);
  search.echoed(kLan, milliseconds{9});
  search.echoed(kSix, milliseconds{3});
  search.echoed(kWan, milliseconds{1});
  EXPECT_EQ(next_move().endpoint, kSix) << "it was lost at the other, whatever that answers";
  made(kSix);
  EXPECT_EQ(next_move().endpoint, kLan);
}

// In: it is suspect, and lost 400 ms later. Out: the answers were asked for when it became suspect, and nothing is
// waited for.
TEST_F(EndpointSearchTest, NamesAreAskedWhenItIsSuspect) {
  hear();
  pass(milliseconds{1100});
  search.doubt(true, now);
  EXPECT_EQ(search.next(now).kind, Kind::ask);
  EXPECT_EQ(search.next(now).kind, Kind::none);
  pass(milliseconds{400});
  search.lost(now);
  EXPECT_EQ(search.next(now).kind, Kind::move);
}

TEST_F(EndpointSearchTest, WhoIsNotSuspectAnyMoreIsHeard) {
  search.doubt(true, now);
  EXPECT_EQ(search.next(now).kind, Kind::ask);
  search.doubt(false, now);
  EXPECT_EQ(search.phase(), Phase::heard);
  EXPECT_EQ(search.next(now + seconds{5}).kind, Kind::none);
}

// In: the neighbour is lost, but WireGuard takes packets from its peer: OSPF has died there. Out: the tunnel is left as
// it is.
TEST_F(EndpointSearchTest, ATunnelThatWorksIsNotTouched) {
  lose();
  EXPECT_EQ(search.next(now).kind, Kind::ask);
  pass(milliseconds{200});
  hear();
  EXPECT_EQ(search.phase(), Phase::heard);
  EXPECT_EQ(search.next(now + seconds{10}).kind, Kind::none);
}

// In: BFD says within 150 ms that it is lost. Out: what came last is waited behind for the whole patience.
TEST_F(EndpointSearchTest, LossIsNoReasonBeforeThePatienceIsOver) {
  hear();
  const auto heard = now;
  pass(milliseconds{150});
  search.lost(now);
  EXPECT_EQ(next_move().kind, Kind::move);
  EXPECT_EQ(now - heard, milliseconds{1500});
}

TEST_F(EndpointSearchTest, AFreshHandshakeEndsTheSearch) {
  lose();
  (void)next_move();
  made(kLan);
  pass(milliseconds{40});
  answer(kLan);
  EXPECT_EQ(search.phase(), Phase::heard);
  EXPECT_EQ(search.take_found(), milliseconds{40});
  EXPECT_FALSE(search.take_found());
  EXPECT_EQ(search.next(now + seconds{100}).kind, Kind::none);
  EXPECT_EQ(search.endpoint(), kLan);
}

// In: while it is sought at one place it comes from another by itself. Out: that is where it is.
TEST_F(EndpointSearchTest, WhereItComesFromByItselfIsWhereItIs) {
  lose();
  (void)next_move();
  made(kLan);
  answer(at("198.51.100.9"));
  EXPECT_EQ(search.phase(), Phase::heard);
  EXPECT_EQ(search.endpoint(), at("198.51.100.9"));
  EXPECT_EQ(search.next(now + seconds{100}).kind, Kind::none);
  EXPECT_EQ(search.places().size(), 4U) << "those that are written down, and that one";
  // And where it was before it came home is none any more.
  lose();
  (void)next_move();
  made(kLan);
  answer(kLan);
  EXPECT_EQ(search.places().size(), 3U);
}

// In: bytes without a handshake, as an old first message that was kept and is sent again. Out: it is sought on, at the
// places that are known.
TEST_F(EndpointSearchTest, AnOldMessageIsNoSignOfLife) {
  lose();
  (void)next_move();
  made(kLan);
  peer.endpoint = at("198.51.100.66");
  hear();
  EXPECT_EQ(search.phase(), Phase::searching);
  for (const auto& place : search.places()) EXPECT_NE(place.endpoint, at("198.51.100.66"));
}

// In: the name has another address by now, or a further one, which is learned while the peer is sought at the old one.
// Out: that is left at once.
TEST_F(EndpointSearchTest, ANewAddressIsTriedAtOnceWhereTheOldOneIsDead) {
  search.set_candidates({{kWan, "name"}});
  lose();
  EXPECT_EQ(next_move().endpoint, kWan);
  made(kWan);
  pass(milliseconds{100});
  search.set_candidates({{kWan, "name"}, {kSix, "name"}});
  EXPECT_EQ(search.next(now).endpoint, kSix);
  made(kSix);
  search.set_candidates({{kLan, "name"}});
  EXPECT_EQ(search.next(now).endpoint, kLan);
}

// In: it answers nowhere. Out: after three rounds and 15 s a rest, which grows to a minute; each time names are asked
// anew.
TEST_F(EndpointSearchTest, ItIsSoughtOnMoreSlowly) {
  lose();
  std::vector<double> between;
  std::size_t asked = 0;
  auto last = now;
  while (between.size() < 40) {
    const auto step = search.next(now);
    if (step.kind == Kind::ask) ++asked;
    if (step.kind == Kind::move) {
      between.push_back(std::chrono::duration<double>(now - last).count());
      last = now;
      made(step.endpoint);
    }
    if (step.kind != Kind::none) continue;
    ASSERT_TRUE(search.next_look());
    ASSERT_GT(*search.next_look(), now);
    pass(std::chrono::ceil<milliseconds>(*search.next_look() - now));
  }
  EXPECT_GT(asked, 3U);
  EXPECT_EQ(between[1], 1.5);
  std::vector<double> rests;
  for (const double time : between)
    if (time > 2) rests.push_back(std::floor(time));
  ASSERT_GE(rests.size(), 5U);
  EXPECT_EQ((std::vector<double>(rests.begin(), rests.begin() + 5)),
            (std::vector<double>{5, 10, 20, 40, 60}));
}

// In: the kernel knows no way to a place, or it leads into the tunnel. Out: the next one at once.
TEST_F(EndpointSearchTest, WhatHasNoWayIsPassedOver) {
  lose();
  EXPECT_EQ(next_move().endpoint, kLan);
  search.tried("the way to it leads into the tunnel itself", now);
  const auto next = search.next(now);
  EXPECT_EQ(next.kind, Kind::move);
  EXPECT_EQ(next.endpoint, kSix);
  EXPECT_EQ(search.places()[0].outcome, Outcome::passed_over);
  EXPECT_EQ(search.places()[0].why, "the way to it leads into the tunnel itself");
}

// In: no place has a way, as without an uplink. Out: it is not tried again and again without a pause.
TEST_F(EndpointSearchTest, WithoutAnyWayThereIsAPause) {
  lose();
  unsigned moves = 0;
  const auto end = now + seconds{20};
  while (now < end) {
    const auto step = search.next(now);
    if (step.kind == Kind::move) {
      ++moves;
      search.tried("no way", now);
    }
    if (step.kind == Kind::none) pass(milliseconds{10});
  }
  EXPECT_LE(moves, 20U);
}

// In: a device that has just been set up without an endpoint. Out: the peer is sought at once, without a neighbour that
// could be lost.
TEST_F(EndpointSearchTest, WithoutAnEndpointItIsSought) {
  EndpointSearch fresh{milliseconds{1500}};
  peer = {};
  fresh.set_candidates({{kLan, "lan"}});
  fresh.take(peer, now, clock);
  EXPECT_EQ(fresh.next(now).kind, Kind::ask);
  EXPECT_EQ(fresh.next(now + EndpointSearch::kMeasure).endpoint, kLan);
}

// In: a handshake that is older than any session, and datagrams that go out and find no answer. Out: it is sought. Where
// nothing goes out it is left alone: it may sleep.
TEST_F(EndpointSearchTest, WithoutASessionItIsSoughtWhenSomethingGoesToIt) {
  pass(seconds{300});
  read();
  EXPECT_EQ(search.phase(), Phase::heard);
  peer.tx_bytes += 148;
  read();
  EXPECT_EQ(search.phase(), Phase::lost);
  EXPECT_EQ(next_move().kind, Kind::move);
}

TEST_F(EndpointSearchTest, OfVeryManyPlacesTheFirstAreTaken) {
  std::vector<EndpointSearch::Candidate> many;
  for (std::uint16_t port = 1; port < 100; ++port) many.push_back({at("203.0.113.9", port), "name"});
  search.set_candidates(many);
  EXPECT_EQ(search.places().size(), EndpointSearch::kPlacesMost);
  EXPECT_EQ(search.places()[0].endpoint.port, 1);
}

}  // namespace
}  // namespace wgospf::wg::endpoint_search_test
