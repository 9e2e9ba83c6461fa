// Peers of a WireGuard device as links: which there are, with which address, and to whose link a packet belongs.

#include "daemon/links/peer_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "daemon/clients/client_notes.h"
#include "daemon/links/known_routers.h"
#include "daemon/links/peer_table.h"
#include "wgadapter/state_text.h"

namespace wgospf::daemon::peer_links_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

wg::Key key(std::uint8_t number) {
  wg::Key key;
  key.bytes.fill(number);
  return key;
}
Ipv4Address address(const char* text) {
  return *Ipv4Address::parse(text);
}
wg::SystemTime at(int seconds) {
  return wg::SystemTime{std::chrono::seconds{seconds}};
}

/// wg0, 10.99.0.1/24, with `peers: auto`.
class PeerLinksTest : public ::testing::Test {
 protected:
  PeerLinksTest() {
    settings.name = "wg0";
    settings.has_peers = true;
    settings.peer_defaults.hello_interval = 1;
    device->name = "wg0";
    addresses = {{address("10.99.0.1"), 24}};
  }
  wg::Peer& peer(std::uint8_t number, const std::vector<const char*>& allowed_ips) {
    wg::Peer added;
    added.public_key = key(number);
    for (const char* text : allowed_ips) added.allowed_ips.push_back(*parse_prefix(text));
    return device->peers.emplace_back(added);
  }
  PeerSettings& entry(std::uint8_t number, const std::string& name) {
    PeerSettings added;
    added.public_key = key(number).to_base64();
    added.name = name;
    return settings.peers.emplace_back(added);
  }
  std::vector<PeerLink> links() {
    PeerKnowledge known{&own, &former, &clients};
    return peer_links(settings, *device, addresses, known);
  }
  PeerLink only() {
    auto all = links();
    EXPECT_THAT(all, SizeIs(1));
    return all.front();
  }
  std::vector<PeerTable::Former> take() { return table.take(links(), device, "wg0", names); }
  [[nodiscard]] std::string owner(const char* source) const {
    const auto* owner = table.owner(address(source));
    return owner == nullptr ? "nobody" : owner->peer.name;
  }

  InterfaceSettings settings;
  std::shared_ptr<wg::Device> device = std::make_shared<wg::Device>();
  std::vector<ospf::InterfaceAddress> addresses;
  wg::OwnPrefixes own;
  RouterAddresses former;
  ClientAddresses clients;
  PeerTable table;
  LinkNames names;
};

TEST_F(PeerLinksTest, TheHostRouteInTheSubnetIsTheAddress) {
  peer(2, {"192.168.36.0/24", "10.255.0.2/32", "10.99.0.2/32", "fd00::2/128"});
  EXPECT_EQ(only().address, address("10.99.0.2"));
  EXPECT_TRUE(only().is_link());
  EXPECT_TRUE(only().is_held);
  EXPECT_EQ(only().settings.hello_interval, 1) << "as peer-defaults says";
}

TEST_F(PeerLinksTest, ElseItsOnlyHostRoute) {
  peer(2, {"192.168.36.0/24", "10.255.0.2/32"});
  EXPECT_EQ(only().address, address("10.255.0.2"));
}

TEST_F(PeerLinksTest, GroupsAndOwnAddressesAreNobodys) {
  peer(2, {"224.0.0.5/32", "10.99.0.1/32"});
  EXPECT_FALSE(only().is_link());
  EXPECT_THAT(only().problem,
              HasSubstr("no host route among its allowed-ips tells which address it has: add"));
}

TEST_F(PeerLinksTest, WhatWeAddedTellsNothing) {
  peer(2, {"10.99.0.2/32", "10.99.0.3/32", "10.99.0.4/32"});
  EXPECT_THAT(only().problem,
              HasSubstr("could be its address: 10.99.0.2, 10.99.0.3, 10.99.0.4; write the right"));
  own[key(2)] = {Ipv4Prefix::host(address("10.99.0.3")), Ipv4Prefix::host(address("10.99.0.4"))};
  EXPECT_EQ(only().address, address("10.99.0.2"));
}

