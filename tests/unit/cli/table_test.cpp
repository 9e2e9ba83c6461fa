#include "cli/table.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace wgospf::cli {
namespace {

TEST(Table, AlignsColumnsAndLeavesNoSpacesAtTheEndOfLines) {
  Table table({{"PREFIX"}, {"METRIC", Align::right}, {"VIA"}});
  table.row({"10.0.0.0/8", "20", "dev a"});
  table.row({"192.168.37.0/24", "1000", ""});
  table.continued({"", "", "dev b"});
  EXPECT_EQ(table.text(Colours::off),
            "PREFIX           METRIC  VIA\n"
            "10.0.0.0/8           20  dev a\n"
            "192.168.37.0/24    1000  -\n"
            "                         dev b\n");
}

TEST(Table, IndentsEveryLine) {
  Table table({{"A"}, {"B", Align::right}});
  table.row({"x", "1"});
  EXPECT_EQ(table.text(Colours::off, 2), "  A  B\n  x  1\n");
}

TEST(Table, ColoursDoNotDisturbTheAlignment) {
  Table table({{"STATE"}, {"ID"}});
  table.row({{"full", Colour::good}, "1"});
  EXPECT_EQ(table.text(Colours::on), "\033[2mSTATE\033[0m  \033[2mID\033[0m\n\033[32mfull\033[0m   1\n");
}

/// The longest line.
std::size_t width_of(const std::string& text) {
  std::istringstream lines(text);
  std::size_t width = 0;
  for (std::string line; std::getline(lines, line);) width = std::max(width, line.size());
  return width;
}

// In: a terminal that is not wide enough. Out: cells are wrapped between words, and nothing is lost.
TEST(Table, WrapsBetweenWordsWhatIsTooWide) {
  Table table({{"PREFIX"}, {"METRIC", Align::right}, {"KERNEL"}});
  table.row({"10.0.0.0/8", "20", "failed: the kernel says no such device"});
  EXPECT_EQ(table.text({Colours::off, 40}),
            "PREFIX      METRIC  KERNEL\n"
            "10.0.0.0/8      20  failed: the kernel\n"
            "                    says no such device\n");
  EXPECT_EQ(table.text({Colours::off, 200}), table.text(Colours::off));
}

// In: words that leave no room. Out: columns that can be done without go, the most dispensable first, by name.
TEST(Table, LeavesOutWhatHasNoRoomAndSaysSo) {
  Table table({{"ROUTER-ID"}, {"AREA", Align::left, 1}, {"ADDRESS", Align::left, 2}, {"STATE"}});
  table.row({"10.0.32.2", "0.0.0.0", "192.168.137.200", "full"});
  EXPECT_EQ(table.text({Colours::off, 30}),
            "ROUTER-ID  AREA     STATE\n"
            "10.0.32.2  0.0.0.0  full\n"
            "(no room for ADDRESS; --wide\n"
            "shows all)\n");
  EXPECT_EQ(table.text({Colours::off, 20}).substr(0, 32), "ROUTER-ID  STATE\n10.0.32.2  full");
}

TEST(Table, BreaksWordsAtLastAndNeverRunsOver) {
  Table table({{"KEY"}, {"ENDPOINT"}});
  table.row(
      {"2qxnrbVXzZO3b2GiHZMBrK1HnVvmJHF4MVyIl1nBwmI=", "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:51820"});
  for (const std::size_t width : {20U, 40U, 79U})
    EXPECT_LE(width_of(table.text({Colours::off, width})), width);
}

// In: little room, and a heading that is longer than what stands below it. Out: words are broken before headings are.
TEST(Table, BreaksHeadingsLast) {
  Table table({{"INTERFACE"}, {"ADDRESS"}});
  table.row({"wg0", "2001:db8:1:2:3:4:5:6/64"});
  EXPECT_EQ(table.text({Colours::off, 20}),
            "INTERFACE  ADDRESS\n"
            "wg0        2001:db8:\n"
            "           1:2:3:4:5\n"
            "           :6/64\n");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({{"NAME"}, {"ID"}});
  table.row({"b\xc3\xbcro", "1"});
  table.row({"kontor", "2"});
  EXPECT_EQ(table.text(Colours::off), "NAME    ID\nb\xc3\xbcro    1\nkontor  2\n");
}

TEST(Colours, AreOffWhereTheOutputIsNoTerminal) {
  setenv("TERM", "xterm", 1);
  unsetenv("NO_COLOR");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_EQ(colours_of(ends[1]), Colours::off);
  close(ends[0]);
  close(ends[1]);
}

class Terminal : public ::testing::Test {
 protected:
  void SetUp() override {
    master_ = posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(master_, 0);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
  }
  void TearDown() override {
    if (master_ >= 0) close(master_);
    unsetenv("NO_COLOR");
  }
  int master_ = -1;
};

TEST_F(Terminal, HasColours) {
  EXPECT_EQ(colours_of(master_), Colours::on);
}

TEST_F(Terminal, HasNoColoursWithNO_COLOR) {
  setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(colours_of(master_), Colours::off);
  setenv("NO_COLOR", "", 1);  // empty counts as not set
  EXPECT_EQ(colours_of(master_), Colours::on);
}

TEST_F(Terminal, HasNoColoursWhereItIsDumb) {
  setenv("TERM", "dumb", 1);
  EXPECT_EQ(colours_of(master_), Colours::off);
}

TEST(SecondsText, GrowsCoarserWithTime) {
  EXPECT_EQ(seconds_text(-1), "0.0s");
  EXPECT_EQ(seconds_text(3.25), "3.2s");
  EXPECT_EQ(seconds_text(9.96), "10s");
  EXPECT_EQ(seconds_text(59.4), "59s");
  EXPECT_EQ(seconds_text(59.6), "1m00s");
  EXPECT_EQ(seconds_text(75), "1m15s");
  EXPECT_EQ(seconds_text(7500), "2h05m");
  EXPECT_EQ(seconds_text(200'000), "2d07h");
}

TEST(BytesText, UsesBinaryUnits) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(2048), "2.0 KiB");
  EXPECT_EQ(bytes_text(1024 * 1024 - 1), "1.0 MiB");
  EXPECT_EQ(bytes_text(~std::uint64_t{0}), "16.0 EiB");
}

TEST(CountText, MindsTheNumber) {
  EXPECT_EQ(count_text(0, "route"), "0 routes");
  EXPECT_EQ(count_text(1, "route"), "1 route");
  EXPECT_EQ(count_text(2, "route"), "2 routes");
}

}  // namespace
}  // namespace wgospf::cli
