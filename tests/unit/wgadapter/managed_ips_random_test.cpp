// Allowed-ips planned from the routes of random networks, against a naive planner and a model of WireGuard;
// and with somebody else at the same device, and kills at random moments.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "tests/support/random.h"
#include "tests/unit/wgadapter/allowed_ip_model.h"
#include "wgadapter/managed_ips.h"

namespace wgospf::wg {
namespace {

using test::AllowedIpModel;
using test::key_of;
using wgospf::test::Random;
using Table = AllowedIpModel::Table;

/// Routers with one interface each, on which all others are peers; some of the tunnels are used.
struct Network {
  static constexpr std::uint32_t kFar = std::numeric_limits<std::uint32_t>::max() / 4;
  std::size_t size = 0;
  std::vector<std::vector<std::uint32_t>> cost;  ///< the same both ways; kFar: no tunnel

  Network(std::size_t routers, Random& random)
      : size(routers), cost(routers, std::vector<std::uint32_t>(routers, kFar)) {
    for (int i = 0; i < 20; ++i) change(random);
  }
  void change(Random& random) {
    const auto one = random.below(static_cast<std::uint32_t>(size)),
               other = random.below(static_cast<std::uint32_t>(size));
    if (one == other) return;
    // Of so many that two paths of one cost do not occur.
    cost[one][other] = cost[other][one] = random.one_in(3) ? kFar : 1 + random.below(100'000'000);
  }
  static Ipv4Prefix lan(std::size_t router) {
    return Ipv4Prefix::make({0xc0a80000U + (static_cast<std::uint32_t>(router) << 8)}, 24);
  }
  static Ipv4Address address(std::size_t router) {
    return {0x0a630001U + static_cast<std::uint32_t>(router)};
  }

  /// The first hop from `from` to each other router, by every possible path length (Bellman and Ford).
  std::vector<std::optional<std::size_t>> first_hops(std::size_t from) const {
    std::vector<std::uint64_t> distance(size, kFar);
    std::vector<std::optional<std::size_t>> hop(size);
    distance[from] = 0;
    for (std::size_t round = 0; round < size; ++round)
      for (std::size_t a = 0; a < size; ++a)
        for (std::size_t b = 0; b < size; ++b) {
          if (cost[a][b] == kFar || distance[a] + cost[a][b] >= distance[b]) continue;
          distance[b] = distance[a] + cost[a][b];
          hop[b] = a == from ? b : hop[a];
        }
    return hop;
  }
};

/// One router: what is wanted of its device, and the device.
struct Site {
  std::size_t self;
  AllowedIpModel model{};
  ManagedIps plan{"wg0"};
  Table wanted{};