TEST_F(PeerLinksTest, InDoubtTheAddressThatItSpokeFromLast) {
  peer(2, {"10.99.0.2/32", "10.99.0.3/32"});
  former[key(2)] = address("10.99.0.3");
  EXPECT_EQ(only().address, address("10.99.0.3"));
  former[key(2)] = address("10.99.0.9");
  EXPECT_FALSE(only().address) << "it has no right to that any more";
}

TEST_F(PeerLinksTest, TheConfigurationDecides) {
  auto& op2 = entry(2, "op2");
  op2.address = address("10.255.0.2");
  op2.cost = 5;
  peer(2, {"10.99.0.2/32"});
  EXPECT_EQ(only().address, address("10.255.0.2"));
  EXPECT_FALSE(only().is_held);
  EXPECT_EQ(only().name, "op2");
  EXPECT_EQ(only().settings.cost, 5);
  settings.peers[0].address = address("10.99.0.1");
  EXPECT_THAT(only().problem, HasSubstr("10.99.0.1, is this router's own"));
}

TEST_F(PeerLinksTest, AnAddressThatIsSomebodyElsesByConfiguration) {
  entry(2, "op2").address = address("10.99.0.3");
  peer(2, {"10.99.0.2/32"});
  peer(3, {"10.99.0.3/32"});
  const auto all = links();
  EXPECT_EQ(all[0].address, address("10.99.0.3"));
  EXPECT_THAT(all[1].problem, HasSubstr("its host route 10.99.0.3/32 is the \"address\" of op2"));
}

TEST_F(PeerLinksTest, AClientWithoutAnAddressIsNoProblem) {
  entry(2, "phone").role = ConfiguredRole::client;
  peer(2, {});
  EXPECT_FALSE(only().is_link());
  EXPECT_THAT(only().problem, IsEmpty());
}

TEST_F(PeerLinksTest, AnEntryThatTheDeviceLacks) {
  entry(2, "op2");
  EXPECT_FALSE(only().is_there);
  EXPECT_FALSE(only().is_link());
  EXPECT_THAT(only().problem, HasSubstr("wg0 has no peer with this public key"));
}

TEST_F(PeerLinksTest, WithoutAnEntryThePeerGoesByItsKey) {
  peer(2, {"10.99.0.2/32"});
  EXPECT_EQ(shown_name("wg0", only()), "wg0/AgICAgIC");
  take();
  const auto link = table.find(key(2))->link;
  EXPECT_EQ(names.name_of(link), "wg0/AgICAgIC");
  EXPECT_EQ(names.find("wg0/" + key(2).to_base64()), link);
  entry(2, "op2");
  const auto former_names = take();
  EXPECT_EQ(table.find(key(2))->link, link) << "the key is what the link is known by";
  EXPECT_EQ(names.name_of(link), "wg0/op2");
  ASSERT_THAT(former_names, SizeIs(1));
  EXPECT_EQ(former_names[0].name, "wg0/AgICAgIC");
}

TEST_F(PeerLinksTest, APeerThatComesBackHasItsLink) {
  peer(2, {"10.99.0.2/32"});
  take();
  const auto link = table.find(key(2))->link;
  device = std::make_shared<wg::Device>(wg::Device{.name = "wg0"});
  EXPECT_THAT(take(), SizeIs(1));
  EXPECT_EQ(table.find(link), nullptr);
  peer(2, {"10.99.0.5/32"});
  take();
  EXPECT_EQ(table.find(key(2))->link, link);
}

