// The configuration file: what it gives, and the exact words for what is wrong with it.

#include "daemon/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "daemon/api/socket_place.h"

namespace wgospf::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

std::vector<std::string> errors_of(const std::string& text) {
  const auto result = parse_config(text, "f.yaml");
  std::vector<std::string> lines;
  if (const auto* errors = std::get_if<1>(&result)) {
    for (const auto& error : *errors) lines.push_back(error.to_string());
  }
  return lines;
}

Config config_of(const std::string& text) {
  const auto result = parse_config(text, "f.yaml");
  if (const auto* errors = std::get_if<1>(&result)) {
    for (const auto& error : *errors) ADD_FAILURE() << error.to_string();
    return {};
  }
  return std::get<0>(result);
}

const std::string kAreas = "areas: [{area-id: 0.0.0.0, interfaces: [{name: wg0}]}]\n";

/// A configuration whose one interface has these lines, from line 4 on, after six blanks.
std::string with_interface(const std::string& lines) {
  return "areas:\n  - area-id: 0.0.0.0\n    interfaces:\n    - name: wg0\n      " + lines + "\n";
}

TEST(Config, ReadsEverything) {
  const Config config = config_of(R"(
router-id: 10.0.32.1
areas:
  - area-id: 0.0.0.0
    interfaces:
      - name: wg-op2
        interface-type: point-to-point
        cost: 15
        hello-interval: 1
        dead-interval: 4
        retransmit-interval: 2
        transmit-delay: 3
        mtu-ignore: false
        unnumbered: dummy0
        allowed-ips: managed
      - name: br-lan
        passive: true
redistribute:
  - source: static
    metric-type: 1
    metric: 30
    prefixes: [ 198.51.100.0/24, {prefix: 10.0.0.0/8, ge: 16, le: 24} ]
  - source: table
    table: 100
api:
  listen: 127.0.0.1:50051
  tls: { certificate: a.pem, key: a.key, client-ca: ca.pem }
rib:
  table: 8888
  metric: 111
  lock-directory: /run/other
spf-control:
  ietf-spf-delay: { initial-delay: 1, short-delay: 2, long-delay: 3, hold-down: 5, time-to-learn: 4 }
database-control: { max-lsa: 5000, max-lsa-bytes: 1000000 }
ls-refresh-time: 60
state-directory: /var/lib/other
log: { level: debug }
)");
  ASSERT_EQ(config.areas.size(), 1U);
  ASSERT_EQ(config.areas[0].interfaces.size(), 2U);
  const auto& wg = config.areas[0].interfaces[0];
  EXPECT_EQ(config.router_id, ospf::RouterId::parse("10.0.32.1"));
  EXPECT_EQ(wg.name, "wg-op2");
  EXPECT_TRUE(wg.type_given);
  EXPECT_FALSE(wg.passive);
  EXPECT_EQ(wg.cost, 15);
  EXPECT_EQ(wg.hello_interval, 1);
  EXPECT_EQ(wg.dead_interval, 4U);
  EXPECT_EQ(wg.retransmit_interval, 2);
  EXPECT_EQ(wg.transmit_delay, 3);
  EXPECT_EQ(wg.mtu_ignore, false);
  EXPECT_EQ(wg.unnumbered, "dummy0");
  EXPECT_TRUE(wg.manages_allowed_ips);
  EXPECT_FALSE(config.areas[0].interfaces[1].manages_allowed_ips);
  EXPECT_EQ(config.state_directory, "/var/lib/other");
  EXPECT_TRUE(config.areas[0].interfaces[1].passive);
  ASSERT_EQ(config.redistribute.size(), 2U);
  EXPECT_EQ(config.redistribute[0].source, rib::RouteOrigin::static_route);
  EXPECT_FALSE(config.redistribute[0].type2);
  EXPECT_EQ(config.redistribute[0].metric, 30U);
  EXPECT_THAT(config.redistribute[0].prefixes,
              ElementsAre(PrefixFilter{*Ipv4Prefix::parse("198.51.100.0/24"), 24, 24},
                          PrefixFilter{*Ipv4Prefix::parse("10.0.0.0/8"), 16, 24}));
  EXPECT_EQ(config.redistribute[1].table, 100U);
  EXPECT_EQ(config.api.listen, "127.0.0.1:50051");
  ASSERT_TRUE(config.api.tls);
  EXPECT_EQ(config.api.tls->client_ca, "ca.pem");
  EXPECT_EQ(config.rib, (RibSettings{8888, 111, "/run/other"}));
  EXPECT_EQ(config.spf_delay, (ospf::SpfDelay{milliseconds{1}, milliseconds{2}, milliseconds{3},
                                              milliseconds{5}, milliseconds{4}}));
  EXPECT_EQ(config.max_lsa, 5000U);
  EXPECT_EQ(config.max_lsa_bytes, 1000000U);
  EXPECT_EQ(config.ls_refresh_time, seconds{60});
  EXPECT_EQ(config.log_level, Severity::debug);
}

