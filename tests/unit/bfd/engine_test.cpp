// The thread with its sockets, on a loopback of its own, when the process may open few files.

#include "bfd/engine.h"

#include <dirent.h>
#include <gmock/gmock.h>
#include <net/if.h>
#include <sys/resource.h>

#include <limits>
#include <mutex>

#include "tests/unit/wgadapter/namespace.h"

namespace wgospf::bfd {
namespace {

using ::testing::HasSubstr;
using wg::test::eventually;
using wg::test::Namespace;

rlim_t open_files() {
  rlim_t count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (folder != nullptr && ::readdir(folder) != nullptr) ++count;
  if (folder != nullptr) ::closedir(folder);
  return count - 3;  // ".", "..", and the folder itself
}

/// The limit of open files, as it was again at the end.
class FileLimit {
 public:
  FileLimit() { (void)::getrlimit(RLIMIT_NOFILE, &former_); }
  ~FileLimit() { give_back(); }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;
  static void set(rlim_t files) {
    rlimit limit{};
    (void)::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = files;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  void give_back() { (void)::setrlimit(RLIMIT_NOFILE, &former_); }

 private:
  rlimit former_{};
};

/// The last view of an engine.
class Seen {
 public:
  [[nodiscard]] Engine::Callback callback() {
    return [this](EngineReport report) {
      const std::lock_guard lock(mutex_);
      view_ = std::move(report.view);
    };
  }
  [[nodiscard]] std::vector<std::string> troubles() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> result;
    for (const auto& session : view_ ? view_->sessions : std::vector<EngineSession>{}) {
      if (!session.trouble.empty()) result.push_back(session.trouble);
    }
    return result;
  }
  [[nodiscard]] std::size_t sessions() {
    const std::lock_guard lock(mutex_);
    return view_ ? view_->sessions.size() : 0;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const EngineView> view_;
};

/// So many on the loopback, none of which is answered.
std::vector<EngineWanted> wanted(std::uint32_t count) {
  std::vector<EngineWanted> result;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Place place{1, Ipv4Address{0x7f000002 + i}};
    result.push_back(
        {{place, Ipv4Address{0x7f000001}, {3, Microseconds{300'000}, Microseconds{300'000}}}, "lo"});
  }
  return result;
}

TEST(BfdEngine, SocketsMostLeavesSomeFilesToOthers) {
  EXPECT_EQ(sockets_most(65536), 65280U);
  EXPECT_EQ(sockets_most(1024), 768U);
  EXPECT_EQ(sockets_most(300), 150U);
  EXPECT_EQ(sockets_most(0), 0U);
  EXPECT_EQ(sockets_most(std::numeric_limits<std::uint64_t>::max()),
            std::numeric_limits<std::uint64_t>::max() - 256);
}

// In: no descriptor is left. Out: an error with the cure, no thread; with descriptors it starts.
TEST(BfdEngine, WithoutDescriptorsItIsNotStarted) {
  Seen seen;
  FileLimit limit;
  FileLimit::set(open_files());
  const auto refused = Engine::start(seen.callback());
  limit.give_back();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("LimitNOFILE"));
  EXPECT_TRUE(Engine::start(seen.callback()));
}

// In: room for a few of 20 sessions. Out: the others say why, some files are left, and with more room all are cured.
TEST(BfdEngine, SessionsWithoutASocketSayWhyAndGetOneLater) {
  WGOSPF_REQUIRE_NAMESPACES();
  Namespace place;
  place.sh("ip link set lo up");
  Seen seen;
  FileLimit limit;
  place.run([&] {
    auto engine = Engine::start(seen.callback());
    ASSERT_TRUE(engine) << engine.error().text;
    FileLimit::set(24);  // of which BFD may have 12
    (*engine)->follow(wanted(20));
    ASSERT_TRUE(eventually([&] { return seen.sessions() == 20 && !seen.troubles().empty(); }));
    for (const auto& trouble : seen.troubles()) EXPECT_THAT(trouble, HasSubstr("LimitNOFILE"));
    EXPECT_GE(seen.troubles().size(), 9U) << "11 senders and a receiver at most";
    limit.give_back();
    EXPECT_TRUE(eventually([&] { return seen.troubles().empty(); }));
  });
}

}  // namespace
}  // namespace wgospf::bfd
