#include "wgadapter/device_thread.h"

#include <time.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "wgadapter/endpoint_way.h"
#include "wgadapter/plan.h"
#include "wgadapter/transmit_watch.h"

namespace wgospf::wg {
namespace {

using Clock = std::chrono::steady_clock;

/// A device that took long is left alone for so many times as long.
constexpr int kRest = 4;
/// And so many times as long, before it is read out of turn because its interface sends much.
constexpr int kRestBeforeLeap = 25;
/// The interfaces' counters rest for so many times the processor time that they took.
constexpr int kRestOfTraffic = 100;

/// A device that is read closely rests for so many times the processor time that its reading took: with what those do
/// who are told of it, a hundredth of the processor.
constexpr int kRestOfClose = 200;

/// That this thread has had.
std::chrono::nanoseconds processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

bool is_no_device(const Error& error) {
  return error.code == ErrorCode::not_wireguard || error.code == ErrorCode::not_found;
}

}  // namespace

class DeviceThread::Worker {
 public:
  struct Watch {
    std::vector<std::string> names{};
  };
  struct Ways {
    std::optional<OwnRoutes> own{};
  };
  struct Read {
    std::string name{};
  };
  struct Close {
    std::set<std::string> names{};
  };
  struct Ask {};
  struct Change {
    std::uint64_t ticket = 0;
    std::string name{};
    DeviceDelta delta{};
  };
  struct Renew {
    std::string name{};
    Renewal renewal{};
  };
  using Command = std::variant<Watch, Close, Read, Ways, Ask, Change, Renew>;

  Worker(DeviceThreadOptions options, Callback callback)
      : options_(std::move(options)), callback_(std::move(callback)), devices_(options_.device) {
    thread_ = std::thread([this] { run(); });
  }
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void post(Command command);

 private:
  /// A device and what is known of it.
  struct Device {
    std::shared_ptr<const wg::Device> last{};  ///< null: there is none, or it could not be read yet
    SystemTime read_at{};                      ///< `last`
    std::string error{};
    bool is_known = false;  ///< some reading has told what it is
    Clock::time_point due{};
    Clock::time_point rests_until{};  ///< it is not read out of turn before

    [[nodiscard]] PeerReading peers() const {
      return last == nullptr ? PeerReading{} : PeerReading{last->peers, read_at};
    }
  };

  void run();
  /// What has been posted; waits for it while nothing is due. nullopt: the end.
  [[nodiscard]] std::optional<std::vector<Command>> wait();
  [[nodiscard]] std::optional<Clock::time_point> next_due() const;
  void take(Watch& command);
  void take(Close& command);
  void take(Read& command);
  void take(Ways& command);
  void take(Ask& command);
  void take(Change& command);
  void take(Renew& command);
  [[nodiscard]] std::optional<Error> problem_of_aim(const Renew& command);
  [[nodiscard]] Result<wg::Device> change(const Change& command, const wg::Device* last);
  void do_what_is_due();
  void read(const std::string& name, Device& device);
  void note(const std::string& name, Device& device, wg::Device reading);
  void note_absence(const std::string& name, Device& device);
  void read_traffic();
  void note_leaps(const std::vector<std::uint32_t>& ifindexes, Clock::time_point now);
  void read_underlay();
  [[nodiscard]] std::string read_ways(Underlay& underlay);
  void want_underlay() { underlay_due_ = std::min(underlay_due_, Clock::now()); }
  void report();

  const DeviceThreadOptions options_;
  const Callback callback_;

  std::mutex mutex_;
  std::condition_variable posted_;
  std::vector<Command> inbox_;
  bool stop_ = false;

  // The thread's own.
  Devices devices_;
  std::map<std::string, Device> watched_;
  std::set<std::string> closely_;
  bool is_watching_ = false;  ///< names have been given, be it none
  std::optional<UnderlayReader> reader_;
  std::optional<OwnRoutes> own_;  ///< the ways are wanted
  std::shared_ptr<const Underlay> underlay_ = std::make_shared<Underlay>();
  std::string ways_error_;
  std::optional<SentBytesReader> sent_bytes_;
  TransmitWatch traffic_;
  Clock::time_point traffic_due_{};
  Clock::time_point underlay_due_ = Clock::time_point::max();
  bool is_told_ = false;  ///< the underlay as it is has been reported, and nobody asks
  DeviceReports reports_;

