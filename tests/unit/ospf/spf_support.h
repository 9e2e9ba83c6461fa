#pragma once
// Small words to write down networks in tests of the route calculation: LSAs from lists of links, the root's
// links, and a consumer that applies the changes it is told.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ospf/route/calculator.h"
#include "ospf/v2/v2.h"

namespace wgospf::ospf::spf_test {

using v2::RouterLinkType;
using Calculator = RouteCalculator<V2>;
using Change = RouteChange<V2>;
using Hop = NextHop;

inline RouterId id(std::uint32_t n) {
  return RouterId{0x01000000 + n};
}
inline Ipv4Address address(const char* text) {
  return Ipv4Address::parse(text).value();
}
inline Ipv4Prefix prefix(const std::string& text) {
  return Ipv4Prefix::parse(text).value();
}

inline v2::RouterLink p2p(std::uint32_t neighbor, std::uint16_t cost, std::uint32_t data = 1) {
  return {id(neighbor).value, data, RouterLinkType::point_to_point, cost, {}};
}
inline v2::RouterLink transit(const char* dr, const char* own, std::uint16_t cost) {
  return {address(dr).value, address(own).value, RouterLinkType::transit, cost, {}};
}
inline v2::RouterLink stub(const std::string& text, std::uint16_t cost) {
  const Ipv4Prefix p = prefix(text);
  return {p.address.value, netmask(p.length), RouterLinkType::stub, cost, {}};
}

inline Lsa make_lsa(LsaType type, std::uint32_t lsa_id, RouterId router, const v2::LsaBody& body) {
  LsaHeader header;
  header.age = 1;
  header.key = {type, LinkStateId{lsa_id}, router};
  return V2::encode_lsa(header, body);
}
inline Lsa router_lsa(std::uint32_t n, std::vector<v2::RouterLink> links, std::uint8_t flags = 0) {
  v2::RouterLsa body;
  body.flags = flags;
  body.links = std::move(links);
  return make_lsa(LsaType::router, id(n).value, id(n), body);
}
inline Lsa network_lsa(const char* dr, std::uint32_t by, std::vector<std::uint32_t> routers,
                       std::uint8_t length = 24) {
  v2::NetworkLsa body;
  body.mask = netmask(length);
  for (const std::uint32_t n : routers) body.attached.push_back(id(n));
  return make_lsa(LsaType::network, address(dr).value, id(by), body);
}
inline Lsa summary(std::uint32_t by, const std::string& text, std::uint32_t metric) {
  v2::SummaryLsa body;
  body.mask = netmask(prefix(text).length);
  body.metric = metric;
  return make_lsa(LsaType::summary_network, prefix(text).address.value, id(by), body);
}
inline Lsa asbr_summary(std::uint32_t by, std::uint32_t asbr, std::uint32_t metric) {
  v2::SummaryLsa body;
  body.metric = metric;
  return make_lsa(LsaType::summary_asbr, id(asbr).value, id(by), body);
}
struct External {
  std::string prefix;
  std::uint32_t metric = 0;
  bool type2 = true;
  const char* forwarding = "0.0.0.0";
  std::uint32_t tag = 0;
};
inline Lsa external(std::uint32_t by, const External& e) {
  v2::ExternalLsa body;
  body.mask = netmask(prefix(e.prefix).length);
  body.metric = e.metric;
  body.type2 = e.type2;
  body.forwarding_address = address(e.forwarding);
  body.tag = e.tag;
  return make_lsa(LsaType::as_external, prefix(e.prefix).address.value, id(by), body);
}

inline RootLink root_p2p(std::uint32_t link, std::uint32_t neighbor, std::uint16_t cost,
                         std::optional<Ipv4Address> gateway = std::nullopt, AreaId area = kBackbone) {
  RootLink result;
  result.link = LinkId{link};
  result.area = area;
  result.kind = RootLink::Kind::point_to_point;
  result.cost = cost;
  result.neighbors = {{id(neighbor), gateway, std::nullopt}};
  return result;
}
inline RootLink root_transit(std::uint32_t link, const char* dr,
                             std::vector<std::pair<std::uint32_t, const char*>> neighbors,
                             std::uint16_t cost) {
  RootLink result;
  result.link = LinkId{link};
  result.kind = RootLink::Kind::transit;
  result.cost = cost;
  result.network_id = LinkStateId{address(dr).value};
  for (const auto& [n, own] : neighbors) result.neighbors.push_back({id(n), address(own), std::nullopt});
  return result;
}
/// A device with these addresses, with the lengths of their subnets: "10.1.0.1/24".
inline std::shared_ptr<const RootDevice> device(std::vector<const char*> addresses) {
  RootDevice result;
  for (const std::string text : addresses) {
    const std::size_t slash = text.find('/');
    const Ipv4Address own = address(text.substr(0, slash).c_str());
    const int length = std::stoi(text.substr(slash + 1));
    result.addresses.push_back({own, Ipv4Prefix::make(own, static_cast<std::uint8_t>(length)), true});
  }
  return std::make_shared<const RootDevice>(std::move(result));
}
/// A link without neighbours on such a device, whose subnets it advertises.
inline RootLink root_lan(std::uint32_t link, std::vector<const char*> addresses, std::uint16_t cost) {
  RootLink result;
  result.link = LinkId{link};
  result.cost = cost;
  result.prefixes = RootLink::Prefixes::subnets;
  result.device = device(std::move(addresses));
  return result;
}
inline Hop via(std::uint32_t link, std::uint32_t neighbor,
               std::optional<Ipv4Address> gateway = std::nullopt) {
  return {LinkId{link}, gateway, id(neighbor)};
}

/// What a consumer knows after applying the changes told: the model of the kernel. It also holds the changes
/// to their contract.
class Consumer {
 public:
  void apply(const std::vector<Change>& changes) {
    expect_others_unmoved(changes);
    int stage = 0;
    for (const Change& change : changes) {
      const int now = static_cast<int>(change.change.index());
      const int stage_of_change = now == 0 ? 0 : now == 1 ? 2 : 1;
      EXPECT_LE(stage, stage_of_change) << "sets changed, prefixes, sets gone: in this order";
      stage = stage_of_change;
      std::visit([this](const auto& c) { apply(c); }, change.change);
    }
  }
  /// The model says the same as the table, and all references hold.
  void expect_equal(const RouteTable<V2>& table) const {
    std::map<Ipv4Prefix, Route<V2>> expected;
    for (const Route<V2>& route : table.routes) {
      expected[route.prefix] = route;
      if (route.set == kAttachedSet) continue;
      const auto at = sets_.find(route.set);
      ASSERT_NE(at, sets_.end()) << route.prefix.to_string();
      EXPECT_EQ(at->second, table.next_hops(route));
      EXPECT_FALSE(at->second.empty());
    }
    EXPECT_TRUE(expected == routes_);
    for (const auto& [set, members] : sets_)
      EXPECT_TRUE(std::any_of(table.routes.begin(), table.routes.end(),
                              [&](const Route<V2>& r) { return r.set == set; }))
          << "set " << set.value << " is kept though nothing uses it";
  }

