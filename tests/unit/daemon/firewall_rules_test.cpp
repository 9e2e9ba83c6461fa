// What the packet filter does with a packet, by rulesets as nft, firewalld, OpenWrt and ufw make them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "daemon/firewall/iptables_save.h"
#include "daemon/firewall/program.h"
#include "daemon/firewall/verdict.h"

namespace wgospf::daemon::firewall {
namespace {

using testing::HasSubstr;
using Way = Packet::Way;
using FateKind = Fate::Kind;

constexpr std::uint8_t kTcp = 6, kUdp = 17, kOspf = 89;
constexpr Ipv4Address kAllSpf{0xe0000005};

std::string file(const std::string& name) {
  std::ifstream stream(WGOSPF_SOURCE_DIR "/tests/unit/daemon/rulesets/" + name);
  std::ostringstream text;
  text << stream.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

Ruleset ruleset(const std::string& name) {
  auto parsed = parse_ruleset(file(name));
  EXPECT_TRUE(parsed) << parsed.error().text;
  return std::move(parsed).value();
}

Packet udp(const std::string& in, std::uint16_t port, std::optional<Ipv4Address> source = std::nullopt) {
  return {Way::in, in, {}, kUdp, port, source};
}
Packet ospf(const std::string& in) {
  return {Way::in, in, {}, kOspf, {}, {}, kAllSpf};
}
Packet from_to(const std::string& in, const std::string& out,
               std::optional<Ipv4Address> source = std::nullopt) {
  return {Way::through, in, out, kTcp, {}, source};
}
Packet of_known_connection(Packet packet) {
  packet.connection_state = "established";
  return packet;
}
Ipv4Address address(const char* text) {
  return *Ipv4Address::parse(text);
}

TEST(FateOf, PlainNftWithSetsWildcardsAndConnectionStates) {
  const auto rules = ruleset("plain.json");
  const auto kind = [&](const Packet& packet) { return fate_of(packet, rules).kind; };
  EXPECT_EQ(kind(udp("eth0", 51820)), FateKind::passes);
  EXPECT_EQ(kind(udp("ppp7", 51829)), FateKind::passes);
  EXPECT_EQ(kind(udp("ppp7", 4500)), FateKind::passes);
  EXPECT_EQ(kind(udp("eth1", 51820)), FateKind::dropped);
  const auto closed = fate_of(udp("eth0", 52000), rules);
  EXPECT_EQ(closed.kind, FateKind::dropped);
  EXPECT_EQ(closed.by, "chain input of table inet filter (policy)");
  EXPECT_THAT(closed.chains, testing::ElementsAre(ChainName{"inet", "filter", "input"}));
  EXPECT_EQ(kind(of_known_connection(udp("eth0", 52000))), FateKind::passes);
  EXPECT_EQ(kind(ospf("wg0")), FateKind::passes);
  EXPECT_EQ(kind(ospf("gre1")), FateKind::dropped);
  EXPECT_EQ(kind(ospf("lan4")), FateKind::passes);
  EXPECT_EQ(kind(from_to("br-lan", "wg0")), FateKind::passes);
  EXPECT_EQ(kind(from_to("br-lan", "wg1")), FateKind::dropped);
  EXPECT_EQ(kind(from_to("wg0", "br-lan")), FateKind::unknown);
  EXPECT_EQ(kind(from_to("wg0", "br-lan", address("192.168.7.1"))), FateKind::passes);
  EXPECT_EQ(kind(from_to("wg0", "br-lan", address("10.0.0.1"))), FateKind::dropped);
  EXPECT_EQ(kind({Way::out, {}, "wg0", kOspf}), FateKind::passes);
  EXPECT_EQ(kind({Way::in, std::nullopt, {}, kUdp, 51820}), FateKind::unknown)
      << "from an uplink that is not known";
}

TEST(FateOf, OpenWrtWithItsZones) {
  const auto rules = ruleset("fw4.json");
  const auto kind = [&](const Packet& packet) { return fate_of(packet, rules).kind; };
  const auto closed = fate_of(udp("wan", 51820), rules);
  EXPECT_EQ(closed.kind, FateKind::dropped);
  EXPECT_THAT(closed.by, HasSubstr("!fw4: Reject any other traffic"));
  EXPECT_EQ(kind(of_known_connection(udp("wan", 51820))), FateKind::passes);
  EXPECT_EQ(kind(udp("wan", 68)), FateKind::passes);
  EXPECT_EQ(kind(ospf("wg0")), FateKind::passes);
  EXPECT_EQ(kind(udp("wg0", 3784)), FateKind::dropped);
  EXPECT_EQ(kind(ospf("wg1")), FateKind::dropped) << "in no zone";
  EXPECT_EQ(kind(from_to("wg0", "br-lan")), FateKind::passes);
  EXPECT_EQ(kind(from_to("wg0", "wg0")), FateKind::passes);
  EXPECT_EQ(kind(from_to("br-lan", "wg0")), FateKind::dropped) << "lan is not forwarded to tunnels";
  EXPECT_EQ(kind(from_to("br-lan", "wan")), FateKind::passes);
  EXPECT_EQ(kind({Way::out, {}, "wg0", kOspf}), FateKind::passes);
}

TEST(FateOf, FirewalldWithItsZones) {
  const auto rules = ruleset("firewalld.json");
  const auto kind = [&](const Packet& packet) { return fate_of(packet, rules).kind; };
  EXPECT_EQ(kind(udp("eth0", 51820)), FateKind::unknown) << "some sources are dropped";
  EXPECT_EQ(kind(udp("eth0", 51820, address("192.0.2.1"))), FateKind::passes);
  EXPECT_EQ(kind(udp("eth0", 51820, address("203.0.113.7"))), FateKind::dropped);
  EXPECT_EQ(kind(udp("eth0", 51821, address("192.0.2.1"))), FateKind::dropped);
  EXPECT_EQ(kind(ospf("wg0")), FateKind::dropped);
  EXPECT_EQ(kind(of_known_connection(ospf("wg0"))), FateKind::passes);
  EXPECT_EQ(kind(from_to("wg0", "eth1")), FateKind::dropped);
  EXPECT_EQ(kind(from_to("wg0", "wg0")), FateKind::passes);
  EXPECT_EQ(kind(from_to("eth1", "wg0")), FateKind::dropped);
  EXPECT_EQ(kind({Way::out, {}, "wg0", kOspf}), FateKind::passes);
}

// In: what nft lists of rules that iptables made, without its extensions; then what iptables-save tells of them.
TEST(FateOf, UfwAsNftAndAsIptablesSaveTellIt) {
  auto rules = ruleset("ufw.json");
  ASSERT_TRUE(has_extensions(rules));
  const auto kind = [&](const Packet& packet) { return fate_of(packet, rules).kind; };
  EXPECT_EQ(kind(udp("eth0", 51820)), FateKind::unknown);
  EXPECT_EQ(kind(ospf("wg0")), FateKind::unknown);
  add_iptables(file("ufw.save"), "ip", rules);
  auto to_us = udp("eth0", 51820);
  to_us.destination = address("192.0.2.9");
  EXPECT_EQ(kind(to_us), FateKind::passes);
  to_us.in = "eth1";
  EXPECT_EQ(kind(to_us), FateKind::dropped);
  EXPECT_EQ(kind(of_known_connection(to_us)), FateKind::passes);
  EXPECT_EQ(fate_of(ospf("wg0"), rules).by, "chain INPUT of table ip filter (policy)");
  EXPECT_EQ(kind(ospf("wg0")), FateKind::dropped);
  EXPECT_EQ(kind(from_to("br0", "wg0")), FateKind::passes);
  EXPECT_EQ(kind(from_to("wg0", "br0")), FateKind::dropped);
  EXPECT_EQ(kind(from_to("wg0", "eth0")), FateKind::passes) << "\"! -i eth0\"";
  EXPECT_EQ(kind(from_to("eth0", "eth0")), FateKind::dropped);
  EXPECT_EQ(kind({Way::in, "eth0", {}, kTcp, 443, {}, address("192.0.2.9")}), FateKind::passes);
}

TEST(FateOf, TheOldIptablesCountsBesideNft) {
  auto rules = ruleset("plain.json");
  add_iptables(file("ufw.save"), kOldIptables, rules);
  EXPECT_EQ(fate_of(ospf("wg0"), rules).kind, FateKind::dropped);
  EXPECT_THAT(fate_of(ospf("wg0"), rules).chains,
              testing::ElementsAre(ChainName{kOldIptables, "filter", "INPUT"}));
}

TEST(FateOf, WithoutRulesEverythingPasses) {
  const auto rules = parse_ruleset(R"({"nftables": [{"metainfo": {"version": "1.0.6"}}]})");
  ASSERT_TRUE(rules);
  for (const auto& packet : {ospf("wg0"), udp("eth0", 51820), from_to("lan", "wg0")})
    EXPECT_EQ(fate_of(packet, *rules).kind, FateKind::passes);
}

/// A ruleset of one chain with the given rules' expressions.
Ruleset one_chain(const std::vector<std::string>& rules, const std::string& hook = "input",
                  const std::string& policy = "accept") {
  std::string text = R"({"nftables": [{"chain": {"family": "inet", "table": "t", "name": "x"}},
    {"chain": {"family": "inet", "table": "t", "name": "c", "type": "filter", "hook": ")" +
                     hook + R"(", "prio": 0, "policy": ")" + policy + "\"}}";
  for (const auto& rule : rules)
    text +=
        R"(, {"rule": {"family": "inet", "table": "t", "chain": "c", "handle": 7, "expr": [)" + rule + "]}}";
  auto parsed = parse_ruleset(text + "]}");
  EXPECT_TRUE(parsed) << text;
  return std::move(parsed).value();
}

TEST(FateOf, WhatIsNotUnderstoodIsNeverAnAlarm) {
  const std::string drop = R"({"drop": null})";
  for (const std::string condition :
       {R"({"match": {"op": "==", "left": {"meta": {"key": "mark"}}, "right": 1}})",
        R"({"limit": {"rate": 1}})",
        R"({"match": {"op": "==", "left": {"concat": [{"meta": {"key": "iifname"}}]}, "right": "@s"}})",
        R"({"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "@unknown"}})",
        R"({"match": {"op": "<", "left": {"meta": {"key": "l4proto"}}, "right": 100}})", R"({"xt": null})",
        R"({"match": {"op": "==", "left": {"meta": {"key": "l4proto"}}, "right": "of-tomorrow"}})",
        R"({"of tomorrow": {}})", R"("text")", "17", "[]", R"({"match": null})",
        R"({"ct count": {"val": 3}})"})
    EXPECT_EQ(fate_of(ospf("wg0"), one_chain({condition + ", " + drop})).kind, FateKind::unknown)
        << condition;
  EXPECT_EQ(fate_of(ospf("wg0"), one_chain({R"({"queue": null})"})).kind, FateKind::unknown);
  EXPECT_EQ(fate_of(ospf("wg0"), one_chain({R"({"jump": {"target": "nowhere"}})"})).kind, FateKind::unknown);
  EXPECT_EQ(fate_of(ospf("wg0"), one_chain({R"({"xt": {"type": "target", "name": "LOG"}})"})).kind,
            FateKind::passes);
  EXPECT_EQ(fate_of(ospf("wg0"), one_chain({R"({"xt": {"type": "target", "name": "REJECT"}})"})).kind,
            FateKind::dropped);
}

TEST(FateOf, ConditionsOfOtherProtocolsDoNotHold) {
  for (const std::string left : {R"({"payload": {"protocol": "tcp", "field": "dport"}})",
                                 R"({"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, ["syn"]]})",
                                 R"({"payload": {"protocol": "ip6", "field": "saddr"}})"})
    for (const std::string operation : {"==", "!="})
      EXPECT_EQ(fate_of(ospf("wg0"), one_chain({R"({"match": {"op": ")" + operation + R"(", "left": )" +
                                                left + R"(, "right": 5}}, {"drop": null})"}))
                    .kind,
                FateKind::passes)
          << left << operation;
}