TEST(Config, AllButAreasIsOptional) {
  const Config config = config_of(kAreas);
  EXPECT_FALSE(config.router_id);
  EXPECT_EQ(config.rib, RibSettings{});
  EXPECT_EQ(config.api, ApiOptions{});
  EXPECT_EQ(config.max_lsa, 128000U);
  EXPECT_EQ(config.max_lsa_bytes, 8388608U);
  EXPECT_EQ(config.ls_refresh_time, seconds{1800});
  EXPECT_EQ(config.spf_delay, (ospf::SpfDelay{milliseconds{0}, milliseconds{50}, milliseconds{50},
                                              milliseconds{10000}, milliseconds{500}}));
  EXPECT_EQ(config.areas[0].interfaces[0], InterfaceSettings{.name = "wg0"});
}

TEST(Config, DeadIntervalIsFourHellosUnlessGiven) {
  EXPECT_EQ(config_of(with_interface("hello-interval: 3")).areas[0].interfaces[0].dead_interval, 12U);
  EXPECT_EQ(config_of(with_interface("hello-interval: 30000")).areas[0].interfaces[0].dead_interval, 65535U);
}

TEST(Config, AreaIdMayBeANumber) {
  const Config config = config_of("areas: [{area-id: 257, interfaces: [{name: wg0}]}]");
  EXPECT_EQ(config.areas[0].id.to_string(), "0.0.1.1");
}

TEST(Config, PassiveNeedsNoBuiltInterfaceType) {
  EXPECT_TRUE(config_of(with_interface("interface-type: broadcast\n      passive: true"))
                  .areas[0]
                  .interfaces[0]
                  .passive);
}

TEST(Config, PrefixFilterBounds) {
  const auto filters = config_of(kAreas +
                                 "redistribute: [{source: static, prefixes: [{prefix: 10.0.0.0/8, ge: 9}, "
                                 "{prefix: 10.0.0.0/8, le: 9}, 11.0.0.0/8, {prefix: 12.0.0.0/8, ge: 9, "
                                 "le: 10}]}]")
                           .redistribute[0]
                           .prefixes;
  const auto prefix = *Ipv4Prefix::parse("10.0.0.0/8");
  EXPECT_THAT(filters, ElementsAre(PrefixFilter{prefix, 9, 32}, PrefixFilter{prefix, 8, 9},
                                   PrefixFilter{*Ipv4Prefix::parse("11.0.0.0/8"), 8, 8},
                                   PrefixFilter{*Ipv4Prefix::parse("12.0.0.0/8"), 9, 10}));
  EXPECT_TRUE(filters[0].matches(*Ipv4Prefix::parse("10.1.0.0/16")));
  EXPECT_FALSE(filters[0].matches(prefix));
  EXPECT_TRUE(filters[1].matches(prefix));
  EXPECT_FALSE(filters[1].matches(*Ipv4Prefix::parse("10.1.0.0/16")));
  EXPECT_FALSE(filters[0].matches(*Ipv4Prefix::parse("11.0.0.0/16")));
}

TEST(Config, EntriesOfOneSourceMayShareAPrefixIfTheirLengthsDiffer) {
  EXPECT_EQ(config_of(kAreas +
                      "redistribute:\n"
                      "- {source: static, prefixes: [10.0.0.0/8, {prefix: 11.0.0.0/8, le: 16}]}\n"
                      "- {source: static, prefixes: [{prefix: 10.0.0.0/8, ge: 9}, {prefix: 11.0.0.0/8, ge: "
                      "17}, {prefix: 12.0.0.0/8, le: 32}]}\n"
                      "- {source: table, table: 100, prefixes: [10.0.0.0/8]}\n"
                      "- {source: table, table: 101}\n"
                      "- {source: connected}\n")
                .redistribute.size(),
            5U);
}

TEST(Config, FiltersOfOneEntryMayOverlapIfEachAddsSomething) {
  EXPECT_EQ(
      config_of(kAreas + "redistribute: [{source: static, prefixes: [{prefix: 10.0.0.0/8, le: 16}, {prefix: "
                         "10.1.0.0/16, le: 24}]}]\n")
          .redistribute[0]
          .prefixes.size(),
      2U);
}

TEST(Config, AnIpv6AddressInBracketsIsListenedOn) {
  for (const char* listen : {"[::1]:5005", "[fe80::1%eth0]:5005", "localhost:1", "192.0.2.1:65535"}) {
    EXPECT_EQ(
        config_of(kAreas + "api: {listen: '" + listen + "', tls: {certificate: a, key: b}}\n").api.listen,
        listen);
  }
}

TEST(Config, TakesTheSocketPathsThatTheApiTakes) {
  using api::SocketPlace;
  std::string parent = ::testing::TempDir() + "/wgospf-config-XXXXXX";
  ASSERT_NE(::mkdtemp(parent.data()), nullptr);
  for (const std::size_t directory : {89U, 90U, 91U, 105U}) {
    for (const std::size_t whole : {107U, 108U}) {
      std::string path = parent + "/" + std::string(directory - parent.size() - 1, 'd') + "/";
      path.resize(whole, 'n');
      const auto place = SocketPlace::prepare(path);
      EXPECT_EQ(errors_of(kAreas + "api: {listen: 'unix:" + path + "'}\n").empty(), bool(place)) << path;
    }
  }
  std::filesystem::remove_all(parent);
}

