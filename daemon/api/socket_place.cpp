#include "daemon/api/socket_place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "daemon/config/group.h"

namespace wgospf::daemon::api {
namespace {

/// Of the private directories' names; mkdtemp() adds six characters.
constexpr const char* kPrivatePrefix = "/.wgospf-";
constexpr const char* kGroupCure =
    "make the daemon a member of it (SupplementaryGroups= in its unit), or give it CAP_CHOWN";
constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

Error error_of(int code, std::string_view what, const std::string& path, std::string_view cure) {
  return {code, fmt::format("api.listen: cannot {} {}: {}; {}", what, path, std::strerror(code), cure)};
}

std::optional<Error> make_directory(const std::string& directory) {
  // Only we may enter before the final permissions are set; the umask may have taken bits away.
  if (::mkdir(directory.c_str(), 0700) == 0) {
    if (::chmod(directory.c_str(), kDirectoryMode) == 0) return std::nullopt;
    return error_of(errno, "set the permissions of", directory, "run as the owner of the directory");
  }
  if (errno == EEXIST) return std::nullopt;
  return error_of(errno, "make the directory", directory,
                  "make its parent directory first, run as root, or choose another path");
}

/// Does somebody accept connections at `path`?
bool is_served(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const bool busy = !connected && errno == EAGAIN;  // its queue is full, so it is alive
  ::close(fd);
  return connected || busy;
}

/// A directory that nobody else holds, open and locked; -1 when there is none, or somebody holds it.
int lock_directory(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

/// What daemons that were killed at their start have left in `directory`.
void remove_left_behind(const std::string& directory) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string path = entry.path().string();
    if (path.compare(directory.size(), std::strlen(kPrivatePrefix), kPrivatePrefix) != 0) continue;
    const int fd = lock_directory(path);
    if (fd < 0) continue;
    ::unlink((path + "/s").c_str());
    ::rmdir(path.c_str());
    ::close(fd);
  }
}

std::optional<Error> check_present(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  if (!S_ISSOCK(status.st_mode)) {
    return Error{EEXIST, fmt::format("api.listen: {} exists and is not a socket; remove it, or choose "
                                     "another path",
                                     path)};
  }
  if (is_served(path)) {
    return Error{EADDRINUSE, fmt::format("api.listen: another process listens on {}; stop it, or choose "
                                         "another path",
                                         path)};
  }
  return std::nullopt;
}

}  // namespace

Result<SocketPlace> SocketPlace::prepare(std::string path, const std::string& group) {
  const auto slash = path.rfind('/');
  if (path.empty() || path.front() != '/' || slash + 1 == path.size()) {
    return Error{EINVAL, fmt::format("api.listen: \"unix:{}\" is not an absolute path of a file; write "
                                     "unix:/run/wgospf/wgospfd.sock",
                                     path)};
  }
  const std::string directory = slash == 0 ? "/" : path.substr(0, slash);
  const std::size_t private_length = directory.size() + std::strlen(kPrivatePrefix) + 6 + 2;
  if (std::max(path.size(), private_length) > kLongestPath) {
    return Error{ENAMETOOLONG, fmt::format("api.listen: the path {} is too long for a socket; its "
                                           "directory may have at most {} characters",
                                           path, kLongestPath - 17)};
  }
  if (auto error = make_directory(directory)) return *error;
  if (auto error = check_present(path)) return *error;
  SocketPlace place;
  place.path_ = std::move(path);
  if (!group.empty()) {
    place.group_ = find_group(group);
    if (!place.group_)
      return Error{ENOENT, fmt::format("api.group: there is no group {}; make it, or name another", group)};
  }
  if (auto error = place.give_directory(directory)) return *error;
  remove_left_behind(directory);
  if (auto error = place.make_private(directory)) return *error;
  return place;
}

/// Only where the group could not reach the socket otherwise: a directory of ours that others cannot enter.
std::optional<Error> SocketPlace::give_directory(const std::string& directory) const {
  struct stat status {};
  const bool is_closed = group_ && ::stat(directory.c_str(), &status) == 0 && status.st_uid == ::geteuid() &&
                         (status.st_mode & S_IXOTH) == 0;
  if (!is_closed || status.st_gid == *group_) return std::nullopt;
  if (::chown(directory.c_str(), static_cast<uid_t>(-1), *group_) == 0) return std::nullopt;
  return error_of(errno, "give to the group of api.group", directory, kGroupCure);
}

std::optional<Error> SocketPlace::make_private(const std::string& directory) {
  constexpr int kAttempts = 10;
  for (int i = 0; i < kAttempts; ++i) {
    std::string made = directory + kPrivatePrefix + "XXXXXX";
    if (!::mkdtemp(made.data())) break;
    private_lock_ = lock_directory(made);
    // Another daemon may have taken it for a dead one's before it was locked.
    struct stat status {};
    if (private_lock_ >= 0 && ::stat(made.c_str(), &status) == 0) {
      private_directory_ = made;
      private_path_ = made + "/s";
      return std::nullopt;
    }
    if (private_lock_ >= 0) ::close(std::exchange(private_lock_, -1));
  }
  return error_of(errno, "write to", directory, "run as its owner, or choose another path");
}

SocketPlace::SocketPlace(SocketPlace&& other) noexcept
    : path_(std::move(other.path_)),
      group_(other.group_),
      private_directory_(std::exchange(other.private_directory_, {})),
      private_path_(std::move(other.private_path_)),
      private_lock_(std::exchange(other.private_lock_, -1)),
      published_(std::exchange(other.published_, std::nullopt)) {}

SocketPlace::~SocketPlace() {
  withdraw();
  remove_private();
}

void SocketPlace::remove_private() {
  if (private_directory_.empty()) return;
  ::unlink(private_path_.c_str());
  ::rmdir(private_directory_.c_str());
  private_directory_.clear();
  if (private_lock_ >= 0) ::close(std::exchange(private_lock_, -1));
}

std::optional<Error> SocketPlace::publish() {
  struct stat status {};
  if (group_ && ::chown(private_path_.c_str(), static_cast<uid_t>(-1), *group_) != 0)
    return error_of(errno, "give to the group of api.group", private_path_, kGroupCure);
  if (::chmod(private_path_.c_str(), kSocketMode) != 0 || ::stat(private_path_.c_str(), &status) != 0) {
    return error_of(errno, "set the permissions of", private_path_, "choose another path");
  }
  if (::rename(private_path_.c_str(), path_.c_str()) != 0) {
    return error_of(errno, "put the socket at", path_, "remove what is there, or choose another path");
  }
  published_ = status.st_ino;
  remove_private();
  return std::nullopt;
}

bool SocketPlace::published() const {
  struct stat status {};
  return published_ && ::lstat(path_.c_str(), &status) == 0 && status.st_ino == *published_;
}

void SocketPlace::withdraw() {
  if (published()) ::unlink(path_.c_str());
  published_.reset();
}

}  // namespace wgospf::daemon::api
