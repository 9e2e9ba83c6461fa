#pragma once
// Scenarios with several areas: lines of routers, and what is said and routed in them.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/scenario.h"

namespace wgospf::sim {

using namespace ospf;  // the tests are about nothing else

inline constexpr AreaId kOne{1}, kTwo{2};

class AreasTest : public Scenario {
 protected:
  /// Routers in a line, and the areas of the cables between them: a - b - c ...
  void line(const std::vector<AreaId>& areas) {
    for (std::uint32_t i = 0; i <= areas.size(); ++i) add_router(i + 1);
    for (RouterIndex i = 0; i < areas.size(); ++i) {
      connect(i, i + 1, {1, 4, areas[i]});
      join(i, areas[i]);
      join(i + 1, areas[i]);
    }
    // A loopback is in the first area of its router.
    for (Router& router : network.routers) router.ports.begin()->second.config.area = router.areas.front().id;
  }
  void join(RouterIndex router, AreaId area) {
    auto& areas = network.routers[router].areas;
    if (is_fresh_.insert(router).second) areas.clear();
    if (network.routers[router].find_area(area) == nullptr) areas.push_back({area});
  }
  /// The area's configuration at all routers in it.
  void configure(AreaId id, const std::function<void(AreaConfig&)>& change) {
    for (RouterIndex i = 0; i < network.routers.size(); ++i)
      for (AreaConfig& area : network.routers[i].areas)
        if (area.id == id) change(area);
  }
  void converge() {
    start_all();
    ASSERT_TRUE(network.run_until([this] { return all_full(); }, seconds{20}));
    network.run_for(seconds{15});
  }
  static Ipv4Prefix loopback(std::uint32_t number) { return Ipv4Prefix::host({0x01010100 + number}); }
  static Ipv4Prefix prefix(const char* text) { return *Ipv4Prefix::parse(text); }
  [[nodiscard]] const Route<V2>* route(RouterIndex router, const Ipv4Prefix& to) {
    tables_.push_back(instance(router).routes());
    return tables_.back()->find(to);
  }
  /// "inter-area 30", "none".
  [[nodiscard]] std::string text(RouterIndex router, const Ipv4Prefix& to) {
    const auto* found = route(router, to);
    if (found == nullptr) return "none";
    return std::string(to_string(found->path_type)) + " " + std::to_string(found->metric);
  }
  /// The summaries of one router in a database, prefix or AS boundary router with its metric.
  [[nodiscard]] std::map<std::string, std::uint32_t> said(RouterIndex holder, AreaId area, RouterIndex by) {
    std::map<std::string, std::uint32_t> found;
    DatabaseCursor cursor;
    while (!cursor.done)
      for (const auto& entry : instance(holder).database(cursor, 64, network.now())) {
        const LsaKey& key = entry.header.key;
        const bool is_summary = key.type == LsaType::summary_network || key.type == LsaType::summary_asbr;
        if (!is_summary || entry.area != area || key.advertising_router != network.routers[by].id) continue;
        if (entry.header.age >= kMaxAge) continue;
        const auto body = std::get<v2::SummaryLsa>(V2::decode_body(entry.lsa));
        const bool is_router = key.type == LsaType::summary_asbr;
        const auto prefix = Ipv4Prefix::make({key.id.value}, mask_length(body.mask).value_or(0));
        found[is_router ? "router " + key.id.to_string() : prefix.to_string()] = body.metric;
      }
    return found;
  }
  [[nodiscard]] std::uint8_t flags(RouterIndex router, AreaId area) {
    const auto own = instance(router).find_lsa(area, router_key(network.routers[router].id), network.now());
    return own ? std::get<v2::RouterLsa>(V2::decode_body(own->lsa)).flags : std::uint8_t{0};
  }
  void announce(RouterIndex router, const char* text) {
    ExternalRoute external;
    external.prefix = prefix(text);
    external.metric = 5;
    network.change_externals(router, {external}, {});
  }

 private:
  std::set<RouterIndex> is_fresh_;
  std::vector<std::shared_ptr<const RouteTable<V2>>> tables_;
};

using Said = std::map<std::string, std::uint32_t>;

}  // namespace wgospf::sim