 private:
  void apply(const SetChanged& c) { sets_[c.set] = c.members; }
  void apply(const SetGone& c) { EXPECT_EQ(sets_.erase(c.set), 1u); }
  void apply(const PrefixChanged<V2>& c) {
    EXPECT_TRUE(c.route.set == kAttachedSet || sets_.count(c.route.set) == 1);
    routes_[c.route.prefix] = c.route;
  }
  void apply(const PrefixGone<V2>& c) { EXPECT_EQ(routes_.erase(c.prefix), 1u); }

  using Ways = std::map<Ipv4Prefix, std::vector<Hop>>;
  [[nodiscard]] Ways ways() const {
    Ways result;
    for (const auto& [prefix, route] : routes_) {
      const auto set = sets_.find(route.set);
      result[prefix] = set == sets_.end() ? std::vector<Hop>{} : set->second;
    }
    return result;
  }
  /// A prefix that has the same next hops after all changes as before has them after each one of them, too:
  /// a kernel carries them out one by one.
  void expect_others_unmoved(const std::vector<Change>& changes) const {
    if (changes.size() > 1000) return;
    Consumer copy = *this;
    const auto step = [&copy](const Change& change) {
      std::visit([&copy](const auto& c) { copy.apply(c); }, change.change);
    };
    for (const Change& change : changes) step(change);
    const Ways before = ways(), after = copy.ways();
    copy = *this;
    for (const Change& change : changes) {
      step(change);
      const Ways now = copy.ways();
      for (const auto& [prefix, hops] : before) {
        const auto at_end = after.find(prefix);
        if (at_end == after.end() || at_end->second != hops) continue;
        const auto at = now.find(prefix);
        EXPECT_TRUE(at != now.end() && at->second == hops)
            << prefix.to_string() << " is led astray by a change that does not touch it";
      }
    }
  }

