// One daemon a table, whatever way the other one ended.
#include "rib/table_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

namespace wgospf::rib {
namespace {

using testing::HasSubstr;

class TableLockTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/wgospf-lock-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory); }
  std::string directory;
};

TEST_F(TableLockTest, SecondHolderIsRefusedWithTheNameOfTheFirst) {
  auto first = TableLock::acquire(directory + "/run", 254);
  ASSERT_TRUE(first) << first.error().message;
  auto second = TableLock::acquire(directory + "/run", 254);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("routing table 254"));
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(getpid())));
  EXPECT_TRUE(TableLock::acquire(directory + "/run", 255)) << "another table is another matter";
}

TEST_F(TableLockTest, DirectoryHasItsPermissionsWhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{077}, mode_t{0777}}) {
    const auto made = directory + "/run" + std::to_string(mask);
    const mode_t former = umask(mask);
    const auto lock = TableLock::acquire(made, 254);
    umask(former);
    ASSERT_TRUE(lock) << lock.error().message;
    EXPECT_EQ(std::filesystem::status(made).permissions(), std::filesystem::perms{0750});
  }
}

TEST_F(TableLockTest, DirectoryThatWasThereKeepsItsPermissions) {
  std::filesystem::permissions(directory, std::filesystem::perms{0755});
  ASSERT_TRUE(TableLock::acquire(directory, 254));
  EXPECT_EQ(std::filesystem::status(directory).permissions(), std::filesystem::perms{0755});
}

TEST_F(TableLockTest, LockOfAKilledProcessIsFree) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto lock = TableLock::acquire(directory, 254);
    if (write(ready[1], lock ? "y" : "n", 1) != 1) _exit(1);
    while (true) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  EXPECT_FALSE(TableLock::acquire(directory, 254));
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(TableLock::acquire(directory, 254));
  close(ready[0]);
  close(ready[1]);
}

TEST_F(TableLockTest, DirectoryThatCannotBeMadeIsNamed) {
  auto lock = TableLock::acquire(directory + "/not/there", 254);
  ASSERT_FALSE(lock);
  EXPECT_THAT(lock.error().message, HasSubstr(directory + "/not/there"));
}

}  // namespace
}  // namespace wgospf::rib
