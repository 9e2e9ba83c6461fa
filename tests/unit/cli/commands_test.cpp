// The command line, as far as it goes without a daemon. What it shows of one:
// tests/unit/daemon/api_*_test.cpp.
#include "cli/commands.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <streambuf>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/json.h"

namespace wgospf::cli {
namespace {

struct Outcome {
  int status = 0;
  std::string out, err;
};

Outcome wgospfctl(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "wgospfctl");
  std::ostringstream out, err;
  const int status = run(static_cast<int>(arguments.size()), arguments.data(), {out, err, Colours::off});
  return {status, out.str(), err.str()};
}

/// A directory of its own, removed at the end.
class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/wgospfctl-test-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    directory_ = pattern;
    socket_ = directory_ + "/wgospfd.sock";
  }
  void TearDown() override {
    if (listener_ >= 0) close(listener_);
    std::filesystem::remove_all(directory_);
  }
  void bind_socket() {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  std::string directory_, socket_;
  int listener_ = -1;
};

TEST_F(Commands, WithoutADaemonSaySoInASentence) {
  const auto outcome = wgospfctl({"show", "routes", "--socket", socket_.c_str()});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "wgospfctl: wgospfd is not running: there is no socket " + socket_ + ".\n");
}

TEST_F(Commands, WithTheSocketOfADeadDaemonSaySoToo) {
  bind_socket();  // and never listen
  const auto outcome = wgospfctl({"--json", "--socket", ("unix:" + socket_).c_str()});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.out, "");
  // For programs the same is an object of one line.
  const auto error = Json::parse(outcome.err, nullptr, false)["error"];
  EXPECT_EQ(error["code"], "unreachable");
  EXPECT_EQ(error["exit_status"], 3);
  EXPECT_EQ(error["message"], "wgospfd is not running: nobody listens on " + socket_ + ".");
  EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1);
}

TEST_F(Commands, WithAPathTooLongForASocketSaySo) {
  const auto outcome = wgospfctl({"--socket", ("/" + std::string(200, 'x')).c_str()});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("1 to 107 characters"), std::string::npos) << outcome.err;
}

