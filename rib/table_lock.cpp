#include "rib/table_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "rib/operation.h"
#include "rib/socket_holder.h"

namespace wgospf::rib {

namespace {

// The file's text is a courtesy to whoever is refused; the lock itself is the kernel's.
std::string holder_of(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t length = pread(descriptor, text.data(), text.size() - 1, 0);
  std::string pid;
  for (ssize_t i = 0; i < length && text[static_cast<std::size_t>(i)] >= '0'; ++i) {
    pid += text[static_cast<std::size_t>(i)];
  }
  return pid.empty() ? "another process" : "process " + pid;
}

/// What the names of the files begin with. Without /proc it lacks the namespace, and only daemons of
/// different namespaces and one table notice.
std::string file_prefix() {
  struct stat net_namespace {};
  if (stat("/proc/thread-self/ns/net", &net_namespace) != 0) return "table-";
  return "netns-" + std::to_string(net_namespace.st_ino) + "-table-";
}
constexpr std::string_view kSuffix = ".lock";

std::string path_in(const std::string& directory, std::uint32_t table) {
  return directory + "/" + file_prefix() + std::to_string(table) + std::string(kSuffix);
}

/// The table whose lock a file of this name is, in this network namespace.
std::optional<std::uint32_t> table_of(std::string_view name) {
  const std::string prefix = file_prefix();
  if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint32_t table = 0;
  const char* const end = name.data() + name.size() - kSuffix.size();
  const auto [at, error] = std::from_chars(name.data() + prefix.size(), end, table);
  if (error != std::errc{} || at != end) return std::nullopt;
  return table;
}

/// Whether somebody holds the file. It is locked and let go at once; who wants it in that moment tries again.
bool is_locked(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return false;
  const bool locked = flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(descriptor);
  return locked;
}

/// Whether a daemon holds the file of a table with this range of ids.
bool any_is_locked(const std::string& directory, std::uint32_t first_id) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto table = table_of(entry->path().filename().string());
    if (table && default_id_range(*table).first == first_id && is_locked(entry->path())) return true;
  }
  return false;
}

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kBetweenTries{10};

/// A file is locked by others than daemons for a moment only (is_locked).
bool lock_file(int descriptor) {
  constexpr std::chrono::milliseconds kPatience{100};
  for (const auto until = Clock::now() + kPatience;; std::this_thread::sleep_for(kBetweenTries)) {
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK || Clock::now() >= until) return false;
  }
}

struct SocketName {
  sockaddr_un address{};
  socklen_t length = 0;
  std::string text{};
};
SocketName name_for(std::uint32_t first_id) {
  SocketName name;
  name.address.sun_family = AF_UNIX;
  // The first byte stays zero: abstract.
  const std::string text = "wgospfd/next-hop-ids/" + std::to_string(first_id);
  std::memcpy(name.address.sun_path + 1, text.data(), text.size());
  name.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  name.text = "@" + text;
  return name;
}

std::string process_text(const SocketHolder& holder) {
  return holder.process ? "process " + std::to_string(*holder.process) : "another process";
}

/// A daemon that can change routes runs as root or, with capabilities of its own, as this one does.
bool may_be_a_daemon(const SocketHolder& holder) {
  return !holder.user || *holder.user == 0 || *holder.user == geteuid();
}

std::string stranger_text(const SocketName& name, std::uint32_t table, const SocketHolder& holder) {
  return "the socket " + name.text + ", which is to keep a second daemon from routing table " +
         std::to_string(table) + ", is held by " + process_text(holder) + " of user " +
         std::to_string(*holder.user) +
         ", which cannot be a daemon: it is done without until that process ends, which is waited for; see "
         "to "
         "it that no daemon with another lock directory runs";
}

std::string daemon_text(const SocketName& name, std::uint32_t table, const SocketHolder& holder) {
  return "routing table " + std::to_string(table) + ", or another with the same next hop ids (those " +
         std::to_string(kTablesWithOwnIds) + " apart), is already kept in this network namespace by " +
         process_text(holder) + ", which holds the socket " + name.text +
         "; stop it, or configure another rib table for this daemon";
}

