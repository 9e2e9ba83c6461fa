// What a reload says would be lost.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "daemon/routes/preview.h"
#include "daemon/unconfirmed.h"

namespace wgospf::daemon::preview_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Ipv4Prefix prefix_of(const char* text) {
  return *Ipv4Prefix::parse(text);
}

/// A Full neighbour 10.0.0.2 on link 1, whose router-LSA has the prefix 192.168.2.0/24, and a LAN of ours on link 2.
class PreviewTest : public ::testing::Test {
 protected:
  PreviewTest() {
    facts_.router_id = *ospf::RouterId::parse("10.0.0.1");
    add_interface(1, "wg0", "10.2.0.1", 30);
    add_interface(2, "lan", "192.168.1.1", 24);
    ospf::NeighborInfo neighbor;
    neighbor.link = ospf::LinkId{1};
    neighbor.router_id = *ospf::RouterId::parse("10.0.0.2");
    neighbor.address = *Ipv4Address::parse("10.2.0.2");
    neighbor.state = ospf::NeighborState::full;
    facts_.neighbors.push_back(neighbor);
    facts_.wanted.router_id = facts_.router_id;
    facts_.wanted.areas.push_back({ospf::AreaId{0}});
    for (const auto& interface : facts_.interfaces) facts_.wanted.interfaces.push_back(interface.config);
    auto table = std::make_shared<ospf::RouteTable<V2>>();
    table->sets = {{}, {{ospf::LinkId{1}, neighbor.address, neighbor.router_id}}};
    add_route(*table, "10.2.0.0/30", 0);
    add_route(*table, "192.168.1.0/24", 0);
    add_route(*table, "192.168.2.0/24", 1);
    facts_.routes = table;
  }
  static void add_route(ospf::RouteTable<V2>& table, const char* prefix, std::uint32_t set) {
    ospf::Route<V2> route;
    route.prefix = prefix_of(prefix);
    route.set = ospf::SetId{set};
    table.routes.push_back(route);
  }
  void add_interface(std::uint32_t link, const char* name, const char* address, std::uint8_t length) {
    ospf::InterfaceInfo info;
    info.config.link = ospf::LinkId{link};
    info.config.name = name;
    info.config.area = ospf::AreaId{0};
    info.config.passive = link == 2;
    info.status.up = true;
    info.status.addresses.push_back({*Ipv4Address::parse(address), length});
    info.state = ospf::InterfaceState::point_to_point;
    facts_.interfaces.push_back(info);
  }
  [[nodiscard]] ospf::InterfaceConfig& wanted(std::size_t index) { return facts_.wanted.interfaces[index]; }
  /// The reasons for which the neighbour is lost.
  [[nodiscard]] std::vector<std::string> reasons() const {
    std::vector<std::string> texts;
    for (const auto& neighbor : preview(facts_).lost_neighbors) texts.push_back(neighbor.reason);
    return texts;
  }
  PreviewFacts facts_;
};

TEST_F(PreviewTest, AnAdjacencyStaysWhereNothingSpeaksAgainstIt) {
  wanted(0).cost = 77;
  EXPECT_THAT(reasons(), IsEmpty());
  EXPECT_THAT(preview(facts_).withdrawn_prefixes, IsEmpty());
}

TEST_F(PreviewTest, AnAdjacencyEndsForWhatBothEndsMustAgreeOn) {
  const auto before = wanted(0);
  const auto with = [&](auto change) {
    wanted(0) = before;
    change(wanted(0));
    return reasons();
  };
  EXPECT_THAT(with([](auto& c) { c.passive = true; }), ElementsAre("the interface becomes passive"));
  EXPECT_THAT(with([](auto& c) { c.hello_interval = 3; }),
              ElementsAre("hello-interval and dead-interval have to be those of the neighbor"));
  EXPECT_THAT(with([](auto& c) {
                c.admitted = {ospf::AdmittedRouters::Kind::one, *ospf::RouterId::parse("10.0.0.3")};
              }),
              ElementsAre("the router at the other end may only be another one"));
  EXPECT_THAT(with([](auto& c) {
                c.admitted = {ospf::AdmittedRouters::Kind::one, *ospf::RouterId::parse("10.0.0.2")};
              }),
              IsEmpty());
}

// In: no interface but the LAN. Out: the neighbour, what is learned of it, and the tunnel's own prefix.
TEST_F(PreviewTest, WithTheInterfaceGoesWhatIsBehindIt) {
  facts_.wanted.interfaces.erase(facts_.wanted.interfaces.begin());
  EXPECT_THAT(reasons(), ElementsAre("the interface is removed"));
  const auto result = preview(facts_);
  EXPECT_THAT(result.lost_prefixes, ElementsAre(prefix_of("192.168.2.0/24")));
  EXPECT_THAT(result.withdrawn_prefixes, ElementsAre(prefix_of("10.2.0.0/30")));
}

class UnconfirmedTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(directory_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  [[nodiscard]] Config config(int cost) const {
    auto result = parse_config("interfaces: [{name: wg0, cost: " + std::to_string(cost) +
                                   "}]\nstate-directory: " + directory_ + "\n",
                               "test.yaml");
    EXPECT_EQ(result.index(), 0U);
    return std::get<0>(std::move(result));
  }
  /// The cost of the configuration that runs at the start with one of `cost`.
  [[nodiscard]] int cost_at_start(int cost) const {
    auto former = former_instead_of(config(cost));
    EXPECT_TRUE(former) << former.error().text;
    return former.value() ? former.value()->areas.at(0).interfaces.at(0).cost : cost;
  }
  std::string directory_ = ::testing::TempDir() + "/wgospf-unconfirmed-XXXXXX";
};

TEST_F(UnconfirmedTest, TheFormerRunsAsLongAsTheFileIsTheOneThatWasNotConfirmed) {
  EXPECT_EQ(cost_at_start(20), 20);
  ASSERT_TRUE(write_unconfirmed(config(10), config(20)));
  EXPECT_EQ(cost_at_start(20), 10);
  EXPECT_EQ(cost_at_start(20), 10) << "at each start";
  EXPECT_EQ(cost_at_start(30), 30) << "another file";
  EXPECT_EQ(cost_at_start(20), 20) << "after which nothing is known of it";
}

TEST_F(UnconfirmedTest, WhatIsConfirmedStays) {
  ASSERT_TRUE(write_unconfirmed(config(10), config(20)));
  ASSERT_TRUE(remove_unconfirmed(directory_));
  EXPECT_EQ(cost_at_start(20), 20);
  EXPECT_TRUE(remove_unconfirmed(directory_)) << "harmless when nothing waits";
}

TEST_F(UnconfirmedTest, AFileThatIsNotOursIsToldAndTheConfigurationRuns) {
  std::ofstream(directory_ + "/unconfirmed") << "nonsense\n";
  const auto former = former_instead_of(config(10));
  ASSERT_FALSE(former);
  EXPECT_THAT(former.error().text, ::testing::HasSubstr("remove it"));
}

}  // namespace
}  // namespace wgospf::daemon::preview_test