TEST_F(Commands, WithAnAddressWhereNobodyListensSaySo) {
  const auto outcome = wgospfctl({"--socket", "127.0.0.1:1"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.err.find("wgospfctl: wgospfd does not answer at 127.0.0.1:1"), 0U) << outcome.err;
}

TEST_F(Commands, WithASocketThatIsNeitherPathNorAddressSaySo) {
  const auto outcome = wgospfctl({"--socket", "foo.sock"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err,
            "wgospfctl: \"foo.sock\" is neither a path nor HOST:PORT; for a socket in this directory write "
            "./foo.sock.\n");
}

TEST(FailureText, OfANameThatDoesNotResolveIsOurs) {
  const grpc::Status status(
      grpc::StatusCode::UNAVAILABLE,
      "DNS resolution failed for router.example:50051: C-ares status is not ARES_SUCCESS "
      "qtype=A name=router.example is_balancer=0: Domain name not found");
  EXPECT_EQ(trouble_of(status, "router.example:50051").text,
            "There is no address for router.example: the name is unknown, or no name server answers.");
}

/// Runs `check` in a child that is nobody; gives its exit status.
int as_nobody(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) {
    const gid_t none = 65534;
    if (setgroups(1, &none) != 0 || setgid(none) != 0 || setuid(65534) != 0) _exit(2);
    _exit(check() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

TEST_F(Commands, WithoutPermissionNameTheGroupOrSudo) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  bind_socket();
  ASSERT_EQ(listen(listener_, 1), 0);
  const group* daemon_group = getgrnam("daemon");
  ASSERT_NE(daemon_group, nullptr);
  ASSERT_EQ(chown(directory_.c_str(), 0, daemon_group->gr_gid), 0);
  ASSERT_EQ(chmod(directory_.c_str(), 0750), 0);
  EXPECT_EQ(as_nobody([&] {
              const auto error = probe_unix_socket(socket_);
              return error && error->code == Code::not_permitted &&
                     error->text.find("root and the group daemon") != std::string::npos &&
                     error->text.find("sudo") != std::string::npos;
            }),
            0);
  ASSERT_EQ(chown(directory_.c_str(), 0, 0), 0);
  EXPECT_EQ(as_nobody([&] {
              const auto error = probe_unix_socket(socket_);
              return error && error->text.find("run this as root, with sudo") != std::string::npos;
            }),
            0);
}

TEST(CommandLine, TellsItsVersion) {
  const auto outcome = wgospfctl({"--version"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out.find("wgospfctl "), 0U);
}

TEST(CommandLine, HelpListsEveryCommand) {
  const auto outcome = wgospfctl({"show", "--help"});
  EXPECT_EQ(outcome.status, 0);
  for (const char* name : {"status", "interfaces", "neighbors", "database", "routes", "path", "peers",
                           "clients", "bfd", "underlay", "log"}) {
    EXPECT_NE(outcome.out.find(name), std::string::npos) << name;
  }
}

TEST(CommandLine, WhatItDoesNotKnowIsAnError) {
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{"show", "nonsense"},
                                             {"show", "path"},
                                             {"show", "database", "--type", "nonsense"},
                                             {"watch", "--only", "x"}}) {
    const auto outcome = wgospfctl(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err, "");
  }
  EXPECT_EQ(wgospfctl({"show", "neighbours"}).err,
            "wgospfctl: \"neighbours\" means nothing here; there are show "
            "status|interfaces|neighbors|database|routes|path|peers|clients|bfd|underlay|log, top, firewall, "
            "reload, confirm, watch, forget-key, log-level, hosts, and config; --help tells more.\n");
}

// In: beginnings of words. Out: the command that alone begins so; where it is not alone, those that do.
TEST(CommandLine, WordsMayBeShortened) {
  for (const auto& arguments : std::vector<std::vector<const char*>>{{"sh", "nei"},
                                                                     {"show", "neighbor"},
                                                                     {"show", "route", "10.0.0.1"},
                                                                     {"--json", "s", "interface"},
                                                                     {"sh", "data", "--type", "router"},
                                                                     {"fire", "--interface", "show"},
                                                                     {"rel", "--confirm", "5m"},
                                                                     {"forget", "p"}}) {
    auto words = arguments;
    words.insert(words.end(), {"--socket", "/nonexistent/s"});
    const auto outcome = wgospfctl(words);
    EXPECT_EQ(outcome.status, 3) << words[0] << ' ' << words[1] << ": " << outcome.err;
  }
  const auto ambiguous = wgospfctl({"show", "p"});
  EXPECT_EQ(ambiguous.status, 2);
  EXPECT_EQ(ambiguous.err, "wgospfctl: \"p\" may be path or peers; write more of it.\n");
  EXPECT_EQ(wgospfctl({"con"}).err, "wgospfctl: \"con\" may be confirm or config; write more of it.\n");
  // What is no command is not touched, also where it looks like one.
  EXPECT_EQ(wgospfctl({"forget-key", "sh", "--socket", "/nonexistent/s"}).status, 3);
  EXPECT_EQ(wgospfctl({"--", "sh"}).status, 2);
  EXPECT_EQ(wgospfctl({""}).status, 2);
}

TEST(CommandLine, WhatIsRepeatedIsSaidWithItsTime) {
  const auto status = [](std::vector<const char*> words) {
    words.insert(words.end(), {"--socket", "/nonexistent/s"});
    return wgospfctl(words).status;
  };
  EXPECT_EQ(status({"sh", "nei", "-w"}), 3);
  EXPECT_EQ(status({"-w", "5", "sh", "nei"}), 3);
  EXPECT_EQ(status({"sh", "nei", "--watch", "0.5", "--count", "3"}), 3);
  EXPECT_EQ(status({"sh", "route", "-w", "10.0.0.0/8"}), 3);
  EXPECT_EQ(status({"sh", "nei", "-w5"}), 3);
  EXPECT_EQ(wgospfctl({"show", "-w", "0"}).err,
            "wgospfctl: --watch must be a number of seconds from 0.1 to a day (86400), not \"0\".\n");
  EXPECT_EQ(wgospfctl({"show", "-w", "1.2.3"}).status, 2);
  EXPECT_EQ(wgospfctl({"reload", "-w"}).err, "wgospfctl: reload is not repeated: leave --watch away.\n");
  EXPECT_EQ(wgospfctl({"show", "--count", "2"}).status, 2);
}

// In: a wrong command line, with --json in it. Out: an object that says so, with the code of its kind.
TEST(CommandLine, ErrorsAreObjectsForPrograms) {
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{"show", "nonsense", "--json"},
                                             {"--json", "show", "p"},
                                             {"show", "path", "--json"},
                                             {"show", "neighbors", "--state", "fine", "--json"},
                                             {"show", "peers", "10.0.0.0/99", "--json"}}) {
    const auto outcome = wgospfctl(arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.out, "");
    const auto error = Json::parse(outcome.err, nullptr, false);
    ASSERT_TRUE(error.is_object() && error.contains("error")) << outcome.err;
    EXPECT_EQ(error["error"]["code"], "usage");
    EXPECT_EQ(error["error"]["exit_status"], 2);
    EXPECT_NE(error["error"]["message"], "");
  }
}

