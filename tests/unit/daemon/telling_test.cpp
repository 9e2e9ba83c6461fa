// How the daemon tells: events in words, the journal's form, the service manager's messages.

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "daemon/config/config.h"
#include "daemon/router_place.h"
#include "daemon/service_manager.h"
#include "daemon/telling/describe.h"
#include "daemon/telling/drop_words.h"
#include "daemon/telling/log.h"

namespace wgospf::daemon {
namespace {

std::string name_of(ospf::LinkId link) {
  return "wg" + std::to_string(link.value);
}

TEST(Describe, ANeighborThatIsLostIsAWarningWithTheReason) {
  const auto notice =
      describe(ospf::Event{ospf::NeighborStateChanged{ospf::LinkId{3}, *ospf::RouterId::parse("10.0.0.2"),
                                                      ospf::NeighborState::full, ospf::NeighborState::down,
                                                      ospf::NeighborEvent::inactivity_timer}},
               name_of);
  EXPECT_EQ(notice.severity, Severity::warning);
  EXPECT_EQ(notice.name, "neighbor_state_changed");
  EXPECT_EQ(notice.text,
            "neighbor 10.0.0.2 on wg3: full -> down (InactivityTimer: no hello within the dead interval)");
  EXPECT_EQ(notice.link, ospf::LinkId{3});
}

TEST(Describe, AnInterfaceTellsWhyAndItsNeighborsWithIt) {
  using ospf::InterfaceReason;
  const auto of = [](const ospf::Event& event) { return describe(event, name_of).text; };
  EXPECT_EQ(of(ospf::InterfaceStateChanged{ospf::LinkId{3}, ospf::InterfaceState::down,
                                           ospf::InterfaceState::point_to_point, InterfaceReason::link_up}),
            "interface wg3: down -> point-to-point (link up)");
  ospf::NeighborStateChanged lost{ospf::LinkId{3}, *ospf::RouterId::parse("10.0.0.2"),
                                  ospf::NeighborState::full, ospf::NeighborState::down,
                                  ospf::NeighborEvent::kill_nbr};
  EXPECT_EQ(of(lost), "neighbor 10.0.0.2 on wg3: full -> down (KillNbr: another router took its place)");
  lost.interface_reason = InterfaceReason::removed;
  EXPECT_EQ(
      of(lost),
      "neighbor 10.0.0.2 on wg3: full -> down (KillNbr: the interface was removed from the configuration)");
  lost.reason = ospf::NeighborEvent::ll_down;
  lost.interface_reason = InterfaceReason::no_address;
  EXPECT_EQ(of(lost),
            "neighbor 10.0.0.2 on wg3: full -> down (LLDown: the interface has no address any more)");
}

TEST(Describe, ANeighborThatIsGivenUpTellsOnWhatEvidence) {
  const auto of = [](const ospf::Event& event) { return describe(event, name_of).text; };
  ospf::NeighborStateChanged lost{ospf::LinkId{3}, *ospf::RouterId::parse("10.0.0.2"),
                                  ospf::NeighborState::full, ospf::NeighborState::down,
                                  ospf::NeighborEvent::kill_nbr};
  lost.down_reason = {ospf::DownReason::Kind::silent, std::chrono::milliseconds{1510}, 14};
  EXPECT_EQ(of(lost),
            "neighbor 10.0.0.2 on wg3: full -> down (KillNbr: nothing came from it for 1.51 s, and 14 echoes "
            "were not "
            "answered)");
  lost.down_reason = {ospf::DownReason::Kind::bfd_down};
  EXPECT_EQ(of(lost), "neighbor 10.0.0.2 on wg3: full -> down (KillNbr: its BFD session went down)");
}

TEST(Describe, WhatIsNotUsedIsToldWithItsCure) {
  const auto of = [](ospf::DropReason reason, std::uint32_t value) {
    const auto source = *Ipv4Address::parse("10.1.0.2");
    return describe(ospf::Event{ospf::Dropped{ospf::LinkId{3}, reason, source, value}}, name_of).text;
  };
  EXPECT_EQ(
      of(ospf::DropReason::hello_interval_mismatch, 10),
      "what 10.1.0.2 sent on wg3 was not used: hello_interval_mismatch (its hello-interval is 10 s; both "
      "ends need the same)");
  EXPECT_EQ(
      of(ospf::DropReason::area_mismatch, 1),
      "what 10.1.0.2 sent on wg3 was not used: area_mismatch (it has the link in area 0.0.0.1; both ends "
      "need the same)");
  EXPECT_THAT(
      of(ospf::DropReason::not_the_neighbor, 0x0a000007),
      testing::StartsWith("what 10.1.0.2 sent on wg3 was not used: not_the_neighbor (it says to be router "
                          "10.0.0.7, and the neighbor of this link is another; drop its packets"));
  EXPECT_THAT(of(ospf::DropReason::source_not_on_link, 0x0a000007),
              testing::HasSubstr("router 10.0.0.7 is on no subnet of this interface; give both ends"));
  EXPECT_THAT(describe(ospf::Event{ospf::Dropped{
                           ospf::LinkId{3}, ospf::DropReason::unicast_hello, {}, 0x0a000007, 41}},
                       name_of)
                  .text,
              testing::EndsWith(", and 41 more since this was told"));
  EXPECT_EQ(
      of(ospf::DropReason::bad_version, 1),
      "what 10.1.0.2 sent on wg3 was not used: bad_version (it is of OSPF version 1; this router speaks "
      "version 2 over IPv4; set the sender to that)");
  EXPECT_THAT(
      of(ospf::DropReason::lsa_bad_checksum, 1),
      testing::HasSubstr("(the checksum of an LSA of type 1 (router-LSA) does not hold; it was spoilt"));
  EXPECT_THAT(of(ospf::DropReason::lsa_unknown_type, 12),
              testing::HasSubstr("(an LSA of type 12 is not known here; "));
}

// Whatever is told of a reason, in the log and in what is shown of a refused router, has its words and its
// cure. A router that uses our id is told by an event of its own.
TEST(Describe, EveryReasonForADropHasItsOwnWordsAndACure) {
  std::set<std::string> causes;
  for (std::size_t i = 0; i < static_cast<std::size_t>(ospf::DropReason::count_); ++i) {
    const auto reason = static_cast<ospf::DropReason>(i);
    SCOPED_TRACE(to_string(reason));
    const auto words = words_of(reason, 7);
    EXPECT_FALSE(words.cure.empty());
    EXPECT_THAT(words.cause, testing::Not(testing::HasSubstr("value")));
    EXPECT_TRUE(causes.insert(words.cause).second) << words.cause;
    const auto told = testing::AllOf(testing::HasSubstr(words.cause), testing::HasSubstr(words.cure));
    EXPECT_THAT(describe(ospf::Event{ospf::Dropped{ospf::LinkId{3}, reason, {}, 7}}, name_of).text, told);
    ospf::RefusedSender refused;
    refused.reason = reason;
    refused.value = 7;
    EXPECT_THAT(describe_refused(refused), told);
  }
  EXPECT_EQ(kind_of(ospf::Event{ospf::Dropped{{}, ospf::DropReason::duplicate_router_id, {}}}).severity,
            Severity::debug);
}

TEST(Describe, WhatKeepsANeighborFromFullIsSaidWithItsCure) {
  using Problem = ospf::NeighborProblem;
  const auto of = [](Problem problem, std::uint32_t theirs = 0, std::uint32_t ours = 0) {
    ospf::NeighborInfo neighbor;
    neighbor.problem = problem;
    neighbor.theirs = theirs;
    neighbor.ours = ours;
    neighbor.request_list = 7;
    return describe_problem(neighbor);
  };
  EXPECT_EQ(of(Problem::none), "");
  EXPECT_EQ(of(Problem::mtu_mismatch, 1500, 1420),
            "its MTU is 1500, this side's 1420: set both to the smaller one, or mtu-ignore: true");
  EXPECT_THAT(of(Problem::mtu_differs, 1400, 1420),
              testing::StartsWith("its MTU was 1400 when the databases were exchanged, this side's is 1420"));
  EXPECT_THAT(of(Problem::long_in_loading), testing::StartsWith("long in loading: 7 LSAs that it described"));
  EXPECT_THAT(of(Problem::network_type), testing::HasSubstr("set its interface type to point-to-point"));
  EXPECT_THAT(of(Problem::network_mask, 0xffffff00, 0xfffffffc),
              testing::StartsWith("its subnet is a /24, this side's a /30"));
  EXPECT_THAT(of(Problem::stalled), testing::HasSubstr("it is broken off and begins anew by itself"));
  EXPECT_THAT(of(Problem::lower_cost, 5, 20), testing::HasSubstr("ip ospf cost 20"));
  for (const auto problem : {Problem::not_heard_by_it, Problem::long_in_exstart, Problem::long_in_exchange})
    EXPECT_FALSE(of(problem).empty());
}

TEST(Describe, ADuplicateRouterIdNamesWhereTheOtherRouterIs) {
  const auto own = *ospf::RouterId::parse("10.0.0.1");
  ospf::v2::RouterLsa body;
  body.links.push_back({0x0a000002, 0x0a010001, ospf::v2::RouterLinkType::point_to_point, 10, {}});
  body.links.push_back({0xc0a80900, 0xffffff00, ospf::v2::RouterLinkType::stub, 10, {}});
  ospf::LsaHeader header;
  header.key = {ospf::LsaType::router, ospf::LinkStateId{own.value}, own};
  const auto notice = describe(
      ospf::Event{ospf::DuplicateRouterIdInArea{ospf::AreaId{0}, V2::encode_lsa(header, body)}}, name_of);
  EXPECT_EQ(notice.severity, Severity::error);
  EXPECT_EQ(notice.name, "duplicate_router_id");
  EXPECT_EQ(notice.text,
            "another router of area 0.0.0.0 uses this router's own router id; give one of the two another "
            "router-id "
            "(that one has a link to 10.0.0.2, 192.168.9.0/24)");
}

TEST(Describe, ARouteChangeNamesItsNextHops) {
  const ospf::RouteChange<V2> change{
      ospf::Generation{1},
      ospf::SetChanged{ospf::SetId{4},
                       {{ospf::LinkId{1}, Ipv4Address::parse("10.1.0.2"), {}}, {ospf::LinkId{2}, {}, {}}}}};
  EXPECT_EQ(describe(change, name_of).text, "next hops 4: wg1 via 10.1.0.2, wg2");
}

TEST(Describe, NamesOfSeveritiesAreReadBack) {
  for (const auto severity : {Severity::debug, Severity::info, Severity::warning, Severity::error})
    EXPECT_EQ(parse_severity(to_string(severity)), severity);
  EXPECT_FALSE(parse_severity("loud"));
}

TEST(Log, KnowsTheJournalByDeviceAndInode) {
  struct stat status {};
  ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
  EXPECT_TRUE(is_journal(fmt::format("{}:{}", status.st_dev, status.st_ino).c_str(), STDERR_FILENO));
  EXPECT_FALSE(is_journal("1:1", STDERR_FILENO));
  EXPECT_FALSE(is_journal(nullptr, STDERR_FILENO));
}

TEST(Log, WritesJournalLevelsUnderSystemdAndTimesOtherwise) {
  // A pipe stands for the journal: what counts is that JOURNAL_STREAM names it.
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const int saved = ::dup(STDERR_FILENO);
  ASSERT_GE(::dup2(pipe_ends[1], STDERR_FILENO), 0);
  struct stat status {};
  ::fstat(STDERR_FILENO, &status);
  ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", status.st_dev, status.st_ino).c_str(), 1);
  start_log(Severity::info);
  log(Severity::debug, "unseen");
  log(Severity::info, "{braces}");
  log(Severity::error, "broken");
  ::unsetenv("JOURNAL_STREAM");
  start_log(Severity::info);
  log(Severity::warning, "careful");
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  ::close(pipe_ends[1]);
  std::string text(4096, '\0');
  const auto length = ::read(pipe_ends[0], text.data(), text.size());
  ::close(pipe_ends[0]);
  ASSERT_GT(length, 0);
  text.resize(static_cast<std::size_t>(length));
  EXPECT_THAT(text, ::testing::MatchesRegex("<6>\\{braces}\n<3>broken\n"
                                            "[0-9]+-[0-9]+-[0-9]+ [0-9:.]+ warning careful\n"));
}

TEST(Journal, AFieldOfSeveralLinesBearsItsLength) {
  EXPECT_EQ(journal_entry(Severity::warning, "text", {{"WGOSPF_EVENT", "name"}, {"WGOSPF_EMPTY", ""}}),
            "PRIORITY=4\nSYSLOG_IDENTIFIER=wgospfd\nMESSAGE=text\nWGOSPF_EVENT=name\n");
  EXPECT_EQ(journal_fields({{"WGOSPF_X", "a\nPRIORITY=0"}}),
            "WGOSPF_X\n" + std::string("\x0c\0\0\0\0\0\0\0", 8) + "a\nPRIORITY=0\n");
}

/// The journal's socket, in a folder of its own, and standard error that JOURNAL_STREAM names.
class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    path_ = folder_ + "/socket";
    listener_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path_.begin(), path_.end(), address.sun_path);
    ASSERT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::testing::internal::CaptureStderr();
    struct stat status {};
    ::fstat(STDERR_FILENO, &status);
    ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", status.st_dev, status.st_ino).c_str(), 1);
    const timeval patience{20, 0};
    ::setsockopt(listener_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    start_log(Severity::info);
    detach_log(path_.c_str());
    log(Severity::info, "first");  // what other tests left in the queue has been written before it
    ASSERT_THAT(entry(), ::testing::HasSubstr("MESSAGE=first\n"));
  }
  void TearDown() override {
    ::unsetenv("JOURNAL_STREAM");
    start_log(Severity::info);
    ::close(listener_);
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }
  /// The next entry that is sent; empty when there is none within the patience, or now with MSG_DONTWAIT.
  std::string entry(int flags = 0) const {
    std::array<char, 4096> bytes{};
    const auto length = ::recv(listener_, bytes.data(), bytes.size(), flags);
    return {bytes.data(), length < 0 ? 0U : static_cast<std::size_t>(length)};
  }
  void write_all() const { EXPECT_TRUE(finish_log(std::chrono::seconds{20})); }