  std::thread thread_;
};

DeviceThread::Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  posted_.notify_one();
  thread_.join();
}

void DeviceThread::Worker::post(Command command) {
  {
    const std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(command));
  }
  posted_.notify_one();
}

void DeviceThread::Worker::run() {
  while (auto commands = wait()) {
    // Renewals may be many and take long; what routes wait for goes first.
    std::stable_partition(commands->begin(), commands->end(),
                          [](const auto& command) { return !std::holds_alternative<Renew>(command); });
    for (auto& command : *commands) std::visit([this](auto& item) { take(item); }, command);
    do_what_is_due();
    report();
  }
}

std::optional<std::vector<DeviceThread::Worker::Command>> DeviceThread::Worker::wait() {
  const auto due = next_due();
  std::unique_lock lock(mutex_);
  const auto is_awake = [this] { return stop_ || !inbox_.empty(); };
  if (due)
    posted_.wait_until(lock, *due, is_awake);
  else
    posted_.wait(lock, is_awake);
  if (stop_) return std::nullopt;
  return std::exchange(inbox_, {});
}

std::optional<std::chrono::steady_clock::time_point> DeviceThread::Worker::next_due() const {
  auto due = underlay_due_;
  for (const auto& [name, device] : watched_) {
    due = std::min(due, device.due);
    if (device.last != nullptr) due = std::min(due, traffic_due_);
  }
  return due == Clock::time_point::max() ? std::nullopt : std::optional(due);
}

void DeviceThread::Worker::take(Watch& command) {
  std::map<std::string, Device> watched;
  bool is_changed = !std::exchange(is_watching_, true);
  for (auto& name : command.names) {
    const auto known = watched_.find(name);
    is_changed = is_changed || known == watched_.end();
    watched.emplace(std::move(name), known == watched_.end() ? Device{} : std::move(known->second));
  }
  is_changed = is_changed || watched.size() != watched_.size();
  std::swap(watched_, watched);
  // What is not watched any more is gone for those who were told of it.
  for (auto& [name, device] : watched)
    if (!watched_.contains(name)) note_absence(name, device);
  if (!is_changed) return;
  is_told_ = false;
  want_underlay();
}

void DeviceThread::Worker::take(Close& command) {
  closely_ = std::move(command.names);
  const auto now = Clock::now();
  for (const auto& name : closely_)
    if (const auto watched = watched_.find(name); watched != watched_.end())
      watched->second.due = std::min(watched->second.due, now + options_.close_interval);
}

void DeviceThread::Worker::take(Read& command) {
  const auto watched = watched_.find(command.name);
  if (watched != watched_.end()) watched->second.due = std::min(watched->second.due, Clock::now());
}

void DeviceThread::Worker::take(Ways& command) {
  if (command.own == own_) return;
  own_ = command.own;
  is_told_ = false;
  want_underlay();
}

void DeviceThread::Worker::take(Ask& /*command*/) {
  const auto now = Clock::now();
  for (auto& [name, device] : watched_) device.due = std::min(device.due, now);
  is_told_ = false;
  want_underlay();
}

void DeviceThread::Worker::take(Change& command) {
  const auto watched = watched_.find(command.name);
  const auto last = watched == watched_.end() ? nullptr : watched->second.last;
  auto result = change(command, last.get());
  const bool is_read = result && (last == nullptr || *result != *last);
  if (watched != watched_.end()) {
    if (is_read) note(command.name, watched->second, *result);
    if (!result) watched->second.due = Clock::now();
  }
  reports_.push_back(Applied{command.ticket, result ? std::nullopt : std::optional(result.error())});
}

void DeviceThread::Worker::take(Renew& command) {
  if (command.renewal.aim) {
    if (auto problem = problem_of_aim(command)) {
      reports_.push_back(
          Renewed{command.name, command.renewal.peer, std::move(problem), command.renewal.aim, true});
      return;
    }
  }
  const auto done = devices_.renew(command.name, command.renewal);
  if (done && !*done) return;
  if (const auto watched = watched_.find(command.name); watched != watched_.end())
    watched->second.due = Clock::now();
  reports_.push_back(Renewed{command.name, command.renewal.peer,
                             done ? std::nullopt : std::optional(done.error()), command.renewal.aim});
}

