// A thousand peers on one device, and the failure of one with ten thousand prefixes behind it: from the route changes,
// past the guards (who may announce what; what would carry a tunnel's own packets into it), to the difference for the
// device, and the messages in which that is written. The floor is a table of all prefixes with their peers in which as many
// are given to another.

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

#include "daemon/routes/allowed_ips_plan.h"
#include "daemon/routes/announce_guard.h"
#include "daemon/routes/underlay_guard.h"
#include "tests/bench/ratios.h"
#include "wgadapter/plan.h"
#include "wgadapter/wireguard_genl.h"

namespace wgospf::daemon {
namespace {

using V2 = ospf::V2;
constexpr std::uint32_t kPeers = 1000;
constexpr std::uint32_t kPrefixes = 10'000;      ///< behind the peer that fails
constexpr std::uint32_t kPrefixesOfOthers = 10;  ///< behind each of the others

wg::Key key(std::uint32_t peer) {
  wg::Key key;
  for (std::size_t i = 0; i < key.bytes.size(); ++i)
    key.bytes[i] =
        static_cast<std::uint8_t>((peer * 2'654'435'761U) >> (8 * (i % 4))) ^ static_cast<std::uint8_t>(i);
  return key;
}
Ipv4Prefix prefix(std::uint32_t number) {
  return Ipv4Prefix::make({0x0a000000U + (number << 8)}, 24);
}
Ipv4Address address(std::uint32_t peer) {
  return {0x64400000U + peer};
}
Ipv4Address endpoint(std::uint32_t peer) {
  return {0xcb000000U + peer};
}

/// Everybody who uses a device has its routes through the peer of the link that bears the same number.
class Fleet {
 public:
  Fleet() {
    AllowedIpsPlan::Links links;
    device_.name = "wg0";
    device_.ifindex = 7;
    AnnounceRules rules;
    for (std::uint32_t peer = 0; peer < kPeers; ++peer) {
      device_.peers.push_back({.public_key = key(peer), .endpoint = wg::Endpoint{endpoint(peer), 51820, 0}});
      links.managed[ospf::LinkId{peer}] = {"wg0", address(peer), key(peer)};
      rules.of_addresses.emplace(address(peer), AnnounceRules::PeerAddress{ospf::RouterId{peer + 1}, "wg0",
                                                                           Ipv4Prefix::make(address(0), 16)});
    }
    announces_.set_rules(std::move(rules), nullptr);
    (void)announces_.settle();
    announces_.set_networks({{Ipv4Prefix{{0xc0a80100}, 24}, "lan"}}, nullptr);
    underlay_.set_underlay(std::make_shared<const wg::Underlay>(wg::underlay_of({device_})),
                           WaysAnswer::given);
    plan_.read("wg0", std::make_shared<const wg::Device>(device_));
    plan_.set_links(std::move(links));
    for (std::uint32_t peer = 0; peer < kPeers; ++peer) set(peer, peer);
    for (std::uint32_t i = 0; i < kPrefixes; ++i) route(i, 0);
    for (std::uint32_t i = 0; i < (kPeers - 1) * kPrefixesOfOthers; ++i)
      route(kPrefixes + i, 1 + i / kPrefixesOfOthers);
    settle();
  }

  void set(std::uint32_t id, std::uint32_t peer) {
    change(ospf::SetChanged{ospf::SetId{id + 1},
                            {{ospf::LinkId{peer}, address(peer), ospf::RouterId{peer + 1}}}});
  }
  void route(std::uint32_t number, std::uint32_t set_id) {
    ospf::Route<V2> route;
    route.prefix = prefix(number);
    route.set = ospf::SetId{set_id + 1};
    change(ospf::PrefixChanged<V2>{route});
  }
  std::optional<wg::DeviceDelta> plan() {
    if (announces_.is_due() || underlay_.is_due()) std::abort();  // nothing here concerns them
    plan_.decide([this](const Ipv4Prefix& prefix) { return underlay_.find(prefix) != nullptr; });
    auto delta = device().next();
    benchmark::DoNotOptimize(device().take_own_changes());
    benchmark::DoNotOptimize(plan_.take_closed());
    benchmark::DoNotOptimize(plan_.take_open());
    return delta;
  }
  /// The messages in which it is written.
  std::size_t write(const wg::DeviceDelta& delta) {
    const auto made = wg::make_plan(device_, delta);
    const auto messages = wg::encode_settings(30, "wg0", made->settings);
    device_ = wg::carried_out(std::move(device_), *made);
    plan_.read("wg0", std::make_shared<const wg::Device>(device_));
    device().applied();
    return messages->size();
  }
  void settle() {
    while (const auto delta = plan()) (void)write(*delta);
  }

 private:
  wg::ManagedIps& device() { return plan_.devices().at("wg0"); }
  template <class Change>
  void change(Change change) {
    const auto allowed = announces_.pass({ospf::Generation{1}, std::move(change)});
    desired_.apply(allowed);
    plan_.apply(underlay_.pass(allowed));
  }

  wg::Device device_;
  DesiredRoutes desired_;
  AnnounceGuard announces_{[](const Ipv4Prefix&) { return std::vector<ospf::PrefixOrigin>{}; }, desired_};
  UnderlayGuard underlay_{[](ospf::LinkId) { return 7U; }, desired_};
  AllowedIpsPlan plan_{desired_};
};

Fleet& fleet() {
  static Fleet fleet;
  return fleet;
}

/// `fail` and `mend` are route changes; what is planned after the first is measured.
template <class Fail, class Mend>
void fail_and_mend(benchmark::State& state, Fail fail, Mend mend) {
  Fleet& all = fleet();
  std::size_t messages = 0, prefixes = 0;
  for (auto _ : state) {
    fail(all);
    const auto delta = all.plan();
    state.PauseTiming();
    prefixes = 0;
    for (const auto& peer : delta->peers) prefixes += peer.add_allowed_ips.size();
    messages = all.write(*delta);
    all.settle();
    mend(all);
    all.settle();
    state.ResumeTiming();
  }
  if (prefixes != kPrefixes) state.SkipWithError("not all prefixes were planned");
  state.counters["messages"] = static_cast<double>(messages);
}

/// All go to one other peer: the set changes.
void to_one_peer(benchmark::State& state) {
  fail_and_mend(
      state, [](Fleet& all) { all.set(0, 1); }, [](Fleet& all) { all.set(0, 0); });
}

/// Each goes its own way, over 999 peers.
void to_all_peers(benchmark::State& state) {
  fail_and_mend(
      state,
      [](Fleet& all) {
        for (std::uint32_t i = 0; i < kPrefixes; ++i) all.route(i, 1 + i % (kPeers - 1));
      },
      [](Fleet& all) {
        for (std::uint32_t i = 0; i < kPrefixes; ++i) all.route(i, 0);
      });
}

void bare_table(benchmark::State& state) {
  std::unordered_map<Ipv4Prefix, wg::Key> table;
  for (std::uint32_t i = 0; i < kPrefixes + (kPeers - 1) * kPrefixesOfOthers; ++i)
    table[prefix(i)] = key(i % kPeers);
  std::uint32_t round = 0;
  for (auto _ : state) {
    ++round;
    for (std::uint32_t i = 0; i < kPrefixes; ++i) table[prefix(i)] = key(round % kPeers);
    benchmark::ClobberMemory();
  }
}

BENCHMARK(bare_table)->Unit(benchmark::kMillisecond);
BENCHMARK(to_one_peer)->Unit(benchmark::kMillisecond);
BENCHMARK(to_all_peers)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace wgospf::daemon

// The bound is 5 ms for planning; the messages hold 1,000 prefixes each, and may grow by what the peers' keys take.
int main(int argc, char** argv) {
  return wgospf::bench::run_with_ratios(argc, argv,
                                        {{"to_one_peer", "bare_table", 6},
                                         {"to_all_peers", "bare_table", 15},
                                         {"to_all_peers", "to_one_peer", 1.3, "messages"}});
}
