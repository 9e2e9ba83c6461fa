// One daemon a table, whatever way the other one ended.
#include "rib/table_lock.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <thread>

#include "rib/operation.h"

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
  // Tests that run beside this one are other processes in the same network namespace.
  const std::uint32_t table = 2 * (static_cast<std::uint32_t>(getpid()) % (kTablesWithOwnIds / 2));
};

TEST_F(TableLockTest, SecondHolderIsRefusedWithTheNameOfTheFirst) {
  auto first = TableLock::acquire(directory + "/run", table);
  ASSERT_TRUE(first) << first.error().text;
  auto second = TableLock::acquire(directory + "/run", table);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text, HasSubstr("routing table " + std::to_string(table)));
  EXPECT_THAT(second.error().text, HasSubstr("process " + std::to_string(getpid())));
  EXPECT_TRUE(TableLock::acquire(directory + "/run", table + 1)) << "another table is another matter";
}

TEST_F(TableLockTest, TheSameTableWithAnotherLockDirectoryIsRefused) {
  auto first = TableLock::acquire(directory + "/one", table);
  ASSERT_TRUE(first) << first.error().text;
  for (int attempt = 0; attempt < 300; ++attempt) {
    auto second = TableLock::acquire(directory + "/other", table);
    ASSERT_FALSE(second) << "a private /run does not make the table another one";
    ASSERT_THAT(second.error().text, HasSubstr("routing table " + std::to_string(table)));
    if (attempt != 0) continue;
    EXPECT_THAT(second.error().text, HasSubstr("process " + std::to_string(getpid())));
  }
}

TEST_F(TableLockTest, TablesThatShareNextHopIdsAreRefused) {
  auto first = TableLock::acquire(directory, table);
  ASSERT_TRUE(first) << first.error().text;
  auto second = TableLock::acquire(directory, table + kTablesWithOwnIds);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text, HasSubstr("same next hop ids"));
  EXPECT_THAT(second.error().text, HasSubstr("process " + std::to_string(getpid())));
}

TEST_F(TableLockTest, TheSameTableOfAnotherNetworkNamespaceIsFree) {
  auto first = TableLock::acquire(directory, table);
  ASSERT_TRUE(first) << first.error().text;
  std::thread elsewhere([this] {
    if (unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no network namespace can be made here (not root?)";
    auto second = TableLock::acquire(directory, table);
    EXPECT_TRUE(second) << second.error().text;
    EXPECT_FALSE(TableLock::acquire(directory, table));
  });
  elsewhere.join();
}

TEST_F(TableLockTest, DirectoryHasItsPermissionsWhateverTheUmask) {
  for (const mode_t mask : {mode_t{0}, mode_t{077}, mode_t{0777}}) {
    const auto made = directory + "/run" + std::to_string(mask);
    const mode_t former = umask(mask);
    const auto lock = TableLock::acquire(made, 254);
    umask(former);
    ASSERT_TRUE(lock) << lock.error().text;
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
    auto lock = TableLock::acquire(directory, table);
    if (write(ready[1], lock ? "y" : "n", 1) != 1) _exit(1);
    while (true) pause();
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  EXPECT_FALSE(TableLock::acquire(directory, table));
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(TableLock::acquire(directory, table));
  close(ready[0]);
  close(ready[1]);
}

/// Binds the name of the table's socket as a user without rights, and stays until killed.
class Stranger {
 public:
  enum class Way { bound, listening, deaf };
  static constexpr uid_t kUser = 65'534;

  Stranger(std::uint32_t table, Way way) {
    int ready[2];
    if (pipe(ready) != 0) return;
    child_ = fork();
    if (child_ == 0) {
      const bool done = setuid(kUser) == 0 && hold(table, way);
      if (write(ready[1], done ? "y" : "n", 1) != 1) _exit(1);
      while (true) pause();
    }
    char byte = 0;
    holds = read(ready[0], &byte, 1) == 1 && byte == 'y';
    close(ready[0]);
    close(ready[1]);
  }
  ~Stranger() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  bool holds = false;
  [[nodiscard]] pid_t process() const { return child_; }

 private:
  static bool hold(std::uint32_t table, Way way) {
    const std::string name = "wgospfd/next-hop-ids/" + std::to_string(default_id_range(table).first);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path + 1, name.size());
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const int holder = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(holder, where, length) != 0) return false;
    if (way == Way::bound) return true;
    if (listen(holder, 0) != 0) return false;
    if (way == Way::listening) return true;
    while (connect(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), where, length) == 0) continue;
    return errno == EAGAIN;
  }
  pid_t child_ = -1;
};

