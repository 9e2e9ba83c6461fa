// From the names and patterns of the configuration to the interfaces that are run.

#include "daemon/config/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wgospf::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config config_of(const std::string& text) {
  const auto result = parse_config(text, "f.yaml");
  if (const auto* errors = std::get_if<1>(&result)) {
    for (const auto& error : *errors) ADD_FAILURE() << error.to_string();
    return {};
  }
  return std::get<0>(result);
}

SystemInterface tunnel(std::string name, std::vector<std::string> further_names = {}) {
  return {std::move(name), std::move(further_names), true};
}
SystemInterface plain(std::string name) {
  return {std::move(name), {}, false};
}

struct Resolved {
  Resolved(const std::string& interfaces, const std::vector<SystemInterface>& system)
      : names(resolve_names(config_of("interfaces:\n" + interfaces).areas, system)) {}
  /// "wg0 10": each name with its cost.
  [[nodiscard]] std::vector<std::string> costs() const {
    std::vector<std::string> texts;
    for (const auto& settings : names.areas.at(0).interfaces)
      texts.push_back(settings.name + " " + std::to_string(settings.cost));
    return texts;
  }
  ResolvedNames names;
};

TEST(ConfigNames, AnInterfaceGoesByItsNameElseByTheFirstPattern) {
  const Resolved resolved(
      "- {name: wg-*, cost: 1}\n- {name: \"*2\", cost: 2}\n- {name: wg-3, cost: 3}\n- {name: 'w?-[45]', "
      "cost: 4}\n",
      {tunnel("wg-1"), tunnel("wg-2"), tunnel("wg-3"), plain("eth2"), plain("wx-4"), plain("wx-6")});
  EXPECT_THAT(resolved.costs(), ElementsAre("wg-1 1", "wg-2 1", "eth2 2", "wg-3 3", "wx-4 4"));
}

TEST(ConfigNames, ThoseOfAPatternStandInTheOrderOfTheirNamesAtItsPlace) {
  const Resolved resolved("- {name: lo}\n- {name: wg-*}\n- {name: br0}\n", {tunnel("wg-b"), tunnel("wg-a")});
  EXPECT_THAT(resolved.costs(), ElementsAre("lo 10", "wg-a 10", "wg-b 10", "br0 10"));
}

TEST(ConfigNames, FurtherNamesCount) {
  const Resolved resolved("- {name: branch-*, cost: 1}\n- {name: branch-south, cost: 2}\n",
                          {tunnel("wg0", {"branch-north"}), tunnel("wg1", {"branch-south"})});
  EXPECT_THAT(resolved.costs(), ElementsAre("wg0 1", "branch-south 2"));
}

TEST(ConfigNames, WhatIsNotEnabledIsAnException) {
  const Resolved resolved(
      "- {name: wg-guest, enabled: false}\n- {name: wg-test*, enabled: false}\n- {name: wg-*}\n",
      {tunnel("wg-guest"), tunnel("wg-test1"), tunnel("wg-a")});
  EXPECT_THAT(resolved.costs(), ElementsAre("wg-a 10"));
  EXPECT_THAT(resolved.names.idle, IsEmpty());
}

TEST(ConfigNames, AKindNarrowsAPattern) {
  const Resolved resolved("- {name: \"*\", kind: wireguard}\n",
                          {tunnel("office"), plain("eth0"), plain("lo")});
  EXPECT_THAT(resolved.costs(), ElementsAre("office 10"));
}

TEST(ConfigNames, APatternThatNoInterfaceGoesByIsIdle) {
  const Resolved resolved("- {name: wg-*}\n- {name: wg0}\n- {name: tun*, enabled: false}\n", {plain("wg")});
  EXPECT_THAT(resolved.costs(), ElementsAre("wg0 10"));
  EXPECT_THAT(resolved.names.idle, ElementsAre("wg-*"));
}

TEST(ConfigNames, APatternWhoseInterfacesHaveEntriesOfTheirOwnIsNotIdle) {
  const Resolved resolved("- {name: wg-*}\n- {name: wg-a, cost: 7}\n", {tunnel("wg-a")});
  EXPECT_THAT(resolved.costs(), ElementsAre("wg-a 7"));
  EXPECT_THAT(resolved.names.idle, IsEmpty());
}

TEST(ConfigNames, ALenderThatAPatternMatchesKeepsItsOwnAddress) {
  const Resolved resolved("- {name: \"*\", unnumbered: dummy0}\n", {plain("dummy0"), tunnel("wg0")});
  const auto& interfaces = resolved.names.areas.at(0).interfaces;
  ASSERT_EQ(interfaces.size(), 2U);
  EXPECT_EQ(interfaces[0].unnumbered, std::nullopt);
  EXPECT_EQ(interfaces[1].unnumbered, "dummy0");
}

TEST(ConfigNames, FiftyTunnelsNeedAtMostFifteenLines) {
  const std::string text = R"(router-id: 10.0.0.1
defaults: { hello-interval: 1, dead-interval: 4 }
interfaces:
  - { name: wg-* }
  - { name: wg-backup-*, cost: 100 }
  - { name: wg-guest, enabled: false }
  - { name: br-lan, passive: true }
  - { name: lo, passive: true }
)";
  ASSERT_LE(std::count(text.begin(), text.end(), '\n'), 15);
  std::vector<SystemInterface> system{plain("lo"), plain("br-lan"), plain("eth0"), tunnel("wg-guest")};
  for (int i = 0; i < 50; ++i) system.push_back(tunnel("wg-site" + std::to_string(i)));
  const auto interfaces = resolve_names(config_of(text).areas, system).areas.at(0).interfaces;
  EXPECT_EQ(interfaces.size(), 52U);
  EXPECT_EQ(
      std::count_if(interfaces.begin(), interfaces.end(),
                    [](const auto& settings) { return settings.dead_interval == 4 && !settings.passive; }),
      50);
}

}  // namespace
}  // namespace wgospf::daemon
