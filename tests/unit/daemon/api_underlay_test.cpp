// `show underlay`, from the router's values to the lines and the JSON of wgospfctl.
#include <gmock/gmock.h>

#include "api_support.h"
#include "cli/render.h"
#include "daemon/api/underlay.h"

namespace wgospf::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// wg-op2 with a peer at 203.0.113.5, reached by eth0; 0.0.0.0/0 stands apart, 203.0.113.0/24 is held back.
UnderlayView some_view() {
  UnderlayView view{.is_auto = true, .own = {254, 110, 89, 8957}};
  wg::Device device;
  device.name = "wg-op2";
  device.ifindex = 11;
  device.listen_port = 51820;
  wg::Peer peer;
  peer.endpoint = wg::Endpoint{*parse_address("203.0.113.5"), 51820, 0};
  device.peers.push_back(peer);
  auto underlay = wg::underlay_of({device});
  underlay.rules = {{.priority = 0, .table = 255}, {.priority = 32766, .table = 254}};
  underlay.peers[0].way =
      wg::EndpointWay{wg::RoutePlace{254, 0, 100}, false, {2}, *parse_address("198.51.100.1")};
  view.underlay = std::make_shared<const wg::Underlay>(std::move(underlay));
  view.names = {{2, "eth0"}, {11, "wg-op2"}};
  view.apart = {Ipv4Prefix{}};
  view.held = {{*Ipv4Prefix::parse("203.0.113.0/24"),
                {"wg-op2", *peer.endpoint},
                "it would carry wg-op2's own packets to 203.0.113.5:51820 into wg-op2"}};
  view.rules = {"pref 5264 lookup main suppress_prefixlength 0"};
  return view;
}

TEST(UnderlayWords, TheWayOfAnEndpointAndWhatIsHeldBackBecauseOfIt) {
  const auto view = some_view();
  const auto message = api::convert(view, *view.underlay);
  ASSERT_EQ(message.endpoints_size(), 1);
  const auto& endpoint = message.endpoints(0);
  EXPECT_EQ(endpoint.interface(), "wg-op2");
  EXPECT_EQ(endpoint.endpoint(), "203.0.113.5:51820");
  EXPECT_THAT(endpoint.devices(), ElementsAre("eth0"));
  EXPECT_EQ(endpoint.gateway(), "198.51.100.1");
  EXPECT_EQ(endpoint.table(), 254U);
  EXPECT_EQ(endpoint.rule(), 32766U);
  EXPECT_EQ(endpoint.metric(), 100U);
  EXPECT_FALSE(endpoint.own());
  EXPECT_THAT(endpoint.held_back(), ElementsAre("203.0.113.0/24"));
  const auto text = cli::render(message, cli::Colours::off);
  EXPECT_THAT(text, HasSubstr("eth0 via 198.51.100.1"));
  EXPECT_THAT(text, HasSubstr("underlay: auto\n0.0.0.0/0 stands apart, in table 8957\n"
                              "203.0.113.0/24 is held back: it would carry wg-op2's own packets to "
                              "203.0.113.5:51820 into wg-op2\n"
                              "rule: pref 5264 lookup main suppress_prefixlength 0\n"));
}

TEST(UnderlayWords, ARuleThatIsNotThereAndAMarkAreTold) {
  auto view = some_view();
  view.are_rules_there = false;
  view.problem = "the kernel refuses the rule";
  auto underlay = *view.underlay;
  underlay.devices[0].fwmark = 0x99;
  underlay.peers[0].way = wg::EndpointWay{};
  const auto message = api::convert(view, underlay);
  const auto text = cli::render(message, cli::Colours::off);
  EXPECT_THAT(text, HasSubstr("fwmark of wg-op2: 0x99\n"));
  EXPECT_THAT(text, HasSubstr("suppress_prefixlength 0, not in place"));
  EXPECT_THAT(text, HasSubstr("problem: the kernel refuses the rule"));
  EXPECT_THAT(text, HasSubstr("203.0.113.5:51820  none"));
}

class UnderlayCall : public ApiTest {};

TEST_F(UnderlayCall, IsAnswered) {
  router_.on_strand([&] { router_.underlay_view = {.is_auto = false, .own = {100, 110, 89}}; });
  const auto json = wgospfctl_json({"show", "underlay"});
  EXPECT_EQ(json["mode"], "off");
  EXPECT_EQ(json["table"], 0);
  EXPECT_EQ(json["endpoints"], cli::Json::array());
  EXPECT_EQ(wgospfctl({"show", "underlay"}).out, "No WireGuard peer has an endpoint.\nunderlay: off\n");
}

}  // namespace
}  // namespace wgospf::daemon
