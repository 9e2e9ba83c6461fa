// The frames of top.
#include "cli/top.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "samples.h"

namespace wgospf::cli {
namespace {

using ::testing::HasSubstr;

Reading reading(std::chrono::seconds at, std::uint64_t hellos, std::uint64_t bytes) {
  Reading result;
  result.time = std::chrono::steady_clock::time_point(at);
  result.status = message<v1::GetStatusResponse>(R"(
    version: "1.0" hostname: "op1" router_id: "10.0.32.1" converged: true neighbor_count: 1 full_count: 1 route_count: 4)");
  result.status.mutable_statistics()->mutable_received()->set_hello(hellos);
  result.interfaces = message<v1::ListInterfacesResponse>(R"(interfaces { name: "wg-op2" })");
  result.interfaces.mutable_interfaces(0)->mutable_received()->set_hello(hellos);
  result.neighbors = message<v1::ListNeighborsResponse>(R"(
    neighbors { interface: "wg-op2" neighbor_router_id: "10.0.32.2" state: NEIGHBOR_STATE_FULL state_changes: 6 })");
  result.peers =
      message<v1::ListPeersResponse>(R"(peers { link: "wg-op2" neighbor_router_id: "10.0.32.2" })");
  result.peers.mutable_peers(0)->set_rx_bytes(bytes);
  return result;
}

// In: two readings two seconds apart. Out: what was counted in between, a second; the changes below.
TEST(Top, ShowsRatesAndChanges) {
  const Changes changes{message<v1::WatchItem>(
      R"(time { seconds: 1700000000 } notice { severity: SEVERITY_WARNING text: "something is wrong" })")};
  const auto text = frame_text(reading(std::chrono::seconds{10}, 5, 1000),
                               reading(std::chrono::seconds{12}, 8, 5096), changes, Colours::off);
  EXPECT_THAT(text, HasSubstr("1/1 neighbors full, 4 routes"));
  EXPECT_THAT(text, HasSubstr("OSPF packets in 1.5/s, out 0.0/s"));
  EXPECT_THAT(text, HasSubstr("10.0.32.2  wg-op2     full"));
  EXPECT_THAT(text, HasSubstr(" 2.0 KiB/s"));
  EXPECT_THAT(text, HasSubstr("something is wrong\n"));
  const auto json = frame_json(reading(std::chrono::seconds{10}, 5, 1000),
                               reading(std::chrono::seconds{12}, 8, 5096), changes);
  EXPECT_EQ(json["rates"]["packets_received"], 1.5);
  EXPECT_EQ(json["neighbors"][0]["rates"]["bytes_received"], 2048.0);
  EXPECT_EQ(json["changes"][0]["kind"], "notice");
}

// In: a daemon that was started anew between two readings. Out: no rate, instead of one that nobody had.
TEST(Top, OfCountersThatBeganAnewThereIsNoRate) {
  const auto json =
      frame_json(reading(std::chrono::seconds{10}, 500, 9000), reading(std::chrono::seconds{12}, 8, 10), {});
  EXPECT_EQ(json["rates"]["packets_received"], nullptr);
  EXPECT_EQ(json["neighbors"][0]["rates"]["bytes_received"], nullptr);
}

}  // namespace
}  // namespace wgospf::cli