  Site(std::size_t number, std::size_t size) : self(number) {
    for (std::size_t i = 0; i < size; ++i) {
      if (i == self) continue;
      model.peers.push_back(key_of(static_cast<std::uint8_t>(i + 1)));
      plan.pin(model.peers.back(), {Network::address(i)});
    }
    read();
  }
  void read() {
    const Device device = model.device();
    plan.read(&device);
  }
  void route(const Network& network) {
    const auto hops = network.first_hops(self);
    Table now;
    for (std::size_t to = 0; to < network.size; ++to) {
      const Ipv4Prefix lan = Network::lan(to), address = Ipv4Prefix::host(Network::address(to));
      if (to == self) continue;
      if (!hops[to]) {
        (void)plan.unwant(lan);
        (void)plan.unwant(address);
        continue;
      }
      const Key peer = key_of(static_cast<std::uint8_t>(*hops[to] + 1));
      plan.want(lan, peer);
      plan.want(address, peer);
      now[lan] = peer;
    }
    wanted = std::move(now);
  }
  /// What there is to be: the naive planner.
  Table naive() const {
    Table table = wanted;
    for (const Key& peer : model.peers) table[Ipv4Prefix::host(Network::address(peer.bytes[0] - 1U))] = peer;
    return table;
  }
  /// To the end. Whatever a peer has on the way it has before, or is to have.
  void settle() {
    const Table before = model.table, after = naive();
    while (const auto delta = plan.next()) {
      model.apply(*delta, [&] {
        for (const auto& [prefix, peer] : model.table) {
          const auto was = before.find(prefix), will = after.find(prefix);
          ASSERT_TRUE((was != before.end() && was->second == peer) ||
                      (will != after.end() && will->second == peer))
              << prefix.to_string();
        }
      });
      read();
      plan.applied();
    }
  }
};

/// A packet from LAN to LAN, hop by hop: sent to whom the sender's longest match says, and taken only from
/// whom the receiver's says.
bool arrives(const Network& network, const std::vector<Site>& sites, std::size_t from, std::size_t to) {
  const Ipv4Address source{Network::lan(from).address.value + 7},
      destination{Network::lan(to).address.value + 7};
  std::size_t at = from;
  for (std::size_t hops = 0; at != to; ++hops) {
    const auto next = sites[at].model.owner(destination);
    if (!next || hops > network.size) return false;
    const std::size_t receiver = next->bytes[0] - 1U;
    if (network.cost[at][receiver] == Network::kFar) return false;
    if (sites[receiver].model.owner(source) != key_of(static_cast<std::uint8_t>(at + 1))) return false;
    at = receiver;
  }
  return true;
}

// 10,000 networks, each after a change of some of its costs. In: the first hops of each router. Out: tables
// that are the naive planner's, and in which every LAN reaches every other, true sources and all.
TEST(ManagedIpsRandom, TenThousandNetworks) {
  Random random(20'260'101);
  int networks = 0;
  while (networks < 10'000) {
    Network network(3 + random.below(5), random);
    std::vector<Site> sites;
    for (std::size_t i = 0; i < network.size; ++i) sites.emplace_back(i, network.size);
    for (int change = 0; change < 10; ++change, ++networks) {
      for (Site& site : sites) site.route(network);
      for (Site& site : sites) {
        site.settle();
        if (HasFatalFailure()) return;
        site.plan.release_all();
        site.settle();
        ASSERT_EQ(site.model.table, site.naive()) << "network " << networks << " at " << site.self;
        ASSERT_TRUE(site.plan.conflicts().empty());
      }
      for (std::size_t from = 0; from < network.size; ++from) {
        const auto hops = network.first_hops(from);
        for (std::size_t to = 0; to < network.size; ++to) {
          const bool expected = from == to || hops[to].has_value();
          ASSERT_EQ(arrives(network, sites, from, to), expected) << from << " to " << to;
        }
      }
      for (std::uint32_t i = random.below(4); i-- > 0;) network.change(random);
    }
  }
}

/// A daemon that notes, writes and is killed, at a device that somebody else changes too.
class KillTest {
 public:
  explicit KillTest(std::uint32_t seed) : random_(seed) {
    for (std::uint8_t i = 1; i <= 4; ++i) model_.peers.push_back(key_of(i));
  }
  void run() {
    for (int step = 0; step < 300 && !testing::Test::HasFatalFailure(); ++step) {
      switch (random_.below(8)) {
        case 0:
        case 1:
          plan_.want(prefix(), peer());
          break;
        case 2:
          unwant();
          break;
        case 3:
          release();
          break;
        case 4:
          somebody_else();
          break;
        case 5:
          if (random_.one_in(4)) plan_.read(nullptr);
          break;
        default:
          write();
      }
      if (random_.one_in(20)) kill();
      check();
    }
  }