TEST_F(PeerLinksTest, APacketBelongsToWhomWireguardTookItFrom) {
  peer(2, {"10.99.0.2/32", "192.168.36.0/24"});
  peer(3, {"10.99.0.3/32", "192.168.36.7/32", "10.0.0.0/8"});
  peer(4, {"172.16.0.0/12"});
  take();
  const auto name = [](std::uint8_t number) { return key(number).to_base64().substr(0, 8); };
  EXPECT_EQ(owner("10.99.0.2"), name(2));
  EXPECT_EQ(owner("192.168.36.1"), name(2));
  EXPECT_EQ(owner("192.168.36.7"), name(3)) << "the longest match";
  EXPECT_EQ(owner("10.99.0.4"), name(3));
  EXPECT_EQ(owner("172.16.0.1"), name(4)) << "whether or not it is a link";
  EXPECT_EQ(owner("203.0.113.1"), "nobody");
}

// What the configuration calls a peer's address counts for nothing while WireGuard takes it from another.
TEST_F(PeerLinksTest, AnAddressThatAnotherPeerHolds) {
  entry(2, "op2").address = address("10.99.0.3");
  peer(2, {"10.99.0.0/24"});
  take();
  EXPECT_EQ(owner("10.99.0.3"), "op2");
  peer(3, {"10.99.0.3/32"});
  take();
  EXPECT_EQ(owner("10.99.0.3"), key(3).to_base64().substr(0, 8));
}

TEST_F(PeerLinksTest, ANewHandshakeWakes) {
  auto& known = peer(2, {"10.99.0.2/32"});
  known.last_handshake = at(1000);
  take();
  const auto link = table.find(key(2))->link;
  EXPECT_THAT(table.take_woken(*device), IsEmpty()) << "hellos go out on a new link anyway";
  EXPECT_THAT(table.take_woken(*device), IsEmpty());
  device->peers[0].last_handshake = at(1120);
  EXPECT_THAT(table.take_woken(*device), ElementsAre(link));
  EXPECT_THAT(table.take_woken(*device), IsEmpty());
  take();
  EXPECT_THAT(table.take_woken(*device), IsEmpty()) << "what is known outlives a change of peers";
  take();
  device->peers[0].last_handshake = at(1240);
  EXPECT_THAT(table.take_woken(*device), ElementsAre(link));
}

TEST_F(PeerLinksTest, TheFirstHandshakeWakes) {
  peer(2, {"10.99.0.2/32"});
  take();
  EXPECT_THAT(table.take_woken(*device), IsEmpty());
  device->peers[0].last_handshake = at(1000);
  EXPECT_THAT(table.take_woken(*device), SizeIs(1));
}

// Else a hello to a peer that sleeps would bring about a handshake, and the handshake further hellos, for ever.
TEST_F(PeerLinksTest, AHandshakeThatOurPacketAskedForDoesNotWake) {
  peer(2, {"10.99.0.2/32"}).last_handshake = at(1000);
  take();
  const auto link = table.find(key(2))->link;
  (void)table.take_woken(*device);
  table.sent(link, at(1130));
  device->peers[0].last_handshake = at(1131);
  EXPECT_THAT(table.take_woken(*device), IsEmpty());
  device->peers[0].last_handshake = at(1140);
  EXPECT_THAT(table.take_woken(*device), ElementsAre(link)) << "too late to be the answer";
}

TEST(KnownRouters, TheTextIsReadAsItWasWritten) {
  const Day day{std::chrono::days{20000}};
  const NotedRouters routers{{{key(1), address("10.99.0.1")}, {key(2), address("10.99.0.2")}},
                             {{key(1), day}, {key(2), day - std::chrono::days{1}}}};
  const std::string text = to_text(routers);
  const auto read = parse_noted_routers(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, routers);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_noted_routers(text.substr(0, size)));
    std::string spoiled = text;
    spoiled[size] ^= 1;
    EXPECT_FALSE(parse_noted_routers(spoiled));
  }
  const std::string one = key(1).to_base64() + " 10.99.0.1 20000",
                    two = key(2).to_base64() + " 10.99.0.2 19999";
  EXPECT_TRUE(parse_noted_routers(wg::state_text("routers", {one, two})));
  EXPECT_FALSE(parse_noted_routers(wg::state_text("routers", {two, one}))) << "not as it is written";
}

