// Whatever happens in whatever order, with failures at random: once the failures end, the kernel forwards
// exactly as is wanted, holds nothing else of ours, and no foreign object has been touched.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "rib/reconciler.h"
#include "tests/unit/rib/model_kernel.h"

namespace wgospf::rib {
namespace {

using namespace std::chrono_literals;

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {
    for (std::uint32_t i = 0; i < 20; ++i) kernel_.foreign_ids.insert(1000 + below(300));
    if (chance(2)) former_run();
    reconciler_.load(kernel_.state(), now_);
  }

  void step() {
    now_ += std::chrono::milliseconds(below(400));
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
        return change();
      case 3:
        return flip_link();
      case 4:
        return connect();
      case 5:
        return foreign_route();
      case 6:
        return vandalise();
      case 7:
        return reconciler_.claim();
      case 8:
        return reconciler_.load(kernel_.state(), now_);
      case 9:
        return chance(2) ? prepend() : overrule();
      case 10:
        return open_gate();
      case 11:
        return flip_usable();
      default:
        return work(1 + below(4));
    }
  }

  void finish() {
    failing_ = false;
    reconciler_.claim();
    while (!gates_.empty()) open_gate();
    for (Tag tag = 1; tag < 6; ++tag) reconciler_.set_usable(tag, true);
    while (!kernel_.prepended.empty()) withdraw(*kernel_.prepended.begin());
    for (int round = 0; round < 200; ++round) {
      work(100'000);
      if (reconciler_.wants_resync()) reconciler_.load(kernel_.state(), now_);
      now_ += 31s;
    }
    work(100'000);
    tell();
  }

  void check() const {
    std::map<IpPrefix, ModelKernel::Path> expected;
    std::set<std::string> blocked;
    for (const auto& [prefix, want] : prefixes_) {
      if (connected_.contains(prefix)) continue;
      ModelKernel::Path path{{}, want.second};
      if (const auto set = sets_.find(want.first); set != sets_.end()) {
        for (const Member& member : set->second) {
          if (!kernel_.down.contains(member.ifindex)) path.first[{.ifindex = member.ifindex}] = member.weight;
        }
      }
      if (path.first.empty()) continue;
      const auto slot = kernel_.routes.find(prefix);
      if (slot != kernel_.routes.end() && slot->second.nexthop_id == 0) {
        blocked.insert(to_string(Subject(prefix)));
        continue;
      }
      expected[prefix] = path;
    }
    EXPECT_EQ(kernel_.forwarding(), expected);
    EXPECT_FALSE(kernel_.overwrote_foreign);
    for (const IpPrefix& prefix : foreign_) EXPECT_EQ(kernel_.routes.at(prefix).nexthop_id, 0U);
    for (const auto& [id, key] : kernel_.nexthops) EXPECT_FALSE(kernel_.foreign_ids.contains(id));
    std::size_t stray = 0;
    for (const auto& [id, key] : kernel_.nexthops) stray += wanted(key) ? 0 : 1;
    EXPECT_EQ(stray, 0U) << "next hops that nobody wants are left";
    EXPECT_LE(kernel_.groups.size(), sets_.size());
    const Sizes sizes = reconciler_.sizes();
    EXPECT_EQ(sizes.pending, 0U);
    EXPECT_EQ(sizes.failing, blocked.size());
    std::set<std::string> told;
    for (const auto& [subject, text] : failures_) told.insert(subject);
    EXPECT_EQ(told, blocked) << "all else has recovered: " << testing::PrintToString(failures_);
    check_told();
    EXPECT_EQ(sizes.adopted, 0U);
    EXPECT_EQ(sizes.routes, kernel_.forwarding().size());
    EXPECT_EQ(sizes.groups, kernel_.groups.size());
    EXPECT_EQ(sizes.nexthops, kernel_.nexthops.size());
    EXPECT_EQ(reconciler_.acknowledged(), ticket_);
  }

  /// What has been told is what is: of each wanted prefix, whether the kernel uses our route and why not.
  void check_told() const {
    std::map<IpPrefix, Standing> expected;
    std::size_t missing = 0;
    std::size_t hidden = 0;
    for (const auto& [prefix, want] : prefixes_) {
      const auto slot = kernel_.routes.find(prefix);
      const bool is_there = slot != kernel_.routes.end() && slot->second.nexthop_id != 0;
      if (connected_.contains(prefix)) {
        expected[prefix] = Standing::connected;
      } else if (!is_there) {
        ++missing;
        expected[prefix] = has_exit(want.first) ? Standing::missing : Standing::no_next_hop;
      } else if (rivals_at(prefix)) {
        ++hidden;
        expected[prefix] = Standing::hidden;
      }
    }
    EXPECT_EQ(standings_, expected);
    EXPECT_EQ(reconciler_.sizes().missing, missing);
    EXPECT_EQ(reconciler_.sizes().hidden, hidden);
  }
  [[nodiscard]] bool has_exit(SetId id) const {
    const auto set = sets_.find(id);
    return set != sets_.end() && std::any_of(set->second.begin(), set->second.end(), [this](const Member& m) {
             return !kernel_.down.contains(m.ifindex);
           });
  }

  void abandon() {
    reconciler_.abandon();
    finish();
    EXPECT_TRUE(kernel_.forwarding().empty());
    EXPECT_TRUE(kernel_.groups.empty());
    EXPECT_TRUE(kernel_.nexthops.empty());
    EXPECT_EQ(failures_, (std::map<std::string, std::string>{}));
    EXPECT_EQ(standings_, (std::map<IpPrefix, Standing>{}));
    EXPECT_EQ(reconciler_.sizes().missing, 0U);
    EXPECT_EQ(reconciler_.sizes().hidden, 0U);
  }

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  bool chance(std::uint32_t one_in) { return below(one_in) == 0; }
  IpPrefix any_prefix() { return Ipv4Prefix::make({0x0a000000U + (below(25) << 8)}, 24); }
  static bool wanted_in(const std::vector<Member>& members, const NexthopKey& key) {
    for (const Member& member : members) {
      if (member.ifindex == key.ifindex) return true;
    }
    return false;
  }
  [[nodiscard]] bool wanted(const NexthopKey& key) const {
    for (const auto& [id, members] : sets_) {
      if (wanted_in(members, key)) return true;
    }
    return false;
  }

  void former_run() {
    kernel_.foreign_ids.clear();
    for (std::uint32_t i = 1; i < 5; ++i) {
      kernel_.nexthops[1000 + i] = {.ifindex = i};
      kernel_.groups[1010 + i] = {{1000 + i, 1}};
      for (int n = 0; n < 5; ++n) kernel_.routes[any_prefix()] = {1010 + i, {}};
    }
  }

  void change() {
    Batch batch{++ticket_, {}};
    for (std::uint32_t i = 1 + below(6); i > 0; --i) {
      const SetId set = below(6);
      if (chance(3)) {
        std::vector<Member> members;
        for (std::uint32_t ifindex = 1; ifindex < 6; ++ifindex) {
          if (chance(3)) members.push_back({.ifindex = ifindex, .weight = 1 + below(3), .tag = ifindex});
        }
        sets_[set] = members;
        batch.changes.emplace_back(
            SetChanged{set, Family::ipv4, members, chance(3) ? new_gate() : std::nullopt});
      } else if (chance(8)) {
        sets_.erase(set);
        batch.changes.emplace_back(SetGone{set, Family::ipv4});
      } else if (chance(4)) {
        const IpPrefix prefix = any_prefix();
        prefixes_.erase(prefix);
        batch.changes.emplace_back(PrefixGone{prefix});
      } else {
        const IpPrefix prefix = any_prefix();
        std::optional<IpAddress> source;
        if (chance(3)) source = Ipv4Address{1 + below(2)};
        prefixes_[prefix] = {set, source};
        batch.changes.emplace_back(PrefixChanged{.prefix = prefix,
                                                 .set_id = set,
                                                 .source = source,
                                                 .gate = chance(4) ? new_gate() : std::nullopt});
      }
    }
    reconciler_.apply(batch);
  }

  std::optional<Gate> new_gate() {
    gates_.insert(++last_gate_);
    return last_gate_;
  }
  void open_gate() {
    if (gates_.empty()) return;
    auto gate = gates_.begin();
    std::advance(gate, below(static_cast<std::uint32_t>(gates_.size())));
    reconciler_.open_gate(*gate);
    gates_.erase(gate);
  }
  void flip_usable() {
    const Tag tag = 1 + below(5);
    reconciler_.set_usable(tag, chance(2));
  }

  void flip_link() {
    const std::uint32_t ifindex = 1 + below(5);
    if (kernel_.down.contains(ifindex)) {
      kernel_.link_up(ifindex);
      reconciler_.link_up(ifindex);
    } else {
      kernel_.link_down(ifindex);
      reconciler_.link_down(ifindex);
    }
  }

  void connect() {
    connected_.clear();
    if (chance(2)) connected_ = {any_prefix(), any_prefix()};
    reconciler_.set_connected({connected_.begin(), connected_.end()});
  }

  void foreign_route() {
    const IpPrefix prefix = any_prefix();
    if (foreign_.contains(prefix)) {
      foreign_.erase(prefix);
      kernel_.routes.erase(prefix);
      reconciler_.route_removed(prefix, 0, now_);
    } else {
      foreign_.insert(prefix);
      kernel_.routes[prefix] = {0, {}};
      reconciler_.route_seen({prefix, 0, {}}, now_);
    }
  }

  // Before whatever is there; sometimes the notification is lost and a later load finds out.
  void prepend() {
    const IpPrefix prefix = any_prefix();
    if (kernel_.prepended.contains(prefix)) return withdraw(prefix);
    kernel_.prepended.insert(prefix);
    reconciler_.rivals_changed(prefix);
  }
  void withdraw(IpPrefix prefix) {
    kernel_.prepended.erase(prefix);
    reconciler_.rivals_changed(prefix);
    reconciler_.route_removed(prefix, 0, now_);
  }
  // One of a lower metric, which the kernel uses in place of ours.
  void overrule() {
    const IpPrefix prefix = any_prefix();
    if (overruled_.erase(prefix) == 0) overruled_.insert(prefix);
    reconciler_.rivals_changed(prefix);
  }
  [[nodiscard]] std::optional<Rivals> rivals_at(const IpPrefix& prefix) const {
    const bool in_slot = kernel_.prepended.contains(prefix);
    if (overruled_.contains(prefix)) return Rivals{Holder{.metric = 5}, in_slot};
    if (!in_slot) return std::nullopt;
    return Rivals{Holder{.metric = 110}, in_slot};
  }

  // Others remove or change what is ours; sometimes the notification is lost and a later load finds out.
  void vandalise() {
    const bool heard = !chance(4);
    if (chance(2) && !kernel_.routes.empty()) {
      auto victim = kernel_.routes.begin();
      std::advance(victim, below(static_cast<std::uint32_t>(kernel_.routes.size())));
      const auto [prefix, route] = *victim;
      if (route.nexthop_id == 0) return;
      kernel_.routes.erase(victim);
      if (heard) reconciler_.route_removed(prefix, route.nexthop_id, now_);
    } else if (chance(2) && !kernel_.groups.empty()) {
      auto victim = kernel_.groups.begin();
      std::advance(victim, below(static_cast<std::uint32_t>(kernel_.groups.size())));
      const std::uint32_t id = victim->first;
      kernel_.remove_group(id);
      if (heard) reconciler_.id_removed(id, now_);
    } else if (!kernel_.nexthops.empty()) {
      auto victim = kernel_.nexthops.begin();
      std::advance(victim, below(static_cast<std::uint32_t>(kernel_.nexthops.size())));
      const std::uint32_t id = victim->first;
      kernel_.remove_nexthop(id);
      if (heard) reconciler_.id_removed(id, now_);
    }
    if (!heard) reconciler_.load(kernel_.state(), now_);
  }

  void work(std::uint32_t turns) {
    for (std::uint32_t turn = 0; turn < turns; ++turn) {
      const auto operations = reconciler_.next(now_, 1 + below(8));
      if (operations.empty()) break;
      bool blind = false;
      ASSERT_LT(turn, 50'000U) << "the reconciler does not come to rest";
      for (const Operation& operation : operations) {
        Outcome outcome{};
        if (failing_ && chance(40)) {
          if (chance(2)) (void)kernel_.execute(operation);
          outcome.unknown = true;
        } else if (failing_ && chance(6)) {
          outcome = {chance(2) ? ENOMEM : EINVAL, "at random"};
        } else {
          outcome = kernel_.execute(operation);
        }
        reconciler_.completed(operation, outcome, now_);
        blind = blind || outcome.unknown;
      }
      if (blind && !chance(3)) reconciler_.load(kernel_.state(), now_);
    }
    tell();
  }

  void tell() {
    for (const Report& report : reconciler_.take_reports()) {
      if (const auto* stands = std::get_if<RouteStands>(&report)) {
        standings_[stands->prefix] = stands->standing;
        if (stands->standing == Standing::in_kernel) standings_.erase(stands->prefix);
      } else if (const auto* failed = std::get_if<Failed>(&report)) {
        failures_.insert_or_assign(to_string(failed->subject), failed->text);
      } else if (const auto* recovered = std::get_if<Recovered>(&report)) {
        failures_.erase(to_string(recovered->subject));
      }
    }
  }

  std::mt19937_64 random_;
  Reconciler reconciler_{
      {.ids = {1000, 300}, .rivals = [this](const IpPrefix& prefix) { return rivals_at(prefix); }}};
  ModelKernel kernel_;
  Instant now_{};
  bool failing_ = true;
  std::set<Gate> gates_;
  Gate last_gate_ = 0;
  std::uint64_t ticket_ = 0;
  std::map<SetId, std::vector<Member>> sets_;
  std::map<IpPrefix, std::pair<SetId, std::optional<IpAddress>>> prefixes_;
  std::set<IpPrefix> connected_;
  std::set<IpPrefix> foreign_;
  std::set<IpPrefix> overruled_;
  std::map<IpPrefix, Standing> standings_;       // what the daemon would show, other than that all is well
  std::map<std::string, std::string> failures_;  // what the daemon would show
};

TEST(ReconcilerRandomTest, KernelEndsAsWantedAfterAnySequence) {
  for (std::uint64_t seed = 1; seed <= 2500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    for (int i = 0; i < 300; ++i) world.step();
    world.finish();
    world.check();
    world.abandon();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace wgospf::rib
