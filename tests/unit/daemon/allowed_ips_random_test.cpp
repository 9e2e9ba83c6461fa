// What becomes of devices, routes and what is noted while the networks around a router change at random, with
// devices and a kernel that are slow, somebody else at the same devices, and kills at random moments: against a naive
// planner, and step by step.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <tuple>

#include "daemon/routes/allowed_ips_plan.h"
#include "tests/support/random.h"

namespace wgospf::daemon::random_plans {
namespace {

using test::Random;
using V2 = ospf::V2;
using Hops = std::vector<ospf::NextHop>;
using Wanted = std::map<Ipv4Prefix, Hops>;
using Table = std::map<Ipv4Prefix, wg::Key>;
using Tables = std::map<std::string, Table>;

wg::Key key(std::uint32_t number) {
  wg::Key key;
  key.bytes.fill(static_cast<std::uint8_t>(number));
  return key;
}

/// A router, 0, among others: a peer of each on wg0, alone with some on wg1, wg2 ..., beside some on eth0.
class Network {
 public:
  static constexpr std::uint32_t kFar = 1'000'000;
  enum Kind : std::uint32_t { shared, dedicated, plain };

  Network(std::uint32_t routers, Random& random) : size_(routers), random_(random) {
    cost_.assign(size_, std::vector<std::uint32_t>(size_, kFar));
    for (std::uint32_t router = 1; router < size_; ++router)
      links_.push_back({link(shared, router), router, kFar});
    for (std::uint32_t router = 1; router < size_; ++router)
      if (random_.one_in(2)) links_.push_back({link(dedicated, router), router, kFar});
    if (random_.one_in(2)) links_.push_back({link(plain, 1), 1, kFar});
    for (int i = 0; i < 12; ++i) change();
  }

  /// Of so few values that paths of one cost are common; the same both ways.
  void change() {
    const std::uint32_t cost = random_.one_in(4) ? kFar : 1 + random_.below(3);
    if (random_.one_in(2)) {
      links_[random_.below(static_cast<std::uint32_t>(links_.size()))].cost = cost;
    } else {
      const std::uint32_t one = 1 + random_.below(size_ - 1), other = 1 + random_.below(size_ - 1);
      if (one != other) cost_[one][other] = cost_[other][one] = cost;
    }
  }

  /// To each LAN, and to each router's own address on wg0: all ways of least cost, but one over wg0, the one to the
  /// lowest router id.
  Wanted routes() const {
    const auto distance = distances();
    Wanted wanted;
    for (std::uint32_t to = 1; to < size_; ++to) {
      std::uint32_t least = kFar;
      for (const Link& link : links_) least = std::min(least, link.cost + distance[link.router][to]);
      if (least >= kFar) continue;
      Hops hops;
      bool has_shared = false;
      for (const Link& link : links_) {
        if (link.cost + distance[link.router][to] != least) continue;
        if (is_shared(link.id) && std::exchange(has_shared, true)) continue;
        hops.push_back({link.id, address(link.id), ospf::RouterId{link.router}});
      }
      wanted[lan(to)] = wanted[Ipv4Prefix::host(address(link(shared, to)))] = hops;
    }
    return wanted;
  }

  AllowedIpsPlan::Links managed() const {
    AllowedIpsPlan::Links links;
    for (const Link& each : links_) {
      if (kind(each.id) == plain) continue;
      const auto peer = is_shared(each.id) ? std::optional(key_of(each.id)) : std::nullopt;
      links.managed[each.id] = {device(each.id), address(each.id), peer};
    }
    links.manual = {"eth0"};
    return links;
  }
  /// The naive planner: each prefix at the peers that it is reached over, what OSPF itself needs, and each peer's own
  /// address, whatever the routes say.
  Tables plan() const {
    Tables tables;
    for (const auto& [prefix, hops] : routes())
      for (const auto& hop : hops)
        if (kind(hop.link) != plain) tables[device(hop.link)][prefix] = key_of(hop.link);
    for (const Link& link : links_) {
      if (kind(link.id) == plain) continue;
      tables[device(link.id)][Ipv4Prefix::host(address(link.id))] = key_of(link.id);
      if (!is_shared(link.id))
        tables[device(link.id)][Ipv4Prefix::host(wg::kAllSpfRouters)] = key_of(link.id);
    }
    return tables;
  }
  /// With their peers.
  std::map<std::string, std::vector<wg::Key>> devices() const {
    std::map<std::string, std::vector<wg::Key>> devices;
    for (const Link& link : links_)
      if (kind(link.id) != plain) devices[device(link.id)].push_back(key_of(link.id));
    return devices;
  }