TEST_F(Commands, AConfigurationIsCheckedShownAndImportedWithoutADaemon) {
  const auto file = directory_ + "/f.yaml", wrong = directory_ + "/wrong.yaml", wg = directory_ + "/wg0.conf";
  const std::string text = "interfaces: [{name: wg-*}]\n";
  std::ofstream(file) << text;
  std::ofstream(wrong) << "interfaces: [{nome: wg-*}]\n";
  std::ofstream(wg) << "[Interface]\nAddress = 10.0.0.1/30\nTable = off\n[Peer]\nAllowedIPs = 0.0.0.0/0\n";
  const auto run = [](std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "config");
    return wgospfctl(std::move(arguments));
  };

  EXPECT_EQ(run({"check", file.c_str()}).out, file + ": the configuration is sound\n");
  const auto refused = run({"check", wrong.c_str()});
  EXPECT_EQ(refused.status, 1);
  EXPECT_NE(refused.err.find(wrong + ":1:15: unknown key \"nome\" in an interface; did you mean \"name\"?"),
            std::string::npos)
      << refused.err;

  EXPECT_EQ(run({"show", file.c_str()}).out, text);
  const auto effective = run({"show", "--effective", file.c_str()});
  EXPECT_EQ(effective.status, 0);
  EXPECT_NE(effective.out.find("      - name: wg-*\n        enabled: true\n        cost: 10\n"),
            std::string::npos)
      << effective.out;

  const auto imported = run({"import", wg.c_str()});
  EXPECT_EQ(imported.status, 0);
  std::ofstream(file) << imported.out;
  EXPECT_EQ(run({"check", file.c_str()}).status, 0) << imported.out;

  const auto absent = run({"import", "/nowhere/wg0.conf"});
  EXPECT_EQ(absent.status, 1);
  EXPECT_EQ(absent.err, "wgospfctl: /nowhere/wg0.conf: cannot be read: No such file or directory\n");
  EXPECT_EQ(run({}).status, 2);
}

TEST(CommandLine, AWrongValueIsRefusedWithASentence) {
  for (const char* limit : {"0", "-1", "many", "", "4294967296", "1.5"}) {
    const auto outcome = wgospfctl({"show", "path", "10.0.0.0/8", "--limit", limit});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.err,
              "wgospfctl: --limit must be a whole number from 1 on, not \"" + std::string(limit) + "\".\n");
  }
  EXPECT_EQ(wgospfctl({"watch", "--only", "routes,noise"}).err,
            "wgospfctl: --only must be one of interfaces, neighbors, routes, peers, kernel, notices, not "
            "\"noise\".\n");
  EXPECT_EQ(
      wgospfctl({"show", "database", "--type", "nonsense"}).err.find("wgospfctl: --type must be one of "),
      0U);
  for (const auto& empty : std::vector<std::vector<const char*>>{{"show", "routes", ""},
                                                                 {"show", "path", ""},
                                                                 {"show", "database", "--area", ""},
                                                                 {"show", "database", "--adv-router", ""},
                                                                 {"show", "database", "--id", ""},
                                                                 {"show", "--socket", ""}}) {
    const auto outcome = wgospfctl(empty);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.err.find(" must not be empty; leave it away if it is not meant.\n"), std::string::npos)
        << outcome.err;
  }
}