struct Bad {
  std::string name;
  std::string text;
  std::string message;
};
void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.name;
}
class BadConfig : public ::testing::TestWithParam<Bad> {};

TEST_P(BadConfig, IsRefusedWithPlaceAndCure) {
  EXPECT_THAT(errors_of(GetParam().text), ElementsAre(GetParam().message));
}

const std::vector<Bad> kForm{
    {"Empty", "", "f.yaml: the configuration is empty; it needs at least \"areas\""},
    {"Comment", "# nothing\n", "f.yaml: the configuration is empty; it needs at least \"areas\""},
    {"TwoDocuments", kAreas + "---\n" + kAreas, "f.yaml: the file holds several YAML documents; keep one"},
    {"BeginsWithAComma", ",areas: [{area-id: 0, interfaces: [{name: wg0}]}]\n",
     "f.yaml:1:1: this is not valid YAML: nothing can begin with what stands here"},
    {"NotYaml", "areas: [\n", "f.yaml:2:1: this is not valid YAML: end of sequence flow not found"},
    {"Tab", "areas:\n\t- area-id: 0\n",
     "f.yaml:2:1: there is a tab in the indentation; YAML is indented with spaces only"},
    {"List", "- areas\n",
     "f.yaml:1:1: the configuration must be a mapping with the keys router-id, areas, redistribute, api, "
     "rib, "
     "spf-control, database-control, ls-refresh-time, state-directory, log, not a list"},
    {"NoAreas", "log: {level: info}\n",
     "f.yaml:1:1: the configuration lacks the key \"areas\"; add for instance \"areas: [{area-id: 0.0.0.0, "
     "interfaces: [{name: wg0}]}]\""},
    {"AreasNothing", "areas:\n", "f.yaml:1:1: areas must be a list, not nothing"},
    {"AreasEmpty", "areas: []\n", "f.yaml:1:8: areas is an empty list; fill it or remove it"},
    {"AreasMapping", "areas: {area-id: 0}\n", "f.yaml:1:8: areas must be a list, not a mapping"},
    {"UnknownSection", kAreas + "redistibute: []\n",
     "f.yaml:2:1: unknown key \"redistibute\" in the configuration; did you mean \"redistribute\"?"},
    {"UnknownFarSection", kAreas + "zebra: 1\n",
     "f.yaml:2:1: unknown key \"zebra\" in the configuration; it may have the keys router-id, areas, "
     "redistribute, api, rib, spf-control, database-control, ls-refresh-time, state-directory, log"},
    {"RepeatedSection", kAreas + "log: {level: info}\nlog: {level: info}\n",
     "f.yaml:3:1: key \"log\" is repeated in the configuration; it is given in line 2 already"},
    {"KeyNoWord", kAreas + "[a]: 1\n", "f.yaml:2:1: a key of the configuration must be a word, not a list"},
    {"NotBuilt", kAreas + "graceful-restart: {enabled: true}\n",
     "f.yaml:2:1: \"graceful-restart\" of the configuration is not built yet; remove it"},
    {"RouterIdWord", "router-id: here\n" + kAreas,
     "f.yaml:1:12: router-id must be a dotted quad other than 0.0.0.0, like 10.0.32.1, not \"here\""},
    {"RouterIdZero", "router-id: 0.0.0.0\n" + kAreas,
     "f.yaml:1:12: router-id must be a dotted quad other than 0.0.0.0, like 10.0.32.1, not \"0.0.0.0\""},
    {"RouterIdList", "router-id: [1]\n" + kAreas, "f.yaml:1:12: router-id must be a text, not a list"},
    {"Refresh", kAreas + "ls-refresh-time: 1801\n",
     "f.yaml:2:18: ls-refresh-time must be a whole number from 2 to 1800 (seconds), not \"1801\""},
    {"LogLevel", kAreas + "log: {level: warn}\n",
     "f.yaml:2:14: unknown level \"warn\"; did you mean \"warning\"?"},
    {"UnknownShortSection", kAreas + "foo: 1\n",
     "f.yaml:2:1: unknown key \"foo\" in the configuration; it may have the keys router-id, areas, "
     "redistribute, api, rib, spf-control, database-control, ls-refresh-time, state-directory, log"},
    {"ShortSectionOneLetterOff", kAreas + "logs: {level: info}\n",
     "f.yaml:2:1: unknown key \"logs\" in the configuration; did you mean \"log\"?"},
    {"LogLevelFar", kAreas + "log: {level: 7}\n",
     "f.yaml:2:14: level must be one of debug, info, warning, error, not \"7\""},
};