// In: two routers, of which a device has one until the last day of a month. Out: a run that starts ten days later knows
// that one alone.
TEST(KnownRouters, AKeyThatNoDeviceHasHadForAMonthIsForgotten) {
  const Day day{std::chrono::days{20000}};
  const std::string directory = testing::TempDir() + "known-routers";
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/routers")
      << to_text({{{key(1), address("10.99.0.1")}, {key(2), address("10.99.0.2")}},
                  {{key(1), day}, {key(2), day + std::chrono::days{5}}}});
  boost::asio::io_context loop;
  const auto known = [&](Day today, bool is_there) {
    KernelJobs jobs(loop);  // whatever is queued is written when this returns
    KnownRouters routers(jobs);
    EXPECT_EQ(routers.read(directory, today), "");
    wg::Device device;
    device.peers.push_back({.public_key = key(1)});
    if (is_there) routers.saw(device, today);
    routers.write();
    return std::pair(routers.contains(key(1)), routers.contains(key(2)));
  };
  const Day last = day + kRememberRouters, tomorrow = last + std::chrono::days{1};
  EXPECT_EQ(known(last, true), std::pair(true, true));
  EXPECT_EQ(known(tomorrow, false), std::pair(true, true)) << "a device had it";
  EXPECT_EQ(known(last + std::chrono::days{10}, false), std::pair(true, false));
  EXPECT_EQ(known(day, false), std::pair(true, false)) << "what is forgotten is not in the file";
  std::filesystem::remove_all(directory);
}

// In: a client with two host routes and a subnet. Out: announced with the host routes, the one in the interface's subnet
// first; of a router none.
TEST_F(PeerLinksTest, AClientHasItsHostRoutes) {
  entry(2, "phone").role = ConfiguredRole::client;
  peer(2, {"192.168.7.9/32", "10.99.0.50/32", "10.99.0.51/32", "192.168.8.0/24"});
  EXPECT_THAT(only().hosts,
              ElementsAre(address("10.99.0.50"), address("192.168.7.9"), address("10.99.0.51")));
  EXPECT_TRUE(only().problem.empty());
  settings.peers.front().role = ConfiguredRole::router;
  EXPECT_THAT(only().hosts, IsEmpty());
  settings.peers.clear();
  settings.finds_clients = true;
  device->peers.front().allowed_ips = {*parse_prefix("10.99.0.50/32")};
  EXPECT_THAT(only().hosts, ElementsAre(address("10.99.0.50"))) << "it may be one";
}

// In: the client's address is with another peer, lent by us, or moved there by hand. Out: it is still the client's; or is
// not any more.
TEST_F(PeerLinksTest, WhatIsLentIsStillTheClients) {
  entry(2, "phone").role = ConfiguredRole::client;
  peer(2, {});
  peer(3, {"10.99.0.3/32", "10.99.0.50/32"});
  clients[key(2)] = {address("10.99.0.50")};
  own[key(3)] = {*Ipv4Prefix::parse("10.99.0.50/32")};
  const auto lent = links();
  EXPECT_EQ(lent.front().address, address("10.99.0.50"));
  EXPECT_THAT(lent.front().hosts, ElementsAre(address("10.99.0.50")));
  EXPECT_FALSE(lent.front().is_held);
  EXPECT_EQ(lent.back().address, address("10.99.0.3"));
  own.clear();
  EXPECT_FALSE(links().front().is_link());
}

