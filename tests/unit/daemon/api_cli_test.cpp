// What people ask of wgospfctl: a part of a list, again and again, the log, other routers by name.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "api_support.h"
#include "daemon/telling/log.h"

namespace wgospf::daemon {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Cli : public ApiTest {
 protected:
  /// The prefixes of the routes that are left.
  std::string routes(std::vector<const char*> filter) {
    filter.insert(filter.begin(), {"show", "routes"});
    std::string prefixes;
    const auto list = wgospfctl_json(filter);
    for (const auto& route : list["routes"])
      prefixes += (prefixes.empty() ? "" : " ") + route["prefix"].get<std::string>();
    return prefixes;
  }
  /// The object on standard error.
  cli::Json error_of(std::vector<const char*> words) {
    words.push_back("--json");
    const auto outcome = wgospfctl(words);
    EXPECT_NE(outcome.status, 0);
    EXPECT_EQ(outcome.out, "");
    const auto error = cli::Json::parse(outcome.err, nullptr, false)["error"];
    EXPECT_EQ(error["exit_status"], outcome.status);
    return error;
  }
};

// In: an address. Out: the one route that is taken to it; status 1 where there is none.
TEST_F(Cli, RoutesToAnAddressAreTheLongestMatch) {
  EXPECT_EQ(routes({"192.168.2.77"}), "192.168.2.0/24");
  EXPECT_EQ(routes({"10.9.0.1"}), "10.9.0.0/30");
  const auto none = wgospfctl({"show", "routes", "203.0.113.1"});
  EXPECT_EQ(none.status, 1);
  EXPECT_EQ(none.err, "wgospfctl: No route of OSPF covers 203.0.113.1.\n");
  EXPECT_EQ(error_of({"show", "routes", "203.0.113.1"})["code"], "not-found");
}

TEST_F(Cli, RoutesAreFilteredByTypeInterfaceAndNeighbor) {
  router_.advertise(1, 20);
  ASSERT_TRUE(router_.eventually([&] { return router_.instance().routes()->routes.size() == 4; }));
  EXPECT_EQ(routes({"--type", "external-2"}), "172.16.0.0/32");
  EXPECT_EQ(routes({"--interface", "wg-op2"}), "172.16.0.0/32 192.168.2.0/24");
  EXPECT_EQ(routes({"--neighbor", "10.0.32.2"}), "172.16.0.0/32 192.168.2.0/24");
  EXPECT_EQ(routes({"--neighbor", "10.9.0.2", "--type", "intra-area"}), "192.168.2.0/24");
  EXPECT_EQ(routes({"192.168.0.0/16", "--neighbor", "10.0.32.2"}), "192.168.2.0/24");
  EXPECT_EQ(routes({"--neighbor", "10.0.32.9"}), "");
  EXPECT_EQ(wgospfctl({"show", "routes", "--neighbor", "op2"}).err,
            "wgospfctl: neighbor: \"op2\" is neither a router id nor an address; write it as 10.0.0.1\n");
}

// In: more routes than a part of the answer has, of which the last ones match. Out: all of these.
TEST_F(Cli, AFilterFindsWhatStandsInALaterPart) {
  router_.advertise(1200, 20);
  ASSERT_TRUE(router_.eventually([&] { return router_.instance().routes()->routes.size() == 1203; }));
  EXPECT_EQ(routes({"--type", "intra-area"}), "10.9.0.0/30 192.168.1.0/24 192.168.2.0/24");
}

TEST_F(Cli, AnInterfaceThatThereIsNotIsToldWithThoseThatThereAre) {
  for (const char* list : {"interfaces", "neighbors", "routes", "peers", "bfd"}) {
    const auto outcome = wgospfctl({"show", list, "--interface", "wg-op9\x1b[2J"});
    EXPECT_EQ(outcome.status, 1) << list;
    EXPECT_THAT(outcome.err,
                HasSubstr("OSPF is configured on no interface \"wg-op9\\x1b[2J\"; there are wg-op2, "));
  }
  EXPECT_EQ(wgospfctl({"show", "neighbors", "--state", "down"}).out, "None of 1 neighbor matches.\n");
  EXPECT_TRUE(wgospfctl_json({"show", "neighbors", "--state", "down"})["neighbors"].empty());
  EXPECT_THAT(wgospfctl({"sh", "nei", "--interface", "wg-op2"}).out, HasSubstr("10.0.32.2"));
}

// In: a kernel's message with a terminal's commands in it. Out: tables have them escaped, JSON in its own way.
TEST_F(Cli, NothingThatIsShownIsACommandToATerminal) {
  router_.on_strand([&] { router_.warning_list = {"a \x1b]0;title\x07 and \xc2\x9b"}; });
  EXPECT_THAT(wgospfctl({"show", "status"}).out, HasSubstr("\\x1b]0;title\\x07 and \\xc2\\x9b"));
  const auto json = wgospfctl({"show", "status", "--json"}).out;
  EXPECT_TRUE(
      std::all_of(json.begin(), json.end(), [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); }));
}