  static ospf::LinkId link(Kind kind, std::uint32_t router) { return ospf::LinkId{100 * kind + router}; }
  static Kind kind(ospf::LinkId link) { return static_cast<Kind>(link.value / 100); }
  static bool is_shared(ospf::LinkId link) { return kind(link) == shared; }
  static std::string device(ospf::LinkId link) {
    if (kind(link) == plain) return "eth0";
    return "wg" + std::to_string(is_shared(link) ? 0 : link.value % 100);
  }
  static wg::Key key_of(ospf::LinkId link) { return key(link.value); }
  static Ipv4Address address(ospf::LinkId link) { return {0x0a630000U + link.value}; }
  static Ipv4Prefix lan(std::uint32_t router) { return Ipv4Prefix::make({0xc0a80000U + (router << 8)}, 24); }

 private:
  struct Link {
    ospf::LinkId id{};
    std::uint32_t router = 0;
    std::uint32_t cost = kFar;
  };
  /// Between the others (Floyd).
  std::vector<std::vector<std::uint32_t>> distances() const {
    auto distance = cost_;
    for (std::uint32_t i = 0; i < size_; ++i) distance[i][i] = 0;
    for (std::uint32_t k = 1; k < size_; ++k)
      for (std::uint32_t i = 1; i < size_; ++i)
        for (std::uint32_t j = 1; j < size_; ++j)
          distance[i][j] = std::min(distance[i][j], distance[i][k] + distance[k][j]);
    return distance;
  }

  std::uint32_t size_;
  Random& random_;
  std::vector<Link> links_;
  std::vector<std::vector<std::uint32_t>> cost_;
};

/// From routes to the changes that lead there: a set whose prefixes all go the same new way changes in place.
class Core {
 public:
  std::vector<ospf::RouteChange<V2>> become(const Wanted& wanted) {
    std::vector<ospf::RouteChange<V2>> changes;
    const auto say = [&](auto change) {
      changes.push_back({ospf::Generation{++generation_}, std::move(change)});
    };
    for (auto& [id, hops] : sets_) {
      const Hops* target = common_target(id, wanted);
      const bool is_known =
          target != nullptr &&
          std::any_of(sets_.begin(), sets_.end(), [&](const auto& set) { return set.second == *target; });
      if (target == nullptr || is_known) continue;
      hops = *target;
      say(ospf::SetChanged{id, hops});
    }
    std::vector<ospf::RouteChange<V2>> of_prefixes;
    std::map<Ipv4Prefix, ospf::SetId> routes;
    for (const auto& [prefix, target] : wanted) {
      const Hops& hops = target;
      auto set =
          std::find_if(sets_.begin(), sets_.end(), [&](const auto& entry) { return entry.second == hops; });
      if (set == sets_.end()) {
        set = sets_.emplace(free_id(), hops).first;
        say(ospf::SetChanged{set->first, hops});
      }
      routes[prefix] = set->first;
      const auto before = routes_.find(prefix);
      if (before != routes_.end() && before->second == set->first) continue;
      ospf::Route<V2> route;
      route.prefix = prefix;
      route.set = set->first;
      of_prefixes.push_back({ospf::Generation{generation_}, ospf::PrefixChanged<V2>{route}});
    }
    changes.insert(changes.end(), of_prefixes.begin(), of_prefixes.end());
    for (const auto& [prefix, set] : routes_)
      if (!wanted.contains(prefix)) say(ospf::PrefixGone<V2>{prefix});
    routes_ = std::move(routes);
    std::erase_if(sets_, [&](const auto& set) {
      const bool is_used = std::any_of(routes_.begin(), routes_.end(),
                                       [&](const auto& route) { return route.second == set.first; });
      if (!is_used) say(ospf::SetGone{set.first});
      return !is_used;
    });
    return changes;
  }

 private:
  const Hops* common_target(ospf::SetId set, const Wanted& wanted) const {
    const Hops* target = nullptr;
    for (const auto& [prefix, of] : routes_) {
      if (of != set) continue;
      const auto found = wanted.find(prefix);
      if (found == wanted.end() || (target != nullptr && *target != found->second)) return nullptr;
      target = &found->second;
    }
    return target;
  }
  ospf::SetId free_id() const {
    std::uint32_t id = 1;
    while (sets_.contains(ospf::SetId{id})) ++id;
    return ospf::SetId{id};
  }

