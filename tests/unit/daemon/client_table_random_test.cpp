// Routers that tell each other with delays, and a client that moves, rests, and goes: wherever it is in the end, that
// router announces it, and no other.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "daemon/clients/client_table.h"

namespace wgospf::daemon::client_table_random {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kRouters = 4;
constexpr milliseconds kReading{200};
constexpr Ipv4Address kAddress{0x0a630032};

class Network {
 public:
  explicit Network(unsigned seed) : random_(seed) {
    key_.bytes[0] = 7;
    for (std::size_t i = 0; i < kRouters; ++i) {
      tables_.emplace_back(id_of(i));
      set_cost(i, 10);
      peers_.emplace_back().public_key = key_;
      announces_.push_back(false);
    }
  }

  void set_cost(std::size_t router, std::uint16_t cost) {
    tables_[router].set_places({{{"wg0", key_, "phone", {kAddress}, cost}}, {{"wg0", seconds{180}}}}, now());
  }
  /// The client shakes hands at this router, and nowhere else from now on.
  void move_to(std::size_t router) {
    at_.clear();
    connect_to(router);
  }
  /// Beside wherever it is.
  void connect_to(std::size_t router) {
    peers_[router].last_handshake = clock();
    peers_[router].rx_bytes += 148;
    at_[router] = elapsed_;
  }
  void switch_off() { at_.clear(); }

  void run_for(milliseconds time) {
    for (const auto end = elapsed_ + time; elapsed_ < end;) {
      elapsed_ += milliseconds{50};
      use_session();
      deliver();
      if (elapsed_ % kReading == milliseconds{0})
        for (std::size_t i = 0; i < kRouters; ++i) {
          tables_[i].read("wg0", {now(), clock(), {&peers_[i], 1}});
          tables_[i].time_passed(now());
        }
      for (std::size_t i = 0; i < kRouters; ++i) take(i);
      const auto count = std::count(announces_.begin(), announces_.end(), true);
      doubled_ = count > 1 ? doubled_ + milliseconds{50} : milliseconds{0};
      longest_doubled_ = std::max(longest_doubled_, doubled_);
    }
  }
  [[nodiscard]] std::vector<std::size_t> announcing() const {
    std::vector<std::size_t> routers;
    for (std::size_t i = 0; i < kRouters; ++i)
      if (announces_[i]) routers.push_back(i);
    return routers;
  }
  /// Of announcements.
  [[nodiscard]] std::size_t changes() const { return changes_; }
  [[nodiscard]] milliseconds longest_doubled() const { return longest_doubled_; }
  std::mt19937& random() { return random_; }

