// The configuration file: what it gives, and the exact words for what is wrong with it.

#include "daemon/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
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
                                              milliseconds{1000}, milliseconds{500}}));
  InterfaceSettings expected;
  expected.name = "wg0";
  EXPECT_EQ(config.areas[0].interfaces[0], expected);
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
        config_of(kAreas + "api: {listen: '" + listen + "', tls: {certificate: a, key: b, client-ca: c}}\n")
            .api.listen,
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

// Each of these values is wrong, and as long as somebody's file may make it.
TEST(Config, AWrongValueIsCutWhereItIsEchoed) {
  const std::string word(20'000, 'x'), digits(20'000, '7'),
      zeros = "10.0.0.1/" + std::string(20'000, '0') + "8";
  std::vector<std::string> wrong;
  for (const char* section :
       {"router-id: ", "rib: ", "spf-control: ", "database-control: ", "log: ", "api: ", "areas: "})
    wrong.push_back(kAreas + section + word);
  for (const char* leaf : {"rib: {table: ", "rib: {lock-directory: ", "log: {level: ", "api: {listen: ",
                           "api: {listen: \"[", "redistribute: [{source: "})
    wrong.push_back(kAreas + leaf + word + (leaf[std::strlen(leaf) - 1] == '[' ? "]:1\"}" : "}") +
                    (leaf[0] == 'r' && leaf[1] == 'e' ? "]" : ""));
  for (const char* leaf : {"interface-type: ", "cost: ", "passive: ", "unnumbered: ", "mtu-ignore: "})
    wrong.push_back(with_interface(leaf + word));
  wrong.push_back(with_interface("cost: " + digits));
  wrong.push_back(with_interface("? " + word + "\n      : 1"));
  wrong.push_back("areas: [{area-id: " + word + ", interfaces: [{name: " + word + "}]}]\n");
  wrong.push_back(kAreas + "redistribute: [{source: static, prefixes: [" + word + "]}]\n");
  wrong.push_back(kAreas + "redistribute: [{source: static, prefixes: [" + zeros + "]}]\n");
  wrong.push_back(kAreas + "router-id: !" + word + " 10.0.0.1\n");
  wrong.push_back(kAreas + "router-id: *" + word + "\n");
  for (const auto& text : wrong) {
    const auto errors = errors_of(text);
    EXPECT_THAT(errors, ::testing::Not(::testing::IsEmpty())) << text.substr(0, 150);
    for (const auto& error : errors) EXPECT_LT(error.size(), 700U) << error.substr(0, 700);
  }
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
              ElementsAre(path + ": the configuration is empty; it needs at least \"interfaces\""));
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
                            "\n    key: " + key + "\n    client-authentication: none\n");
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
  EXPECT_THAT(needs_restart(running, config_of("router-id: 10.0.0.1\n" + kAreas), id, "f.yaml"),
              ElementsAre());
  EXPECT_THAT(needs_restart(running,
                            config_of("router-id: 10.0.0.2\n" + kAreas +
                                      "rib: {table: 7, metric: 8}\napi: {listen: 'unix:/a'}\n"
                                      "state-directory: /lib\n"),
                            id, "f.yaml"),
              ElementsAre("f.yaml:1:1: router-id cannot be changed while running",
                          "f.yaml:3:7: rib.table cannot be changed while running",
                          "f.yaml:3:17: rib.metric cannot be changed while running",
                          "f.yaml:5:1: state-directory cannot be changed while running",
                          "f.yaml:4:1: api cannot be changed while running"));
  EXPECT_THAT(needs_restart(config_of(kAreas + "rib: {table: 7}\n"), running, id, "f.yaml"),
              ElementsAre("f.yaml: rib.table cannot be changed while running, and is no longer in it"));
}

}  // namespace
}  // namespace wgospf::daemon
