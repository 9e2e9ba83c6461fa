#include "daemon/events/command.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <utility>

namespace wgospf::daemon::events {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kStackBytes = std::size_t{64} << 10;
/// Files that the command may have open; more than what it gets from a shell would be ours.
constexpr rlim_t kFiles = 1024;
/// Where the kernel has no pidfd_open(2), the end of the command is looked for so often.
constexpr std::chrono::milliseconds kLook{20};

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }
  /// Above those of the standard streams, which the child sets up: we may have been started without them.
  [[nodiscard]] bool lift() {
    if (fd_ < 0 || fd_ > 2) return fd_ >= 0;
    const int higher = ::fcntl(fd_, F_DUPFD_CLOEXEC, 3);
    reset(higher);
    return higher >= 0;
  }

 private:
  int fd_;
};

/// What the child needs, in memory that both see.
struct Child {
  const char* path = nullptr;
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  int input = -1, output = -1;
  // What the child says.
  int error = 0;
  const char* step = nullptr;
};

/// Of the child: system calls only. What may fail harmlessly is not looked at.
int fail(Child& child, const char* step) {
  child.error = errno;
  child.step = step;
  ::_exit(127);
}

void close_others() {
  if (::syscall(SYS_close_range, 3U, ~0U, 0U) == 0) return;
  rlimit limit{};
  (void)::getrlimit(RLIMIT_NOFILE, &limit);
  for (rlim_t fd = 3; fd < limit.rlim_cur; ++fd) ::close(static_cast<int>(fd));
}

void default_signals() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) (void)::sigaction(signal, &action, nullptr);
}

/// The killer of processes out of memory need not spare it. The mark is the child's alone (proc(5)).
void give_up_oom_score() {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  (void)!::write(fd, "0", 1);
  ::close(fd);
}

/// False: it still could do something as root.
bool drop_capabilities() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // Takes CAP_SETPCAP, which the service has not: there no_new_privs keeps an empty permitted set empty.
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    (void)::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Its stack is another one.
__attribute__((no_sanitize("address", "thread", "undefined")))
#endif
int child_main(void* argument) {
  auto& child = *static_cast<Child*>(argument);
  (void)::setsid();
  if (::dup2(child.input, 0) < 0 || ::dup2(child.output, 1) < 0 || ::dup2(child.output, 2) < 0)
    return fail(child, "set up its standard streams");
  close_others();
  default_signals();
  give_up_oom_score();
  const rlimit files{kFiles, kFiles}, no_core{0, 0};
  (void)::setrlimit(RLIMIT_NOFILE, &files);
  (void)::setrlimit(RLIMIT_CORE, &no_core);
  if (::chdir("/") != 0) return fail(child, "change to /");
  if (!drop_capabilities()) return fail(child, "drop its capabilities");
  sigset_t none;
  ::sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
  (void)::execve(child.path, child.arguments, child.environment);
  return fail(child, "run");
}

/// The process id; -1 with errno. What the child has to say is in `child` when this returns.
pid_t start(Child& child) {
  const auto stack = std::make_unique<std::byte[]>(kStackBytes);
  // No handler of ours runs in the child, whose memory is ours.
  sigset_t all, former;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &former);
  // It returns when the child has called execve(2) or _exit(2).
  const pid_t pid = ::clone(child_main, stack.get() + kStackBytes, CLONE_VM | CLONE_VFORK | SIGCHLD, &child);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &former, nullptr);
  errno = error;
  return pid;
}

/// `text` to be read from its beginning; -1 with errno.
int memory_file(const std::string& text) {
  const int fd = ::memfd_create("event", MFD_CLOEXEC);
  if (fd < 0) return -1;
  for (std::size_t done = 0; done < text.size();) {
    const auto count = ::write(fd, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      ::close(fd);
      return -1;
    }
    done += static_cast<std::size_t>(count);
  }
  (void)::lseek(fd, 0, SEEK_SET);
  return fd;
}

