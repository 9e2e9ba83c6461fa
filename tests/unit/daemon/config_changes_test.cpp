// What `wgospfctl reload` says has changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/config/changes.h"

namespace wgospf::daemon::config_changes_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Config config_of(const std::string& text) {
  auto result = parse_config(text, "test.yaml");
  EXPECT_TRUE(std::holds_alternative<Config>(result))
      << (result.index() == 1 ? std::get<1>(result).front().to_string() : "");
  return result.index() == 0 ? std::get<0>(result) : Config{};
}

std::vector<std::string> texts(const std::string& before, const std::string& after) {
  std::vector<std::string> lines;
  for (const auto& change : changes_between(config_of(before), config_of(after)))
    lines.push_back(to_string(change));
  return lines;
}

TEST(ConfigChanges, TheSameAndAnotherWordingOfItAreNone) {
  EXPECT_THAT(texts("interfaces: [{name: wg0}, {name: wg1}]", "interfaces: [{name: wg0}, {name: wg1}]"),
              IsEmpty());
  EXPECT_THAT(texts("interfaces: [{name: wg0}, {name: wg1}]",
                    "areas: [{area-id: 0, interfaces: [{name: wg1, cost: 10}, {name: wg0}]}]"),
              IsEmpty());
}

TEST(ConfigChanges, ALeafIsToldWithBothValues) {
  EXPECT_THAT(texts("interfaces: [{name: wg0, cost: 5}]\nlog: {level: info}",
                    "interfaces: [{name: wg0, cost: 20}]\nlog: {level: debug}"),
              ElementsAre("areas[0.0.0.0].interfaces[wg0].cost: 5 -> 20", "log.level: info -> debug"));
}

// An entry comes and goes as a whole; its leaves are not told one by one.
TEST(ConfigChanges, AnInterfaceComesAndGoesAsAWhole) {
  EXPECT_THAT(
      texts("interfaces: [{name: wg0}, {name: wg1, cost: 3}]", "interfaces: [{name: wg0}, {name: wg10}]"),
      ElementsAre("areas[0.0.0.0].interfaces[wg10]: added", "areas[0.0.0.0].interfaces[wg1]: removed"));
}

TEST(ConfigChanges, ALeafWithoutADefaultIsAddedAndRemoved) {
  const std::string with = "router-id: 10.0.0.1\ninterfaces: [{name: wg0}]",
                    without = "interfaces: [{name: wg0}]";
  EXPECT_THAT(texts(without, with), ElementsAre("router-id: 10.0.0.1, added"));
  EXPECT_THAT(texts(with, without), ElementsAre("router-id: 10.0.0.1, removed"));
}

// Two rules with one source are told apart.
TEST(ConfigChanges, RulesOfOneSourceAreNumbered) {
  const std::string rules =
      "interfaces: [{name: wg0}]\nredistribute: [{source: static, prefixes: [10.1.0.0/16], metric: 1}, "
      "{source: static, prefixes: [10.2.0.0/16], metric: ";
  EXPECT_THAT(texts(rules + "2}]", rules + "3}]"), ElementsAre("redistribute[static#2].metric: 2 -> 3"));
}

}  // namespace
}  // namespace wgospf::daemon::config_changes_test
