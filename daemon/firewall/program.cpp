#include "daemon/firewall/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "daemon/telling/words.h"

namespace wgospf::daemon::firewall {
namespace {

using Clock = std::chrono::steady_clock;

/// Of standard error, for the message.
constexpr std::size_t kErrorBytes = 2000;

class Pipe {
 public:
  Pipe() { is_open_ = ::pipe2(ends_.data(), O_CLOEXEC) == 0; }
  ~Pipe() {
    close_write();
    if (is_open_) ::close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] int read_end() const { return ends_[0]; }
  [[nodiscard]] int write_end() const { return ends_[1]; }
  void close_write() {
    if (is_open_ && ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }

 private:
  std::array<int, 2> ends_{-1, -1};
  bool is_open_ = false;
};

/// A child, ended with the object if it has not ended before.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    (void)wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// The status of waitpid(2); -1 when that is not known.
  int wait() {
    int status = -1;
    while (::waitpid(pid_, &status, 0) < 0)
      if (errno != EINTR) {
        status = -1;
        break;
      }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

/// 0 or an errno.
int spawn(const std::vector<std::string>& program, const Pipe& out, const Pipe& error, pid_t& pid) {
  std::vector<char*> arguments;
  for (const auto& argument : program) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::array<const char*, 3> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out.write_end(), 1);
  posix_spawn_file_actions_adddup2(&actions, error.write_end(), 2);
  // Signals that this process blocks or ignores would stay so.
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int result = ::posix_spawn(&pid, arguments[0], &actions, &attributes, arguments.data(),
                                   const_cast<char* const*>(environment.data()));
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return result;
}

/// Reads what is there; false at the end.
bool read_some(int fd, std::string& text) {
  std::array<char, 65536> buffer;
  const auto count = ::read(fd, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

}  // namespace

Result<std::string> output_of(const std::vector<std::string>& program, const ProgramLimits& limits) {
  Pipe out, error;
  if (!out.is_open() || !error.is_open()) return system_error(errno, "cannot make a pipe");
  pid_t pid = -1;
  if (const int failed = spawn(program, out, error, pid); failed != 0)
    return system_error(failed, "cannot run " + program.front());
  Child child(pid);
  out.close_write();
  error.close_write();
  const auto deadline = Clock::now() + limits.time;
  std::string text, errors;
  std::array<pollfd, 2> fds{{{out.read_end(), POLLIN, 0}, {error.read_end(), POLLIN, 0}}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Error{ErrorCode::timed_out, program.front() + " takes too long"};
    if (::poll(fds.data(), fds.size(), static_cast<int>(left)) < 0 && errno != EINTR)
      return system_error(errno, "cannot wait for " + program.front());
    if (fds[0].revents != 0 && !read_some(fds[0].fd, text)) fds[0].fd = -1;
    if (fds[1].revents != 0 && !read_some(fds[1].fd, errors)) fds[1].fd = -1;
    fds[0].revents = fds[1].revents = 0;
    if (text.size() > limits.bytes) return Error{ErrorCode::too_large, program.front() + " prints too much"};
    errors.resize(std::min(errors.size(), kErrorBytes));
  }
  const int status = child.wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return text;
  while (errors.ends_with('\n')) errors.pop_back();
  return Error{ErrorCode::rejected, fmt::format("{} fails: {}", program.front(),
                                                errors.empty() ? "it says nothing" : printable(errors))};
}

std::string find_program(const std::string& name) {
  for (const char* folder : {"/usr/sbin/", "/sbin/", "/usr/bin/", "/usr/local/sbin/"})
    if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
  return {};
}

}  // namespace wgospf::daemon::firewall