TEST(ParseRuleset, WhateverStandsThereIsReadOrRefused) {
  for (const char* wrong : {"", "{", "[]", "17", R"({"nftables": 3})", R"({"other": []})"})
    EXPECT_FALSE(parse_ruleset(wrong)) << wrong;
  const std::string whole = file("fw4.json");
  for (std::size_t i = 0; i < whole.size(); i += 97) EXPECT_FALSE(parse_ruleset(whole.substr(0, i)));
  std::mt19937 random(1);
  for (int i = 0; i < 500; ++i) {
    std::string spoiled = whole;
    for (int k = 0; k < 3; ++k) spoiled[random() % spoiled.size()] = static_cast<char>(random() % 95 + 32);
    if (const auto rules = parse_ruleset(spoiled)) (void)fate_of(ospf("wg0"), *rules);
  }
}

// Random rules, and one decision at random on each condition that is not understood: what then becomes of the packet, by
// a walk that knows of no "maybe", is among what was said of it.
class RandomRules {
 public:
  explicit RandomRules(unsigned seed) : random_(seed) {
    for (const std::string name : {"base", "one", "two"}) {
      Chain chain{"inet", "t", name};
      const std::size_t count = random_() % 4;
      for (std::size_t i = 0; i < count; ++i) chain.rules.push_back(rule(name));
      rules_.chains.emplace(chain_key("inet", "t", name), chain);
    }
    Chain& base = rules_.chains.at(chain_key("inet", "t", "base"));
    base.hook = "input";
    base.drops_by_policy = random_() % 2 == 0;
  }
  [[nodiscard]] const Ruleset& rules() const { return rules_; }