// In: a client with two addresses, of which any may be lent, and a device that lists them in another order when they are
// back. Out: both are the client's all the time, in the order in which they were noted; one that is gone by hand is not.
TEST_F(PeerLinksTest, EachOfAClientsAddressesIsItsOwnWhileItIsLent) {
  const Ipv4Address first = address("10.99.0.50"), second = address("192.168.7.9");
  entry(2, "phone").role = ConfiguredRole::client;
  peer(2, {"192.168.7.9/32", "10.99.0.50/32"});
  peer(3, {"10.99.0.3/32"});
  auto& phone = device->peers.front().allowed_ips;
  clients[key(2)] = {first, second};
  EXPECT_THAT(links().front().hosts, ElementsAre(first, second));
  phone = {*parse_prefix("10.99.0.50/32")};
  own[key(3)] = {Ipv4Prefix::host(second)};
  EXPECT_THAT(links().front().hosts, ElementsAre(first, second)) << "the second is lent";
  EXPECT_TRUE(links().front().is_held);
  phone = {};
  own[key(3)] = {Ipv4Prefix::host(first), Ipv4Prefix::host(second)};
  EXPECT_EQ(links().front().address, first);
  EXPECT_THAT(links().front().hosts, ElementsAre(first, second)) << "both are";
  phone = {*parse_prefix("10.99.0.50/32")};
  own.clear();
  EXPECT_THAT(links().front().hosts, ElementsAre(first)) << "the second is nobody's";
}

TEST(NotedClients, TheTextIsReadAsItWasWritten) {
  const Day day{std::chrono::days{20000}};
  const NotedClients clients{
      {{"wg0",
        {{key(1), {address("10.99.0.50"), address("192.168.7.9")}}, {key(2), {address("10.99.0.51")}}}},
       {"wg1", {{key(1), {address("10.98.0.50")}}}}},
      {{"wg0", {{key(1), day}, {key(2), day}}}, {"wg1", {{key(1), day - std::chrono::days{1}}}}}};
  const std::string text = to_text(clients);
  const auto read = parse_noted_clients(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, clients);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_noted_clients(text.substr(0, size)));
    std::string spoiled = text;
    spoiled[size] ^= 1;
    EXPECT_FALSE(parse_noted_clients(spoiled));
  }
  const auto is_taken = [](const std::string& record) {
    return static_cast<bool>(parse_noted_clients(wg::state_text("clients", {record})));
  };
  const std::string whose = key(1).to_base64();
  EXPECT_TRUE(is_taken("wg0 20000 " + whose + " 10.99.0.50"));
  for (const auto& record :
       {"wg0 20000 " + whose, whose + " 10.99.0.50 20000", "wg0 x " + whose + " 10.99.0.50",
        "wg0 20000 " + whose + " 10.99.0.50 ", std::string("wg0")})
    EXPECT_FALSE(is_taken(record)) << record;
}

// In: one key that is a client on two devices, with other addresses there. Out: each device has its own, also in the run
// that follows; what no device has had for a month is forgotten by then.
TEST(ClientNotes, AKeyHasItsAddressesOnEachDevice) {
  const Day day{std::chrono::days{20000}};
  const std::string directory = testing::TempDir() + "client-notes";
  std::filesystem::create_directories(directory);
  boost::asio::io_context loop;
  {
    KernelJobs jobs(loop);  // whatever is queued is written when this returns
    ClientNotes notes(jobs);
    EXPECT_EQ(notes.read(directory, day), "");
    EXPECT_EQ(notes.of("wg0"), nullptr);
    notes.note("wg0", key(1), {address("10.99.0.50"), address("192.168.7.9")}, day);
    notes.note("wg1", key(1), {address("10.98.0.50")}, day);
    wg::Device device;
    device.name = "wg1";
    device.peers.push_back({.public_key = key(1)});
    notes.saw(device, day + std::chrono::days{5});
    notes.write();
  }
  KernelJobs jobs(loop);
  ClientNotes notes(jobs);
  EXPECT_EQ(notes.read(directory, day + kRememberRouters), "");
  EXPECT_THAT(notes.of("wg0")->at(key(1)), ElementsAre(address("10.99.0.50"), address("192.168.7.9")));
  EXPECT_THAT(notes.of("wg1")->at(key(1)), ElementsAre(address("10.98.0.50")));
  ClientNotes later(jobs);
  EXPECT_EQ(later.read(directory, day + kRememberRouters + std::chrono::days{1}), "");
  EXPECT_THAT(*later.of("wg0"), IsEmpty());
  EXPECT_THAT(*later.of("wg1"), SizeIs(1));
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace wgospf::daemon::peer_links_test