const std::vector<Bad> kAreaErrors{
    {"NoAreaId", "areas: [{interfaces: [{name: wg0}]}]\n",
     "f.yaml:1:9: an area lacks the key \"area-id\"; add for instance \"area-id: 0.0.0.0\""},
    {"AreaIdWord", "areas: [{area-id: backbone, interfaces: [{name: wg0}]}]\n",
     "f.yaml:1:19: area-id must be a dotted quad like 0.0.0.0, or a number, not \"backbone\""},
    {"AreaIdTooLarge", "areas: [{area-id: 4294967296, interfaces: [{name: wg0}]}]\n",
     "f.yaml:1:19: area-id must be a dotted quad like 0.0.0.0, or a number, not \"4294967296\""},
    {"AreaIdQuoted", "areas: [{area-id: '0', interfaces: [{name: wg0}]}]\n",
     "f.yaml:1:19: area-id must be a dotted quad like 0.0.0.0, or a number, not \"0\"; remove the quotes"},
    {"NoInterfaces", "areas: [{area-id: 0}]\n",
     "f.yaml:1:9: an area lacks the key \"interfaces\"; add for instance \"interfaces: [{name: wg0}]\""},
    {"AreaTwice",
     "areas:\n- {area-id: 0, interfaces: [{name: a}]}\n- {area-id: 0.0.0.0, interfaces: [{name: b}]}\n",
     "f.yaml:3:13: area 0.0.0.0 is configured twice; put all its interfaces into one list"},
    {"TwoAreas", "areas:\n- {area-id: 0, interfaces: [{name: a}]}\n- {area-id: 1, interfaces: [{name: b}]}\n",
     "f.yaml:3:13: several areas are not built yet; put the interfaces of area 0.0.0.1 into area 0.0.0.0"},
    {"AreaType", "areas: [{area-id: 0, area-type: stub-area, interfaces: [{name: wg0}]}]\n",
     "f.yaml:1:22: \"area-type\" of an area is not built yet; remove it"},
    {"InterfaceWord", "areas: [{area-id: 0, interfaces: [wg0]}]\n",
     "f.yaml:1:35: an interface must be a mapping with the keys name, interface-type, cost, hello-interval, "
     "dead-interval, retransmit-interval, transmit-delay, passive, mtu-ignore, unnumbered, allowed-ips, not "
     "\"wg0\""},
    {"NoName", "areas: [{area-id: 0, interfaces: [{cost: 5}]}]\n",
     "f.yaml:1:35: an interface lacks the key \"name\"; add for instance \"name: wg0\""},
    {"LongName", "areas: [{area-id: 0, interfaces: [{name: " + std::string(128, 'n') + "}]}]\n",
     "f.yaml:1:42: name must be an interface's name: 1 to 127 bytes without white space, \"/\" or \":\", not "
     "\"" +
         std::string(128, 'n') + "\""},
    {"NameWithColon", "areas: [{area-id: 0, interfaces: [{name: 'eth0:1'}]}]\n",
     "f.yaml:1:42: name must be an interface's name: 1 to 127 bytes without white space, \"/\" or \":\", not "
     "\"eth0:1\""},
    {"NameWithSpace", "areas: [{area-id: 0, interfaces: [{name: \"a\\tb\"}]}]\n",
     "f.yaml:1:42: name must be an interface's name: 1 to 127 bytes without white space, \"/\" or \":\", not "
     "\"a\\x09b\""},
    {"NameThatTheKernelTakesForSpace", "areas: [{area-id: 0, interfaces: [{name: \"w\xff\xa0\"}]}]\n",
     "f.yaml:1:42: name must be an interface's name: 1 to 127 bytes without white space, \"/\" or \":\", not "
     "\"w\\xff\\xa0\""},
    {"InterfaceTwice", "areas:\n- area-id: 0\n  interfaces:\n  - name: wg0\n  - name: wg0\n",
     "f.yaml:5:11: interface \"wg0\" is configured twice; it stands in line 4 already"},
    {"Typo", with_interface("hello-intervall: 5"),
     "f.yaml:5:7: unknown key \"hello-intervall\" in an interface; did you mean \"hello-interval\"?"},
    {"ShortTypo", with_interface("cots: 5"),
     "f.yaml:5:7: unknown key \"cots\" in an interface; did you mean \"cost\"?"},
    {"Repeated", with_interface("cost: 5\n      cost: 6"),
     "f.yaml:6:7: key \"cost\" is repeated in an interface; it is given in line 5 already"},
    {"Broadcast", with_interface("interface-type: broadcast"),
     "f.yaml:5:23: interface-type broadcast is not built yet; use point-to-point, or \"passive: true\" to "
     "advertise "
     "the interface's prefixes only"},
    {"TypeTypo", with_interface("interface-type: point-to-pont"),
     "f.yaml:5:23: unknown interface-type \"point-to-pont\"; did you mean \"point-to-point\"?"},
    {"CostZero", with_interface("cost: 0"),
     "f.yaml:5:13: cost must be a whole number from 1 to 65535, not \"0\""},
    {"CostWord", with_interface("cost: low"),
     "f.yaml:5:13: cost must be a whole number from 1 to 65535, not \"low\""},
    {"CostQuoted", with_interface("cost: '5'"),
     "f.yaml:5:13: cost must be a whole number from 1 to 65535, not \"5\"; remove the quotes"},
    {"CostOctal", with_interface("cost: 010"),
     "f.yaml:5:13: cost must be a whole number from 1 to 65535, not \"010\"; remove the leading zeros"},
    {"CostMissing", with_interface("cost:"),
     "f.yaml:5:7: cost must be a whole number from 1 to 65535, not nothing"},
    {"CostNegative", with_interface("cost: -1"),
     "f.yaml:5:13: cost must be a whole number from 1 to 65535, not \"-1\""},
    {"HelloZero", with_interface("hello-interval: 0"),
     "f.yaml:5:23: hello-interval must be a whole number from 1 to 65535 (seconds), not \"0\""},
    {"DeadNotLonger", with_interface("hello-interval: 5\n      dead-interval: 5"),
     "f.yaml:6:22: dead-interval must be longer than hello-interval: 5 is not more than 5; four times the "
     "hello-interval is usual"},
    {"Retransmit", with_interface("retransmit-interval: 3601"),
     "f.yaml:5:28: retransmit-interval must be a whole number from 1 to 3600 (seconds), not \"3601\""},
    {"TransmitDelay", with_interface("transmit-delay: 901"),
     "f.yaml:5:23: transmit-delay must be a whole number from 1 to 900 (seconds), not \"901\""},
    {"PassiveYes", with_interface("passive: yes"), "f.yaml:5:16: passive must be true or false, not \"yes\""},
    {"PassiveQuoted", with_interface("passive: \"true\""),
     "f.yaml:5:16: passive must be true or false, not \"true\"; remove the quotes"},
    {"UnnumberedSelf", with_interface("unnumbered: wg0"),
     "f.yaml:5:19: unnumbered must name another interface, whose address this one borrows"},
    {"Bfd", with_interface("bfd: {enabled: true}"),
     "f.yaml:5:7: \"bfd\" of an interface is not built yet; remove it"},
};

