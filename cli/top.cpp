#include "cli/top.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/filters.h"
#include "cli/render.h"
#include "cli/repeat.h"
#include "cli/session.h"

namespace wgospf::cli {
namespace {

constexpr std::size_t kChangesShown = 10;
/// Until the first frame, which needs two readings.
constexpr std::chrono::milliseconds kFirstPause{500};
constexpr double kPause = 2;  // seconds

/// A second; nullopt where it cannot be told.
using Rate = std::optional<double>;

Rate rate(std::optional<std::uint64_t> before, std::optional<std::uint64_t> now, double seconds) {
  if (!before || !now || *now < *before || seconds <= 0) return std::nullopt;
  return static_cast<double>(*now - *before) / seconds;
}

std::string packets_text(const Rate& rate) {
  return rate ? fmt::format("{:.1f}/s", *rate) : std::string();
}
std::string bytes_rate_text(const Rate& rate) {
  return rate ? bytes_text(static_cast<std::uint64_t>(*rate)) + "/s" : std::string();
}
Json json_of(const Rate& rate) {
  return rate ? Json(*rate) : Json(nullptr);
}

std::uint64_t sum(const v1::PacketCounters& counters) {
  return counters.hello() + counters.database_description() + counters.link_state_request() +
         counters.link_state_update() + counters.link_state_acknowledgment();
}

struct Counters {
  std::optional<std::uint64_t> packets_received{}, packets_sent{}, bytes_received{}, bytes_sent{};
};

/// Of the neighbor's interface, and of the WireGuard peer behind which it is.
Counters counters_of(const Reading& reading, const v1::Neighbor& neighbor) {
  Counters counters;
  for (const auto& interface : reading.interfaces.interfaces()) {
    if (interface.name() != neighbor.interface()) continue;
    counters.packets_received = sum(interface.received());
    counters.packets_sent = sum(interface.sent());
  }
  for (const auto& peer : reading.peers.peers()) {
    if (peer.link() != neighbor.interface() || peer.neighbor_router_id() != neighbor.neighbor_router_id())
      continue;
    counters.bytes_received = peer.rx_bytes();
    counters.bytes_sent = peer.tx_bytes();
  }
  return counters;
}

struct Rates {
  Rate packets_received{}, packets_sent{}, bytes_received{}, bytes_sent{};
};

class Span {
 public:
  Span(const Reading& before, const Reading& now)
      : before_(before), now_(now), seconds_(std::chrono::duration<double>(now.time - before.time).count()) {}

  [[nodiscard]] double seconds() const { return seconds_; }
  [[nodiscard]] Rates of(const v1::Neighbor& neighbor) const {
    const auto from = counters_of(before_, neighbor), to = counters_of(now_, neighbor);
    return {rate(from.packets_received, to.packets_received, seconds_),
            rate(from.packets_sent, to.packets_sent, seconds_),
            rate(from.bytes_received, to.bytes_received, seconds_),
            rate(from.bytes_sent, to.bytes_sent, seconds_)};
  }
  /// Of a counter of the statistics.
  template <class Counter>
  [[nodiscard]] Rate of(Counter counter) const {
    return rate(counter(before_.status.statistics()), counter(now_.status.statistics()), seconds_);
  }