  std::map<SetId, std::vector<Hop>> sets_;
  std::map<Ipv4Prefix, Route<V2>> routes_;
};

struct Count {
  std::size_t sets_changed = 0, sets_gone = 0, prefixes_changed = 0, prefixes_gone = 0;
  bool operator==(const Count&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Count& c) {
    return out << c.sets_changed << " sets changed, " << c.sets_gone << " gone, " << c.prefixes_changed
               << " prefixes changed, " << c.prefixes_gone << " gone";
  }
};
inline Count count(const std::vector<Change>& changes) {
  Count c;
  for (const Change& change : changes) {
    c.sets_changed += std::holds_alternative<SetChanged>(change.change);
    c.sets_gone += std::holds_alternative<SetGone>(change.change);
    c.prefixes_changed += std::holds_alternative<PrefixChanged<V2>>(change.change);
    c.prefixes_gone += std::holds_alternative<PrefixGone<V2>>(change.change);
  }
  return c;
}

/// A calculator with its consumer. The root is router 1. Copies share the calculator.
struct Bench {
  std::shared_ptr<Calculator> shared = std::make_shared<Calculator>(id(1));
  Calculator& calculator = *shared;
  Consumer consumer;
  std::vector<Change> changes;  ///< of the latest calculation
  CalculationResult result;

  Bench& area(AreaId area, const std::vector<Lsa>& lsas) {
    for (const auto& lsa : lsas) calculator.lsa_installed(area, lsa);
    return *this;
  }
  Bench& lsas(const std::vector<Lsa>& lsas) { return area(kBackbone, lsas); }
  Bench& remove(const Lsa& lsa, AreaId area = kBackbone) {
    calculator.lsa_removed(area, V2::header(lsa).key);
    return *this;
  }
  Bench& root(std::vector<RootLink> links) {
    calculator.set_root(id(1), std::move(links));
    return *this;
  }
  Bench& calculate() {
    changes.clear();
    result = calculator.calculate(changes);
    consumer.apply(changes);
    consumer.expect_equal(*calculator.table());
    EXPECT_EQ(calculator.route_count(), calculator.table()->routes.size());
    EXPECT_EQ(calculator.generation(), calculator.table()->generation);
    EXPECT_EQ(calculator.pending(), Calculator::Pending::nothing);
    return *this;
  }
  /// "unreachable", or metric, type and next hops as people write them.
  [[nodiscard]] std::string route(const std::string& text) const {
    const auto table = calculator.table();
    const Route<V2>* found = table->find(prefix(text));
    if (found == nullptr) return "unreachable";
    std::string out = std::to_string(found->metric) + " " + std::string(to_string(found->path_type));
    if (found->path_type == PathType::external_2) out += " " + std::to_string(found->type2_metric);
    if (found->set == kAttachedSet) return out + " attached";
    for (const Hop& hop : table->next_hops(*found)) {
      out += " link" + std::to_string(hop.link.value);
      if (hop.gateway) out += "@" + to_string(*hop.gateway);
    }
    return out;
  }
};

}  // namespace wgospf::ospf::spf_test