TEST_F(Cli, IsRepeatedAsOftenAsIsAsked) {
  const auto thrice = wgospfctl({"show", "neighbors", "-w", "0.1", "--count", "3"});
  EXPECT_EQ(thrice.status, 0) << thrice.err;
  std::size_t tables = 0;
  for (auto at = thrice.out.find("ROUTER-ID"); at != std::string::npos;
       at = thrice.out.find("ROUTER-ID", at + 1))
    ++tables;
  EXPECT_EQ(tables, 3U);
  EXPECT_EQ(thrice.out.find('\x1b'), std::string::npos) << "it is no terminal";
}

/// What a run on a terminal of this size prints.
std::string on_terminal(const std::string& socket, cli::TerminalSize size, std::vector<const char*> words) {
  words.insert(words.begin(), "wgospfctl");
  words.insert(words.end(), {"--socket", socket.c_str()});
  std::ostringstream out, err;
  EXPECT_EQ(cli::run(static_cast<int>(words.size()), words.data(),
                     {out, err, cli::Colours::off, [size] { return size; }}),
            0)
      << err.str();
  return out.str();
}

std::size_t width_of(const std::string& text) {
  std::istringstream lines(text);
  std::size_t width = 0;
  for (std::string line; std::getline(lines, line);) width = std::max(width, line.size());
  return width;
}

TEST_F(Cli, TablesFitTheTerminalUnlessTheyAreWanted) {
  for (const char* list : {"interfaces", "neighbors", "routes", "database"}) {
    EXPECT_LE(width_of(on_terminal(socket_, {60, 24}, {"show", list})), 60U) << list;
    EXPECT_EQ(on_terminal(socket_, {60, 24}, {"show", list, "--wide"}).find("no room"), std::string::npos);
  }
  EXPECT_GT(width_of(on_terminal(socket_, {60, 24}, {"show", "neighbors", "--wide"})), 60U);
}

// In: a terminal of five lines. Out: each frame takes the place of the one before, and what has no room is counted.
TEST_F(Cli, OnATerminalARepetitionTakesThePlaceOfTheOneBefore) {
  const auto shown = on_terminal(socket_, {80, 5}, {"show", "routes", "-w", "0.1", "--count", "2"});
  EXPECT_EQ(shown.substr(0, 3), "\x1b[H");
  EXPECT_THAT(shown, HasSubstr("wgospfctl, routes, every 0.1s"));
  EXPECT_THAT(shown, HasSubstr("... and "));
  EXPECT_EQ(std::count(shown.begin(), shown.end(), '\n'), 8);
}

TEST_F(Cli, TheLogIsShownFromTheLevelAndAsFarAsIsAsked) {
  set_log_level(Severity::info);
  log(Severity::debug, "cli: not logged");
  log(Severity::info, "cli: first");
  log(Severity::warning, "cli: second \x1b[2J");
  log(Severity::info, "cli: third");
  const auto all = wgospfctl({"show", "log"}).out;
  EXPECT_THAT(all, HasSubstr(" info    cli: first\n"));
  EXPECT_THAT(all, HasSubstr(" warning cli: second \\x1b[2J\n"));
  EXPECT_THAT(all, Not(HasSubstr("not logged")));
  EXPECT_LT(all.find("first"), all.find("third"));
  const auto last = wgospfctl_json({"show", "log", "--limit", "1"})["lines"];
  ASSERT_EQ(last.size(), 1U);
  EXPECT_EQ(last[0]["text"], "cli: third");
  EXPECT_EQ(last[0]["severity"], "info");
  const auto warnings = wgospfctl_json({"show", "log", "--level", "warning"});
  EXPECT_EQ(warnings["lines"].back()["text"], "cli: second \\x1b[2J");
  EXPECT_EQ(warnings["level"], "info");
}

// In: more lines than are kept, and one that is too long. Out: the last ones, and as much of it as is kept.
TEST_F(Cli, TheLogThatIsKeptIsBounded) {
  set_log_level(Severity::info);
  for (std::size_t i = 0; i < kLinesKept + 10; ++i) log(Severity::info, "line " + std::to_string(i));
  log(Severity::info, std::string(3 * kLineKept, 'x'));
  const auto lines = wgospfctl_json({"show", "log", "--limit", "100000"})["lines"];
  EXPECT_EQ(lines.size(), kLinesKept);
  EXPECT_EQ(lines.back()["text"].get<std::string>().size(), kLineKept);
  EXPECT_EQ(lines[0]["text"], "line 11");
}