 private:
  struct Told {
    std::size_t to = 0;
    ospf::RouterId from{};
    std::uint32_t id = 0;
    std::optional<std::vector<ospf::ClientTlv>> claims{};
  };
  static ospf::RouterId id_of(std::size_t router) {
    return ospf::RouterId{static_cast<std::uint32_t>(0x0a000001 + router)};
  }
  [[nodiscard]] ClientTable::Time now() const { return ClientTable::Time{} + seconds{10'000} + elapsed_; }
  [[nodiscard]] wg::SystemTime clock() const { return wg::SystemTime{} + elapsed_; }

  /// Keepalives, and the session is renewed by its initiator.
  void use_session() {
    for (auto& [router, sent] : at_) {
      if (elapsed_ - sent < seconds{25}) continue;
      sent = elapsed_;
      wg::Peer& peer = peers_[router];
      peer.rx_bytes += 32;
      if (clock() - *peer.last_handshake >= seconds{120}) peer.last_handshake = clock();
    }
  }
  void deliver() {
    while (!under_way_.empty() && under_way_.begin()->first <= elapsed_) {
      const Told told = under_way_.begin()->second;
      under_way_.erase(under_way_.begin());
      tables_[told.to].claimed(told.from, told.id, told.claims, now());
    }
  }
  void take(std::size_t router) {
    const auto changes = tables_[router].take_changes();
    changes_ += changes.withdrawn.size() + changes.announced.size();
    if (!changes.withdrawn.empty()) announces_[router] = false;
    if (!changes.announced.empty()) announces_[router] = true;
    for (const auto& contents : changes.claims.set)
      tell(router, contents.name.id, std::get<ospf::OpaqueTlvs>(ospf::decode_opaque(contents.body)).clients);
    for (const auto& name : changes.claims.removed) tell(router, name.id, std::nullopt);
  }
  /// In the order of sending between any two, as LSAs are.
  void tell(std::size_t from, std::uint32_t id, const std::optional<std::vector<ospf::ClientTlv>>& claims) {
    for (std::size_t to = 0; to < kRouters; ++to) {
      if (to == from) continue;
      auto& last = last_[{from, to}];
      last = std::max(last, elapsed_ + milliseconds{std::uniform_int_distribution(10, 200)(random_)});
      under_way_.emplace(last, Told{to, id_of(from), id, claims});
    }
  }

  std::mt19937 random_;
  milliseconds elapsed_{};
  wg::Key key_{};
  std::vector<ClientTable> tables_;
  std::vector<wg::Peer> peers_;
  std::vector<bool> announces_;
  std::map<std::size_t, milliseconds> at_;  ///< routers; when it sent something last
  std::size_t changes_ = 0;
  milliseconds doubled_{}, longest_doubled_{};
  std::multimap<milliseconds, Told> under_way_;
  std::map<std::pair<std::size_t, std::size_t>, milliseconds> last_;
};

// In: 100 networks, 30 moves each, after rests of half a second to six minutes. Out: two seconds after each move the client is
// announced where it is and nowhere else, it never was announced twice for longer than a second, and in a rest nothing
// changes; 181 seconds after it was switched off nobody announces it.
TEST(ClientTableRandom, AnnouncedOnceAndWhereItIs) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    Network network(seed);
    network.run_for(seconds{1});
    for (int move = 0; move < 30; ++move) {
      const auto to = std::uniform_int_distribution<std::size_t>(0, kRouters - 1)(network.random());
      network.move_to(to);
      const int kind = std::uniform_int_distribution(0, 3)(network.random());
      if (kind == 0) {
        network.run_for(milliseconds{std::uniform_int_distribution(500, 1500)(network.random())});
        continue;
      }
      network.run_for(seconds{2});
      ASSERT_EQ(network.announcing(), std::vector{to}) << "seed " << seed << ", move " << move;
      network.run_for(seconds{std::uniform_int_distribution(1, kind == 1 ? 360 : 30)(network.random())});
      ASSERT_EQ(network.announcing(), std::vector{to})
          << "seed " << seed << ", after the rest of move " << move;
    }
    network.run_for(seconds{2});
    network.switch_off();
    network.run_for(seconds{181});
    ASSERT_TRUE(network.announcing().empty()) << "seed " << seed;
    ASSERT_LE(network.longest_doubled(), seconds{1}) << "seed " << seed;
  }
}

// In: 60 networks, a client that connects to two or three routers of random costs, one after the other. Out: after a
// minute the one of the least cost announces it (of several one), and for half an hour nothing changes.
TEST(ClientTableRandom, AtSeveralItIsStable) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    Network network(seed);
    std::vector<int> costs(kRouters);
    for (std::size_t i = 0; i < kRouters; ++i) {
      costs[i] = 10 + static_cast<int>(network.random()() % 3);
      network.set_cost(i, static_cast<std::uint16_t>(costs[i]));
    }
    std::vector<std::size_t> order(kRouters);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), network.random());
    order.resize(2 + network.random()() % 2);
    int least = 1000;
    for (const auto router : order) {
      network.connect_to(router);
      network.run_for(milliseconds{std::uniform_int_distribution(20, 40'000)(network.random())});
      least = std::min(least, costs[router]);
    }
    network.run_for(seconds{60});
    ASSERT_EQ(network.announcing().size(), 1U) << "seed " << seed;
    EXPECT_EQ(costs[network.announcing().front()], least) << "seed " << seed;
    const auto before = network.changes();
    network.run_for(seconds{1800});
    ASSERT_EQ(network.changes(), before) << "seed " << seed;
  }
}

}  // namespace
}  // namespace wgospf::daemon::client_table_random