const std::vector<Bad> kSectionErrors{
    {"NoSource", kAreas + "redistribute: [{metric: 5}]\n",
     "f.yaml:2:16: a redistribution lacks the key \"source\"; add for instance \"source: connected\""},
    {"SourceTypo", kAreas + "redistribute: [{source: conected}]\n",
     "f.yaml:2:25: unknown source \"conected\"; did you mean \"connected\"?"},
    {"SourceBgp", kAreas + "redistribute: [{source: bgp}]\n",
     "f.yaml:2:25: source must be one of connected, static, table, not \"bgp\""},
    {"TableMissing", kAreas + "redistribute: [{source: table}]\n",
     "f.yaml:2:17: source table lacks the kernel table's number; add for instance \"table: 100\""},
    {"TableUnwanted", kAreas + "redistribute: [{source: static, table: 5}]\n",
     "f.yaml:2:33: table is for \"source: table\" only; remove it from source static"},
    {"MetricType", kAreas + "redistribute: [{source: static, metric-type: 3}]\n",
     "f.yaml:2:46: metric-type must be a whole number from 1 to 2, not \"3\""},
    {"Metric", kAreas + "redistribute: [{source: static, metric: 16777215}]\n",
     "f.yaml:2:41: metric must be a whole number from 0 to 16777214, not \"16777215\""},
    {"SourceTwice", kAreas + "redistribute: [{source: static}, {source: static}]\n",
     "f.yaml:2:35: every prefix of source static overlaps with every prefix in line 2: two entries would "
     "announce for instance 0.0.0.0/0; give each entry prefixes of its own, which ge and le can narrow"},
    {"SourceTwiceOnceForAll",
     kAreas + "redistribute:\n- {source: static, prefixes: [10.0.0.0/8]}\n- source: static\n",
     "f.yaml:4:3: every prefix of source static overlaps with 10.0.0.0/8 in line 3: two entries would "
     "announce for instance 10.0.0.0/8; give each entry prefixes of its own, which ge and le can narrow"},
    {"EntriesOverlap",
     kAreas + "redistribute:\n- {source: static, metric: 20, prefixes: [{prefix: 10.0.0.0/8, le: 32}]}\n"
              "- {source: static, metric: 5, prefixes: [10.1.0.0/16]}\n",
     "f.yaml:4:42: 10.1.0.0/16 of source static overlaps with 10.0.0.0/8 ge 8 le 32 in line 3: two entries "
     "would announce for instance 10.1.0.0/16; give each entry prefixes of its own, which ge and le can "
     "narrow"},
    {"EntriesOverlapTheOtherWayRound",
     kAreas + "redistribute:\n- {source: table, table: 9, prefixes: [{prefix: 10.1.0.0/16, ge: 24}]}\n"
              "- {source: table, table: 9, prefixes: [{prefix: 10.0.0.0/8, le: 24}]}\n",
     "f.yaml:4:40: 10.0.0.0/8 ge 8 le 24 of source table 9 overlaps with 10.1.0.0/16 ge 24 le 32 in line 3: "
     "two entries would announce for instance 10.1.0.0/24; give each entry prefixes of its own, which ge and "
     "le can narrow"},
    {"PrefixTwice", kAreas + "redistribute: [{source: static, prefixes: [10.0.0.0/8, 10.0.0.0/8]}]\n",
     "f.yaml:2:56: 10.0.0.0/8 adds nothing to 10.0.0.0/8 in line 2; remove it"},
    {"PrefixWithinTheNext",
     kAreas + "redistribute: [{source: static, prefixes: [10.1.0.0/16, {prefix: 10.0.0.0/8, le: 24}]}]\n",
     "f.yaml:2:44: 10.1.0.0/16 adds nothing to 10.0.0.0/8 ge 8 le 24 in line 2; remove it"},
    {"PrefixHostBits", kAreas + "redistribute: [{source: static, prefixes: [10.0.0.1/8]}]\n",
     "f.yaml:2:44: prefix 10.0.0.1/8 has bits set past its length; the network is 10.0.0.0/8"},
    {"PrefixWord", kAreas + "redistribute: [{source: static, prefixes: [lan]}]\n",
     "f.yaml:2:44: a prefix must look like 198.51.100.0/24, not \"lan\""},
    {"PrefixLength", kAreas + "redistribute: [{source: static, prefixes: [10.0.0.0/33]}]\n",
     "f.yaml:2:44: a prefix must look like 198.51.100.0/24, not \"10.0.0.0/33\""},
    {"FilterGe", kAreas + "redistribute: [{source: static, prefixes: [{prefix: 10.0.0.0/8, ge: 7}]}]\n",
     "f.yaml:2:69: ge must be a whole number from 8 to 32, not \"7\""},
    {"FilterLe",
     kAreas + "redistribute: [{source: static, prefixes: [{prefix: 10.0.0.0/8, ge: 16, le: 15}]}]\n",
     "f.yaml:2:77: le must be a whole number from 16 to 32, not \"15\""},
    {"PrefixesEmpty", kAreas + "redistribute: [{source: static, prefixes: []}]\n",
     "f.yaml:2:43: prefixes is an empty list; fill it or remove it"},
    {"ListenNowhere", kAreas + "api: {listen: 'unix:relative'}\n",
     "f.yaml:2:15: cannot listen on \"unix:relative\": the path must be absolute, like "
     "unix:/run/wgospf/wgospfd.sock"},
    {"ListenTooLong", kAreas + "api: {listen: 'unix:/" + std::string(90, 'x') + "/s'}\n",
     "f.yaml:2:15: cannot listen on \"unix:/" + std::string(90, 'x') +
         "/s\": the path is too long; a socket's may have at most 107 characters, its directory 90"},
    {"ListenIpv6", kAreas + "api: {listen: '::1:5005', tls: {certificate: a, key: b}}\n",
     "f.yaml:2:15: cannot listen on \"::1:5005\": an IPv6 address stands in brackets, like [::1]:5005"},
    {"ListenNoIpv6", kAreas + "api: {listen: '[localhost]:5005', tls: {certificate: a, key: b}}\n",
     "f.yaml:2:15: cannot listen on \"[localhost]:5005\": \"localhost\" is no IPv6 address; write it like "
     "[::1]:5005"},
    {"ListenPort", kAreas + "api: {listen: 'localhost:99999', tls: {certificate: a, key: b}}\n",
     "f.yaml:2:15: cannot listen on \"localhost:99999\": use unix:/PATH, or HOST:PORT with a port from 1 to "
     "65535"},
    {"TcpWithoutTls", kAreas + "api: {listen: 'localhost:5000'}\n",
     "f.yaml:2:15: listening on TCP needs tls with certificate and key; or listen on "
     "unix:/run/wgospf/wgospfd.sock"},
    {"TlsOnUnix", kAreas + "api: {tls: {certificate: a, key: b}}\n",
     "f.yaml:2:7: tls is for TCP only; a unix socket is guarded by its permissions"},
    {"TlsKey", kAreas + "api: {listen: 'h:1', tls: {certificate: a}}\n",
     "f.yaml:2:27: tls lacks the key \"key\"; add for instance \"key: /etc/wgospf/api.key\""},
    {"RibTable", kAreas + "rib: {table: main}\n",
     "f.yaml:2:14: table must be a whole number from 1 to 4294967295, not \"main\""},
    {"RibLocal", kAreas + "rib: {table: 255}\n",
     "f.yaml:2:14: table 255 is the kernel's own table of local addresses; use 254 (main)"},
    {"StateDirectory", kAreas + "state-directory: lib\n",
     "f.yaml:2:18: state-directory must be an absolute path, not \"lib\""},
    {"AllowedIps", with_interface("allowed-ips: auto"),
     "f.yaml:5:20: allowed-ips must be one of manual, managed, not \"auto\""},
    {"LockDirectory", kAreas + "rib: {lock-directory: run}\n",
     "f.yaml:2:23: lock-directory must be an absolute path, not \"run\""},
    {"SpfOrder", kAreas + "spf-control: {ietf-spf-delay: {short-delay: 100}}\n",
     "f.yaml:2:31: initial-delay, short-delay and long-delay must not decrease in this order"},
    {"SpfHoldDown", kAreas + "spf-control: {ietf-spf-delay: {hold-down: 500}}\n",
     "f.yaml:2:31: hold-down must be longer than time-to-learn (RFC 8405 section 3)"},
    {"SpfValue", kAreas + "spf-control: {ietf-spf-delay: {short-delay: 50ms}}\n",
     "f.yaml:2:45: short-delay must be a whole number from 0 to 600000 (milliseconds), not \"50ms\""},
    {"MaxLsa", kAreas + "database-control: {max-lsa: 0}\n",
     "f.yaml:2:29: max-lsa must be a whole number from 1 to 4294967294 (LSAs), not \"0\""},
};

