// The operator's commands: what they get, what they have not, and that they end.
#include "daemon/events/command.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <thread>

#include "daemon/events/hooks.h"
#include "tests/support/eventually.h"

namespace wgospf::daemon::events {
namespace {

using ::testing::HasSubstr;
using Kind = CommandEnd::Kind;

class CommandTest : public ::testing::Test {
 protected:
  ~CommandTest() override { ::close(stop_); }
  CommandEnd shell(const std::string& script, const std::string& input = {},
                   CommandLimits limits = {}) const {
    return run_command({"/bin/sh", "-c", script, "hook"}, input, limits, stop_);
  }
  const int stop_ = ::eventfd(0, EFD_CLOEXEC);
};

TEST_F(CommandTest, GetsItsInputAndSaysWhatItPrintsAndItsStatus) {
  const auto end = shell("cat; echo to stderr >&2; exit 3", "{\"kind\":\"notice\"}\n");
  EXPECT_EQ(end.kind, Kind::exited);
  EXPECT_EQ(end.value, 3);
  EXPECT_EQ(end.output, "{\"kind\":\"notice\"}\nto stderr\n");
  EXPECT_FALSE(end.is_cut);
  EXPECT_EQ(shell("kill -9 $$").kind, Kind::signalled);
  // More than a pipe holds, which the command need not read.
  EXPECT_EQ(shell("exit 0", std::string(1 << 20, 'x')).value, 0);
}

/// What the kernel says of the command's process. Without a shell, which has its own way with signals.
std::vector<std::string> status_of_command(int stop) {
  const auto end =
      run_command({"/bin/grep", "-E", "^(Cap|NoNewPrivs|SigIgn|SigBlk)", "/proc/self/status"}, {}, {}, stop);
  EXPECT_EQ(end.value, 0) << end.output;
  std::vector<std::string> lines;
  std::istringstream in(end.output);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST_F(CommandTest, HasNoCapabilitiesAndGetsNoneAgain) {
  std::signal(SIGPIPE, SIG_IGN);  // as the daemon has it
  const auto lines = status_of_command(stop_);
  for (const char* line :
       {"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1",
        "SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"})
    EXPECT_THAT(lines, ::testing::Contains(line));
}

// As the service has it: without CAP_SETPCAP the bounding set stays as it is.
TEST_F(CommandTest, HasNoCapabilitiesWhereTheBoundingSetCannotBeEmptied) {
  std::vector<std::string> lines;
  std::thread([&] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> sets{};
    ASSERT_EQ(::syscall(SYS_capget, &header, sets.data()), 0);
    for (auto* set : {&sets[0].effective, &sets[0].permitted, &sets[0].inheritable})
      *set &= ~(1U << CAP_SETPCAP);
    ASSERT_EQ(::syscall(SYS_capset, &header, sets.data()), 0);  // of this thread alone
    lines = status_of_command(stop_);
  }).join();
  for (const char* line : {"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000",
                           "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1"})
    EXPECT_THAT(lines, ::testing::Contains(line));
}

TEST_F(CommandTest, HasNoDescriptorOfOursNorOurEnvironment) {
  const int open = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  ASSERT_GT(open, 2);
  ::setenv("WGOSPF_TEST_SECRET", "x", 1);
  std::signal(SIGPIPE, SIG_IGN);  // as the daemon has it
  const auto end = shell("echo /proc/self/fd/*; env | sort; pwd");
  ::close(open);
  // 0, 1 and 2; the shell opens one itself to list them.
  EXPECT_EQ(end.output.find("/proc/self/fd/" + std::to_string(open) + " "), std::string::npos) << end.output;
  EXPECT_THAT(end.output, HasSubstr("/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2"));
  EXPECT_EQ(end.output.find("WGOSPF_TEST_SECRET"), std::string::npos);
  EXPECT_THAT(end.output, HasSubstr("LC_ALL=C\n"));
  EXPECT_THAT(end.output, HasSubstr("\n/\n"));
}

TEST_F(CommandTest, IsKilledWithAllThatItHasStartedWhenTheTimeIsOver) {
  const auto mark = std::filesystem::temp_directory_path() / ("wgospf-command-" + std::to_string(::getpid()));
  // The child of the child goes on when its parent is gone, unless the group is killed.
  const auto end = shell("(echo begun > " + mark.string() + "; exec sleep 1000) & echo $!; wait", {},
                         {.time = std::chrono::milliseconds{500}});
  EXPECT_EQ(end.kind, Kind::timed_out);
  const pid_t child = std::stoi(end.output);
  EXPECT_TRUE(std::filesystem::exists(mark));
  std::filesystem::remove(mark);
  EXPECT_TRUE(test::eventually([&] { return ::kill(child, 0) != 0; }, std::chrono::seconds{10}));
}

TEST_F(CommandTest, WhatItLeavesBehindEndsWithIt) {
  const auto end = shell("sleep 1000 & echo $!");
  EXPECT_EQ(end.kind, Kind::exited);
  const pid_t child = std::stoi(end.output);
  EXPECT_TRUE(test::eventually([&] { return ::kill(child, 0) != 0; }, std::chrono::seconds{10}));
}

TEST_F(CommandTest, OutputIsReadToItsEndAndKeptUpToALimit) {
  const auto end = shell("head -c 300000 /dev/zero | tr '\\0' x; exit 7", {}, {.output = 100});
  EXPECT_EQ(end.value, 7);
  EXPECT_EQ(end.output, std::string(100, 'x'));
  EXPECT_TRUE(end.is_cut);
}

TEST_F(CommandTest, IsEndedWhenTheDaemonEnds) {
  std::thread ender([this] {
    const std::uint64_t one = 1;
    EXPECT_EQ(::write(stop_, &one, sizeof one), 8);
  });
  EXPECT_EQ(shell("sleep 1000", {}, {.time = std::chrono::seconds{100}}).kind, Kind::stopped);
  ender.join();
}

TEST_F(CommandTest, WhatCannotBeRunSaysWhy) {
  const auto end = run_command({"/nonexistent/hook"}, {}, {}, stop_);
  EXPECT_EQ(end.kind, Kind::not_run);
  EXPECT_EQ(end.step, "run");
  EXPECT_EQ(end.value, ENOENT);
  EXPECT_EQ(run_command({"/etc/passwd"}, {}, {}, stop_).value, EACCES);
}

TEST(Allowance, IsSoManyAtOnceAndGrowsAgainWithinAMinute) {
  using std::chrono::seconds;
  Allowance allowance(6);
  const Allowance::Instant begin{seconds{1000}};
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(allowance.take(begin));
  EXPECT_FALSE(allowance.take(begin));
  EXPECT_FALSE(allowance.take(begin + seconds{9}));
  EXPECT_TRUE(allowance.take(begin + seconds{10}));
  EXPECT_FALSE(allowance.take(begin + seconds{11}));
  int taken = 0;
  for (int i = 0; i < 10; ++i) taken += allowance.take(begin + seconds{1000}) ? 1 : 0;
  EXPECT_EQ(taken, 6);
}

}  // namespace
}  // namespace wgospf::daemon::events
