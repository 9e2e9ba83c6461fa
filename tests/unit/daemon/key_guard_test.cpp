// When a key's router id is learned, and who is admitted on which link for it.

#include "daemon/links/key_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>

#include "daemon/state_file.h"
#include "tests/support/eventually.h"

namespace wgospf::daemon::key_guard_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using V2 = ospf::V2;
using Kind = ospf::AdmittedRouters::Kind;

constexpr ospf::RouterId kOwn{0x0a000001}, kTwo{0x0a000002}, kThree{0x0a000003};
constexpr ospf::LinkId kFirst{1}, kSecond{2}, kThird{3};

wg::Key key(std::uint8_t number) {
  wg::Key key;
  key.bytes.fill(number);
  return key;
}

/// Three tunnels wg1 to wg3 with one peer each, 10.5.N.1/30 at this end, and what goes on there.
class KeyGuardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/wgospf-keys-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    directory = pattern;
    for (std::uint8_t i = 1; i <= 3; ++i) add_link(ospf::LinkId{i}, i);
    start();
  }
  void TearDown() override {
    loop.run_for(std::chrono::milliseconds{1});
    std::promise<void> written;  // what is queued is written first
    jobs.run([&] { written.set_value(); });
    written.get_future().wait();
    std::filesystem::remove_all(directory);
  }
  void start() {
    guard.reset();
    guard.emplace(KeyGuard::Sources{
                      [this](ospf::AreaId, const ospf::LsaKey& asked) -> std::optional<ospf::DatabaseEntry> {
                        const auto found = lsas.find(asked.advertising_router);
                        return found == lsas.end() ? std::nullopt : std::optional(found->second);
                      },
                      [this] { return now; }},
                  teller, jobs);
    guard->start(directory, kOwn);
  }
  void add_link(ospf::LinkId link, std::uint8_t number) {
    const std::string name = "wg" + std::to_string(number);
    wg::Device device;
    device.name = name;
    wg::Peer peer;
    peer.public_key = key(number);
    peer.allowed_ips = {Ipv4Prefix{}};
    device.peers = {peer};
    WireguardView view{link, name, std::make_shared<const wg::Device>(std::move(device))};
    views.push_back(view);
    ospf::InterfaceInfo info;
    info.config.link = link;
    info.config.name = name;
    info.status.up = true;
    info.status.addresses = {{Ipv4Address{0x0a050001U + 256U * number}, 30}};
    interfaces.push_back(info);
  }
  /// A router is Full on a link since now.
  void full(ospf::LinkId link, ospf::RouterId router) {
    ospf::NeighborInfo neighbor;
    neighbor.link = link;
    neighbor.router_id = router;
    neighbor.address = Ipv4Address{0x0a050002U + 256U * link.value};
    neighbor.state = ospf::NeighborState::full;
    neighbor.last_state_change = now;
    neighbors.push_back(neighbor);
  }
  void refuse(ospf::LinkId link, ospf::RouterId router, ospf::DropReason reason) {
    ospf::RefusedSender refused;
    refused.router_id = router;
    refused.address = Ipv4Address{0x0a050002U + 256U * link.value};
    refused.reason = reason;
    interfaces.at(link.value - 1).refused = {refused};
  }
  /// A router's own LSA: links to this router, and stub networks.
  void says(ospf::RouterId router, std::size_t links_to_us, const std::vector<const char*>& stubs = {}) {
    ospf::v2::RouterLsa body;
    for (std::size_t i = 0; i < links_to_us; ++i)
      body.links.push_back({kOwn.value, 0, ospf::v2::RouterLinkType::point_to_point, 10, {}});
    for (const char* text : stubs) {
      const auto prefix = *Ipv4Prefix::parse(text);
      body.links.push_back(
          {prefix.address.value, netmask(prefix.length), ospf::v2::RouterLinkType::stub, 10, {}});
    }
    ospf::DatabaseEntry entry;
    entry.header.age = 1;
    entry.header.sequence_number = ++sequence_number;
    entry.header.key = {ospf::LsaType::router, ospf::LinkStateId{router.value}, router};
    entry.lsa = V2::encode_lsa(entry.header, body);
    lsas[router] = entry;
  }
  void look() { guard->look({views, interfaces, neighbors}); }
  void look_after(std::chrono::seconds time) {
    now += time;
    look();
  }
  [[nodiscard]] ospf::AdmittedRouters admitted(ospf::LinkId link) const {
    return config().interfaces.at(link.value - 1).admitted;
  }
  [[nodiscard]] ospf::InstanceConfig config() const {
    ospf::InstanceConfig config;
    for (const auto& interface : interfaces) config.interfaces.push_back(interface.config);
    guard->complete(config);
    return config;
  }
  [[nodiscard]] std::string warnings() const {
    std::string all;
    for (const auto& warning : teller.warnings()) all += warning + "\n";
    return all;
  }

  std::string directory;
  boost::asio::io_context loop{1};
  Teller teller{loop, [](ospf::LinkId link) { return "wg" + std::to_string(link.value); }};
  KernelJobs jobs{loop};
  std::vector<WireguardView> views;
  std::vector<ospf::InterfaceInfo> interfaces;
  std::vector<ospf::NeighborInfo> neighbors;
  std::map<ospf::RouterId, ospf::DatabaseEntry> lsas;
  std::int32_t sequence_number = 0;  ///< of the last LSA
  ospf::Instant now{std::chrono::hours{1}};
  std::optional<KeyGuard> guard;
};

