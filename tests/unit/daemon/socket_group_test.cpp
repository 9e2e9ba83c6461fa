// api.group: who may use the API's socket.

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "daemon/api/socket_place.h"

namespace wgospf::daemon::api {
namespace {

class SocketGroup : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    // Root may name any group, others one of theirs.
    const ::group* other = ::geteuid() == 0 ? ::getgrnam("nogroup") : ::getgrgid(::getegid());
    ASSERT_NE(other, nullptr);
    name_ = other->gr_name;
    id_ = other->gr_gid;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  static gid_t group_of(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 ? status.st_gid : static_cast<gid_t>(-1);
  }
  /// A socket of the group at `path`.
  void publish(const std::string& path) {
    auto place = SocketPlace::prepare(path, name_);
    ASSERT_TRUE(place) << place.error().text;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto& at = place.value().private_path();
    std::copy(at.begin(), at.end(), address.sun_path);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const auto error = place.value().publish();
    ASSERT_FALSE(error) << error->text;
    EXPECT_EQ(group_of(path), id_);
    ::close(fd);
  }
  std::string directory_ = ::testing::TempDir() + "/wgospf-group-XXXXXX";
  std::string name_;
  gid_t id_ = 0;
};

TEST_F(SocketGroup, OwnsTheSocketAndADirectoryThatNobodyElseCouldEnter) {
  publish(directory_ + "/made/s");
  EXPECT_EQ(group_of(directory_ + "/made"), id_);
  ASSERT_EQ(::mkdir((directory_ + "/open").c_str(), 0755), 0);
  const auto before = group_of(directory_ + "/open");
  publish(directory_ + "/open/s");
  EXPECT_EQ(group_of(directory_ + "/open"), before);
}

TEST_F(SocketGroup, ThatDoesNotExistIsAnError) {
  const auto place = SocketPlace::prepare(directory_ + "/s", "no-such-group");
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().text, "api.group: there is no group no-such-group; make it, or name another");
}

}  // namespace
}  // namespace wgospf::daemon::api