  std::string folder_ = "/tmp/wgospf-journal-XXXXXX", path_;
  int listener_ = -1;
};

TEST_F(JournalTest, GetsMessagesWithTheirFieldsAndStandardErrorWhatItDoesNotTake) {
  const JournalFields on_wg0{{"WGOSPF_INTERFACE", "wg0"}};
  start_log(Severity::info);
  log(Severity::error, "before the start", on_wg0);
  detach_log(path_.c_str());
  log(Notice{Severity::warning, "allowed_ips", "wg0 does not\nlet it through", std::nullopt}, on_wg0);
  log(Severity::info, "{braces}");
  EXPECT_EQ(entry(),
            "PRIORITY=4\nSYSLOG_IDENTIFIER=wgospfd\nMESSAGE=wg0 does not\\x0alet it through\n"
            "WGOSPF_INTERFACE=wg0\nWGOSPF_EVENT=allowed_ips\n");
  EXPECT_EQ(entry(), "PRIORITY=6\nSYSLOG_IDENTIFIER=wgospfd\nMESSAGE={braces}\n");
  ::close(std::exchange(listener_, -1));  // the journal is gone
  log(Notice{Severity::error, "name", "afterwards", std::nullopt}, on_wg0);
  write_all();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "<3>before the start\n<3>afterwards\n");
  const auto kept = log_lines(Severity::info, 4);  // what `show log` shows has no fields
  ASSERT_EQ(kept.size(), 4U);
  EXPECT_EQ(kept[1].text, "wg0 does not\\x0alet it through");
  EXPECT_EQ(kept[3].text, "afterwards");
}