/// A child that runs. Its group is killed, and it is waited for, at the latest at the end of this.
class Running {
 public:
  explicit Running(pid_t pid) : pid_(pid), end_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U))) {}
  ~Running() { (void)finish(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Readable when it has ended; -1 where the kernel has no such thing.
  [[nodiscard]] int end_fd() const { return end_.get(); }
  [[nodiscard]] bool has_ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid != 0;
  }
  /// The status of waitpid(2). The group is killed first: until then its number is not another's.
  int finish() {
    if (pid_ <= 0) return status_;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status_;
  }

 private:
  pid_t pid_;
  Descriptor end_;
  int status_ = 0;
};

/// Reads what is there; false at the end.
bool read_some(int fd, std::size_t most, CommandEnd& end) {
  std::array<char, 4096> buffer;
  const auto count = ::read(fd, buffer.data(), buffer.size());
  if (count <= 0) return count < 0 && (errno == EINTR || errno == EAGAIN);
  const auto kept = std::min(static_cast<std::size_t>(count), most - end.output.size());
  end.output.append(buffer.data(), kept);
  end.is_cut = end.is_cut || kept < static_cast<std::size_t>(count);
  return true;
}

/// Until it has ended, or why it is not waited for any longer.
CommandEnd::Kind wait_for(const Running& running, int output, const CommandLimits& limits, int stop,
                          CommandEnd& end) {
  using Kind = CommandEnd::Kind;
  const auto deadline = Clock::now() + limits.time;
  std::array<pollfd, 3> fds{{{output, POLLIN, 0}, {running.end_fd(), POLLIN, 0}, {stop, POLLIN, 0}}};
  while (!running.has_ended()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return Kind::timed_out;
    const auto wait = running.end_fd() < 0 ? std::min(left, kLook) : left;
    for (auto& fd : fds) fd.revents = 0;
    (void)::poll(fds.data(), fds.size(), static_cast<int>(wait.count()));
    if (fds[2].revents != 0) return Kind::stopped;
    if (fds[0].revents != 0 && !read_some(output, limits.output, end)) fds[0].fd = -1;
  }
  return Kind::exited;
}

CommandEnd not_run(std::string step, int error = errno) {
  return {CommandEnd::Kind::not_run, error, std::move(step)};
}

}  // namespace

CommandEnd run_command(const std::vector<std::string>& command, const std::string& input,
                       const CommandLimits& limits, int stop) {
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::array<const char*, 3> environment{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                         "LC_ALL=C", nullptr};
  Descriptor in(memory_file(input));
  std::array<int, 2> ends{-1, -1};
  if (in.get() < 0 || ::pipe2(ends.data(), O_CLOEXEC) != 0) return not_run("be given the event");
  Descriptor out(ends[0]), write_end(ends[1]);
  if (!in.lift() || !write_end.lift()) return not_run("be given the event");
  Child child{command.front().c_str(), arguments.data(), const_cast<char* const*>(environment.data()),
              in.get(), write_end.get()};
  const pid_t pid = start(child);
  if (pid < 0) return not_run("start");
  Running running(pid);
  write_end.reset();
  if (child.step != nullptr) return not_run(child.step, child.error);
  CommandEnd end;
  (void)::fcntl(out.get(), F_SETFL, O_NONBLOCK);
  end.kind = wait_for(running, out.get(), limits, stop, end);
  const int status = running.finish();
  // What it has printed last.
  for (pollfd fd{out.get(), POLLIN, 0}; ::poll(&fd, 1, 0) > 0 && read_some(out.get(), limits.output, end);) {
  }
  if (end.kind != CommandEnd::Kind::exited) return end;
  if (WIFSIGNALED(status)) end.kind = CommandEnd::Kind::signalled;
  end.value = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  return end;
}

}  // namespace wgospf::daemon::events
