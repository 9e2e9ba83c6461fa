// Files that are remembered from one run to the next.

#include "daemon/state_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace wgospf::daemon {
namespace {

using testing::HasSubstr;

class StateFileTest : public testing::Test {
 protected:
  StateFileTest() {
    std::string pattern = testing::TempDir() + "wgospf-state-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    file_ = folder_ + "/state/allowed-ips";
  }
  ~StateFileTest() override { std::filesystem::remove_all(folder_); }
  std::string folder_, file_;
};

TEST_F(StateFileTest, IsReadAsItWasWritten) {
  const auto none = read_state_file(file_);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  for (const std::string text : {"one\n", "", "another\n"}) {
    ASSERT_TRUE(write_state_file(file_, text));
    EXPECT_EQ(**read_state_file(file_), text);
  }
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ + "/state"), {}), 1);
}

TEST_F(StateFileTest, WhatAKillLeftDoesNotMatter) {
  ASSERT_TRUE(write_state_file(file_, "one\n"));
  std::ofstream(file_ + ".new") << "half of";
  EXPECT_EQ(**read_state_file(file_), "one\n");
  ASSERT_TRUE(write_state_file(file_, "two\n"));
  EXPECT_EQ(**read_state_file(file_), "two\n");
}

TEST_F(StateFileTest, ErrorsNameTheFile) {
  const std::string deep = folder_ + "/a/b/c";
  const auto written = write_state_file(deep, "x");
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().text, HasSubstr(folder_ + "/a/b"));
  std::filesystem::create_directory(folder_ + "/folder");
  const auto read = read_state_file(folder_ + "/folder");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().text, HasSubstr(folder_ + "/folder"));
  ASSERT_TRUE(write_state_file(file_, "one\n"));
  std::filesystem::create_directory(file_ + ".new");
  EXPECT_FALSE(write_state_file(file_, "two\n"));
  EXPECT_EQ(**read_state_file(file_), "one\n");
}

}  // namespace
}  // namespace wgospf::daemon