  std::uint64_t generation_ = 0;
  std::map<ospf::SetId, Hops> sets_;
  std::map<Ipv4Prefix, ospf::SetId> routes_;
};

/// The kernel's routes, as devices, behind gates and adopted as rib/ keeps them.
class Kernel {
 public:
  struct Change {
    std::variant<ospf::SetChanged, ospf::SetGone, std::pair<Ipv4Prefix, ospf::SetId>, Ipv4Prefix> what{};
    std::optional<rib::Gate> gate{};
  };

  void apply(const std::vector<Change>& changes) {
    for (const Change& change : changes) {
      if (const auto* set = std::get_if<ospf::SetChanged>(&change.what)) {
        Set& known = sets_[set->set];
        known.gate = change.gate;
        (known.gate ? known.coming : known.told) = set->members;
      } else if (const auto* gone = std::get_if<ospf::SetGone>(&change.what)) {
        sets_.erase(gone->set);
      } else if (const auto* to = std::get_if<2>(&change.what)) {
        wanted_[to->first] = {to->second, change.gate};
      } else {
        wanted_.erase(std::get<Ipv4Prefix>(change.what));
      }
    }
    work();
  }
  void open(rib::Gate gate) {
    for (auto& [id, set] : sets_) {
      if (set.gate != gate) continue;
      set.gate.reset();
      set.told = set.coming;
    }
    for (auto& [prefix, route] : wanted_)
      if (route.gate == gate) route.gate.reset();
    work();
  }
  void claim() {
    claimed_ = true;
    work();
  }
  /// All that a run wanted is forgotten with it; its routes stay.
  void forget() {
    sets_.clear();
    wanted_.clear();
    claimed_ = false;
    adopted_.clear();
    for (const auto& [prefix, devices] : installed) adopted_.insert(prefix);
  }

  std::map<Ipv4Prefix, std::set<std::string>> installed{};

 private:
  struct Set {
    Hops told{}, coming{};
    std::optional<rib::Gate> gate{};
  };
  struct Route {
    ospf::SetId set{};
    std::optional<rib::Gate> gate{};
  };
  void work() {
    std::erase_if(installed, [&](const auto& entry) {
      const bool stays = wanted_.contains(entry.first) || (adopted_.contains(entry.first) && !claimed_);
      if (!stays) adopted_.erase(entry.first);
      return !stays;
    });
    for (const auto& [prefix, route] : wanted_) {
      const Set& set = sets_.at(route.set);
      if (route.gate || set.gate || (adopted_.contains(prefix) && !claimed_)) continue;
      adopted_.erase(prefix);
      auto& devices = installed[prefix];
      devices.clear();
      for (const auto& hop : set.told) devices.insert(Network::device(hop.link));
    }
  }

  std::map<ospf::SetId, Set> sets_;
  std::map<Ipv4Prefix, Route> wanted_;
  std::set<Ipv4Prefix> adopted_;
  bool claimed_ = false;
};

/// A router that is killed now and then.
class Router {
 public:
  explicit Router(std::uint32_t seed) : random_(seed), network_(3 + random_.below(4), random_) {
    for (const auto& [name, peers] : network_.devices()) tables_[name];
    start();
  }

  void run(int networks) {
    for (int i = 0; i < networks && !failed(); ++i) {
      allow(network_.plan());
      become();
      for (std::uint32_t steps = random_.below(12); steps-- > 0 && !failed();) step();
      if (random_.one_in(2)) settle();
      for (std::uint32_t changes = 1 + random_.below(3); changes-- > 0;) network_.change();
    }
    allow(network_.plan());
    become();
    settle();
  }

 private:
  static bool failed() { return testing::Test::HasFatalFailure(); }

  void start() {
    desired_ = std::make_unique<DesiredRoutes>();
    plan_ = std::make_unique<AllowedIpsPlan>(*desired_);
    const auto note =
        file_.empty() ? Result<wg::OwnNote>(wg::OwnNote{"boot", {}, {}}) : wg::parse_own_note(file_);
    ASSERT_TRUE(note);
    book_ = wg::OwnBook(*note);
    plan_->adopt(*note);
    core_ = Core();
    for (const auto& [name, table] : tables_) read(name);
    plan_->set_links(network_.managed());
    is_claimed_ = false;
  }
  void read(const std::string& name) {
    auto device = std::make_shared<wg::Device>();
    device->name = name;
    device->ifindex = 7;
    const auto peers = network_.devices().at(name);
    for (const auto& peer : peers) {
      device->peers.push_back({.public_key = peer});
      for (const auto& [prefix, holder] : tables_.at(name))
        if (holder == peer) device->peers.back().allowed_ips.emplace_back(prefix);
    }
    plan_->read(name, device);
  }

