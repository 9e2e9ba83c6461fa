// `show bfd`, from the engine's values to the lines and the JSON of wgospfctl; and the column of `show neighbors`.
#include <gmock/gmock.h>

#include "api_support.h"
#include "cli/render.h"
#include "daemon/api/bfd.h"

namespace wgospf::daemon::api_bfd_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr ospf::Instant kNow{seconds{1000}};

/// Up with 10.0.32.2 on link 1, and one that the neighbour has never answered on link 2.
BfdView some_view() {
  bfd::EngineSession up;
  up.session.place = {11, Ipv4Address{0x0a090002}};
  up.session.source = Ipv4Address{0x0a090001};
  up.session.state = up.session.remote_state = bfd::State::up;
  up.session.discriminator = bfd::Discriminator{7};
  up.session.remote_discriminator = bfd::Discriminator{9};
  up.session.remote_multiplier = 3;
  up.session.transmit_interval = milliseconds{50};
  up.session.detection_time = milliseconds{150};
  up.session.since = kNow - seconds{75};
  up.session.counters = {1500, 1600, 1, 0};
  bfd::EngineSession down;
  down.session.place = {12, Ipv4Address{0x0a090006}};
  down.session.transmit_interval = seconds{1};
  down.session.since = kNow;
  down.trouble = "UDP port 3784 (BFD) on wg-op3 is another program's";
  bfd::EngineView engine;
  engine.discards[static_cast<std::size_t>(bfd::Discard::ttl)] = 2;
  engine.scheduling = "Operation not permitted";
  return {{{ospf::LinkId{1}, ospf::RouterId{0x0a002002}, up},
           {ospf::LinkId{2}, ospf::RouterId{0x0a002003}, down}},
          std::make_shared<const bfd::EngineView>(engine)};
}

const api::NameMap kNames{{{ospf::LinkId{1}, "wg-op2"}, {ospf::LinkId{2}, "wg-op3"}}};

TEST(BfdWords, SessionsAsTheyAre) {
  const auto message = api::convert(some_view(), kNames, kNow);
  const auto text = cli::render(message, cli::Colours::off);
  EXPECT_THAT(
      text,
      HasSubstr("wg-op2     10.0.32.2  10.9.0.2  up     up      1m15s        50 ms      150 ms     0  -\n"));
  EXPECT_THAT(text, HasSubstr("down"));
  EXPECT_THAT(text, HasSubstr("UDP port 3784 (BFD) on wg-op3 is another program's\n"));
  EXPECT_THAT(text, HasSubstr("2 packets discarded: TTL is not 255\n"));
  EXPECT_THAT(text, HasSubstr("without real-time scheduling: Operation not permitted\n"));
  EXPECT_EQ(message.sessions(0).received(), 1500U);
  EXPECT_EQ(message.sessions(1).remote_state(), v1::BFD_STATE_UNSPECIFIED) << "nothing has come from it";
  EXPECT_FALSE(message.sessions(1).has_detection_time());
}

TEST(BfdWords, TheStateOfANeighborsSession) {
  const auto view = some_view();
  ospf::NeighborInfo neighbor;
  neighbor.link = ospf::LinkId{1};
  neighbor.router_id = ospf::RouterId{0x0a002002};
  v1::Neighbor out;
  api::add_bfd(view, neighbor, out);
  EXPECT_EQ(out.bfd_state(), v1::BFD_STATE_UP);
  v1::ListNeighborsResponse list;
  *list.add_neighbors() = out;
  EXPECT_THAT(cli::render(list, cli::Colours::off), HasSubstr("  BFD\n"));
  neighbor.router_id = ospf::RouterId{1};
  v1::Neighbor other;
  api::add_bfd(view, neighbor, other);
  EXPECT_EQ(other.bfd_state(), v1::BFD_STATE_UNSPECIFIED);
  list.clear_neighbors();
  *list.add_neighbors() = other;
  EXPECT_THAT(cli::render(list, cli::Colours::off), Not(HasSubstr("BFD")));
}

class BfdCall : public ApiTest {};

TEST_F(BfdCall, IsAnswered) {
  EXPECT_EQ(wgospfctl({"show", "bfd"}).out, "No BFD sessions.\n");
  router_.on_strand([&] { router_.bfd_view = some_view(); });
  const auto json = wgospfctl_json({"show", "bfd"});
  EXPECT_EQ(json["sessions"].size(), 2U);
  EXPECT_EQ(json["sessions"][0]["state"], "up");
  EXPECT_EQ(json["sessions"][0]["detection_time"], 0.15);
  EXPECT_EQ(json["discards"][0]["packets"], 2);
}

}  // namespace
}  // namespace wgospf::daemon::api_bfd_test