std::string name_of(const ::testing::TestParamInfo<Bad>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Form, BadConfig, ::testing::ValuesIn(kForm), name_of);
INSTANTIATE_TEST_SUITE_P(Areas, BadConfig, ::testing::ValuesIn(kAreaErrors), name_of);
INSTANTIATE_TEST_SUITE_P(Sections, BadConfig, ::testing::ValuesIn(kSectionErrors), name_of);

// Of what yaml-cpp makes of a tab only the last says so, and what stands elsewhere than in front is no
// matter.
TEST(Config, ATabInTheIndentationHasAMessageOfItsOwn) {
  const std::string told = "there is a tab in the indentation; YAML is indented with spaces only";
  EXPECT_THAT(errors_of(kAreas + "log:\n\tlevel: debug\n"), ElementsAre("f.yaml:3:1: " + told));
  EXPECT_THAT(errors_of(kAreas + "log:\n  \tlevel: debug\n"), ElementsAre("f.yaml:3:3: " + told));
  EXPECT_THAT(errors_of("areas:\n\t- area-id: 0\n"), ElementsAre("f.yaml:2:1: " + told));
  EXPECT_THAT(errors_of("areas:\n  - area-id: 0\n\t  interfaces: []\n"), ElementsAre("f.yaml:3:1: " + told));
  EXPECT_EQ(config_of(kAreas + "log:\t{ level:\tdebug }\t# why\n").log_level, Severity::debug);
  EXPECT_THAT(errors_of(kAreas + "log: [\n"), ElementsAre(::testing::HasSubstr("this is not valid YAML")));
}