  /// The core has calculated.
  void become() {
    for (const auto& change : core_.become(network_.routes())) {
      desired_->apply(change);
      plan_->apply(change);
      if (const auto* set = std::get_if<ospf::SetChanged>(&change.change)) {
        members_[set->set] = set->members;
        batch_.push_back({*set, {}});
      } else if (const auto* gone = std::get_if<ospf::SetGone>(&change.change)) {
        batch_.push_back({*gone, {}});
      } else if (const auto* to = std::get_if<ospf::PrefixChanged<V2>>(&change.change)) {
        batch_.push_back({std::pair(to->route.prefix, to->route.set), {}});
      } else {
        batch_.push_back({std::get<ospf::PrefixGone<V2>>(change.change).prefix, {}});
      }
    }
    turn();
  }
  /// As RoutePipeline::submit.
  void turn() {
    plan_->decide([](const Ipv4Prefix&) { return false; });
    for (auto& [name, device] : plan_->devices())
      if (auto delta = device.next()) under_way_[name] = std::move(*delta);
    note();
    for (const auto set : plan_->take_closed())
      batch_.push_back({ospf::SetChanged{set, members_.at(set)}, {}});
    submit(!batch_.empty());
    for (const auto gate : plan_->take_open()) queue_.push_back([this, gate] { kernel_.open(gate); });
    submit(false);
  }
  void submit(bool is_any) {
    if (!is_any && !plan_->wants_ticket()) return;
    for (auto& change : batch_) {
      if (const auto* set = std::get_if<ospf::SetChanged>(&change.what))
        change.gate = plan_->gate_of(set->set);
      if (const auto* to = std::get_if<2>(&change.what)) change.gate = plan_->gate_of(to->first);
    }
    plan_->submitted(++ticket_);
    queue_.push_back([this, batch = std::exchange(batch_, {}), ticket = ticket_] {
      kernel_.apply(batch);
      plan_->acknowledged(ticket);
    });
  }
  void note() {
    bool is_changed = false;
    for (auto& [name, device] : plan_->devices()) {
      if (!device.is_own_changed()) continue;
      book_.apply(name, device.ifindex(), device.take_own_changes());
      is_changed = true;
    }
    if (is_changed) file_ = wg::to_text(book_.note());
  }

  void step() {
    switch (random_.below(8)) {
      case 0:
      case 1:
        if (!under_way_.empty()) write(pick(under_way_)->first);
        break;
      case 2:
      case 3:
        if (queue_.empty()) break;
        std::exchange(queue_.front(), {})();
        queue_.pop_front();
        break;
      case 4:
        somebody_else();
        break;
      case 5:
        if (random_.one_in(5)) kill();
        break;
      case 6:
        claim();
        break;
      default:
        network_.change();
        allow(network_.plan());
        become();
    }
    turn();
    check();
  }
  template <class Map>
  typename Map::iterator pick(Map& map) {
    auto chosen = map.begin();
    std::advance(chosen, random_.below(static_cast<std::uint32_t>(map.size())));
    return chosen;
  }
  void claim() {
    if (std::exchange(is_claimed_, true)) return;
    queue_.push_back([this] { kernel_.claim(); });
    plan_->claim();
  }
  /// What is added, then what is removed; a kill may cut it anywhere.
  void write(const std::string name, bool is_cut = false) {
    const auto delta = under_way_.extract(name).mapped();
    Table& table = tables_.at(name);
    for (const auto& peer : delta.peers)
      for (const auto& prefix : peer.add_allowed_ips)
        if (!is_cut || random_.one_in(2)) table[std::get<Ipv4Prefix>(prefix)] = peer.public_key;
    for (const auto& peer : delta.peers)
      for (const auto& prefix : peer.remove_allowed_ips) {
        const auto held = table.find(std::get<Ipv4Prefix>(prefix));
        if (held != table.end() && held->second == peer.public_key && (!is_cut || random_.one_in(2)))
          table.erase(held);
      }
    if (is_cut) return;
    read(name);
    plan_->devices().at(name).applied();
    std::erase_if(laid_bare_, [&](const auto& entry) { return entry.first == name; });
  }
  void kill() {
    while (!under_way_.empty()) write(under_way_.begin()->first, true);
    queue_.clear();
    batch_.clear();
    kernel_.forget();
    start();
    if (!failed()) become();
  }
  /// Adds, moves or removes what is not ours, and is seen doing it.
  void somebody_else() {
    const auto& name = pick(tables_)->first;
    const auto devices = network_.devices();
    const auto& peers = devices.at(name);
    const Ipv4Prefix prefix = Network::lan(random_.below(9));
    if (under_way_.contains(name) || is_noted(name, prefix)) return;
    if (random_.one_in(3)) {
      if (foreign_[name].contains(prefix)) laid_bare_.emplace(name, prefix);
      tables_[name].erase(prefix);
      foreign_[name].erase(prefix);
    } else {
      const wg::Key peer = peers[random_.below(static_cast<std::uint32_t>(peers.size()))];
      tables_[name][prefix] = foreign_[name][prefix] = peer;
    }
    allow(network_.plan());
    read(name);
  }
  bool is_noted(const std::string& name, const Ipv4Prefix& prefix) const {
    const auto own = book_.note().own;
    const auto device = own.find(name);
    return device != own.end() &&
           std::any_of(device->second.begin(), device->second.end(), [&](const auto& peer) {
             return std::binary_search(peer.second.begin(), peer.second.end(), prefix);
           });
  }