TEST_F(Cli, TheLevelOfTheLogIsSetAndGivenBack) {
  EXPECT_EQ(wgospfctl({"log-level", "debug"}).out, "The log's level is debug now; it was info.\n");
  EXPECT_EQ(router_.on_strand([&] { return router_.asked_level; }), Severity::debug);
  EXPECT_EQ(wgospfctl_json({"log-level", "configured"})["level"], "info");
  EXPECT_EQ(router_.on_strand([&] { return router_.asked_level; }), std::nullopt);
  EXPECT_EQ(wgospfctl({"log-level", "loud"}).err,
            "wgospfctl: LEVEL must be one of debug, info, warning, error, configured, not \"loud\".\n");
  EXPECT_EQ(wgospfctl({"log-level"}).status, 2);
}

TEST_F(Cli, AnotherRouterIsAskedByItsName) {
  const auto file = directory_ / "routers.yaml";
  std::ofstream(file) << "routers: [{name: op1, address: '" << socket_ << "'}]\n";
  setenv("WGOSPF_ROUTERS", file.c_str(), 1);
  const auto ask = [](std::vector<const char*> words) {
    words.insert(words.begin(), "wgospfctl");
    std::ostringstream out, err;
    const int status = cli::run(static_cast<int>(words.size()), words.data(), {out, err, cli::Colours::off});
    return Outcome{status, out.str(), err.str()};
  };
  EXPECT_THAT(ask({"--router", "op1", "show", "status"}).out, HasSubstr("router id 10.0.32.1"));
  EXPECT_THAT(ask({"show", "status", "--router", "op1"}).out, HasSubstr("router id 10.0.32.1"));
  const auto unknown = ask({"show", "database", "--router", "10.0.32.1"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("there are op1. The advertising router of an LSA is --adv-router."));
  EXPECT_EQ(ask({"--router", "op1", "--socket", socket_.c_str()}).status, 2);
  unsetenv("WGOSPF_ROUTERS");
}

TEST_F(Cli, TopShowsNeighborsWithTheirRates) {
  const auto once = wgospfctl({"top", "--once", "-w", "0.1"});
  EXPECT_EQ(once.status, 0) << once.err;
  EXPECT_THAT(once.out, HasSubstr("1/1 neighbors full"));
  EXPECT_THAT(once.out, ::testing::ContainsRegex("10\\.0\\.32\\.2 +wg-op2 +full .*/s"));
  std::istringstream frames(wgospfctl({"top", "--count", "2", "-w", "0.1", "--json"}).out);
  std::size_t count = 0;
  for (std::string line; std::getline(frames, line); ++count) {
    const auto frame = cli::Json::parse(line, nullptr, false);
    ASSERT_TRUE(frame.is_object()) << line;
    EXPECT_GT(frame["interval"], 0.0);
    EXPECT_EQ(frame["neighbors"][0]["neighbor_router_id"], "10.0.32.2");
    EXPECT_TRUE(frame["neighbors"][0]["rates"]["packets_received"].is_number());
  }
  EXPECT_EQ(count, 2U);
}

// In: a notice while top runs. Out: it is in a frame.
TEST_F(Cli, TopTellsWhatChangesMeanwhile) {
  Outcome outcome;
  std::thread shown([&] { outcome = wgospfctl({"top", "--count", "2", "-w", "1"}); });
  EXPECT_TRUE(router_.eventually([&] { return router_.subscriptions_here() == 1; }));
  router_.publish({Severity::warning, "example", "something \x1b happens"});
  shown.join();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("something \\x1b happens"));
}

std::string content(const std::string& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST_F(Cli, HostsAreWrittenAtOnceAndOnlyOverAFileOfItsOwn) {
  const auto file = directory_ / "hosts", foreign = directory_ / "etc-hosts";
  const auto printed = wgospfctl({"hosts"});
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_THAT(printed.out, HasSubstr("10.9.0.1\top1\n"));
  const auto written = wgospfctl({"hosts", file.c_str()});
  EXPECT_EQ(written.status, 0) << written.err;
  EXPECT_EQ(content(file), printed.out);
  EXPECT_EQ(mode_of(file), 0644U);
  ::chmod(file.c_str(), 0600);
  EXPECT_EQ(wgospfctl({"hosts", file.c_str(), "--domain", "lan"}).status, 0);
  EXPECT_THAT(content(file), HasSubstr("\top1.lan op1\n"));
  EXPECT_EQ(mode_of(file), 0600U) << "it keeps its mode";
  std::ofstream(foreign) << "127.0.0.1 localhost\n";
  const auto refused = wgospfctl({"hosts", foreign.c_str()});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("wgospfctl hosts has not made this file"));
  EXPECT_EQ(content(foreign), "127.0.0.1 localhost\n");
  EXPECT_EQ(wgospfctl({"hosts", "/dev/null"}).status, 1);
  EXPECT_EQ(wgospfctl({"hosts", (directory_ / "absent/hosts").c_str()}).status, 1);
  EXPECT_EQ(wgospfctl({"hosts", "--domain", "a b"}).status, 2);
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(file).parent_path()))
    EXPECT_EQ(entry.path().filename().string().find(".hosts"), std::string::npos)
        << "nothing is left beside it";
}

}  // namespace
}  // namespace wgospf::daemon
