// What follows from the type of an area, and its ranges.

#include "ospf/area.h"

#include <gtest/gtest.h>

namespace wgospf::ospf {
namespace {

[[nodiscard]] Area area_of(AreaType type) {
  return {{AreaId{1}, type}};
}

constexpr LsaType kOfAs[] = {LsaType::as_external, LsaType::opaque_as};
constexpr LsaType kOfAreas[] = {LsaType::router, LsaType::network, LsaType::summary_network,
                                LsaType::opaque_link, LsaType::opaque_area};

TEST(Area, Rfc2328Section13_Step3_LsasOfTheAsAreForNormalAreasOnly) {
  for (const LsaType type : kOfAs) {
    EXPECT_TRUE(area_of(AreaType::normal).takes(type)) << to_string(type);
    EXPECT_FALSE(area_of(AreaType::stub).takes(type)) << to_string(type);
    EXPECT_FALSE(area_of(AreaType::nssa).takes(type)) << to_string(type);
  }
  for (const LsaType type : kOfAreas)
    for (const AreaType area : {AreaType::normal, AreaType::stub, AreaType::nssa})
      EXPECT_TRUE(area_of(area).takes(type)) << to_string(type);
}

// A type 4 summary is of no use where AS-external-LSAs are not (D48); type 3 is taken everywhere.
TEST(Area, Rfc2328Section12_4_3_SummariesOfBoundaryRoutersAreForNormalAreasOnly) {
  for (const AreaType type : {AreaType::normal, AreaType::stub, AreaType::nssa}) {
    EXPECT_EQ(area_of(type).takes(LsaType::summary_asbr), type == AreaType::normal);
    EXPECT_TRUE(area_of(type).takes(LsaType::summary_network));
  }
}

TEST(Area, Rfc3101Section2_3_Type7IsForNssasOnly) {
  EXPECT_FALSE(area_of(AreaType::normal).takes(LsaType::nssa_external));
  EXPECT_FALSE(area_of(AreaType::stub).takes(LsaType::nssa_external));
  EXPECT_TRUE(area_of(AreaType::nssa).takes(LsaType::nssa_external));
}

TEST(Area, Rfc3101Section2_1_TheNBitAndTheEBitAreNeverSetTogether) {
  EXPECT_EQ(area_of(AreaType::normal).capability(), Options{Options::kExternal});
  EXPECT_EQ(area_of(AreaType::stub).capability(), Options{});
  EXPECT_EQ(area_of(AreaType::nssa).capability(), Options{Options::kNssa});
}

TEST(Area, Rfc2328SectionC2_OfNestedRangesTheLongestHasAPrefix) {
  const auto prefix = [](const char* text) { return *parse_prefix(text); };
  Area area = area_of(AreaType::normal);
  area.config.ranges = {{prefix("10.1.2.0/24")},
                        {prefix("10.0.0.0/8"), true, 7},
                        {prefix("10.1.0.0/16"), false},
                        {prefix("fd00::/8")}};
  const auto range = [&](const char* text) { return area.range_of(prefix(text)); };
  EXPECT_EQ(range("10.9.0.0/24"), &area.config.ranges[1]);
  EXPECT_EQ(range("10.0.0.0/15"), &area.config.ranges[1]);
  EXPECT_EQ(range("10.1.0.0/16"), &area.config.ranges[2]);
  EXPECT_EQ(range("10.1.2.3/32"), &area.config.ranges[0]);
  EXPECT_EQ(range("fd12::/64"), &area.config.ranges[3]);
  EXPECT_EQ(range("192.0.2.0/24"), nullptr);
  EXPECT_EQ(range("0.0.0.0/0"), nullptr);
}

}  // namespace
}  // namespace wgospf::ospf
