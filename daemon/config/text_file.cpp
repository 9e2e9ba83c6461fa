#include "daemon/config/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace wgospf::daemon {
namespace {

TextFile read_all(int fd) {
  TextFile file;
  std::array<char, 65536> part{};
  while (true) {
    const auto count = ::read(fd, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {{}, std::strerror(errno)};
    if (count == 0) return file;
    file.text.append(part.data(), static_cast<std::size_t>(count));
    if (file.text.size() > kMaxTextFile)
      return {{}, fmt::format("it holds more than {} MiB, which no configuration does", kMaxTextFile >> 20)};
  }
}

}  // namespace

TextFile read_text_file(const std::string& name, Pipes pipes) {
  // Opening a pipe waits for its writer, unless it is told not to.
  const int waiting = pipes == Pipes::wait ? 0 : O_NONBLOCK;
  const int fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | waiting);
  if (fd < 0) return {{}, std::strerror(errno)};
  struct stat status {};
  const bool known = ::fstat(fd, &status) == 0;
  const bool may_wait =
      known && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode) || S_ISSOCK(status.st_mode));
  TextFile file = may_wait && pipes == Pipes::refuse
                      ? TextFile{{}, "it is no regular file, and is read at the start only"}
                      : read_all(fd);
  ::close(fd);
  return file;
}

bool is_pem(const std::string& text) {
  return text.find("-----BEGIN ") != std::string::npos;
}

}  // namespace wgospf::daemon