// In: a neighbour that is Full, and its router-LSA: absent, without a link to us, with one. Out: learned when it has been
// Full for five seconds and the LSA has the link, not before.
TEST_F(KeyGuardTest, AnIdIsLearnedWhenTheNetworkSaysSo) {
  look();
  EXPECT_EQ(admitted(kFirst).kind, Kind::unclaimed) << "a key of which nothing is known";
  full(kFirst, kTwo);
  look_after(std::chrono::seconds{10});
  EXPECT_EQ(admitted(kFirst).kind, Kind::unclaimed) << "there is no LSA";
  says(kTwo, 0, {"192.168.2.0/24"});
  look_after(std::chrono::seconds{10});
  EXPECT_EQ(admitted(kFirst).kind, Kind::unclaimed) << "its owner is somewhere else";
  EXPECT_THAT(config().claimed_router_ids, IsEmpty());
  says(kTwo, 1);
  neighbors[0].last_state_change = now;
  look_after(std::chrono::seconds{4});
  EXPECT_EQ(admitted(kFirst).kind, Kind::unclaimed) << "it is Full for four seconds";
  look_after(std::chrono::seconds{1});
  EXPECT_EQ(admitted(kFirst), (ospf::AdmittedRouters{Kind::one, kTwo}));
  EXPECT_EQ(admitted(kSecond).kind, Kind::unclaimed);
  EXPECT_THAT(config().claimed_router_ids, ElementsAre(kTwo));
}

TEST_F(KeyGuardTest, ANeighborThatIsNotFullTeachesNothing) {
  says(kTwo, 1);
  full(kFirst, kTwo);
  neighbors[0].state = ospf::NeighborState::loading;
  look_after(std::chrono::seconds{60});
  EXPECT_EQ(admitted(kFirst).kind, Kind::unclaimed);
}

// In: an id is learned; its key is refused for another, and another key for it. Out: a warning names who, and the cure.
TEST_F(KeyGuardTest, WhoSpeaksForAnotherIsTold) {
  full(kFirst, kTwo);
  says(kTwo, 1, {"10.5.1.0/30"});
  look_after(std::chrono::seconds{5});
  refuse(kFirst, kThree, ospf::DropReason::other_router_id);
  refuse(kSecond, kTwo, ospf::DropReason::claimed_router_id);
  look();
  EXPECT_EQ(admitted(kSecond).kind, Kind::unclaimed) << "a hello teaches nothing";
  EXPECT_THAT(warnings(), HasSubstr("peer wg1 speaks as router 10.0.0.3, and is known as router 10.0.0.2"));
  EXPECT_THAT(warnings(),
              HasSubstr("peer wg2 speaks as router 10.0.0.2, which is known by " + key(1).to_base64()));
  interfaces[0].refused.clear();
  interfaces[1].refused.clear();
  look();
  EXPECT_EQ(warnings(), "");
}

