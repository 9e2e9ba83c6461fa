#include "rib/table_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
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

Error failure(const std::string& what, int code) {
  return {code, what + ": " + std::strerror(code)};
}

std::string path_in(const std::string& directory, std::uint32_t table) {
  struct stat net_namespace {};
  std::string path = directory + "/";
  // Without /proc the name lacks it, and only daemons of different namespaces and one table notice.
  if (stat("/proc/thread-self/ns/net", &net_namespace) == 0)
    path += "netns-" + std::to_string(net_namespace.st_ino) + "-";
  return path + "table-" + std::to_string(table) + ".lock";
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

struct BoundSocket {
  int descriptor = -1;
  std::string warning{};
};
/// Bound and listening, so that the next one can ask who holds it. Nobody is ever answered.
Result<BoundSocket> bind_socket(std::uint32_t table) {
  const SocketName name = name_for(default_id_range(table).first);
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return failure("cannot open a socket for the lock of the routing table", errno);
  constexpr int kRefused = 128;  // so many can learn the holder's name
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&name.address), name.length) == 0 &&
      listen(descriptor, kRefused) == 0) {
    return BoundSocket{descriptor, {}};
  }
  const int code = errno;
  close(descriptor);
  if (code != EADDRINUSE) return failure("cannot bind the socket " + name.text, code);
  const SocketHolder holder = find_holder(name.address, name.length);
  if (!may_be_a_daemon(holder)) {
    return BoundSocket{-1, "the socket " + name.text +
                               ", which is to keep a second daemon from routing table " +
                               std::to_string(table) + ", is held by " + process_text(holder) + " of user " +
                               std::to_string(*holder.user) +
                               ", which cannot be a daemon: it is done without; end that process and restart "
                               "this one, and see to it that no daemon with another lock directory runs"};
  }
  return Error{EWOULDBLOCK, "routing table " + std::to_string(table) +
                                ", or another with the same next hop ids (those " +
                                std::to_string(kTablesWithOwnIds) +
                                " apart), is already kept in this network namespace by " +
                                process_text(holder) + ", which holds the socket " + name.text +
                                "; stop it, or configure another rib table for this daemon"};
}

}  // namespace

Result<TableLock> TableLock::acquire(const std::string& directory, std::uint32_t table) {
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
  TableLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
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
  auto bound = bind_socket(table);
  if (!bound) return bound.error();
  lock.socket_ = bound.value().descriptor;
  lock.warning_ = std::move(bound.value().warning);
  return lock;
}

TableLock::TableLock(TableLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      socket_(std::exchange(other.socket_, -1)),
      warning_(std::move(other.warning_)) {}

TableLock& TableLock::operator=(TableLock&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(socket_, other.socket_);
  std::swap(warning_, other.warning_);
  return *this;
}

std::optional<IdsLock> IdsLock::try_acquire(std::uint32_t first_id) {
  const SocketName name = name_for(first_id);
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::nullopt;
  IdsLock lock(descriptor);
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&name.address), name.length) != 0)
    return std::nullopt;
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
