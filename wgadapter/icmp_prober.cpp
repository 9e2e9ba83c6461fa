#include "wgadapter/icmp_prober.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace wgospf::wg {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

}  // namespace

class IcmpProber::Worker {
 public:
  Worker()
      : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        random_(std::random_device()()),
        thread_([this] { run(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    wake();
    thread_.join();
    if (wake_ >= 0) ::close(wake_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void probe(MtuProbe probe, Probed probed) {
    {
      const std::lock_guard lock(mutex_);
      probes_.push_back({std::move(probe), std::move(probed)});
    }
    wake();
  }
  void start(EchoTrain train, Fate fate) {
    {
      const std::lock_guard lock(mutex_);
      trains_.push_back({std::move(train), std::move(fate)});
    }
    wake();
  }
  void stop(std::uint64_t ticket) {
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(trains_, [&](const auto& waiting) { return waiting.first.ticket == ticket; });
      stopped_.push_back(ticket);
    }
    wake();
  }

 private:
  struct Search {
    MtuEchoes echoes;
    Probed probed;
  };

  void wake() const {
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof(one));
  }
  [[nodiscard]] bool is_ending() {
    const std::lock_guard lock(mutex_);
    return is_ending_;
  }
  /// The next that there is room for; nullopt: none now.
  template <class Item>
  [[nodiscard]] std::optional<Item> take(std::deque<Item>& queue, bool is_room) {
    const std::lock_guard lock(mutex_);
    if (queue.empty() || !is_room) return std::nullopt;
    std::optional<Item> item(std::move(queue.front()));
    queue.pop_front();
    return item;
  }

  void run() {
    while (!is_ending()) {
      take_stopped();
      while (auto next = take(trains_, running_.size() < kTrainsMost)) begin(next->first, next->second);
      while (auto next = take(probes_, searches_.size() < kSearchesMost)) begin(next->first, next->second);
      wait();
      const auto now = Clock::now();
      for (auto& train : running_) {
        train.receive(now);
        if (!train.is_over()) train.time_passed(now);
      }
      std::erase_if(running_, [](const RunningTrain& train) { return train.is_over(); });
      for (auto& [echoes, probed] : searches_) {
        echoes.receive(now);
        if (!echoes.is_over() && echoes.deadline() <= now) echoes.time_is_up(now);
        if (echoes.is_over()) probed(echoes.result());
      }
      std::erase_if(searches_, [](const Search& search) { return search.echoes.is_over(); });
    }
  }

  void take_stopped() {
    std::vector<std::uint64_t> stopped;
    {
      const std::lock_guard lock(mutex_);
      stopped.swap(stopped_);
    }
    std::erase_if(running_, [&](const RunningTrain& train) {
      return std::find(stopped.begin(), stopped.end(), train.ticket()) != stopped.end();
    });
  }

  void begin(const MtuProbe& probe, Probed& probed) {
    if (probe.most < MtuSearch::kSmallest) return probed({probe.ticket, 0, false, "its MTU is too small"});
    auto socket = EchoSocket::open(probe.target);
    if (!socket) return probed({probe.ticket, 0, false, socket.error().text});
    searches_.push_back({MtuEchoes(probe, std::move(socket).value(), random_), std::move(probed)});
  }

  void begin(EchoTrain& train, Fate& fate) {
    auto socket = EchoSocket::open(train.target);
    if (!socket) return fate({train.ticket, EchoFate::What::over, {}, false, socket.error().text});
    running_.emplace_back(std::move(train), std::move(socket).value(), random_, std::move(fate));
  }

  void wait() {
    std::vector<pollfd> fds{{wake_, POLLIN, 0}};
    auto deadline = Clock::time_point::max();
    for (const auto& train : running_) {
      fds.push_back({train.fd(), POLLIN, 0});
      deadline = std::min(deadline, train.is_over() ? Clock::now() : train.deadline());
    }
    for (const auto& search : searches_) {
      fds.push_back({search.echoes.fd(), POLLIN, 0});
      deadline = std::min(deadline, search.echoes.deadline());
    }
    int timeout = -1;
    if (deadline != Clock::time_point::max()) {
      const auto left = std::max(deadline, Clock::now()) - Clock::now();
      timeout = static_cast<int>(std::max<long>(std::chrono::ceil<milliseconds>(left).count(), 0));
    }
    (void)::poll(fds.data(), fds.size(), timeout);
    std::uint64_t count = 0;
    (void)!::read(wake_, &count, sizeof(count));
  }

  int wake_;
  std::mt19937 random_;
  std::mutex mutex_;
  std::deque<std::pair<MtuProbe, Probed>> probes_;
  std::deque<std::pair<EchoTrain, Fate>> trains_;
  std::vector<std::uint64_t> stopped_;
  bool is_ending_ = false;
  std::list<Search> searches_;
  std::list<RunningTrain> running_;
  std::thread thread_;  ///< last: it uses the others
};

IcmpProber::IcmpProber() : worker_(std::make_unique<Worker>()) {}
IcmpProber::~IcmpProber() = default;

void IcmpProber::probe(MtuProbe probe, Probed probed) {
  worker_->probe(std::move(probe), std::move(probed));
}

void IcmpProber::start(EchoTrain train, Fate fate) {
  worker_->start(std::move(train), std::move(fate));
}

void IcmpProber::stop(std::uint64_t ticket) {
  worker_->stop(ticket);
}

}  // namespace wgospf::wg