// In: the router's own LSA has the subnet of a second tunnel. Out: the second key is learned, when the LSA has stood so for
// half a minute, on a subnet for two only; not from an address in a LAN that the router announces.
TEST_F(KeyGuardTest, ASecondKeyIsLearnedByTheAddressThatTheRouterSaysItHas) {
  full(kFirst, kTwo);
  says(kTwo, 1, {"10.5.1.0/30", "10.5.0.0/16"});
  look_after(std::chrono::seconds{5});
  refuse(kSecond, kTwo, ospf::DropReason::claimed_router_id);
  for (int i = 0; i < 60; ++i) look_after(std::chrono::seconds{1});
  EXPECT_EQ(admitted(kSecond).kind, Kind::unclaimed);
  says(kTwo, 1, {"10.5.1.0/30", "10.5.2.0/30"});
  look();
  look_after(std::chrono::seconds{29});
  EXPECT_EQ(admitted(kSecond).kind, Kind::unclaimed) << "its owner may yet correct it";
  look_after(std::chrono::seconds{1});
  EXPECT_EQ(admitted(kSecond), (ospf::AdmittedRouters{Kind::one, kTwo}));
  interfaces[2].status.addresses = {{Ipv4Address{0x0a050301}, 24}};
  refuse(kThird, kTwo, ospf::DropReason::claimed_router_id);
  says(kTwo, 2, {"10.5.3.0/24"});
  for (int i = 0; i < 60; ++i) look_after(std::chrono::seconds{1});
  EXPECT_EQ(admitted(kThird).kind, Kind::unclaimed) << "there may be many in it";
  says(kTwo, 2, {"10.5.3.2/32"});
  look();
  look_after(std::chrono::seconds{30});
  EXPECT_EQ(admitted(kThird), (ospf::AdmittedRouters{Kind::one, kTwo})) << "a host route says who it is";
}

// In: an LSA that has the address of a second tunnel now and then, as where it is forged and corrected, or stands while
// the router is not Full over its known key, which is where corrections come from. Out: the second key is not learned.
TEST_F(KeyGuardTest, AnLsaThatMayBeForgedTeachesNothing) {
  full(kFirst, kTwo);
  says(kTwo, 1, {"10.5.1.0/30"});
  look_after(std::chrono::seconds{5});
  refuse(kSecond, kTwo, ospf::DropReason::claimed_router_id);
  for (int i = 0; i < 60; ++i) {
    says(kTwo, 1, {"10.5.1.0/30", i % 20 != 0 ? "10.5.2.0/30" : "10.5.1.0/30"});
    look_after(std::chrono::seconds{2});
    EXPECT_EQ(admitted(kSecond).kind, Kind::unclaimed);
  }
  says(kTwo, 1, {"10.5.2.0/30"});
  neighbors[0].state = ospf::NeighborState::init;
  for (int i = 0; i < 60; ++i) look_after(std::chrono::seconds{2});
  EXPECT_EQ(admitted(kSecond).kind, Kind::unclaimed);
  neighbors[0].state = ospf::NeighborState::full;
  look();
  EXPECT_EQ(admitted(kSecond).kind, Kind::unclaimed) << "what it said meanwhile nobody could correct";
  look_after(std::chrono::seconds{30});
  EXPECT_EQ(admitted(kSecond).kind, Kind::one);
}

// In: two tunnels to one router that come up together, without addresses. Out: both keys are learned when its LSA has had
// two links to us for half a minute; nobody as long as it has one, for either may be somebody else.
TEST_F(KeyGuardTest, TwoKeysAreLearnedWhereTheRouterHasTwoLinksToUs) {
  for (auto& interface : interfaces) interface.status.addresses.clear();
  full(kFirst, kTwo);
  full(kSecond, kTwo);
  says(kTwo, 1);
  for (int i = 0; i < 60; ++i) look_after(std::chrono::seconds{1});
  EXPECT_EQ(admitted(kFirst).kind, Kind::unclaimed);
  EXPECT_EQ(admitted(kSecond).kind, Kind::unclaimed);
  says(kTwo, 2);
  look();
  EXPECT_EQ(admitted(kFirst).kind, Kind::unclaimed);
  look_after(std::chrono::seconds{30});
  EXPECT_EQ(admitted(kFirst), (ospf::AdmittedRouters{Kind::one, kTwo}));
  EXPECT_EQ(admitted(kSecond), (ospf::AdmittedRouters{Kind::one, kTwo}));
}

