// Our routing policy rules in the kernel, with `ip rule` as the witness.
#include <algorithm>

#include "rib/leftovers.h"
#include "rib/policy_rule.h"
#include "rib/table_lock.h"
#include "tests/unit/rib/netns.h"

namespace wgospf::rib::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t kMain = 254;

/// What the daemon asks for, one of each sort.
std::vector<PolicyRule> some_rules() {
  return {
      {.priority = 5190,
       .action = PolicyRule::Action::jump,
       .target = 5299,
       .mark = 0x99,
       .mask = 0xffffffff},
      {.priority = 5191,
       .action = PolicyRule::Action::jump,
       .target = 5299,
       .inverted = true,
       .is_local_udp = true},
      {.priority = 5192,
       .action = PolicyRule::Action::jump,
       .target = 5299,
       .is_local_udp = true,
       .source_port = 51820},
      {.priority = 5193,
       .action = PolicyRule::Action::jump,
       .target = 5299,
       .destination = Ipv4Address{0xcb007105},
       .is_local_udp = true},
      {.priority = 5195, .table = kMain, .source = Ipv4Address{0xc0000202}},
      {.priority = 5264, .table = kMain, .suppress_prefix_length = 0},
      {.priority = 5265, .table = kApartTable},
      {.priority = 5299, .action = PolicyRule::Action::nothing},
  };
}

class RuleKeeperTest : public NetnsTest {
 protected:
  /// The rules of protocol 89 as `ip` shows them.
  static std::vector<std::string> shown() {
    std::vector<std::string> lines;
    std::istringstream in(shell("ip -d rule show"));
    for (std::string line; std::getline(in, line);) {
      const auto protocol = line.find(" proto 89");
      if (protocol == std::string::npos) continue;
      std::replace(line.begin(), line.end(), '\t', ' ');
      lines.push_back(line.substr(0, protocol));
    }
    return lines;
  }
  void want(std::vector<PolicyRule> rules, bool is_claimed = true) {
    kernel->set_rules({++ticket_, std::move(rules), is_claimed});
    ASSERT_TRUE(
        inbox.wait<RulesStand>([this](const RulesStand& report) { return report.ticket == ticket_; }));
  }
  std::string last_error() { return inbox.of<RulesStand>().back().error; }

 private:
  std::uint64_t ticket_ = 0;
};

TEST_F(RuleKeeperTest, AddsWhatIsWantedAndRemovesWhatIsNot) {
  shell("ip rule add pref 5264 lookup 77 && ip rule add pref 5300 fwmark 0x57470000 lookup 77");
  const std::string before = shell("ip rule show");
  start();
  want(some_rules());
  EXPECT_EQ(last_error(), "");
  EXPECT_THAT(
      shown(),
      ElementsAre("5190: from all fwmark 0x99 goto 5299", "5191: not from all iif lo ipproto udp goto 5299",
                  "5192: from all iif lo ipproto udp sport 51820 goto 5299",
                  "5193: from all to 203.0.113.5 iif lo ipproto udp goto 5299",
                  "5195: from 192.0.2.2 lookup main", "5264: from all lookup main suppress_prefixlength 0",
                  "5265: from all lookup 8957", "5299: from all nop"));
  auto fewer = some_rules();
  fewer.erase(fewer.begin() + 1);
  want(fewer);
  EXPECT_EQ(shown().size(), 7U);
  want({});
  EXPECT_EQ(shell("ip rule show"), before);  // the others' stay
}

TEST_F(RuleKeeperTest, PutsBackWhatOthersTakeAndTellsIt) {
  start();
  want(some_rules());
  const auto before = shown();
  shell("ip rule del pref 5265");
  ASSERT_TRUE(eventually([&] { return shown() == before; }));
  ASSERT_TRUE(inbox.wait<Drift>());
  EXPECT_THAT(inbox.of<Drift>().front().what, HasSubstr("rule pref 5265 lookup 8957"));
}

TEST_F(RuleKeeperTest, WhatAFormerRunLeftStaysUntilTheClaim) {
  shell(
      "ip rule add pref 5264 lookup main suppress_prefixlength 0 protocol 89 && ip rule add pref 5100 lookup "
      "9 protocol 89");
  start();
  want(some_rules(), false);
  EXPECT_EQ(shown().size(), some_rules().size() + 1);
  EXPECT_THAT(inbox.of<Drift>(), IsEmpty());
  want(some_rules());
  EXPECT_EQ(shown().size(), some_rules().size());
}

TEST_F(RuleKeeperTest, ARefusalIsToldWithTheRule) {
  start();
  want({{.priority = 5190, .action = PolicyRule::Action::jump, .target = 100, .mark = 1, .mask = 1}});
  EXPECT_THAT(last_error(), HasSubstr("the kernel refuses the rule \"pref 5190 fwmark 0x1/0x1 goto 100\""));
}

TEST_F(RuleKeeperTest, CleanUpRemovesThemUnlessADaemonRuns) {
  shell("ip rule add pref 5264 lookup main suppress_prefixlength 0 protocol 89");
  {
    const auto lock = TableLock::acquire(::testing::TempDir() + "rule-keeper", kApartTable);
    ASSERT_TRUE(lock) << lock.error().text;
    const auto kept = clean_up("");
    ASSERT_TRUE(kept);
    EXPECT_FALSE(kept->has_no_daemon);
    EXPECT_EQ(shown().size(), 1U);
  }
  const auto done = clean_up("");
  ASSERT_TRUE(done);
  EXPECT_THAT(done->lines, ElementsAre("removed 1 routing rule"));
  EXPECT_THAT(shown(), IsEmpty());
}

}  // namespace
}  // namespace wgospf::rib::rules
