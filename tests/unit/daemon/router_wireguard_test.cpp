// Two routers over a real tunnel (wireguard-go): what must not be routed into it, and what does not pass.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "running_router.h"
#include "tests/unit/wgadapter/fake_device.h"

namespace wgospf::daemon {
namespace {

using ::testing::HasSubstr;
using wg::test::eventually;
using Kind = RouteKernelState::Kind;

/// What a command of the host prints, without the end of the line.
std::string output_of(const std::string& command) {
  std::string text;
  std::array<char, 256> part{};
  FILE* pipe = ::popen(command.c_str(), "r");
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) text += part.data();
  ::pclose(pipe);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

struct Keys {
  std::string secret = output_of("wg genkey");
  std::string open = output_of("echo " + secret + " | wg pubkey");
};

/// `near` is the router under test. The tunnel wg0 runs over eth0; the far end's address in it is 192.0.2.2,
/// and also 203.0.113.5, to which the near end has a default route only.
class RouterWireguard : public ::testing::Test {
 protected:
  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    near.sh("ip link add eth0 type veth peer name eth0 netns " + far.path());
    near.sh("ip addr add 192.0.2.1/24 dev eth0 && ip link set eth0 up");
    far.sh("ip addr add 192.0.2.2/24 dev eth0 && ip link set eth0 up && ip addr add 203.0.113.5/32 dev lo");
    near.sh("ip route add default via 192.0.2.2 metric 200");
    if (!near.start_wireguard_go("wg0") || !far.start_wireguard_go("wg0"))
      GTEST_SKIP() << "there is no wireguard-go";
    tunnel(near, near_keys, "10.5.0.1/30",
           far_keys.open + " allowed-ips 0.0.0.0/0 endpoint 203.0.113.5:51820");
    // Without an endpoint: it answers where it was called, so that the near end's endpoint stays what it is.
    tunnel(far, far_keys, "10.5.0.2/30", near_keys.open + " allowed-ips 0.0.0.0/0");
  }
  static void tunnel(Namespace& space, const Keys& keys, const char* address, const std::string& peer) {
    space.sh("echo " + keys.secret +
             " > /run/key && wg set wg0 listen-port 51820 private-key /run/key peer " + peer +
             " && ip addr add " + address + " dev wg0 && ip link set wg0 up");
  }
  void start() {
    const std::string config =
        "areas: [{area-id: 0, interfaces: [{name: wg0, hello-interval: 1}, {name: wg9}]}]\n"
        "underlay: off\n";
    first.emplace(near, config, "10.0.0.1");
    second.emplace(far,
                   "areas: [{area-id: 0, interfaces: [{name: wg0, hello-interval: 1}]}]\n"
                   "redistribute: [{source: static}]\n",
                   "10.0.0.2");
  }
  void announce(const std::string& prefix) { far.sh("ip route add blackhole " + prefix + " proto static"); }
  /// Of the near end's route; nullopt while there is none.
  std::optional<RouteKernelState> state_of(const char* prefix) {
    return first->ask([&]() -> std::optional<RouteKernelState> {
      const auto* route = (*first)->protocol().routes()->find(*Ipv4Prefix::parse(prefix));
      return route == nullptr ? std::nullopt : std::optional((*first)->kernel_state(*route));
    });
  }
  bool becomes(const char* prefix, Kind kind) {
    return eventually(
        [&] {
          const auto state = state_of(prefix);
          return state && state->kind == kind;
        },
        kPatience);
  }
  /// Sets the near end's endpoint until the route is so: what the far end sent before still comes from its
  /// former address, and the endpoint follows that.
  bool becomes_with(const char* endpoint, const char* prefix, Kind kind) {
    return eventually(
        [&] {
          near.sh("wg set wg0 peer " + far_keys.open + " endpoint " + endpoint + ":51820");
          const auto state = state_of(prefix);
          return state && state->kind == kind;
        },
        kPatience);
  }
  std::vector<std::string> findings_of(const char* prefix) {
    return first->ask([&] {
      const auto table = (*first)->protocol().routes();
      const auto* route = table->find(*Ipv4Prefix::parse(prefix));
      return route == nullptr ? std::vector<std::string>{}
                              : (*first)->route_findings(*route, table->next_hops(*route));
    });
  }
  /// The warning with this in it; empty when there is none.
  std::string warning(const std::string& part) {
    for (const auto& text : first->ask([&] { return (*first)->warnings(); }))
      if (text.find(part) != std::string::npos) return text;
    return {};
  }
  bool in_kernel(const std::string& prefix) {
    bool found = false;
    near.run([&] { found = std::system(("ip route show exact " + prefix + " | grep -q wg0").c_str()) == 0; });
    return found;
  }
  bool is_full() {
    return first->ask([&] {
      const auto neighbors = (*first)->protocol().neighbors();
      return neighbors.size() == 1 && neighbors[0].state == ospf::NeighborState::full;
    });
  }
  /// Packets that have gone into the near end's tunnel.
  long sent() {
    long packets = 0;
    near.run([&] {
      // Of this thread's network namespace, which /sys, mounted elsewhere, need not be of.
      FILE* file = std::fopen("/proc/thread-self/net/dev", "r");
      std::array<char, 512> line{};
      while (std::fgets(line.data(), line.size(), file) != nullptr)
        (void)std::sscanf(line.data(), " wg0: %*d %*d %*d %*d %*d %*d %*d %*d %*d %ld", &packets);
      std::fclose(file);
    });
    return packets;
  }