TEST_F(JournalTest, IsNotLookedForWhenStandardErrorGoesElsewhere) {
  ::setenv("JOURNAL_STREAM", "1:1", 1);
  start_log(Severity::info);
  detach_log(path_.c_str());
  log(Severity::warning, "to a file", {{"WGOSPF_INTERFACE", "wg0"}});
  write_all();
  EXPECT_EQ(entry(MSG_DONTWAIT), "");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), ::testing::EndsWith(" warning to a file\n"));
}

// Signals, and whoever takes away the API's socket again and again: what stands around the router has limits
// too.
TEST(Log, NothingAroundTheRouterFloodsIt) {
  ::testing::internal::CaptureStderr();
  start_log(Severity::info);
  boost::asio::io_context loop;
  RouterPlace place(loop);
  for (int i = 0; i < 1000; ++i) {
    place.notice(Severity::info, "configuration", "the configuration is taken over");
    place.notice(Severity::error, "configuration", fmt::format("error {}", i));
    place.set_warning("api", i % 2 == 0 ? "the API is not served" : "");
  }
  place.set_warning("api", "the API is not served");
  const auto text = ::testing::internal::GetCapturedStderr();
  start_log(Severity::info);
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 100);
  EXPECT_THAT(text, ::testing::HasSubstr("taken over"));
  EXPECT_THAT(place.warnings(), ::testing::Contains("the API is not served"));
}

