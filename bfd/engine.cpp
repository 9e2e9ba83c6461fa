#include "bfd/engine.h"

#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "bfd/sockets.h"

namespace wgospf::bfd {

namespace {

/// The lowest of the real-time priorities: before everything that is none.
constexpr int kRealTimePriority = 1;
constexpr std::chrono::seconds kViewInterval{1};
/// What is no loss is reported this much apart at the least: a neighbour's packets decide how often there is something.
constexpr std::chrono::milliseconds kReportAgain{50};
/// A socket that could not be opened is tried again after this time.
constexpr std::chrono::seconds kRetry{1};
/// Files of the process that are not BFD's: netlink, OSPF's sockets, the API and its clients.
constexpr std::uint64_t kLeftToOthers = 256;
/// Packets that are read before timers are looked at, so that a flood cannot stop these.
constexpr unsigned kReadMost = 65536;
/// Of them, from one socket before the others have their turn.
constexpr unsigned kReadOfOne = 64;
/// Longer than any control packet that we look at.
constexpr std::size_t kBuffer = 512;

Instant steady_now() {
  return Instant{std::chrono::steady_clock::now().time_since_epoch()};
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

class Engine::Worker {
 public:
  explicit Worker(Callback callback)
      : callback_(std::move(callback)), table_(random_seed()), random_(random_seed()) {}

  [[nodiscard]] Result<void> start() {
    wake_ = Socket{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (wake_) timer_ = Socket{::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
    if (timer_) poll_ = Socket{::epoll_create1(EPOLL_CLOEXEC)};
    if (!poll_) return system_error(errno, "BFD cannot be started");
    for (const auto* own : {&wake_, &timer_})
      if (auto watched = watch(own->fd()); !watched) return watched;
    thread_ = std::thread([this] { run(); });
    return {};
  }

  ~Worker() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    wake();
    thread_.join();
  }

  void follow(std::vector<EngineWanted> wanted) {
    {
      const std::lock_guard lock(mutex_);
      mailbox_ = std::move(wanted);
    }
    wake();
  }

 private:
  using Receiver = std::pair<std::uint32_t, Family>;  // ifindex
  struct Sender {
    Device device{};
    IpAddress source{};
    Socket socket{};
    std::string trouble{};
  };
  struct Hearing {
    Device device{};
    Socket socket{};
    std::string trouble{};
  };

  [[nodiscard]] Result<void> watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(poll_.fd(), EPOLL_CTL_ADD, fd, &event) == 0) return {};
    return system_error(errno, "BFD cannot wait for a socket");
  }

  void wake() const {
    const std::uint64_t one = 1;
    (void)!::write(wake_.fd(), &one, sizeof one);
  }

  void ask_for_real_time() {
    (void)::pthread_setname_np(::pthread_self(), "bfd");
    sched_param parameter{};
    parameter.sched_priority = kRealTimePriority;
    const int error = ::pthread_setschedparam(::pthread_self(), SCHED_FIFO, &parameter);
    if (error != 0) scheduling_ = std::strerror(error);
  }

  void run() {
    ask_for_real_time();
    while (take_mail()) {
      read_waiting();
      const Instant now = steady_now();
      table_.handle_timeout(now);
      send_all();
      if (now >= retry_at_) open_sockets(now);
      report(now);
      arm();
    }
    table_.follow(steady_now(), {});
    send_all();
  }

  /// False when the thread is to end.
  bool take_mail() {
    std::optional<std::vector<EngineWanted>> wanted;
    {
      const std::lock_guard lock(mutex_);
      if (is_ending_) return false;
      wanted = std::exchange(mailbox_, std::nullopt);
    }
    if (!wanted) return true;
    const Instant now = steady_now();
    std::vector<Wanted> sessions;
    devices_.clear();
    for (auto& one : *wanted) {
      devices_.insert_or_assign(one.session.place, one.device);
      sessions.push_back(std::move(one.session));
    }
    table_.follow(now, sessions);
    is_view_due_ = true;
    open_sockets(now);
    send_all();
    report(now);
    arm();
    return true;
  }

  /// Sockets for all sessions that there are, also those on their way out; none for others.
  void open_sockets(Instant now) {
    retry_at_ = Instant::max();
    const auto all = table_.places();
    close_others(all);
    for (const auto& [place, source] : all) {
      const auto named = devices_.find(place);
      if (named == devices_.end()) continue;  // keeps what it has
      const Device device{named->second, place.ifindex};
      Sender& sender = senders_[place];
      if (sender.source != source) sender = {};
      sender.device = device;
      sender.source = source;
      keep_open(sender, now, [&] { return open_sender(device, sender.source, random_.next_u32()); });
      const Family family = family_of(place.neighbor);
      Hearing& hearing = hearings_[{place.ifindex, family}];
      hearing.device = device;
      keep_open(hearing, now, [&] { return open_watched(device, family); });
    }
  }

  [[nodiscard]] Result<Socket> open_watched(const Device& device, Family family) const {
    auto socket = open_receiver(device, family);
    if (!socket) return socket;
    if (auto watched = watch(socket->fd()); !watched) return watched.error();
    return socket;
  }

  void close_others(const std::vector<std::pair<Place, IpAddress>>& all) {
    std::set<Place> places;
    std::set<Receiver> receivers;
    for (const auto& [place, source] : all) {
      places.insert(place);
      receivers.emplace(place.ifindex, family_of(place.neighbor));
    }
    std::erase_if(senders_, [&](const auto& one) { return !places.contains(one.first); });
    std::erase_if(hearings_, [&](const auto& one) { return !receivers.contains(one.first); });
    open_ = 0;
    for (const auto& [place, sender] : senders_) open_ += sender.socket ? 1U : 0U;
    for (const auto& [receiver, hearing] : hearings_) open_ += hearing.socket ? 1U : 0U;
    rlimit limit{};
    may_be_open_ = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? sockets_most(limit.rlim_cur) : 0;
  }

  template <class Holder, class Open>
  void keep_open(Holder& holder, Instant now, Open open) {
    if (holder.socket) return;
    auto opened = open_ < may_be_open_ ? open() : Result<Socket>(none_left());
    if (opened) {
      ++open_;
      holder.socket = std::move(*opened);
      holder.trouble.clear();
      is_view_due_ = true;
      return;
    }
    if (holder.trouble != opened.error().text) is_view_due_ = true;
    holder.trouble = opened.error().text;
    retry_at_ = now + kRetry;
  }

  [[nodiscard]] Error none_left() const {
    return {EMFILE,
            "there are " + std::to_string(may_be_open_) +
                " BFD sockets, which is as many as leave some files to all else (raise the limit of open "
                "files, LimitNOFILE= under systemd)"};
  }

  /// Sleeps until there is something. What waits in all sockets is read before any timer fires: who was late is we.
  void read_waiting() {
    unsigned left = kReadMost;
    std::array<epoll_event, 32> events{};
    int count = ::epoll_wait(poll_.fd(), events.data(), static_cast<int>(events.size()), -1);
    while (count > 0 && left > 0) {
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == wake_.fd() || fd == timer_.fd()) {
          std::uint64_t times = 0;
          (void)!::read(fd, &times, sizeof times);
        } else {
          read(fd, left);
        }
      }
      count = ::epoll_wait(poll_.fd(), events.data(), static_cast<int>(events.size()), 0);
    }
  }