// A shell takes 128 kB as one word.
TEST(CommandLine, WhatIsEchoedIsCut) {
  const std::string word(100'000, 'x'), number(100'000, '7');
  const std::string address = word + ":99999", path = "/" + word;
  for (const auto& arguments :
       std::vector<std::vector<const char*>>{{word.c_str()},
                                             {"show", "path", "10.0.0.0/8", "--limit", number.c_str()},
                                             {"show", "database", "--type", word.c_str()},
                                             {"--socket", address.c_str()},
                                             {"--socket", word.c_str()},
                                             {"--socket", path.c_str()}}) {
    const auto outcome = wgospfctl(arguments);
    EXPECT_NE(outcome.status, 0);
    EXPECT_LT(outcome.err.size(), 1000U);
    EXPECT_NE(outcome.err.find("... (1000"), std::string::npos) << outcome.err.substr(0, 1000);
  }
}

TEST(CommandLine, HowManyPathsTheDaemonFindsIsTheDaemonsToSay) {
  EXPECT_EQ(wgospfctl({"show", "path", "10.0.0.0/8", "--limit", "0"}).status, 2);
  EXPECT_EQ(
      wgospfctl({"show", "path", "10.0.0.0/8", "--limit", "200000", "--socket", "/nonexistent/s"}).status, 3);
}

/// Takes nothing, like a full disk.
class FullBuffer : public std::streambuf {
 protected:
  int overflow(int) override { return traits_type::eof(); }
};

TEST(CommandLine, AnAnswerThatCannotBeWrittenIsNone) {
  for (const char* question : {"--help", "--version"}) {
    const std::vector<const char*> arguments{"wgospfctl", question};
    FullBuffer full;
    std::ostream out(&full);
    std::ostringstream err;
    EXPECT_EQ(run(2, arguments.data(), {out, err, Colours::off}), 1);
    EXPECT_EQ(err.str(), "wgospfctl: The answer could not be written.\n");
  }
}

TEST(CommandLine, AFullDiskIsNamed) {
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "there is no /dev/full";
  const std::vector<const char*> arguments{"wgospfctl", "--version"};
  std::ofstream out("/dev/full");
  std::ostringstream err;
  EXPECT_EQ(run(2, arguments.data(), {out, err, Colours::off}), 1);
  EXPECT_EQ(err.str(), "wgospfctl: The answer could not be written: No space left on device.\n");
}

TEST(TcpAddress, IsHostAndPort) {
  for (const char* address : {"[2001:db8::1]:50051", "router.example:1", "192.0.2.1:65535"}) {
    EXPECT_EQ(tcp_address_error(address), std::nullopt) << address;
  }
  for (const char* address : {"foo.sock", ":1", "host:", "host:0", "host:65536", "host:1x", "host:-1"}) {
    const auto error = tcp_address_error(address);
    ASSERT_TRUE(error) << address;
    EXPECT_NE(error->find("is neither a path nor HOST:PORT"), std::string::npos) << *error;
  }
  EXPECT_EQ(tcp_address_error("::1:5005"),
            "\"::1:5005\" is not HOST:PORT: an IPv6 address stands in brackets, as in [::1]:5005.");
}

TEST(UnixPath, IsToldFromHostAndPort) {
  EXPECT_EQ(unix_path("/run/x.sock"), "/run/x.sock");
  EXPECT_EQ(unix_path("unix:/run/x.sock"), "/run/x.sock");
  EXPECT_EQ(unix_path("./x.sock"), "./x.sock");
  EXPECT_EQ(unix_path("[2001:db8::1]:50051"), std::nullopt);
  EXPECT_EQ(unix_path("router.example:50051"), std::nullopt);
}

}  // namespace
}  // namespace wgospf::cli