 private:
  const Reading& before_;
  const Reading& now_;
  double seconds_;
};

std::uint64_t spf_runs(const v1::ProtocolStatistics& statistics) {
  return statistics.spf_full() + statistics.spf_prefixes_only();
}
std::uint64_t packets_received(const v1::ProtocolStatistics& statistics) {
  return sum(statistics.received());
}
std::uint64_t packets_sent(const v1::ProtocolStatistics& statistics) {
  return sum(statistics.sent());
}

std::string head_text(const Span& span, const v1::GetStatusResponse& status, const Look& look) {
  const bool all_full = status.full_count() == status.neighbor_count() && status.neighbor_count() > 0;
  auto out = fmt::format("wgospfd {} on {}, router id {}, up {}, {}\n", status.version(), status.hostname(),
                         status.router_id(), seconds_text(status.uptime()),
                         status.converged() ? paint("converged", Colour::good, look)
                                            : paint("not converged", Colour::attention, look));
  out += fmt::format("{}, {}, {}, generation {}\n",
                     paint(fmt::format("{}/{} neighbors full", status.full_count(), status.neighbor_count()),
                           all_full ? Colour::good : Colour::attention, look),
                     count_text(status.route_count(), "route"), count_text(status.lsdb_size(), "LSA"),
                     status.generation());
  out += fmt::format("OSPF packets in {}, out {}; calculations {}\n", packets_text(span.of(packets_received)),
                     packets_text(span.of(packets_sent)), packets_text(span.of(spf_runs)));
  for (const auto& warning : status.warnings())
    out += fmt::format("warning: {}\n", paint(warning, Colour::attention, look));
  return out;
}

std::string neighbors_text(const Span& span, const Reading& now, const Look& look) {
  if (now.neighbors.neighbors().empty()) return "No neighbors.\n";
  Table table({{"NEIGHBOR"},
               {"INTERFACE"},
               {"STATE"},
               {"FOR", Align::right, 1},
               {"CHANGES", Align::right, 3},
               {"PACKETS IN", Align::right, 4},
               {"PACKETS OUT", Align::right, 4},
               {"BYTES IN", Align::right, 2},
               {"BYTES OUT", Align::right, 2},
               {"RTT", Align::right, 5}});
  for (const auto& neighbor : now.neighbors.neighbors()) {
    const auto rates = span.of(neighbor);
    table.row({neighbor.neighbor_router_id(),
               neighbor.interface(),
               {enum_text(neighbor.state()), colour_of(neighbor.state())},
               seconds_text(neighbor.state_age()),
               std::to_string(neighbor.state_changes()),
               packets_text(rates.packets_received),
               packets_text(rates.packets_sent),
               bytes_rate_text(rates.bytes_received),
               bytes_rate_text(rates.bytes_sent),
               neighbor.has_liveness() ? liveness_cells(neighbor.liveness())[1] : Cell()});
  }
  return table.text(look);
}

// The readings, while they are taken
// ------------------------------------------------------------------------------------------------------

grpc::Status read(Client& client, Reading& reading) {
  using v1::Routing;
  reading.time = std::chrono::steady_clock::now();
  auto status = client.call(&Routing::Stub::GetStatus, v1::GetStatusRequest(), reading.status);
  if (status.ok())
    status = client.call(&Routing::Stub::ListInterfaces, v1::ListInterfacesRequest(), reading.interfaces);
  if (status.ok())
    status = client.call(&Routing::Stub::ListNeighbors, v1::ListNeighborsRequest(), reading.neighbors);
  if (status.ok()) status = client.call(&Routing::Stub::ListPeers, v1::ListPeersRequest(), reading.peers);
  return status;
}

/// What the daemon tells while this lives, in a thread of its own.
class Listener {
 public:
  explicit Listener(Client& client) : thread_([this, &client] { listen(client); }) {}
  ~Listener() {
    context_.TryCancel();
    thread_.join();
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  /// The last of them.
  [[nodiscard]] Changes changes() {
    const std::scoped_lock lock(mutex_);
    return changes_;
  }
  /// Until what there was before has been told, or it is clear that nothing comes.
  void wait_for_begin() {
    std::unique_lock lock(mutex_);
    begun_.wait_for(lock, kFirstPause, [this] { return has_begun_; });
  }

 private:
  void listen(Client& client) {
    v1::WatchRequest request;
    for (const auto topic : {v1::WATCH_TOPIC_INTERFACES, v1::WATCH_TOPIC_NEIGHBORS, v1::WATCH_TOPIC_NOTICES})
      request.add_topics(topic);
    // How it ends is no matter: the readings tell when the daemon is gone.
    (void)client.watch(context_, request, [this](v1::WatchResponse& part) {
      const std::scoped_lock lock(mutex_);
      for (auto& item : *part.mutable_items()) {
        if (item.has_snapshot_end()) has_begun_ = true;
        if (!item.has_time()) continue;  // it was there before
        if (item.has_notice() && item.notice().severity() == v1::SEVERITY_DEBUG) continue;
        changes_.push_back(std::move(item));
        if (changes_.size() > kChangesShown) changes_.pop_front();
      }
      begun_.notify_all();
      return true;
    });
    const std::scoped_lock lock(mutex_);
    has_begun_ = true;
    begun_.notify_all();
  }

  grpc::ClientContext context_;
  std::mutex mutex_;
  std::condition_variable begun_;
  bool has_begun_ = false;
  Changes changes_;
  std::thread thread_;
};

void make_all_printable(Reading& reading) {
  make_printable(reading.status);
  make_printable(reading.interfaces);
  make_printable(reading.neighbors);
  make_printable(reading.peers);
}

class Top {
 public:
  Top(const Options& options, const Terminal& terminal) : options_(options), terminal_(terminal) {
    count_ = options.is_once ? 1 : options.count;
    is_screen_ = !options.json && !options.is_once && terminal.size().rows > 0;
  }