  void read(int fd, unsigned& left) {
    const auto found = std::find_if(hearings_.begin(), hearings_.end(),
                                    [&](const auto& one) { return one.second.socket.fd() == fd; });
    if (found == hearings_.end()) return;
    for (unsigned own = kReadOfOne; own > 0 && left > 0; --own) {
      const auto received = receive(found->second.socket, buffer_);
      --left;
      if (!received || !*received) return;
      const Received& packet = **received;
      table_.receive(steady_now(), {{found->first.first, packet.source}, packet.ttl, packet.payload});
      send_all();
    }
  }

  void send_all() {
    while (const auto departure = table_.poll_transmit()) {
      const auto sender = senders_.find(departure->to);
      if (sender == senders_.end() || !sender->second.socket) continue;
      const auto sent = send(sender->second.socket, departure->to, encode(departure->packet));
      sender->second.trouble = sent ? std::string() : sent.error().text;  // shown with the next view
    }
  }

  void report(Instant now) {
    while (const auto change = table_.poll_change()) {
      if (change->transition.from == State::up || change->transition.to == State::up)
        changes_.push_back(*change);
      else
        is_view_due_ = true;
    }
    const bool is_loss = std::any_of(changes_.begin(), changes_.end(),
                                     [](const Change& change) { return change.transition.is_loss(); });
    if (!is_loss && now < report_at_) return;
    const bool is_due = is_view_due_ || (table_.size() != 0 && now >= view_at_);
    if (changes_.empty() && !is_due) return;
    is_view_due_ = false;
    view_at_ = now + kViewInterval;
    report_at_ = now + kReportAgain;
    callback_({std::exchange(changes_, {}), view()});
  }