TEST(Config, TagsAreRefusedWhereverTheyStand) {
  EXPECT_THAT(errors_of(kAreas + "log: !!map {!!str level: !loud debug}\n"),
              ElementsAre("f.yaml:2:6: the tag \"!!map\" means nothing here; remove it",
                          "f.yaml:2:13: the tag \"!!str\" means nothing here; remove it",
                          "f.yaml:2:26: the tag \"!loud\" means nothing here; remove it"));
  EXPECT_EQ(config_of(kAreas + "log: {level: \"debug\"}\n").log_level, Severity::debug)
      << "quotes are no tag";
}

TEST(Config, NamesThatTheKernelAllowsAreTaken) {
  for (const std::string name :
       {"w\xffg", "eth0.100", "wg-m\xc3\xbcller", "to-the-branch-office-in-the-north"})
    EXPECT_EQ(config_of("areas: [{area-id: 0, interfaces: [{name: \"" + name + "\"}]}]\n")
                  .areas[0]
                  .interfaces[0]
                  .name,
              name);
}

TEST(Config, TellsAllErrorsInTheOrderOfTheFile) {
  EXPECT_THAT(errors_of(with_interface("cost: 0\n      pasive: true") + "rib: {table: 0}\n"),
              ElementsAre("f.yaml:5:13: cost must be a whole number from 1 to 65535, not \"0\"",
                          "f.yaml:6:7: unknown key \"pasive\" in an interface; did you mean \"passive\"?",
                          "f.yaml:7:14: table must be a whole number from 1 to 4294967295, not \"0\""));
}

/// Of a private key that serves nothing.
constexpr const char* kKeyWithPassphrase =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAjLRgbXq8X/JgIBATAM\n"
    "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBAgQQtdhrx4qAEhtN7Y01dIevmQSBkPYV\n"
    "FVHeo0p2VFzxFGN6yhALyToUYao0BRUDuYA6wlSgTo1IqcbVN2gMQIKLQ0g4t3ll\n"
    "zuN5ZlxsyAtoPxtqZO2Bd2a4jo5/USgNyD0UqEmIen0g63B51ofuVnPpWMVYAvnm\n"
    "pRXSqPSBo/9or/l5pGpib3aLyku8twkYf9IInkzs13SLmbl3QjRIX0c4W1Nnlw==\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

/// A directory of its own, removed at the end.
class ConfigFile : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(directory_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::string path = directory_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  static std::vector<std::string> load_errors(const std::string& path) {
    const auto result = load_config(path);
    std::vector<std::string> lines;
    if (const auto* errors = std::get_if<1>(&result)) {
      for (const auto& error : *errors) lines.push_back(error.to_string());
    }
    return lines;
  }
  static std::string pem(const std::string& name) {
    return std::string(WGOSPF_SOURCE_DIR) + "/tests/unit/daemon/tls/" + name;
  }
  std::string directory_ = ::testing::TempDir() + "/wgospf-config-XXXXXX";
};