TEST_F(KeyGuardTest, WhatIsWrittenDownIsTheKeysAlone) {
  full(kFirst, kTwo);
  says(kTwo, 1);
  look_after(std::chrono::seconds{5});
  Config written;
  written.areas.resize(1);
  written.areas[0].interfaces.resize(1);
  written.areas[0].interfaces[0].name = "wg2";
  written.areas[0].interfaces[0].peer_router_id = kTwo;
  guard->set_written(written);
  look();
  EXPECT_EQ(admitted(kSecond), (ospf::AdmittedRouters{Kind::one, kTwo}));
  EXPECT_EQ(admitted(kFirst).kind, Kind::unclaimed) << "what was learned waits behind it";
  EXPECT_THAT(config().claimed_router_ids, ElementsAre(kTwo));
  EXPECT_FALSE(guard->forget("wg2"));
  EXPECT_THAT(guard->forget("wg2").error().text, HasSubstr("the configuration says that"));
}

TEST_F(KeyGuardTest, AClientStaysOne) {
  interfaces[0].config.admitted = {Kind::none, {}};
  look();
  EXPECT_EQ(admitted(kFirst).kind, Kind::none);
}

// In: learned, then a further run in the same state directory. Out: it knows, from the first reading of the device on;
// a file that is spoiled is told, and learned anew.
TEST_F(KeyGuardTest, WhatIsLearnedOutlivesTheRun) {
  full(kFirst, kTwo);
  says(kTwo, 1);
  look_after(std::chrono::seconds{5});
  const std::string file = directory + "/keys";
  ASSERT_TRUE(test::eventually([&] { return std::filesystem::exists(file); }, std::chrono::seconds{60}));
  const auto text = read_state_file(file);
  ASSERT_TRUE(text && *text);
  EXPECT_THAT(**text, HasSubstr(key(1).to_base64() + " 10.0.0.2"));
  neighbors.clear();
  lsas.clear();
  start();
  look();
  EXPECT_EQ(admitted(kFirst), (ospf::AdmittedRouters{Kind::one, kTwo}));
  ASSERT_TRUE(write_state_file(file, "spoiled"));
  start();
  look();
  EXPECT_EQ(admitted(kFirst).kind, Kind::unclaimed);
}

TEST_F(KeyGuardTest, AKeyIsForgottenByItsNameItsBeginningOrWhole) {
  for (const std::string& name : {std::string("wg1"), key(1).to_base64(), key(1).to_base64().substr(0, 8)}) {
    neighbors.clear();
    full(kFirst, kTwo);
    says(kTwo, 1);
    look_after(std::chrono::seconds{5});
    ASSERT_EQ(admitted(kFirst).kind, Kind::one);
    const auto forgotten = guard->forget(name);
    ASSERT_TRUE(forgotten) << name << ": " << forgotten.error().text;
    EXPECT_EQ(forgotten->key, key(1));
    EXPECT_EQ(forgotten->router_id, kTwo);
    EXPECT_EQ(admitted(kFirst).kind, Kind::unclaimed);
  }
  EXPECT_EQ(guard->forget("wg1").error().code, ErrorCode::not_found);
  EXPECT_EQ(guard->forget("nobody").error().code, ErrorCode::not_found);
}

// In: a policy for a link whose key is not known yet, then is. Out: it binds whoever speaks there, then the key's id.
TEST_F(KeyGuardTest, APolicyBindsWhoSpeaksOnTheLink) {
  Config written;
  written.areas.resize(1);
  written.areas[0].interfaces.resize(1);
  written.areas[0].interfaces[0].name = "wg1";
  written.areas[0].interfaces[0].announces = AnnouncePolicy{{}, 0, 100};
  guard->set_written(written);
  look();
  EXPECT_THAT(guard->rules().of_routers, IsEmpty()) << "nobody is there";
  full(kFirst, kTwo);
  look();
  ASSERT_EQ(guard->rules().of_routers.size(), 1U);
  EXPECT_EQ(guard->rules().of_routers.begin()->first, kTwo);
  says(kTwo, 1);
  look_after(std::chrono::seconds{5});
  neighbors.clear();
  look();
  ASSERT_EQ(guard->rules().of_routers.size(), 1U) << "its LSAs may come over another way";
  EXPECT_EQ(guard->rules().of_routers.begin()->second.whose, "wg1");
}

