// 100,000 routes through the rib thread, from `submit` to "in the kernel", and what one lost neighbour costs
// then. The floor is the same messages sent in the same batches by a bare socket that knows beforehand what
// to send and that nobody listens to: the kernel's own time. Wall time, fastest of several rounds, in a
// network namespace of its own; without the right to make one there is nothing to measure.

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <mutex>

#include "rib/kernel_thread.h"
#include "rib/socket.h"

namespace wgospf::rib {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint32_t kRoutes = 100'000;
constexpr int kRounds = 5;
constexpr std::size_t kBatch = 256;
constexpr std::uint32_t kTable = 254;
constexpr int kSkipped = 77;  ///< the exit status that CTest counts as skipped

Ipv4Prefix prefix(std::uint32_t n) {
  return Ipv4Prefix::make({0x0a000000U + (n << 8)}, 24);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "rib_bench: %s\n", why.c_str());
  std::exit(2);
}

void execute(RouteSocket& socket, const std::vector<Operation>& operations, const RouteContext& context) {
  for (std::size_t at = 0; at < operations.size(); at += kBatch) {
    const auto part = std::span(operations).subspan(at, std::min(kBatch, operations.size() - at));
    for (const Outcome& outcome : socket.execute(part, context).outcomes) {
      if (outcome.error != 0)
        give_up("the kernel refuses (" + std::to_string(outcome.error) + ") " + outcome.text);
    }
  }
}

/// The devices of two veth pairs, up and running.
std::vector<std::uint32_t> make_links() {
  if (unshare(CLONE_NEWNET) != 0) {
    std::printf("skipped: no network namespace can be made here\n");
    std::exit(kSkipped);
  }
  if (std::system("for i in a b; do ip link add ${i}0 type veth peer name ${i}1 && ip link set ${i}0 up && "
                  "ip link set ${i}1 up || exit 1; done; ip link set lo up") != 0) {
    give_up("cannot make the links");
  }
  auto monitor = LinkMonitor::open();
  if (!monitor) give_up(monitor.error().text);
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (Clock::now() < deadline) {
    std::vector<std::uint32_t> ready;
    if (const auto events = monitor->on_readable(); !events) give_up(events.error().text);
    for (const auto& [ifindex, link] : monitor->snapshot())
      if (!link.flags.loopback && link.flags.lower_up) ready.push_back(ifindex);
    if (ready.size() >= 4) return ready;
  }
  give_up("the links do not come up");
}

struct Times {
  double install = std::numeric_limits<double>::infinity();
  double lost_neighbour = std::numeric_limits<double>::infinity();
  double remove = std::numeric_limits<double>::infinity();
  void fastest(const Times& other) {
    install = std::min(install, other.install);
    lost_neighbour = std::min(lost_neighbour, other.lost_neighbour);
    remove = std::min(remove, other.remove);
  }
};

Times bare(const std::vector<std::uint32_t>& links) {
  auto opened = RouteSocket::open();
  if (!opened) give_up(opened.error().text);
  RouteSocket& socket = opened.value();
  // Ids of another table: the thread of the last round may have left its next hops behind.
  const RouteContext context{kTable, 110, default_id_range(kTable + 1)};
  const std::uint32_t id = context.ids.first;
  execute(socket,
          {AddNexthop{id, {.ifindex = links[0]}}, AddNexthop{id + 1, {.ifindex = links[2]}},
           AddGroup{id + 2, {}, {{id, 1}, {id + 1, 1}}}},
          context);
  std::vector<Operation> add;
  std::vector<Operation> remove;
  for (std::uint32_t n = 0; n < kRoutes; ++n) {
    add.emplace_back(AddRoute{prefix(n), id + 2, {}});
    remove.emplace_back(DeleteRoute{prefix(n), id + 2});
  }
  Times times;
  auto start = Clock::now();
  execute(socket, add, context);
  times.install = seconds_since(start);
  start = Clock::now();
  execute(socket, {ReplaceGroup{id + 2, {}, {{id + 1, 1}}}}, context);
  times.lost_neighbour = seconds_since(start);
  start = Clock::now();
  execute(socket, remove, context);
  times.remove = seconds_since(start);
  execute(socket, {DeleteGroup{id + 2}, DeleteNexthop{id}, DeleteNexthop{id + 1}}, context);
  return times;
}

class Subject {
 public:
  Subject() {
    auto started = KernelThread::start({}, {});
    if (!started) give_up(started.error().text);
    kernel_ = std::move(started.value());
    auto attached = kernel_->attach({.table = kTable}, [this](Reports reports) {
      const std::lock_guard lock(mutex_);
      for (const Report& report : reports) {
        if (const auto* acknowledged = std::get_if<Acknowledged>(&report)) done_ = acknowledged->ticket;
        if (const auto* failed = std::get_if<Failed>(&report)) give_up(failed->text);
      }
      changed_.notify_all();
    });
    if (!attached) give_up(attached.error().text);
    table_ = std::move(attached.value());
  }
  double run(std::vector<Change> changes) {
    Batch batch{++ticket_, std::move(changes)};
    const auto start = Clock::now();
    table_->submit(std::move(batch));
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_ == ticket_; });
    return seconds_since(start);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t done_ = 0;
  std::uint64_t ticket_ = 0;
  std::unique_ptr<KernelThread> kernel_;
  std::unique_ptr<Table> table_;
};

Times through_the_thread(Subject& subject, const std::vector<std::uint32_t>& links) {
  std::vector<Change> add{SetChanged{1, Family::ipv4, {{.ifindex = links[0]}, {.ifindex = links[2]}}}};
  std::vector<Change> remove;
  for (std::uint32_t n = 0; n < kRoutes; ++n) {
    add.emplace_back(PrefixChanged{.prefix = prefix(n), .set_id = 1});
    remove.emplace_back(PrefixGone{prefix(n)});
  }
  Times times;
  times.install = subject.run(std::move(add));
  times.lost_neighbour = subject.run({SetChanged{1, Family::ipv4, {{.ifindex = links[2]}}}});
  times.remove = subject.run(std::move(remove));
  return times;
}

bool hold(const char* what, double time, double floor, double limit) {
  const bool good = time <= limit * floor;
  std::printf("%s %s: %.2f ms, floor %.2f ms, ratio %.2f (at most %.2f)\n", good ? "ok  " : "FAIL", what,
              time * 1e3, floor * 1e3, time / floor, limit);
  return good;
}

int run() {
  const auto links = make_links();
  Times floor;
  Times times;
  for (int round = 0; round < kRounds; ++round) {
    floor.fastest(bare(links));
    Subject subject;
    times.fastest(through_the_thread(subject, links));
  }
  std::printf("%u routes: installed %.0f/s (bare socket %.0f/s), removed %.0f/s (%.0f/s)\n", kRoutes,
              kRoutes / times.install, kRoutes / floor.install, kRoutes / times.remove,
              kRoutes / floor.remove);
  bool good = hold("install 100,000 routes", times.install, floor.install, 4);
  good = hold("lose a neighbour of 100,000 routes", times.lost_neighbour, floor.lost_neighbour, 4) && good;
  good = hold("remove 100,000 routes", times.remove, floor.remove, 5) && good;
  return good ? 0 : 1;
}

}  // namespace
}  // namespace wgospf::rib

int main() {
  return wgospf::rib::run();
}