  /// Frames until `count` of them are shown or nobody reads any more: then nullopt. A failure ends it, too.
  Failure show() {
    auto connected = Client::connect(options_.connect);
    if (!connected.client) return connected.trouble;
    Listener listener(*connected.client);
    listener.wait_for_begin();
    Reading before;
    if (const auto status = read(*connected.client, before); !status.ok())
      return trouble_of(status, options_.connect.socket);
    std::this_thread::sleep_for(std::min<std::chrono::duration<double>>(kFirstPause, pause()));
    while (!is_done()) {
      Reading now;
      if (const auto status = read(*connected.client, now); !status.ok())
        return trouble_of(status, options_.connect.socket);
      print(before, now, listener.changes());
      before = std::move(now);
      ++shown_;
      if (!is_done()) std::this_thread::sleep_for(pause());
    }
    return std::nullopt;
  }
  /// Of a daemon that has gone: it may come back.
  void tell(const Trouble& trouble) {
    if (is_screen_)
      show_frame(terminal_, trouble.text + '\n');
    else
      terminal_.err << told(trouble, options_.json);
  }
  [[nodiscard]] std::chrono::duration<double> pause() const {
    return std::chrono::duration<double>(options_.repeat.value_or(kPause));
  }
  [[nodiscard]] bool has_shown() const { return shown_ > 0; }
  /// Whether it goes on without end.
  [[nodiscard]] bool is_endless() const { return count_ == 0; }

 private:
  [[nodiscard]] bool is_done() const { return (count_ > 0 && shown_ >= count_) || !terminal_.out.good(); }

  void print(const Reading& before, Reading& now, Changes changes) {
    if (options_.json) {
      terminal_.out << json_text(frame_json(before, now, changes)) << std::endl;
      return;
    }
    make_all_printable(now);
    for (auto& change : changes) make_printable(change);
    const Look look{terminal_.colours, options_.wide ? 0 : terminal_.size().columns};
    const auto text = frame_text(before, now, changes, look);
    if (is_screen_) return show_frame(terminal_, text);
    terminal_.out << (shown_ > 0 ? "\n" : "") << text << std::flush;
  }

  const Options& options_;
  const Terminal& terminal_;
  std::uint32_t count_ = 0, shown_ = 0;
  bool is_screen_ = false;
};

}  // namespace

std::string frame_text(const Reading& before, const Reading& now, const Changes& changes, const Look& look) {
  const Span span(before, now);
  auto out = head_text(span, now.status, look) + neighbors_text(span, now, look);
  for (const auto& change : changes) out += render(change, look);
  return out;
}

Json frame_json(const Reading& before, const Reading& now, const Changes& changes) {
  const Span span(before, now);
  Json frame;
  frame["interval"] = span.seconds();
  frame["status"] = to_json(now.status);
  frame["rates"] = Json{{"packets_received", json_of(span.of(packets_received))},
                        {"packets_sent", json_of(span.of(packets_sent))},
                        {"calculations", json_of(span.of(spf_runs))}};
  frame["neighbors"] = Json::array();
  for (const auto& neighbor : now.neighbors.neighbors()) {
    const auto rates = span.of(neighbor);
    Json entry = to_json(neighbor);
    entry["rates"] = Json{{"packets_received", json_of(rates.packets_received)},
                          {"packets_sent", json_of(rates.packets_sent)},
                          {"bytes_received", json_of(rates.bytes_received)},
                          {"bytes_sent", json_of(rates.bytes_sent)}};
    frame["neighbors"].push_back(std::move(entry));
  }
  frame["changes"] = Json::array();
  for (const auto& change : changes) frame["changes"].push_back(watch_json(change));
  return frame;
}

Failure top(const Options& options, const Terminal& terminal) {
  Top shown(options, terminal);
  for (;;) {
    auto failure = shown.show();
    if (!failure || !shown.has_shown() || !shown.is_endless()) return failure;
    shown.tell(*failure);
    std::this_thread::sleep_for(shown.pause());
    if (!terminal.out.good()) return std::nullopt;
  }
}

}  // namespace wgospf::cli