  bool passes_by_chance() {
    const Chain& base = rules_.chains.at(chain_key("inet", "t", "base"));
    const auto end = walk(base);
    return end == End::leave ? !base.drops_by_policy : end == End::accept;
  }

 private:
  enum class End : std::uint8_t { accept, drop, leave };

  Rule rule(const std::string& chain) {
    Rule rule;
    const auto conditions = random_() % 3;
    for (std::size_t i = 0; i < conditions; ++i) {
      if (random_() % 2 == 0) {
        rule.statements.emplace_back(Unknown{});
      } else {
        const std::string name = random_() % 2 == 0 ? "wg0" : "eth0";
        rule.statements.emplace_back(
            Match{{Key::Kind::in_name},
                  random_() % 2 == 0 ? Match::Operation::equal : Match::Operation::not_equal,
                  std::make_shared<const Elements>(Elements{{Element::Kind::text, name}})});
      }
    }
    using Kind = Verdict::Kind;
    // Jumps go forward alone, as the kernel wants it.
    const bool may_jump = chain != "two";
    const std::string target = chain == "base" && random_() % 2 == 0 ? "one" : "two";
    static constexpr Kind kKinds[] = {Kind::accept,  Kind::drop, Kind::leave,
                                      Kind::proceed, Kind::jump, Kind::go_to};
    rule.statements.emplace_back(Verdict{kKinds[random_() % (may_jump ? 6 : 4)], target});
    return rule;
  }