// In: two keys on one device; the defaults have a policy, an entry another, then one that lets everything pass. Out:
// each link has its own, and its key's router is bound by it.
TEST_F(KeyGuardTest, PeersHaveThePolicyOfTheirEntryOrThatOfAll) {
  views = {{kFirst, "wg0/op2", nullptr, {}, {}, key(1)}, {kSecond, "wg0/op3", nullptr, {}, {}, key(2)}};
  Config written;
  written.areas.resize(1);
  auto& wg0 = written.areas[0].interfaces.emplace_back();
  wg0.name = "wg0";
  wg0.has_peers = true;
  wg0.peer_defaults.announces = AnnouncePolicy{{}, 0, 9};
  auto& entry = wg0.peers.emplace_back();
  entry.public_key = key(2).to_base64();
  entry.announces = AnnouncePolicy{{}, 0, 100};
  entry.transit = true;
  full(kFirst, kTwo);
  full(kSecond, kThree);
  interfaces[0].config.name = "wg0/op2";
  interfaces[1].config.name = "wg0/op3";
  guard->set_written(written);
  look();
  const auto& rules = guard->rules();
  ASSERT_EQ(rules.of_links.size(), 2U);
  EXPECT_EQ(rules.of_links.at(kFirst),
            (AnnounceRules::Door{{"wg0/op2", AnnouncePolicy{{}, 0, 9}, false}, kTwo}));
  EXPECT_EQ(rules.of_links.at(kSecond),
            (AnnounceRules::Door{{"wg0/op3", AnnouncePolicy{{}, 0, 100}, true}, kThree}));
  EXPECT_EQ(rules.of_routers.size(), 2U);
  entry.announces.reset();
  guard->set_written(written);
  look();
  EXPECT_FALSE(rules.of_links.contains(kSecond)) << "nothing is held against it";
}

// In: a peer with a policy, whose key is known, is taken off the device. Out: its router is bound by the policy all the
// same, for its LSAs come over others; what is not known of nobody is bound by.
TEST_F(KeyGuardTest, APolicyBindsARouterWhosePeerIsNotThere) {
  views = {{kFirst, "wg0/op2", nullptr, {}, {}, key(1)}};
  Config written;
  written.areas.resize(1);
  auto& wg0 = written.areas[0].interfaces.emplace_back();
  wg0.name = "wg0";
  wg0.has_peers = true;
  for (const auto number : {std::uint8_t{1}, std::uint8_t{2}}) {
    auto& entry = wg0.peers.emplace_back();
    entry.public_key = key(number).to_base64();
    entry.name = "op" + std::to_string(number + 1);
    entry.announces = AnnouncePolicy{{}, 0, 100};
  }
  wg0.peers[0].router_id = kTwo;
  interfaces[0].config.name = "wg0/op2";
  guard->set_written(written);
  look();
  const AnnounceRules::Policy policy{"wg0/op2", AnnouncePolicy{{}, 0, 100}, false};
  EXPECT_THAT(guard->rules().of_routers, ElementsAre(Pair(kTwo, policy))) << "once";
  views.clear();
  interfaces.clear();
  look();
  EXPECT_THAT(guard->rules().of_links, IsEmpty());
  EXPECT_THAT(guard->rules().of_routers, ElementsAre(Pair(kTwo, policy)));
}

// In: peers of one device with addresses. Out: each is its router's, as soon as one is known or speaks there.
TEST_F(KeyGuardTest, AddressesOfPeersAreTheirRouters) {
  interfaces[0].config.peer_address = *parse_address("10.99.0.2");
  interfaces[0].status.addresses = {{*parse_address("10.99.0.1"), 24}};
  look();
  EXPECT_THAT(guard->rules().of_addresses, IsEmpty());
  full(kFirst, kTwo);
  look();
  ASSERT_EQ(guard->rules().of_addresses.size(), 1U);
  const auto& [address, peer] = *guard->rules().of_addresses.begin();
  EXPECT_EQ(address.to_string(), "10.99.0.2");
  EXPECT_EQ(peer.router, kTwo);
  EXPECT_EQ(peer.subnet.to_string(), "10.99.0.0/24");
}

}  // namespace
}  // namespace wgospf::daemon::key_guard_test