  Namespace near, far;
  const Keys near_keys{}, far_keys{};
  std::optional<RunningRouter> first, second;
};

TEST_F(RouterWireguard, ARouteOverTheEndpointIsHeldBackUntilTheEndpointMoves) {
  // A third device, without OSPF on the way: its peer never answers.
  ASSERT_TRUE(near.start_wireguard_go("wg9"));
  near.sh(
      "ip link set wg9 up && wg set wg9 private-key /run/key peer "
      "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= allowed-ips 0.0.0.0/0 && "
      "ip addr add 10.5.9.1/30 dev wg9");
  start();
  announce("198.51.100.0/24");
  ASSERT_TRUE(becomes("198.51.100.0/24", Kind::installed));

  const long before = sent();
  announce("203.0.113.0/24");
  ASSERT_TRUE(becomes("203.0.113.0/24", Kind::held_back));
  // Not at once: first the kernel is asked.
  const std::string why = "it would carry wg0's own packets to 203.0.113.5:51820 into wg0";
  EXPECT_TRUE(eventually([&] { return state_of("203.0.113.0/24")->error == why; }, kPatience));
  EXPECT_TRUE(
      eventually([&] { return !warning("held back from the kernel: 203.0.113.0/24").empty(); }, kPatience));
  // Several hellos later: nothing goes round, and the neighbour is still there.
  EXPECT_TRUE(eventually([&] { return sent() > before + 5; }, kPatience));
  EXPECT_LT(sent(), before + 500);
  EXPECT_FALSE(in_kernel("203.0.113.0/24"));
  EXPECT_TRUE(is_full());
  EXPECT_EQ(state_of("198.51.100.0/24")->kind, Kind::installed);

  EXPECT_TRUE(becomes_with("192.0.2.2", "203.0.113.0/24", Kind::installed));
  EXPECT_TRUE(eventually([&] { return in_kernel("203.0.113.0/24"); }, kPatience));
  EXPECT_TRUE(eventually([&] { return warning("held back").empty(); }, kPatience));

  const long calm = sent();
  EXPECT_TRUE(becomes_with("203.0.113.5", "203.0.113.0/24", Kind::held_back));
  // What goes round is seen by what the interface sends, long before the device is due.
  EXPECT_LT(sent() - calm, 50'000);
  EXPECT_TRUE(eventually([&] { return !in_kernel("203.0.113.0/24"); }, kPatience));
  EXPECT_TRUE(eventually([&] { return is_full(); }, kPatience));

  // A route of its own for the endpoint, by whomever.
  near.sh("ip route add 203.0.113.5/32 via 192.0.2.2");
  EXPECT_TRUE(becomes("203.0.113.0/24", Kind::installed));

  EXPECT_TRUE(eventually([&] { return !warning("interface wg9: peer AQAAAAAA").empty(); }, kPatience));
  EXPECT_THAT(warning("interface wg9: peer AQAAAAAA"),
              HasSubstr("has never shaken hands; it has no endpoint"));
}

// In: a device without OSPF that cannot be read. Out: what leads into its tunnel is not known, which is told;
// routes wait for it as long as for the first reading, and no longer.
TEST_F(RouterWireguard, ADeviceThatCannotBeReadIsNotTakenForKnown) {
  wg::test::FakeDevice device(near, "wg8");
  const auto begin = std::chrono::steady_clock::now();
  start();
  announce("198.51.100.0/24");
  const std::string part = "WireGuard devices that cannot be read: wg8";
  EXPECT_TRUE(eventually([&] { return !warning(part).empty(); }, kPatience));
  ASSERT_TRUE(becomes("198.51.100.0/24", Kind::installed));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds{3});
  device.says("listen_port=7\n");
  EXPECT_TRUE(eventually([&] { return warning(part).empty(); }, kPatience));
}

TEST_F(RouterWireguard, ADefaultRouteStaysOutOnlyWhereItWouldWin) {
  start();
  announce("default");
  ASSERT_TRUE(becomes("0.0.0.0/0", Kind::held_back));  // metric 110 comes before the underlay's 200
  EXPECT_FALSE(in_kernel("default"));
  near.sh("ip route add default via 192.0.2.2 metric 50");
  EXPECT_TRUE(eventually([&] { return in_kernel("default"); }, kPatience));
  EXPECT_TRUE(becomes("0.0.0.0/0", Kind::hidden));
  near.sh("ip route del default metric 50");
  EXPECT_TRUE(becomes("0.0.0.0/0", Kind::held_back));
  EXPECT_TRUE(eventually([&] { return !in_kernel("default"); }, kPatience));
  // What bears the device's mark goes another way: nothing is held.
  near.sh(
      "ip route add default via 192.0.2.2 table 100 && ip rule add pref 100 fwmark 0x51 lookup 100 && "
      "wg set wg0 fwmark 0x51");
  EXPECT_TRUE(eventually([&] { return in_kernel("default"); }, kPatience));
  EXPECT_TRUE(eventually([&] { return is_full(); }, kPatience));
}

TEST_F(RouterWireguard, AllowedIpsThatMissARouteAreToldWithTheLineThatMendsIt) {
  near.sh("wg set wg0 peer " + far_keys.open + " allowed-ips 224.0.0.5/32,10.5.0.0/30");
  start();
  announce("198.51.100.0/24");
  ASSERT_TRUE(becomes("198.51.100.0/24", Kind::installed));
  const std::string part = "the allowed-ips of the neighbour on wg0 do not cover 198.51.100.0/24";
  ASSERT_TRUE(eventually([&] { return !warning(part).empty(); }, kPatience));
  EXPECT_THAT(findings_of("198.51.100.0/24"), ::testing::ElementsAre("not in the allowed-ips of wg0"));
  const std::string text = warning(part);
  const auto begin = text.find("\"wg set ");
  ASSERT_NE(begin, std::string::npos) << text;
  const std::string line = text.substr(begin + 1, text.find('"', begin + 1) - begin - 1);
  EXPECT_EQ(line,
            "wg set wg0 peer " + far_keys.open + " allowed-ips 224.0.0.5/32,10.5.0.0/30,198.51.100.0/24");
  near.sh(line);
  EXPECT_TRUE(eventually([&] { return warning("allowed-ips of the neighbour").empty(); }, kPatience));
  EXPECT_THAT(findings_of("198.51.100.0/24"), ::testing::IsEmpty());
  // Ten thousand more are one line.
  far.sh(
      "for i in $(seq 0 39); do for j in $(seq 0 249); do echo \"route add blackhole 172.16.$i.$j/32 proto "
      "static\"; done; done | ip -batch -");
  ASSERT_TRUE(eventually([&] { return !warning("and 9997 more").empty(); }, kPatience));
  EXPECT_LT(warning("and 9997 more").size(), 500U);
  EXPECT_THAT(warning("and 9997 more"), HasSubstr("allowed-ips 0.0.0.0/0\""));
}

}  // namespace
}  // namespace wgospf::daemon
