// The guards between protocol and kernel, with ten thousand prefixes and a thousand peers: one decision of the underlay
// guard when every prefix covers an endpoint, and the judgement of all prefixes of a set that comes to lead over a link
// with a policy. A quarter of everything is the floor: what grows with the square is seen. The guard's is that of four
// thousand peers, for what a quarter of one thousand needs fits into nearer caches.

#include "daemon/routes/announce_guard.h"
#include "daemon/routes/underlay_guard.h"
#include "tests/bench/ratios.h"

namespace wgospf::daemon {
namespace {

using V2 = ospf::V2;
constexpr std::uint32_t kPeers = 1000;
constexpr std::uint32_t kPrefixesOfOne = 10;  ///< that cover the endpoint of a peer
constexpr std::uint32_t kTunnel = 11, kUplink = 2;
constexpr ospf::LinkId kLink{1}, kOther{2};
constexpr ospf::SetId kSet{1};
constexpr std::uint32_t kMain = 254, kMetric = 110;

Ipv4Address endpoint(std::uint32_t peer) {
  return {0x0b000000U + (peer << 12) + 7};
}

ospf::RouteChange<V2> route(const Ipv4Prefix& prefix) {
  ospf::Route<V2> route;
  route.prefix = prefix;
  route.set = kSet;
  return {ospf::Generation{1}, ospf::PrefixChanged<V2>{route}};
}

ospf::RouteChange<V2> set(std::vector<ospf::LinkId> links) {
  std::vector<ospf::NextHop> hops;
  for (const auto link : links) hops.push_back({link, std::nullopt, ospf::RouterId{2}});
  return {ospf::Generation{1}, ospf::SetChanged{kSet, std::move(hops)}};
}

/// One device, whose peers' endpoints are all covered by routes into it; the kernel has other ways to them.
void underlay_decision(benchmark::State& state) {
  const auto peers = static_cast<std::uint32_t>(state.range(0));
  wg::Device device;
  device.name = "wg0";
  device.ifindex = kTunnel;
  for (std::uint32_t peer = 0; peer < peers; ++peer) {
    auto& added = device.peers.emplace_back();
    for (std::size_t i = 0; i < 4; ++i)
      added.public_key.bytes[i] = static_cast<std::uint8_t>(peer >> (8 * i));
    added.endpoint = wg::Endpoint{endpoint(peer), 51820, 0};
  }
  auto underlay = wg::underlay_of({device});
  underlay.rules = {{.priority = 32766, .table = kMain}};
  for (auto& peer : underlay.peers)
    peer.way = wg::EndpointWay{wg::RoutePlace{kMain, 0, 200}, false, {kUplink}};
  DesiredRoutes desired;
  UnderlayGuard guard([](ospf::LinkId) { return kTunnel; }, desired);
  guard.set_place({.table = kMain, .metric = kMetric, .protocol = 89});
  guard.set_underlay(std::make_shared<const wg::Underlay>(std::move(underlay)), WaysAnswer::given);
  const auto apply = [&](const ospf::RouteChange<V2>& change) {
    desired.apply(change);
    benchmark::DoNotOptimize(guard.pass(change));
  };
  apply(set({kLink}));
  for (std::uint32_t peer = 0; peer < peers; ++peer)
    for (std::uint8_t i = 0; i < kPrefixesOfOne; ++i)
      apply(route(Ipv4Prefix::make(endpoint(peer), static_cast<std::uint8_t>(Ipv4Address::kBits - i))));
  UnderlayGuard::Time now{};
  for (auto _ : state) {
    apply(route(Ipv4Prefix::host(endpoint(0))));
    now += std::chrono::seconds{1};
    benchmark::DoNotOptimize(guard.decide(now));
  }
  if (guard.held().size() != std::size_t{peers} * kPrefixesOfOne) state.SkipWithError("not all are held");
}
BENCHMARK(underlay_decision)->Arg(4 * kPeers)->Arg(kPeers)->Unit(benchmark::kMillisecond);

/// As many links have a policy each; all prefixes lead over one of them, and are said by a router behind it.
void judged_anew(benchmark::State& state) {
  const auto links = static_cast<std::uint32_t>(state.range(0));
  AnnounceRules rules;
  for (std::uint32_t link = 1; link <= links; ++link) {
    const AnnounceRules::Policy policy{"wg0", {{{Ipv4Prefix{{0x0a000000}, 8}, 8, 24}}, 0, 100}, false};
    rules.of_links.emplace(ospf::LinkId{link}, AnnounceRules::Door{policy, ospf::RouterId{link}});
    rules.of_routers.emplace(ospf::RouterId{link}, policy);
    rules.of_addresses.emplace(
        Ipv4Address{0x64400000U + link},
        AnnounceRules::PeerAddress{ospf::RouterId{link}, "wg0", Ipv4Prefix::make({0x64400000U}, 16)});
  }
  DesiredRoutes desired;
  AnnounceGuard guard(
      [](const Ipv4Prefix&) {
        const ospf::RouterId behind{0x0a090909};
        return std::vector<ospf::PrefixOrigin>{
            {{ospf::LsaType::router, ospf::LinkStateId{behind.value}, behind}, 10}};
      },
      desired);
  guard.set_rules(std::move(rules), nullptr);
  guard.set_networks({{Ipv4Prefix{{0xc0a80100}, 24}, "lan"}}, nullptr);
  const auto apply = [&](const ospf::RouteChange<V2>& change) { desired.apply(guard.pass(change)); };
  apply(set({ospf::LinkId{links + 1}}));
  for (std::uint32_t i = 0; i < links * kPrefixesOfOne; ++i)
    apply(route(Ipv4Prefix::make({0x0a000000U + (i << 8)}, 24)));
  (void)guard.settle();
  for (auto _ : state) {
    apply(set({kLink}));
    for (const auto& change : guard.settle()) desired.apply(change);
    apply(set({kOther}));
    for (const auto& change : guard.settle()) desired.apply(change);
  }
  if (desired.size() != std::size_t{links} * kPrefixesOfOne) state.SkipWithError("some were withheld");
}
BENCHMARK(judged_anew)->Arg(kPeers)->Arg(kPeers / 4)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace wgospf::daemon

int main(int argc, char** argv) {
  return wgospf::bench::run_with_ratios(
      argc, argv,
      {{"underlay_decision/4000", "underlay_decision/1000", 7}, {"judged_anew/1000", "judged_anew/250", 7}});
}
