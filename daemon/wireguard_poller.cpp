#include "daemon/wireguard_poller.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace wgospf::daemon {

namespace asio = boost::asio;

struct WireguardPoller::Thread {
  wg::Devices devices;
  std::optional<wg::UnderlayReader> ways;
  std::map<std::string, wg::Device> last;  ///< of those that are there, the last that could be read

  void read(const std::string& name, WireguardAnswer& answer);
  void ask_ways(const wg::OwnRoutes& own, WireguardAnswer& answer);
  void check_routes(const WireguardQuestion& question, WireguardAnswer& answer);

  /// What the routes were last held against.
  struct Checked {
    ospf::Generation generation;
    std::vector<Passage> passages;
    std::vector<wg::AllowedIpMap> maps;
    std::map<ospf::LinkId, wg::CoverageFinding> findings;

    [[nodiscard]] bool same_input(const Checked& other) const {
      return generation == other.generation && passages == other.passages && maps == other.maps;
    }
  };
  std::optional<Checked> checked;
};

void WireguardPoller::Thread::read(const std::string& name, WireguardAnswer& answer) {
  auto device = devices.read(name);
  if (device) {
    last[name] = *device;
    answer.readings.push_back({name, std::move(device).value(), {}});
  } else if (device.error().code == ErrorCode::not_wireguard || device.error().code == ErrorCode::not_found) {
    last.erase(name);
  } else {
    answer.readings.push_back({name, std::nullopt, device.error().text});
  }
}

void WireguardPoller::Thread::ask_ways(const wg::OwnRoutes& own, WireguardAnswer& answer) {
  if (!ways) {
    auto opened = wg::UnderlayReader::open();
    if (!opened) {
      answer.ways_error = opened.error().text;
      return;
    }
    ways.emplace(std::move(opened).value());
  }
  if (const auto done = ways->read(answer.underlay, own); !done) answer.ways_error = done.error().text;
}

/// A long table is walked again only when it, or what passes, has changed.
void WireguardPoller::Thread::check_routes(const WireguardQuestion& question, WireguardAnswer& answer) {
  const Devices devices(answer.underlay);
  answer.is_any_narrow = is_any_narrow(question.passages, devices);
  if (question.table == nullptr || !answer.is_any_narrow) return;
  Checked now{question.table->generation, question.passages, answer.underlay.maps, {}};
  if (checked && checked->same_input(now)) {
    answer.findings = checked->findings;
    return;
  }
  const auto uncovered = uncovered_prefixes(*question.table, question.passages, devices);
  for (std::size_t i = 0; i < uncovered.size(); ++i) {
    const Passage& passage = question.passages[i];
    if (auto finding = routes_finding(passage, devices, uncovered[i]))
      now.findings.emplace(passage.link, std::move(*finding));
  }
  answer.findings = now.findings;
  checked = std::move(now);
}

WireguardPoller::WireguardPoller(asio::io_context& loop, Callback callback)
    : loop_(loop),
      callback_(std::make_shared<Callback>(std::move(callback))),
      state_(std::make_unique<Thread>()) {}

WireguardPoller::~WireguardPoller() {
  *callback_ = nullptr;
  stop_ = true;
  thread_.join();
}

void WireguardPoller::request(WireguardQuestion question) {
  if (*busy_) return;
  *busy_ = true;
  asio::post(thread_, [state = state_.get(), &loop = loop_, &stop = stop_, callback = callback_, busy = busy_,
                       question = std::move(question)]() mutable {
    WireguardAnswer answer;
    std::vector<wg::Device> devices;
    for (const auto& name : question.names) {
      if (stop) return;
      state->read(name, answer);
      if (const auto known = state->last.find(name); known != state->last.end())
        devices.push_back(known->second);
    }
    answer.underlay = wg::underlay_of(std::move(devices));
    if (question.ways && !stop) state->ask_ways(*question.ways, answer);
    if (!stop) state->check_routes(question, answer);
    question.table.reset();  // its memory is freed here, if this was the last who held it
    asio::post(loop, [callback, busy, answer = std::move(answer)]() mutable {
      *busy = false;
      if (*callback) (*callback)(std::move(answer));
    });
  });
}

}  // namespace wgospf::daemon