/// Why the peer is not to be sought there, as the kernel's routes are now.
std::optional<Error> DeviceThread::Worker::problem_of_aim(const Renew& command) {
  if (!reader_) {
    auto opened = UnderlayReader::open();
    if (!opened) return opened.error();
    reader_.emplace(std::move(opened).value());
  }
  std::vector<const wg::Device*> devices;
  for (const auto& [name, device] : watched_)
    if (device.last != nullptr) devices.push_back(device.last.get());
  const auto checked = check_way(devices, command.name, command.renewal.peer, *command.renewal.aim,
                                 [this](const IpAddress& address, const Outer& outer) {
                                   return reader_->way(address, outer, own_.value_or(OwnRoutes{}));
                                 });
  return checked ? std::nullopt : std::optional(checked.error());
}

// One reading: before the difference where that must not take what nobody has seen, else after it, against the
// device as it was read last. Where that turns out to be too old, against the device as it is.
Result<Device> DeviceThread::Worker::change(const Change& command, const wg::Device* last) {
  if (command.delta.takes_nothing_unseen) {
    const auto now = devices_.read(command.name);
    if (!now) return now;
    const auto checked = check_unseen(last == nullptr ? *now : *last, *now, command.delta);
    return checked ? devices_.apply(*now, command.delta) : checked.error();
  }
  if (last != nullptr) {
    auto done = devices_.apply(*last, command.delta);
    if (done || (done.error().code != ErrorCode::not_found && done.error().code != ErrorCode::rejected))
      return done;
  }
  const auto now = devices_.read(command.name);
  return now ? devices_.apply(*now, command.delta) : now;
}

// One reading at a time, so that a difference that comes meanwhile waits for no more than that. The underlay
// has its turn behind the devices that were due when it was wanted.
void DeviceThread::Worker::do_what_is_due() {
  const auto now = Clock::now();
  if (traffic_due_ <= now) read_traffic();
  const auto first =
      std::min_element(watched_.begin(), watched_.end(),
                       [](const auto& one, const auto& other) { return one.second.due < other.second.due; });
  if (first != watched_.end() && first->second.due <= std::min(now, underlay_due_)) {
    read(first->first, first->second);
  } else if (underlay_due_ <= now) {
    read_underlay();
  }
}

void DeviceThread::Worker::read(const std::string& name, Device& device) {
  const auto begin = Clock::now();
  const auto processor_begin = processor_time();
  auto reading = devices_.read(name);
  const auto end = Clock::now();
  const bool is_close = closely_.contains(name);
  const auto least = is_close ? std::max<Clock::duration>(options_.close_interval,
                                                          kRestOfClose * (processor_time() - processor_begin))
                              : Clock::duration{options_.interval};
  device.due = end + std::max<Clock::duration>(std::min<Clock::duration>(least, options_.interval),
                                               kRest * (end - begin));
  device.rests_until =
      end + std::max<Clock::duration>(options_.traffic_interval, kRestBeforeLeap * (end - begin));
  if (reading) return note(name, device, std::move(reading).value());
  if (is_no_device(reading.error())) return note_absence(name, device);
  if (device.error == reading.error().text) return;
  device.error = reading.error().text;
  reports_.push_back(DeviceRead{name, device.last, device.error, false});
}

void DeviceThread::Worker::note(const std::string& name, Device& device, wg::Device reading) {
  const SystemTime now = std::chrono::system_clock::now();
  auto changes = peer_changes(device.peers(), {reading.peers, now});
  const bool is_reshaped = device.last == nullptr || !is_same_but_for_traffic(*device.last, reading);
  const bool differs = is_reshaped || !device.error.empty() || *device.last != reading;
  device.read_at = now;
  device.is_known = true;
  if (differs) {
    device.last = std::make_shared<const wg::Device>(std::move(reading));
    device.error.clear();
    reports_.push_back(DeviceRead{name, device.last, {}, is_reshaped});
  }
  if (!changes.empty()) reports_.push_back(PeersChanged{name, device.last, std::move(changes)});
  if (!is_reshaped) return;
  is_told_ = false;
  want_underlay();
}