/// Standard error is a pipe that is full, until it is drained.
class FullPipe {
 public:
  FullPipe() : saved_(::dup(STDERR_FILENO)) {
    EXPECT_EQ(::pipe2(ends_.data(), O_NONBLOCK), 0);
    const std::string page(4096, 'x');
    while (::write(ends_[1], page.data(), page.size()) > 0) {
    }
    EXPECT_EQ(::fcntl(ends_[1], F_SETFL, 0), 0);  // a writer waits from now on
    EXPECT_GE(::dup2(ends_[1], STDERR_FILENO), 0);
  }
  ~FullPipe() {
    ::dup2(saved_, STDERR_FILENO);
    for (const int descriptor : {saved_, ends_[0], ends_[1]}) ::close(descriptor);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;
  /// What is in the pipe now.
  std::string drain() {
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t length = 0; (length = ::read(ends_[0], part.data(), part.size())) > 0;)
      text.append(part.data(), static_cast<std::size_t>(length));
    return text;
  }

 private:
  int saved_;
  std::array<int, 2> ends_{};
};

TEST(Log, NeverWaitsOnceDetachedAndTellsWhatWasLost) {
  FullPipe pipe;
  start_log(Severity::info);
  detach_log();
  for (int i = 0; i < 20'000; ++i) log(Severity::info, fmt::format("line {}", i));  // would wait for ever
  EXPECT_FALSE(finish_log(std::chrono::milliseconds{10}));
  std::string text;
  while (!finish_log(std::chrono::milliseconds{1})) text += pipe.drain();
  text += pipe.drain();
  start_log(Severity::info);
  // Every line is there, or is counted as lost; the last one is there.
  std::size_t lines = 0, lost = 0;
  std::string last;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    const auto told = line.find(" lines of the log were lost: nobody read it in time");
    if (told != std::string::npos) {
      EXPECT_THAT(line.substr(0, told), ::testing::HasSubstr(" warning "));
      lost += std::stoul(line.substr(line.rfind(' ', told - 1) + 1));
    } else if (line.find(" info    line ") != std::string::npos) {
      ++lines;
      last = line;
    }
  }
  EXPECT_GT(lost, 0U);
  EXPECT_EQ(lines + lost, 20'000U);
  EXPECT_THAT(last, ::testing::HasSubstr(" info    line 19999"));
}

class ServiceManager : public ::testing::Test {
 protected:
  /// Listens where systemd would; `name` begins with / or @.
  void listen(const std::string& name) {
    descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    ASSERT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
              0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    if (name[0] == '/') path_ = name;
  }
  std::string received() {
    std::string text(256, '\0');
    const auto length = ::recv(descriptor_, text.data(), text.size(), 0);
    text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    return text;
  }
  void TearDown() override {
    ::unsetenv("NOTIFY_SOCKET");
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!path_.empty()) ::unlink(path_.c_str());
  }

 private:
  int descriptor_ = -1;
  std::string path_;
};