TEST_F(ConfigFile, IsLoaded) {
  EXPECT_THAT(load_errors(write("f.yaml", kAreas)), ElementsAre());
  const std::string long_comment = "# " + std::string(10'000, 'x') + "\n";
  EXPECT_THAT(load_errors(write("long.yaml", long_comment + kAreas)), ElementsAre());
}

TEST_F(ConfigFile, ThatIsAbsentOrADirectoryCannotBeRead) {
  const auto absent = directory_ + "/absent.yaml";
  EXPECT_THAT(load_errors(absent), ElementsAre(absent + ": cannot be read: No such file or directory"));
  EXPECT_THAT(load_errors(directory_), ElementsAre(directory_ + ": cannot be read: Is a directory"));
}

TEST_F(ConfigFile, ThatIsEmptyIsToldSo) {
  const auto path = write("empty.yaml", "");
  EXPECT_THAT(load_errors(path),
              ElementsAre(path + ": the configuration is empty; it needs at least \"areas\""));
}

TEST_F(ConfigFile, NamesTlsFilesThatMustBeUsable) {
  const auto certificate = pem("server.pem"), key = pem("server.key");
  const auto api = [&](const std::string& c, const std::string& k, const std::string& ca) {
    return write("f.yaml", kAreas + "api:\n  listen: localhost:5000\n  tls:\n    certificate: " + c +
                               "\n    key: " + k + "\n    client-ca: " + ca + "\n");
  };
  EXPECT_THAT(load_errors(api(certificate, key, certificate)), ElementsAre());
  const auto empty = write("empty.pem", ""), other = write("other.pem", "no PEM\n");
  const auto path = api(directory_ + "/absent.pem", empty, other);
  const std::string cure = "; name a file in PEM form that wgospfd may read";
  EXPECT_THAT(load_errors(path),
              ElementsAre(path + ":5:18: certificate " + directory_ +
                              "/absent.pem cannot be read: No such file or directory" + cure,
                          path + ":6:10: key " + empty + " is empty" + cure,
                          path + ":7:16: client-ca " + other + " is not in PEM form" + cure));
}

TEST_F(ConfigFile, ATlsKeyMustBeThatOfTheCertificate) {
  const auto load = [&](const std::string& certificate, const std::string& key) {
    const auto path =
        write("f.yaml", kAreas + "api:\n  listen: localhost:5000\n  tls:\n    certificate: " + certificate +
                            "\n    key: " + key + "\n");
    auto errors = load_errors(path);
    for (auto& error : errors) error.erase(0, path.size());
    return errors;
  };
  EXPECT_THAT(load(pem("server.pem"), pem("server.key")), ElementsAre());
  EXPECT_THAT(load(pem("server.pem"), pem("client.key")),
              ElementsAre(":6:10: key " + pem("client.key") + " is not the key of the certificate " +
                          pem("server.pem") + "; name the two that belong together"));
  EXPECT_THAT(
      load(pem("server.key"), pem("server.key")),
      ElementsAre(":5:18: certificate " + pem("server.key") + " holds no certificate that can be read"));
  const auto cut = write("cut.key", "-----BEGIN PRIVATE KEY-----\nMIIE\n");
  EXPECT_THAT(load(pem("server.pem"), cut),
              ElementsAre(":6:10: key " + cut + " holds no private key that can be read"));
  const auto locked = write("locked.key", kKeyWithPassphrase);
  EXPECT_THAT(load(pem("server.pem"), locked),
              ElementsAre(":6:10: key " + locked +
                          " has a passphrase, which nobody could enter; remove it with \"openssl pkey\""));
}

TEST(Config, NeedsRestartNamesWhatCannotBeTakenOver) {
  const Config running = config_of(kAreas);
  const auto id = *ospf::RouterId::parse("10.0.0.1");
  EXPECT_THAT(needs_restart(running, config_of("router-id: 10.0.0.1\n" + kAreas), id), ElementsAre());
  EXPECT_THAT(needs_restart(running,
                            config_of("router-id: 10.0.0.2\n" + kAreas +
                                      "rib: {table: 7, metric: 8}\napi: {listen: 'unix:/a'}\n"
                                      "state-directory: /lib\n"),
                            id),
              ElementsAre("line 1, column 1: router-id cannot be changed while running",
                          "line 3, column 7: rib.table cannot be changed while running",
                          "line 3, column 17: rib.metric cannot be changed while running",
                          "line 5, column 1: state-directory cannot be changed while running",
                          "line 4, column 1: api cannot be changed while running"));
  EXPECT_THAT(needs_restart(config_of(kAreas + "rib: {table: 7}\n"), running, id),
              ElementsAre("rib.table cannot be changed while running, and is no longer in the file"));
}

}  // namespace
}  // namespace wgospf::daemon