TEST_F(TableLockTest, StrangerOnTheSocketIsWarnedOfAndKeepsNobodyOut) {
  if (geteuid() != 0) GTEST_SKIP() << "cannot become another user (not root?)";
  for (const auto way : {Stranger::Way::bound, Stranger::Way::listening, Stranger::Way::deaf}) {
    SCOPED_TRACE(static_cast<int>(way));
    const Stranger stranger(table, way);
    ASSERT_TRUE(stranger.holds);
    auto lock = TableLock::acquire(directory, table);
    ASSERT_TRUE(lock) << lock.error().text;
    EXPECT_THAT(lock.value().warning(), HasSubstr("user " + std::to_string(Stranger::kUser)));
    if (way == Stranger::Way::listening) {
      EXPECT_THAT(lock.value().warning(), HasSubstr("process " + std::to_string(stranger.process())));
    }
    EXPECT_FALSE(TableLock::acquire(directory, table)) << "the file still locks";
  }
  auto lock = TableLock::acquire(directory, table);
  ASSERT_TRUE(lock);
  EXPECT_EQ(lock.value().warning(), "");
}

TEST_F(TableLockTest, AStrangersSocketIsBoundWhenItIsFreeAndUntilThenTheFileTellsOfTheDaemon) {
  if (geteuid() != 0) GTEST_SKIP() << "cannot become another user (not root?)";
  const std::uint32_t range = default_id_range(table).first;
  auto stranger = std::make_unique<Stranger>(table, Stranger::Way::listening);
  ASSERT_TRUE(stranger->holds);
  auto lock = TableLock::acquire(directory + "/one", table);
  ASSERT_TRUE(lock) << lock.error().text;
  EXPECT_FALSE(lock.value().bind_again());
  stranger.reset();
  EXPECT_FALSE(IdsLock::try_acquire(range, directory + "/one")) << "the file is locked";
  EXPECT_TRUE(IdsLock::try_acquire(range, directory + "/other"));
  EXPECT_TRUE(lock.value().bind_again());
  EXPECT_EQ(lock.value().warning(), "");
  EXPECT_FALSE(IdsLock::try_acquire(range, directory + "/other"));
  EXPECT_FALSE(TableLock::acquire(directory + "/other", table));
  EXPECT_FALSE(lock.value().bind_again()) << "it is bound already";
}

TEST_F(TableLockTest, FilesOfOtherTablesAndOtherNamesAreNoLocksOfARange) {
  const std::uint32_t range = default_id_range(table).first;
  const auto other = TableLock::acquire(directory, table + 1);
  ASSERT_TRUE(other) << other.error().text;
  std::ofstream(directory + "/netns-1-table-" + std::to_string(table) + ".lock") << "";
  EXPECT_TRUE(IdsLock::try_acquire(range, directory));
  EXPECT_TRUE(IdsLock::try_acquire(range, directory + "/absent"));
  EXPECT_TRUE(IdsLock::try_acquire(range, {}));
}

TEST_F(TableLockTest, ADaemonThatStartsWaitsForWhoRemovesWhatAFormerRunLeft) {
  using namespace std::chrono_literals;
  auto remover = IdsLock::try_acquire(default_id_range(table).first, directory);
  ASSERT_TRUE(remover);
  EXPECT_FALSE(TableLock::acquire(directory, table, 20ms)) << "it does not wait for ever";
  auto starting = std::async(std::launch::async, [this] { return TableLock::acquire(directory, table); });
  std::string file;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) file = entry.path();
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const auto deadline = std::chrono::steady_clock::now() + 4s;
  const auto file_is_locked = [descriptor] {
    if (flock(descriptor, LOCK_SH | LOCK_NB) != 0) return true;
    flock(descriptor, LOCK_UN);
    return false;
  };
  while (!file_is_locked() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(file_is_locked());
  close(descriptor);
  EXPECT_EQ(starting.wait_for(50ms), std::future_status::timeout) << "the name is still bound";
  remover.reset();
  const auto lock = starting.get();
  EXPECT_TRUE(lock) << lock.error().text;
}

TEST_F(TableLockTest, DirectoryThatCannotBeMadeIsNamed) {
  auto lock = TableLock::acquire(directory + "/not/there", table);
  ASSERT_FALSE(lock);
  EXPECT_THAT(lock.error().text, HasSubstr(directory + "/not/there"));
}

}  // namespace
}  // namespace wgospf::rib