  [[nodiscard]] std::shared_ptr<const EngineView> view() const {
    auto result = std::make_shared<EngineView>();
    result->is_real_time = scheduling_.empty();
    result->scheduling = scheduling_;
    for (std::size_t i = 0; i < kDiscards; ++i)
      result->discards[i] = table_.discards(Discard{static_cast<std::uint8_t>(i)});
    for (auto& session : table_.views()) {
      EngineSession shown;
      if (const auto sender = senders_.find(session.place); sender != senders_.end()) {
        shown.device = sender->second.device.name;
        shown.trouble = sender->second.trouble;
      }
      const auto hearing = hearings_.find({session.place.ifindex, family_of(session.place.neighbor)});
      if (hearing != hearings_.end() && !hearing->second.trouble.empty())
        shown.trouble = hearing->second.trouble;
      shown.session = std::move(session);
      result->sessions.push_back(std::move(shown));
    }
    return result;
  }

  void arm() const {
    Instant next = std::min(table_.poll_timeout(), retry_at_);
    if (table_.size() != 0) next = std::min(next, view_at_);
    if (!changes_.empty() || is_view_due_) next = std::min(next, report_at_);
    itimerspec at{};
    if (next != Instant::max()) {
      // 0 would disarm it.
      const auto when = std::max<std::int64_t>(next.time_since_epoch().count(), 1);
      at.it_value.tv_sec = when / 1'000'000'000;
      at.it_value.tv_nsec = when % 1'000'000'000;
    }
    (void)::timerfd_settime(timer_.fd(), TFD_TIMER_ABSTIME, &at, nullptr);
  }

  const Callback callback_;
  Socket wake_, timer_, poll_;
  std::mutex mutex_;
  std::optional<std::vector<EngineWanted>> mailbox_;  ///< mutex_
  bool is_ending_ = false;                            ///< mutex_

  // The thread's own.
  Table table_;
  Random random_;
  std::map<Place, std::string> devices_;
  std::map<Place, Sender> senders_;
  std::map<Receiver, Hearing> hearings_;
  std::array<std::byte, kBuffer> buffer_{};
  Instant view_at_{}, report_at_{};
  std::vector<Change> changes_;  ///< that are to be reported
  Instant retry_at_ = Instant::max();
  std::size_t open_ = 0, may_be_open_ = 0;  ///< sockets, as of the last look
  bool is_view_due_ = false;
  std::string scheduling_;
  std::thread thread_;
};

std::size_t sockets_most(std::uint64_t descriptors) {
  const auto most =
      std::max(descriptors / 2, descriptors - std::min<std::uint64_t>(descriptors, kLeftToOthers));
  return static_cast<std::size_t>(std::min<std::uint64_t>(most, std::numeric_limits<std::size_t>::max()));
}

Result<std::unique_ptr<Engine>> Engine::start(Callback callback) {
  auto worker = std::make_unique<Worker>(std::move(callback));
  if (auto started = worker->start(); !started) return started.error();
  return std::unique_ptr<Engine>(new Engine(std::move(worker)));
}

Engine::Engine(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}
Engine::~Engine() = default;
void Engine::follow(std::vector<EngineWanted> wanted) {
  worker_->follow(std::move(wanted));
}

}  // namespace wgospf::bfd