/// Bound, and if wanted listening, so that the next one can ask who holds it; nobody is ever answered. Or an
/// errno, negative.
enum class Listening : std::uint8_t { yes, no };
int bind_to(const SocketName& name, Listening listening) {
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  constexpr int kRefused = 128;  // so many can learn the holder's name
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&name.address), name.length) == 0 &&
      (listening == Listening::no || listen(descriptor, kRefused) == 0)) {
    return descriptor;
  }
  const int code = errno;
  close(descriptor);
  return -code;
}

struct BoundSocket {
  int descriptor = -1;
  std::string warning{};
};
Result<BoundSocket> bind_socket(std::uint32_t table, Clock::time_point until) {
  const SocketName name = name_for(default_id_range(table).first);
  for (;; std::this_thread::sleep_for(kBetweenTries)) {
    const int bound = bind_to(name, Listening::yes);
    if (bound >= 0) return BoundSocket{bound, {}};
    if (bound != -EADDRINUSE) return failure("cannot bind the socket " + name.text, -bound);
    const SocketHolder holder = find_holder(name.address, name.length);
    if (!may_be_a_daemon(holder)) return BoundSocket{-1, stranger_text(name, table, holder)};
    if (holder.listens || Clock::now() >= until) {
      return Error{EWOULDBLOCK, daemon_text(name, table, holder)};
    }
  }
}

}  // namespace

Result<TableLock> TableLock::acquire(const std::string& directory, std::uint32_t table,
                                     std::chrono::milliseconds patience) {
  // The umask may have taken bits away from what we made; a directory that was there is not ours to change.
  const bool made = mkdir(directory.c_str(), 0750) == 0 && chmod(directory.c_str(), 0750) == 0;
  if (!made && errno != EEXIST) {
    return failure(
        "cannot make the directory " + directory + " for the lock of routing table " + std::to_string(table),
        errno);
  }
  const std::string path = path_in(directory, table);
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (descriptor < 0) return failure("cannot open the lock " + path, errno);
  TableLock lock(descriptor, table);
  if (!lock_file(descriptor)) {
    if (errno != EWOULDBLOCK) return failure("cannot lock " + path, errno);
    return Error{EWOULDBLOCK, "routing table " + std::to_string(table) + " is already kept by " +
                                  holder_of(descriptor) + ", which holds " + path +
                                  "; stop it, or configure another rib table for this daemon"};
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return failure("cannot write to the lock " + path, errno);
  }
  auto bound = bind_socket(table, Clock::now() + patience);
  if (!bound) return bound.error();
  lock.socket_ = bound.value().descriptor;
  lock.warning_ = std::move(bound.value().warning);
  return lock;
}

TableLock::TableLock(TableLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      socket_(std::exchange(other.socket_, -1)),
      table_(other.table_),
      warning_(std::move(other.warning_)) {}

TableLock& TableLock::operator=(TableLock&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(socket_, other.socket_);
  std::swap(table_, other.table_);
  std::swap(warning_, other.warning_);
  return *this;
}

bool TableLock::bind_again() {
  if (warning_.empty()) return false;
  const int bound = bind_to(name_for(default_id_range(table_).first), Listening::yes);
  if (bound < 0) return false;
  socket_ = bound;
  warning_.clear();
  return true;
}

std::optional<IdsLock> IdsLock::try_acquire(std::uint32_t first_id, const std::string& directory) {
  const int bound = bind_to(name_for(first_id), Listening::no);
  if (bound < 0) return std::nullopt;
  IdsLock lock(bound);
  if (!directory.empty() && any_is_locked(directory, first_id)) return std::nullopt;
  return lock;
}

IdsLock::IdsLock(IdsLock&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

IdsLock& IdsLock::operator=(IdsLock&& other) noexcept {
  std::swap(socket_, other.socket_);
  return *this;
}

IdsLock::~IdsLock() {
  if (socket_ >= 0) close(socket_);
}

TableLock::~TableLock() {
  if (socket_ >= 0) close(socket_);
  if (file_ >= 0) close(file_);
}

}  // namespace wgospf::rib