TEST_F(ServiceManager, IsToldThroughAPath) {
  listen(fmt::format("{}/notify-{}", ::testing::TempDir(), ::getpid()));
  EXPECT_TRUE(notify_service_manager("READY=1"));
  EXPECT_EQ(received(), "READY=1");
}

TEST_F(ServiceManager, IsToldThroughTheAbstractNamespace) {
  listen(fmt::format("@wgospf-test-{}", ::getpid()));
  EXPECT_TRUE(notify_reloading());
  EXPECT_THAT(received(), ::testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
}

TEST_F(ServiceManager, NobodyListensAndNothingHappens) {
  EXPECT_FALSE(notify_service_manager("READY=1"));
  ::setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
  EXPECT_FALSE(notify_service_manager("READY=1"));
  ::setenv("NOTIFY_SOCKET", "relative", 1);
  EXPECT_FALSE(notify_service_manager("READY=1"));
}

TEST_F(ServiceManager, WantsToHearFromThisProcessOrFromNone) {
  const auto interval = [](const char* time, const std::string& process) {
    ::setenv("WATCHDOG_USEC", time, 1);
    process.empty() ? ::unsetenv("WATCHDOG_PID") : ::setenv("WATCHDOG_PID", process.c_str(), 1);
    return watchdog_interval();
  };
  EXPECT_EQ(interval("30000000", ""), std::chrono::seconds{30});
  EXPECT_EQ(interval("30000000", std::to_string(::getpid())), std::chrono::seconds{30});
  EXPECT_EQ(interval("30000000", "1"), std::nullopt);
  for (const char* none : {"", "0", "30s", "-1", "99999999999999999999"})
    EXPECT_EQ(interval(none, ""), std::nullopt) << none;
  ::unsetenv("WATCHDOG_USEC");
  EXPECT_EQ(watchdog_interval(), std::nullopt);
}

}  // namespace
}  // namespace wgospf::daemon