  End walk(const Chain& chain) {
    for (const auto& rule : chain.rules) {
      bool applies = true;
      for (const auto& statement : rule.statements) {
        if (std::holds_alternative<Unknown>(statement)) applies = applies && random_() % 2 == 0;
        if (const auto* match = std::get_if<Match>(&statement)) {
          const bool is_same = match->elements->front().text == "wg0";
          applies = applies && is_same == (match->operation == Match::Operation::equal);
        }
      }
      if (!applies) continue;
      const auto& verdict = std::get<Verdict>(rule.statements.back());
      using Kind = Verdict::Kind;
      if (verdict.kind == Kind::accept) return End::accept;
      if (verdict.kind == Kind::drop) return End::drop;
      if (verdict.kind == Kind::leave) return End::leave;
      if (verdict.kind != Kind::jump && verdict.kind != Kind::go_to) continue;
      const auto end = walk(rules_.chains.at(chain_key("inet", "t", verdict.target)));
      if (end != End::leave || verdict.kind == Kind::go_to) return end;
    }
    return End::leave;
  }

  std::mt19937 random_;
  Ruleset rules_;
};

TEST(FateOf, WhatIsSaidIsSoWhateverUnknownConditionsAre) {
  unsigned said[3] = {};
  for (unsigned seed = 0; seed < 3000; ++seed) {
    RandomRules random(seed);
    const auto kind = fate_of(ospf("wg0"), random.rules()).kind;
    ++said[static_cast<int>(kind)];
    bool has_passed = false, has_dropped = false;
    for (int i = 0; i < 40; ++i) (random.passes_by_chance() ? has_passed : has_dropped) = true;
    ASSERT_FALSE(kind == FateKind::passes && has_dropped) << seed;
    ASSERT_FALSE(kind == FateKind::dropped && has_passed) << seed;
  }
  for (const unsigned count : said) EXPECT_GT(count, 300U);
}

TEST(OutputOf, GivesWhatAProgramPrintsOrSaysWhyNot) {
  EXPECT_EQ(*output_of({"/bin/sh", "-c", "echo one; echo two"}), "one\ntwo\n");
  EXPECT_EQ(*output_of({"/bin/sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x"}), std::string(300000, 'x'));
  const auto failed = output_of({"/bin/sh", "-c", "echo 'no such\ttable' >&2; exit 3"});
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text, HasSubstr("/bin/sh fails: no such\\x09table"));
  const auto none = output_of({"/nonexistent/nft"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::not_found);
  const auto slow = output_of({"/bin/sh", "-c", "exec sleep 60"}, {.time = std::chrono::milliseconds{50}});
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, ErrorCode::timed_out);
  const auto much = output_of({"/bin/sh", "-c", "exec cat /dev/zero"}, {.bytes = 1000});
  ASSERT_FALSE(much);
  EXPECT_EQ(much.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace wgospf::daemon::firewall
