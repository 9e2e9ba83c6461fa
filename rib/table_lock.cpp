#include "rib/table_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

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

}  // namespace

Result<TableLock> TableLock::acquire(const std::string& directory, std::uint32_t table) {
  // The umask may have taken bits away from what we made; a directory that was there is not ours to change.
  const bool made = mkdir(directory.c_str(), 0750) == 0 && chmod(directory.c_str(), 0750) == 0;
  if (!made && errno != EEXIST) {
    return failure(
        "cannot make the directory " + directory + " for the lock of routing table " + std::to_string(table),
        errno);
  }
  const std::string path = directory + "/table-" + std::to_string(table) + ".lock";
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
  return lock;
}

TableLock::TableLock(TableLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

TableLock& TableLock::operator=(TableLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

TableLock::~TableLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace wgospf::rib