void DeviceThread::Worker::note_absence(const std::string& name, Device& device) {
  const bool is_news = device.last != nullptr || !device.error.empty();
  auto changes = peer_changes(device.peers(), {});
  if (is_news) reports_.push_back(DeviceRead{name, nullptr, {}, true});
  if (!changes.empty()) reports_.push_back(PeersChanged{name, nullptr, std::move(changes)});
  if (is_news || !device.is_known) {
    is_told_ = false;
    want_underlay();
  }
  device = Device{nullptr, {}, {}, true, device.due};
}

// A leap is an endpoint that has moved into its own tunnel, a way of the kernel's that has, or just traffic: the
// device says which.
void DeviceThread::Worker::read_traffic() {
  std::set<std::uint32_t> ifindexes;
  for (const auto& [name, device] : watched_)
    if (device.last != nullptr) ifindexes.insert(device.last->ifindex);
  if (ifindexes.empty()) return;
  const auto begin = processor_time();
  if (!sent_bytes_) {
    if (auto opened = SentBytesReader::open()) sent_bytes_.emplace(std::move(opened).value());
  }
  const auto now = Clock::now();
  const auto sent = sent_bytes_ ? sent_bytes_->read() : Result<SentBytes>(SentBytes{});
  if (sent) note_leaps(traffic_.take(*sent, ifindexes, now), now);
  traffic_due_ = Clock::now() + std::max<Clock::duration>(options_.traffic_interval,
                                                          kRestOfTraffic * (processor_time() - begin));
}

void DeviceThread::Worker::note_leaps(const std::vector<std::uint32_t>& ifindexes, Clock::time_point now) {
  for (auto& [name, device] : watched_) {
    const bool leaps = device.last != nullptr &&
                       std::find(ifindexes.begin(), ifindexes.end(), device.last->ifindex) != ifindexes.end();
    if (leaps) device.due = std::min(device.due, std::max(now, device.rests_until));
  }
  if (!ifindexes.empty() && own_) want_underlay();
}

void DeviceThread::Worker::read_underlay() {
  std::vector<wg::Device> devices;
  bool is_complete = true;
  for (const auto& [name, device] : watched_) {
    if (device.last != nullptr) devices.push_back(*device.last);
    is_complete = is_complete && device.is_known;
  }
  auto underlay = underlay_of(std::move(devices));
  const std::string error = own_ ? read_ways(underlay) : std::string();
  underlay_due_ = own_ ? Clock::now() + options_.interval : Clock::time_point::max();
  if (is_told_ && error == ways_error_ && have_same_ways(underlay, *underlay_)) return;
  is_told_ = true;
  ways_error_ = error;
  underlay_ = std::make_shared<const Underlay>(std::move(underlay));
  reports_.push_back(UnderlayRead{underlay_, ways_error_, is_complete});
}

/// What went wrong; the ways are then those known before.
std::string DeviceThread::Worker::read_ways(Underlay& underlay) {
  if (!reader_) {
    auto opened = UnderlayReader::open();
    if (!opened) {
      keep_ways(*underlay_, underlay);
      return opened.error().text;
    }
    reader_.emplace(std::move(opened).value());
  }
  const auto done = reader_->read(underlay, *own_);
  if (done) return {};
  keep_ways(*underlay_, underlay);
  return done.error().text;
}

void DeviceThread::Worker::report() {
  if (!reports_.empty()) callback_(std::exchange(reports_, {}));
}

DeviceThread::DeviceThread(DeviceThreadOptions options, Callback callback)
    : worker_(std::make_unique<Worker>(std::move(options), std::move(callback))) {}

DeviceThread::~DeviceThread() = default;

void DeviceThread::watch(std::vector<std::string> names) {
  worker_->post(Worker::Watch{std::move(names)});
}

void DeviceThread::read_closely(std::set<std::string> names) {
  worker_->post(Worker::Close{std::move(names)});
}

void DeviceThread::read_soon(std::string name) {
  worker_->post(Worker::Read{std::move(name)});
}

void DeviceThread::set_ways(std::optional<OwnRoutes> own) {
  worker_->post(Worker::Ways{own});
}

void DeviceThread::ask_soon() {
  worker_->post(Worker::Ask{});
}

void DeviceThread::renew(std::string name, Renewal renewal) {
  worker_->post(Worker::Renew{std::move(name), renewal});
}

void DeviceThread::submit(std::uint64_t ticket, std::string name, DeviceDelta delta) {
  worker_->post(Worker::Change{ticket, std::move(name), std::move(delta)});
}

}  // namespace wgospf::wg
