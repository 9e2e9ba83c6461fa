#include "api_router.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "tests/support/eventually.h"

namespace wgospf::daemon {
namespace {

ospf::InstanceConfig config_of(std::uint32_t router) {
  ospf::InstanceConfig config;
  config.router_id = ospf::RouterId{0x0a002000 + router};
  config.areas = {{ospf::kBackbone}};
  ospf::InterfaceConfig tunnel;
  tunnel.link = WiredRouter::kTunnel;
  tunnel.device = ospf::DeviceId{tunnel.link.value};
  tunnel.name = "wg-op2";
  tunnel.hello_interval = 1;
  tunnel.dead_interval = 4;
  tunnel.mtu_ignore = true;
  ospf::InterfaceConfig lan;
  lan.link = WiredRouter::kLan;
  lan.device = ospf::DeviceId{lan.link.value};
  lan.name = "br-lan";
  lan.passive = true;
  config.interfaces = {tunnel, lan};
  config.spf_delay.long_delay = std::chrono::milliseconds{50};  // what a test changes shows soon
  return config;
}

ospf::DeviceStatus status_of(ospf::InterfaceAddress address, std::uint32_t ifindex) {
  ospf::DeviceStatus status;
  status.up = true;
  status.ifindex = ospf::InterfaceIndex{ifindex};
  status.mtu = 1420;
  status.addresses = {address};
  return status;
}

/// Processor time of this thread: what other processes do does not count.
std::chrono::nanoseconds thread_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace

WiredRouter::WiredRouter() {
  for (std::uint32_t i = 1; i <= 2; ++i) {
    const Ipv4Address tunnel{0x0a090000 + i};          // 10.9.0.i/30
    const Ipv4Address lan{0xc0a80000 + (i << 8) + 1};  // 192.168.i.1/24
    ends_.push_back({std::make_unique<ospf::Instance<V2>>(config_of(i), ospf::Seed{i}, now()), tunnel});
    ends_.back().instance->handle(now(),
                                  ospf::DeviceChanged{ospf::DeviceId{kLan.value}, status_of({lan, 24}, 20)});
    ends_.back().instance->handle(
        now(), ospf::DeviceChanged{ospf::DeviceId{kTunnel.value}, status_of({tunnel, 30}, 10)});
  }
  protocol_.emplace(instance(), [this] { return now(); });
  kernel_view.table = 254;
  kernel_view.metric = 110;
  thread_ = std::thread([this] { run(); });
}

WiredRouter::~WiredRouter() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void WiredRouter::post(std::function<void()> closure) {
  {
    const std::scoped_lock lock(mutex_);
    closures_.push_back(std::move(closure));
  }
  changed_.notify_one();
}

bool WiredRouter::eventually(const std::function<bool()>& condition) {
  return test::eventually([&] { return on_strand(condition); }, kPatience);
}

void WiredRouter::advertise(std::uint32_t count, std::uint32_t metric) {
  on_strand([&] {
    ospf::ExternalsChanged change;
    for (std::uint32_t i = 0; i < count; ++i) {
      change.set.push_back({Ipv4Prefix::host({0xac100000 + i}), metric, true, 0, std::nullopt});
    }
    ends_[1].instance->handle(now(), change);
  });
}

void WiredRouter::set_tunnel(bool up) {
  on_strand([&] {
    auto status = status_of({ends_[0].address, 30}, 10);
    status.up = up;
    ends_[0].instance->handle(now(), ospf::DeviceChanged{ospf::DeviceId{kTunnel.value}, status});
  });
}

void WiredRouter::hear(ospf::RouterId router, const ospf::Hello& hello, Ipv4Address source) {
  on_strand([&] {
    const auto bytes = V2::encode(router, ospf::kBackbone, hello);
    ends_[0].instance->handle(now(), ospf::Received{kTunnel, source, wg::kAllSpfRouters, bytes});
  });
}

void WiredRouter::publish(const Notice& notice) {
  post([this, notice] { tell({notice, generation_, std::chrono::system_clock::now()}); });
}

RouterView::Subscription WiredRouter::subscribe(Listener listener) {
  const auto subscription = static_cast<Subscription>(++last_subscription_);
  listeners_.emplace(subscription, std::move(listener));
  return subscription;
}

ospf::Instant WiredRouter::now() const {
  return ospf::Instant{std::chrono::steady_clock::now().time_since_epoch()};
}

std::string WiredRouter::link_name(ospf::LinkId link) const {
  return link == kTunnel ? "wg-op2" : link == kLan ? "br-lan" : "link " + std::to_string(link.value);
}

KernelView WiredRouter::kernel() const {
  auto view = kernel_view;
  view.failure_count = std::max(view.failure_count, view.failures.size());
  return view;
}

RouteKernelState WiredRouter::kernel_state(const ospf::Route<V2>& route) const {
  if (route.set == ospf::kAttachedSet) return {RouteKernelState::Kind::attached};
  const auto failure = kernel_view.failures.find(route.prefix.to_string());
  if (failure != kernel_view.failures.end()) return {RouteKernelState::Kind::failed, failure->second};
  return {RouteKernelState::Kind::installed};
}

void WiredRouter::run() {
  for (std::size_t end = 0; end < ends_.size(); ++end) drain(end);
  while (true) {
    ospf::Instant next = now() + std::chrono::seconds{1};
    for (const auto& end : ends_) {
      if (const auto deadline = end.instance->poll_timeout()) next = std::min(next, deadline->at);
    }
    std::deque<std::function<void()>> closures;
    {
      std::unique_lock lock(mutex_);
      const auto wait =
          flying_.empty() ? std::max(next - now(), ospf::Duration::zero()) : ospf::Duration::zero();
      changed_.wait_for(lock, wait, [this] { return stop_ || !closures_.empty(); });
      if (stop_) return;
      closures.swap(closures_);
    }
    for (const auto& closure : closures) run_closure(closure);
    closures.clear();
    for (std::size_t end = 0; end < ends_.size(); ++end) turn(end);
    deliver();
  }
}

void WiredRouter::run_closure(const std::function<void()>& closure) {
  const auto begin = thread_time();
  closure();
  const auto taken = thread_time() - begin;
  closure_times_.total += taken;
  closure_times_.longest = std::max(closure_times_.longest, taken);
}

void WiredRouter::turn(std::size_t end) {
  ends_[end].instance->handle_timeout(now());
  drain(end);
}

void WiredRouter::drain(std::size_t end) {
  while (auto output = ends_[end].instance->poll()) {
    if (auto* packet = std::get_if<ospf::Transmit>(&*output)) {
      if (packet->link == kTunnel && wire_) flying_.push_back({1 - end, packet->bytes});
      continue;
    }
    if (end != 0) continue;
    const auto time = std::chrono::system_clock::now();
    if (auto* change = std::get_if<ospf::RouteChange<V2>>(&*output)) {
      generation_ = change->generation;
      tell({*change, generation_, time});
    } else if (auto* event = std::get_if<ospf::Event>(&*output)) {
      tell({std::move(*event), generation_, time});
    }
  }
}

/// Some packets of those on the wire: a flood must not starve closures.
void WiredRouter::deliver() {
  for (int i = 0; i < 64 && !flying_.empty(); ++i) {
    const Packet packet = std::move(flying_.front());
    flying_.pop_front();
    ends_[packet.to].instance->handle(
        now(), ospf::Received{kTunnel, ends_[1 - packet.to].address, Ipv4Address{0xe0000005}, *packet.bytes});
    drain(packet.to);
  }
}

void WiredRouter::tell(RouterEvent event) {
  history_.add(event);
  for (const auto& [subscription, listener] : listeners_) listener(event);
}

}  // namespace wgospf::daemon
