#include "namespace.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace wgospf::wg::test {
namespace {

/// Into fresh namespaces, this thread only; the errno when that fails.
int enter_namespaces() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return errno;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
  for (const char* own : {"/run", "/var/lib"})
    if (::mount("tmpfs", own, "tmpfs", 0, "mode=755") != 0) return errno;
  return ::mkdir("/run/wireguard", 0700) == 0 ? 0 : errno;
}

/// A socket exists some moments before its program listens on it.
bool accepts_connections(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(fd);
  return connected;
}

pid_t spawn(const std::vector<const char*>& arguments) {
  std::vector<char*> list;
  for (const char* argument : arguments) list.push_back(const_cast<char*>(argument));
  list.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // of the namespace's thread
  ::setenv("WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD", "1", 1);
  // Its banner is of no use here, and its failures show by the missing socket.
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
  ::execvp(list[0], list.data());
  ::_exit(127);
}

}  // namespace

std::string namespaces_unavailable() {
  static const std::string reason = [] {
    int error = 0;
    std::thread([&error] { error = enter_namespaces(); }).join();
    if (error == 0) return std::string();
    return "cannot make network namespaces here (" + std::string(std::strerror(error)) + "): run as root";
  }();
  return reason;
}

bool readable(int fd, std::chrono::milliseconds within) {
  pollfd ready{fd, POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(within.count())) == 1;
}

Namespace::Namespace() : thread_([this] { work(); }) {
  run([this] { fd_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); });
  sh("ip link set lo up");
}

Namespace::~Namespace() {
  while (!children_.empty()) stop_wireguard_go();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (fd_ >= 0) ::close(fd_);
}

void Namespace::work() {
  EXPECT_EQ(enter_namespaces(), 0);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stop_ || job_ != nullptr; });
    if (stop_) return;
    (*job_)();
    job_ = nullptr;
    changed_.notify_all();
  }
}

void Namespace::run(const std::function<void()>& body) {
  std::unique_lock lock(mutex_);
  job_ = &body;
  changed_.notify_all();
  changed_.wait(lock, [this] { return job_ == nullptr; });
}

void Namespace::sh(const std::string& command) {
  run([&] { EXPECT_EQ(std::system(command.c_str()), 0) << command; });
}

std::string Namespace::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_);
}

bool Namespace::start_wireguard_go(const std::string& name) {
  bool started = false;
  run([&] {
    const pid_t pid = spawn({"wireguard-go", "-f", name.c_str()});
    if (pid < 0) return;
    children_.push_back(pid);
    started = eventually([&] { return accepts_connections("/var/run/wireguard/" + name + ".sock"); });
  });
  return started;
}

void Namespace::stop_wireguard_go() {
  const pid_t pid = children_.back();
  children_.pop_back();
  ::kill(pid, SIGTERM);
  int status = 0;
  if (!eventually([&] { return ::waitpid(pid, &status, WNOHANG) == pid; })) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &status, 0);
  }
}

}  // namespace wgospf::wg::test
