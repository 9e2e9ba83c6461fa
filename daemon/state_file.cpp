#include "daemon/state_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "daemon/config/text_file.h"

namespace wgospf::daemon {
namespace {

Result<void> write_all(int fd, std::string_view text, const std::string& file) {
  while (!text.empty()) {
    const auto count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("cannot write " + file, errno);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace

Result<std::optional<std::string>> read_state_file(const std::string& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0 && errno == ENOENT) return std::optional<std::string>();
  auto read = read_text_file(file, Pipes::refuse);
  if (read.problem) return Error{ErrorCode::system, "cannot read " + file + ": " + *read.problem};
  return std::optional(std::move(read.text));
}

std::string take_state_file(const std::string& file,
                            const std::function<Result<void>(std::string_view)>& take) {
  const auto text = read_state_file(file);
  if (!text) return text.error().text;
  if (!*text) return {};
  const auto taken = take(**text);
  return taken ? std::string() : file + ": " + taken.error().text;
}

Result<void> write_state_file(const std::string& file, const std::string& text) {
  const std::string next = file + ".new";
  const std::string directory = file.substr(0, file.rfind('/'));
  if (::mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST)
    return failure("cannot make the directory " + directory, errno);
  // What a run that was killed has left, whatever its mode.
  ::unlink(next.c_str());
  const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return failure("cannot create " + next, errno);
  auto done = write_all(fd, text, next);
  if (::close(fd) != 0 && done) done = failure("cannot write " + next, errno);
  if (done && ::rename(next.c_str(), file.c_str()) != 0)
    done = failure("cannot rename " + next + " to " + file, errno);
  if (!done) ::unlink(next.c_str());
  return done;
}

}  // namespace wgospf::daemon