 private:
  void unwant() {
    const Ipv4Prefix chosen = prefix();
    releases_.emplace_back(chosen, plan_.unwant(chosen));
  }
  /// Of some time before, perhaps.
  void release() {
    if (releases_.empty()) return;
    const auto& [prefix, generation] = releases_[random_.below(static_cast<std::uint32_t>(releases_.size()))];
    plan_.release(prefix, generation);
  }
  Ipv4Prefix prefix() { return Ipv4Prefix::make({0x0a000000 + (random_.below(12) << 8)}, 24); }
  Key peer() { return model_.peers[random_.below(4)]; }
  bool is_noted(const Ipv4Prefix& prefix) const {
    return std::any_of(noted_.begin(), noted_.end(), [&](const auto& entry) {
      return std::binary_search(entry.second.begin(), entry.second.end(), prefix);
    });
  }
  /// Adds, moves or removes what is not ours.
  void somebody_else() {
    const Ipv4Prefix chosen = prefix();
    if (is_noted(chosen)) return;
    if (random_.one_in(3)) {
      model_.remove(chosen);
      foreign_.erase(chosen);
    } else {
      const Key to = peer();
      model_.set(chosen, to);
      foreign_[chosen] = to;
    }
    // While the daemon looks on it is read before the next difference, as the device's own refusal would
    // have it; what is written in the same moment belongs to whoever came last.
    read();
  }
  void read() {
    const Device device = model_.device();
    plan_.read(&device);
  }
  void note() {
    book_.apply("wg0", plan_.ifindex(), plan_.take_own_changes());
    file_ = to_text(book_.note());
    const auto parsed = parse_own_note(file_);
    ASSERT_TRUE(parsed);
    const auto found = parsed->own.find("wg0");
    noted_ = found == parsed->own.end() ? OwnPrefixes{} : found->second;
    ASSERT_EQ(noted_, plan_.own_prefixes());
  }
  void write() {
    read();
    const auto delta = plan_.next();
    if (!delta) return;
    if (random_.one_in(10)) return kill();
    note();
    if (random_.one_in(10)) return kill();
    // In part, when it is killed on the way.
    const bool is_cut = random_.one_in(10);
    for (const PeerDelta& part : delta->peers) {
      if (is_cut && random_.one_in(2)) return kill();
      DeviceDelta one;
      one.peers.push_back(part);
      model_.apply(one);
    }
    if (random_.one_in(10)) return kill();
    read();
    plan_.applied();
    note();
  }
  void kill() {
    const auto note = file_.empty() ? Result<OwnNote>(OwnNote{"boot", {}, {}}) : parse_own_note(file_);
    ASSERT_TRUE(note);
    const bool is_any = note->own.contains("wg0");
    plan_ = is_any ? ManagedIps("wg0", note->own.at("wg0"), note->ifindex.at("wg0")) : ManagedIps("wg0");
    book_ = OwnBook(*note);
    releases_.clear();
    if (random_.one_in(2)) plan_.release_all();
  }
  /// What somebody else wrote is as he wrote it, and all else is noted as ours.
  void check() {
    for (const auto& [prefix, peer] : foreign_) {
      const auto found = model_.table.find(prefix);
      ASSERT_TRUE(found != model_.table.end() && found->second == peer) << prefix.to_string();
    }
    for (const auto& [prefix, peer] : model_.table) {
      if (foreign_.contains(prefix)) continue;
      const auto own = noted_.find(peer);
      ASSERT_TRUE(own != noted_.end() && std::binary_search(own->second.begin(), own->second.end(), prefix))
          << prefix.to_string();
    }
  }

  Random random_;
  AllowedIpModel model_;
  Table foreign_;
  OwnPrefixes noted_;
  OwnBook book_{OwnNote{"boot", {}, {}}};
  std::vector<std::pair<Ipv4Prefix, ManagedIps::Generation>> releases_;
  std::string file_;
  ManagedIps plan_{"wg0"};
};

TEST(ManagedIpsRandom, WhatSomebodyElseWroteIsNeverTouchedAcrossKills) {
  for (std::uint32_t seed = 0; seed < 500 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    KillTest(seed).run();
  }
}

}  // namespace
}  // namespace wgospf::wg