  /// What a peer may have from now on, until all has settled.
  void allow(const Tables& tables) {
    for (const auto& [name, table] : tables)
      for (const auto& [prefix, peer] : table) allowed_.emplace(name, prefix, peer);
  }
  void check() {
    const auto own = book_.note().own;
    for (const auto& [name, table] : foreign_)
      for (const auto& [prefix, peer] : table) {
        const auto found = tables_[name].find(prefix);
        ASSERT_TRUE(found != tables_[name].end() && found->second == peer)
            << prefix.to_string() << " by hand on " << name;
      }
    for (const auto& [name, table] : tables_)
      for (const auto& [prefix, peer] : table) {
        if (foreign_[name].contains(prefix)) continue;
        const auto of_device = own.find(name);
        ASSERT_TRUE(
            of_device != own.end() && of_device->second.contains(peer) &&
            std::binary_search(of_device->second.at(peer).begin(), of_device->second.at(peer).end(), prefix))
            << prefix.to_string() << " on " << name << " is not noted";
        ASSERT_TRUE(allowed_.contains({name, prefix, peer}))
            << prefix.to_string() << " on " << name << " is too much";
      }
    for (const auto& [prefix, devices] : kernel_.installed)
      for (const auto& name : devices)
        ASSERT_TRUE(name == "eth0" || tables_.at(name).contains(prefix) ||
                    laid_bare_.contains({name, prefix}))
            << "the kernel leads to " << prefix.to_string() << " over " << name << ", whose peers refuse it";
  }

  void settle() {
    for (int round = 0; round < 1000 && !failed(); ++round) {
      claim();
      turn();
      if (under_way_.empty() && queue_.empty()) break;
      while (!under_way_.empty()) write(under_way_.begin()->first);
      while (!queue_.empty()) {
        queue_.front()();
        queue_.pop_front();
        check();
      }
    }
    if (failed()) return;
    Tables expected = network_.plan();
    for (const auto& [name, table] : foreign_)
      for (const auto& [prefix, peer] : table) expected[name][prefix] = peer;
    for (const auto& [name, table] : tables_) ASSERT_EQ(table, expected[name]) << name;
    std::map<Ipv4Prefix, std::set<std::string>> routes;
    for (const auto& [prefix, hops] : network_.routes())
      for (const auto& hop : hops) routes[prefix].insert(Network::device(hop.link));
    ASSERT_EQ(kernel_.installed, routes);
    ASSERT_FALSE(plan_->is_any_closed());
    allowed_.clear();
    allow(expected);
  }

  Random random_;
  Network network_;
  Tables tables_, foreign_;
  std::set<std::tuple<std::string, Ipv4Prefix, wg::Key>> allowed_;
  std::set<std::pair<std::string, Ipv4Prefix>> laid_bare_;  ///< a route used what was there by hand
  Kernel kernel_;
  std::string file_;
  wg::OwnBook book_;
  std::unique_ptr<DesiredRoutes> desired_;
  std::unique_ptr<AllowedIpsPlan> plan_;
  Core core_;
  std::map<ospf::SetId, Hops> members_;
  std::vector<Kernel::Change> batch_;
  std::deque<std::function<void()>> queue_;  ///< for the kernel, in order
  std::map<std::string, wg::DeviceDelta> under_way_;
  rib::Ticket ticket_ = 0;
  bool is_claimed_ = false;
};

TEST(AllowedIpsPlanRandom, TenThousandNetworks) {
  for (std::uint32_t seed = 0; seed < 1000 && !testing::Test::HasFatalFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Router(seed).run(10);
  }
}

}  // namespace
}  // namespace wgospf::daemon::random_plans
