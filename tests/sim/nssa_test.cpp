// Not-so-stubby areas (RFC 3101): what is announced in one, what of it is translated into the AS, by whom, and what the rest
// of the AS is in it.

#include <algorithm>

#include "tests/sim/area_scenario.h"

namespace wgospf::sim {
namespace {

class NssaTest : public AreasTest {
 protected:
  /// 0 - 1 in the backbone, 1 - 2 - ... in the NSSA.
  void nssa_line(std::size_t inside, const std::function<void(AreaConfig&)>& change = {}) {
    std::vector<AreaId> areas{kBackbone};
    areas.resize(1 + inside, kOne);
    line(areas);
    make_nssa(change);
  }
  void make_nssa(const std::function<void(AreaConfig&)>& change = {}) {
    configure(kOne, [&](AreaConfig& area) {
      area.type = AreaType::nssa;
      area.translator_stability_interval = 5;
      if (change) change(area);
    });
  }
  struct External {
    v2::ExternalLsa body;
    LsaOptions options;
  };
  /// The externals of one router in a database: of an area type 7, of the AS type 5.
  [[nodiscard]] std::map<std::string, External> externals(RouterIndex holder, LsaType type, RouterIndex by) {
    std::map<std::string, External> found;
    DatabaseCursor cursor;
    while (!cursor.done)
      for (const auto& entry : instance(holder).database(cursor, 64, network.now())) {
        const LsaKey& key = entry.header.key;
        if (key.type != type || key.advertising_router != network.routers[by].id ||
            entry.header.age >= kMaxAge)
          continue;
        const auto body = std::get<v2::ExternalLsa>(V2::decode_body(entry.lsa));
        const auto prefix = Ipv4Prefix::make({key.id.value}, mask_length(body.mask).value_or(0));
        found[prefix.to_string()] = {body, entry.header.options};
      }
    return found;
  }
  [[nodiscard]] std::vector<std::string> prefixes(RouterIndex holder, LsaType type, RouterIndex by) {
    std::vector<std::string> names;
    for (const auto& [prefix, external] : externals(holder, type, by)) names.push_back(prefix);
    return names;
  }
  void announce_all(RouterIndex router, std::initializer_list<std::pair<const char*, std::uint32_t>> all,
                    bool type2 = true) {
    std::vector<ExternalRoute> set;
    for (const auto& [text, metric] : all) {
      ExternalRoute external;
      external.prefix = prefix(text);
      external.metric = metric;
      external.type2 = type2;
      external.tag = 9;
      set.push_back(external);
    }
    network.change_externals(router, std::move(set), {});
    network.run_for(seconds{15});
  }
};

using Names = std::vector<std::string>;

// In: a router inside an NSSA announces a prefix. Out: there it is a type 7 LSA, with the P-bit and an address of its own to
// forward to, its loopback's; the border router says the same in the AS; the router inside says nothing there itself; all
// have a route. When it is taken back, both LSAs go.
TEST_F(NssaTest, Rfc3101Section3_2_Type7IsTranslatedWithItsForwardingAddress) {
  nssa_line(2);
  converge();
  announce_all(3, {{"198.51.100.0/24", 5}});
  const auto type7 = externals(2, LsaType::nssa_external, 3);
  ASSERT_EQ(type7.count("198.51.100.0/24"), 1U);
  EXPECT_EQ(type7.at("198.51.100.0/24").options, LsaOptions{Options::kNssa});
  EXPECT_EQ(type7.at("198.51.100.0/24").body.forwarding_address, loopback(4).address);
  const auto type5 = externals(0, LsaType::as_external, 1);
  ASSERT_EQ(type5.count("198.51.100.0/24"), 1U);
  EXPECT_EQ(type5.at("198.51.100.0/24").body, type7.at("198.51.100.0/24").body);
  EXPECT_TRUE(externals(0, LsaType::as_external, 3).empty());
  for (const RouterIndex router : {0U, 1U, 2U}) {
    EXPECT_EQ(text(router, prefix("198.51.100.0/24")), "external-2 " + std::to_string(10 * (3 - router)));
    EXPECT_EQ(route(router, prefix("198.51.100.0/24"))->tag, 9U);
  }
  network.change_externals(3, {}, {prefix("198.51.100.0/24")});
  network.run_for(seconds{10});
  EXPECT_TRUE(externals(2, LsaType::nssa_external, 3).empty());
  EXPECT_TRUE(externals(0, LsaType::as_external, 1).empty());
}

// In: the border router itself announces a prefix, and so does a router of the backbone. Out: the border router says it in
// the AS and, without the P-bit, in the NSSA; what others say in the AS is reached by the default route, which is said
// in a type 7 LSA without the P-bit that no border router follows or translates.
TEST_F(NssaTest, Rfc3101Section2_4_ABorderRouterSaysItsOwnAndADefaultWithoutThePBit) {
  nssa_line(1, [](AreaConfig& area) { area.default_cost = 4; });
  converge();
  announce_all(1, {{"198.51.100.0/24", 5}});
  announce_all(0, {{"203.0.113.0/24", 5}});
  EXPECT_EQ(prefixes(0, LsaType::as_external, 1), Names{"198.51.100.0/24"});
  const auto type7 = externals(2, LsaType::nssa_external, 1);
  ASSERT_EQ(type7.size(), 2U);
  for (const auto& [name, external] : type7) EXPECT_EQ(external.options, LsaOptions{}) << name;
  EXPECT_EQ(text(2, prefix("0.0.0.0/0")), "external-1 14");
  EXPECT_EQ(text(2, prefix("203.0.113.0/24")), "none");
  EXPECT_EQ(text(2, prefix("198.51.100.0/24")), "external-2 10");
  EXPECT_EQ(text(1, prefix("0.0.0.0/0")), "none");
  EXPECT_EQ(text(0, prefix("0.0.0.0/0")), "none");
}

// In: a router inside the NSSA announces a default route. Out: it is translated, and the border router, which goes by it, says
// none back; when it is withdrawn, the border router says its own again.
TEST_F(NssaTest, Rfc3101Section2_4_ADefaultFromInsideIsNotAnsweredWithOne) {
  nssa_line(2);
  converge();
  announce_all(3, {{"0.0.0.0/0", 5}});
  EXPECT_EQ(prefixes(0, LsaType::as_external, 1), Names{"0.0.0.0/0"});
  EXPECT_TRUE(externals(2, LsaType::nssa_external, 1).empty());
  for (const RouterIndex router : {0U, 1U, 2U})
    EXPECT_EQ(text(router, prefix("0.0.0.0/0")), "external-2 " + std::to_string(10 * (3 - router)));
  network.change_externals(3, {}, {prefix("0.0.0.0/0")});
  network.run_for(seconds{15});
  EXPECT_TRUE(externals(0, LsaType::as_external, 1).empty());
  EXPECT_EQ(text(3, prefix("0.0.0.0/0")), "external-1 21");
}

// In: an NSSA without summaries. Out: the default is a summary then, and the only one.
TEST_F(NssaTest, Rfc3101Section2_4_WithoutSummariesTheDefaultIsOne) {
  nssa_line(1, [](AreaConfig& area) {
    area.summary = false;
    area.default_cost = 4;
  });
  converge();
  EXPECT_EQ(said(2, kOne, 1), (Said{{"0.0.0.0/0", 4}}));
  EXPECT_TRUE(externals(2, LsaType::nssa_external, 1).empty());
  EXPECT_EQ(text(2, prefix("0.0.0.0/0")), "inter-area 14");
}

// In: a router inside an NSSA without summaries announces a default route. Out: the border router goes by it, and says none
// back.
TEST_F(NssaTest, Rfc3101Section2_4_ADefaultFromInsideIsNotAnsweredWithASummary) {
  nssa_line(2, [](AreaConfig& area) { area.summary = false; });
  converge();
  announce_all(3, {{"0.0.0.0/0", 5}});
  EXPECT_TRUE(said(2, kOne, 1).empty());
  EXPECT_EQ(text(1, prefix("0.0.0.0/0")), "external-2 20");
  EXPECT_EQ(text(2, prefix("0.0.0.0/0")), "external-2 10");
}

// In: ranges of the NSSA: one with two prefixes, one that is hidden, one that is just a prefix. Out: the first is one
// AS-external-LSA of the larger type 2 metric plus one, with its tag and no forwarding address; of the second nothing is
// said; the third is translated as it is.
TEST_F(NssaTest, Rfc3101Section3_2_RangesCondenseAndHide) {
  nssa_line(1, [](AreaConfig& area) {
    area.nssa_ranges = {{prefix("100.64.0.0/16"), true, 77},
                        {prefix("100.65.0.0/16"), false},
                        {prefix("100.66.0.0/16"), true, 78}};
  });
  converge();
  announce_all(2, {{"100.64.1.0/24", 5}, {"100.64.2.0/24", 8}, {"100.65.1.0/24", 5}, {"100.66.0.0/16", 5}});
  const auto type5 = externals(0, LsaType::as_external, 1);
  ASSERT_EQ(prefixes(0, LsaType::as_external, 1), (Names{"100.64.0.0/16", "100.66.0.0/16"}));
  EXPECT_EQ(type5.at("100.64.0.0/16").body.metric, 9U);
  EXPECT_EQ(type5.at("100.64.0.0/16").body.tag, 77U);
  EXPECT_TRUE(type5.at("100.64.0.0/16").body.forwarding_address.is_zero());
  const auto* discard = route(1, prefix("100.64.0.0/16"));
  EXPECT_TRUE(discard != nullptr && discard->is_discard())
      << "or packets would go round with another that says it";
  EXPECT_EQ(type5.at("100.66.0.0/16").body.metric, 5U);
  EXPECT_EQ(type5.at("100.66.0.0/16").body.tag, 9U);
}

/// Border routers 1 and 2 of the NSSA, 0 in the backbone with both, 3 in the NSSA with both.
class NssaBordersTest : public NssaTest {
 protected:
  NssaBordersTest() {
    for (std::uint32_t i = 0; i < 4; ++i) add_router(i + 1);
    for (const RouterIndex border : {1U, 2U}) {
      (void)connect(0, border);
      (void)connect(border, 3, {1, 4, kOne});
      network.routers[border].areas = {{kBackbone}, {kOne}};
    }
    network.routers[3].areas = {{kOne}};
    network.routers[3].ports.begin()->second.config.area = kOne;
    make_nssa();
  }
};

// In: two border routers. Out: the one with the higher router id translates, the other goes by that; when it crashes the
// other takes over, and lets go again, after the stability interval, when it is back. Bit E is set by both.
TEST_F(NssaBordersTest, Rfc3101Section3_1_TheHighestRouterIdTranslatesOthersTakeOver) {
  converge();
  announce_all(3, {{"198.51.100.0/24", 5}});
  EXPECT_EQ(prefixes(0, LsaType::as_external, 2), Names{"198.51.100.0/24"});
  EXPECT_TRUE(externals(0, LsaType::as_external, 1).empty());
  for (const RouterIndex border : {1U, 2U})
    for (const AreaId area : {kBackbone, kOne})
      EXPECT_NE(flags(border, area) & v2::RouterLsa::kExternal, 0) << border;
  network.crash(2);
  network.run_for(seconds{15});
  EXPECT_EQ(prefixes(0, LsaType::as_external, 1), Names{"198.51.100.0/24"});
  EXPECT_EQ(text(0, prefix("198.51.100.0/24")), "external-2 20");
  network.start(2);
  ASSERT_TRUE(network.run_until([this] { return all_full(); }, seconds{20}));
  network.run_for(seconds{2});
  EXPECT_EQ(prefixes(0, LsaType::as_external, 1), Names{"198.51.100.0/24"})
      << "within the stability interval";
  network.run_for(seconds{15});
  EXPECT_TRUE(externals(0, LsaType::as_external, 1).empty());
  EXPECT_EQ(prefixes(0, LsaType::as_external, 2), Names{"198.51.100.0/24"});
}

// In: the border router with the lower id is to translate always. Out: it says so by Nt and does, the other one does not.
TEST_F(NssaBordersTest, Rfc3101Section3_1_WhoTranslatesAlwaysSaysSo) {
  for (AreaConfig& area : network.routers[1].areas)
    if (area.id == kOne) area.translator_role = TranslatorRole::always;
  converge();
  announce_all(3, {{"198.51.100.0/24", 5}});
  EXPECT_NE(flags(1, kOne) & v2::RouterLsa::kTranslator, 0);
  EXPECT_EQ(flags(1, kBackbone) & v2::RouterLsa::kTranslator, 0);
  EXPECT_EQ(prefixes(0, LsaType::as_external, 1), Names{"198.51.100.0/24"});
  EXPECT_TRUE(externals(0, LsaType::as_external, 2).empty());
}

}  // namespace
}  // namespace wgospf::sim
