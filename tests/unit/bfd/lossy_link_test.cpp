// Two sessions and all that a link can do to them.

#include "tests/unit/bfd/lossy_link.h"

#include <gmock/gmock.h>

#include <cstdlib>

namespace wgospf::bfd {
namespace {

// 10,000 seeds; WGOSPF_BFD_SEED=N runs one.
TEST(LossyLinkTest, Seeds) {
  const char* one = std::getenv("WGOSPF_BFD_SEED");
  const std::uint64_t first = one == nullptr ? 1 : std::strtoull(one, nullptr, 10);
  const std::uint64_t last = one == nullptr ? 10'000 : first;
  std::uint64_t packets = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    LossyLink link(seed);
    ASSERT_EQ(link.run(), "") << "seed " << seed;
    packets += link.packets();
  }
  RecordProperty("packets", std::to_string(packets));
}

}  // namespace
}  // namespace wgospf::bfd
