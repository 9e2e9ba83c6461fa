// The thread around WireGuard devices: when it asks whom, what it tells of what it finds, what a change
// costs.

#include "wgadapter/device_thread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "fake_device.h"

namespace wgospf::wg {
namespace {

using namespace std::chrono_literals;
using test::FakeDevice;
using test::Namespace;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = PeerChange::Kind;

constexpr auto kPatience = 60s;

/// What a thread reports, in order.
class Reports {
 public:
  void add(DeviceReports reports) {
    const std::lock_guard lock(mutex_);
    for (auto& report : reports) all_.push_back(std::move(report));
    changed_.notify_all();
  }
  /// The first report of this kind that fits and has not been looked past, waited for; it and those before it
  /// are looked past from now on.
  template <class Report, class Fits>
  std::optional<Report> wait_for(Fits fits) {
    std::unique_lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      for (; at_ < all_.size(); ++at_) {
        const auto* report = std::get_if<Report>(&all_[at_]);
        if (report == nullptr || !fits(*report)) continue;
        return *std::get_if<Report>(&all_[at_++]);
      }
      if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) return std::nullopt;
    }
  }
  template <class Report>
  std::optional<Report> wait_for() {
    return wait_for<Report>([](const Report&) { return true; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<DeviceReport> all_;
  std::size_t at_ = 0;
};

class DeviceThreadTest : public testing::Test {
 protected:
  void SetUp() override { WGOSPF_REQUIRE_NAMESPACES(); }
  /// In the namespace.
  void start(std::chrono::milliseconds interval) {
    space.run([&] {
      thread.emplace(DeviceThreadOptions{interval, {}},
                     [this](DeviceReports part) { reports.add(std::move(part)); });
    });
  }
  /// A peer's lines.
  static std::string peer(const Key& key, const std::string& more = {}) {
    return "public_key=" + key.to_hex() + "\n" + more;
  }
  static Key new_key() { return SecretKey::generate().public_key(); }
  static DeviceDelta adds(const Key& key, const char* prefix) {
    DeviceDelta delta;
    delta.peers.push_back({.public_key = key, .add_allowed_ips = {*parse_prefix(prefix)}});
    return delta;
  }

  Namespace space;
  const Key first = new_key(), second = new_key();
  Reports reports;
  std::optional<DeviceThread> thread;
};

TEST_F(DeviceThreadTest, TellsWhatDiffersFromOneReadingToTheNext) {
  FakeDevice device(space, "wg0");
  device.says(peer(first, "endpoint=192.0.2.1:7\n"));
  start(20ms);
  thread->watch({"wg0"});
  const auto read = reports.wait_for<DeviceRead>();
  ASSERT_TRUE(read && read->device);
  EXPECT_TRUE(read->is_reshaped);
  EXPECT_EQ(reports.wait_for<PeersChanged>()->changes.front().kind, Kind::added);
  const auto underlay = reports.wait_for<UnderlayRead>();
  ASSERT_TRUE(underlay);
  EXPECT_TRUE(underlay->is_complete);
  EXPECT_EQ(underlay->underlay->peers.size(), 1U);

  device.says(peer(first, "endpoint=192.0.2.1:7\ntx_bytes=148\n"));
  const auto traffic = reports.wait_for<DeviceRead>();
  ASSERT_TRUE(traffic && traffic->device);
  EXPECT_EQ(traffic->device->peers[0].tx_bytes, 148U);
  EXPECT_FALSE(traffic->is_reshaped);

  device.says(peer(first, "endpoint=192.0.2.9:7\ntx_bytes=148\n"));
  EXPECT_TRUE(reports.wait_for<DeviceRead>()->is_reshaped);
  const auto moved = reports.wait_for<PeersChanged>();
  ASSERT_TRUE(moved);
  ASSERT_EQ(moved->changes.size(), 1U);
  EXPECT_EQ(moved->changes[0].kind, Kind::endpoint_changed);
  EXPECT_EQ(to_string(*moved->changes[0].now), "192.0.2.9:7");
  EXPECT_EQ(to_string(reports.wait_for<UnderlayRead>()->underlay->peers[0].endpoint), "192.0.2.9:7");

  space.sh("ip link del wg0");
  const auto gone = reports.wait_for<DeviceRead>();
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->device, nullptr);
  EXPECT_THAT(gone->error, IsEmpty());
  EXPECT_EQ(reports.wait_for<PeersChanged>()->changes[0].kind, Kind::removed);
  EXPECT_THAT(reports.wait_for<UnderlayRead>()->underlay->devices, IsEmpty());
}

TEST_F(DeviceThreadTest, WhatIsNotWatchedAnyMoreIsToldAsGone) {
  FakeDevice device(space, "wg0");
  device.says(peer(first));
  start(1h);
  thread->watch({"wg0"});
  ASSERT_TRUE(reports.wait_for<PeersChanged>());
  ASSERT_EQ(reports.wait_for<UnderlayRead>()->underlay->devices.size(), 1U);
  thread->watch({});
  const auto gone = reports.wait_for<DeviceRead>();
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->device, nullptr);
  EXPECT_EQ(reports.wait_for<PeersChanged>()->changes.at(0).kind, Kind::removed);
  EXPECT_THAT(reports.wait_for<UnderlayRead>()->underlay->devices, IsEmpty());
}

TEST_F(DeviceThreadTest, ADeviceThatCannotBeReadIsToldOnceAndIsNotKnown) {
  FakeDevice device(space, "wg0");
  start(20ms);
  thread->watch({"wg0"});
  const auto failed = reports.wait_for<DeviceRead>();
  ASSERT_TRUE(failed);
  EXPECT_THAT(failed->error, HasSubstr("wg0"));
  EXPECT_FALSE(reports.wait_for<UnderlayRead>()->is_complete);
  ASSERT_TRUE(test::eventually([&] { return device.readings() > 5; }, kPatience));
  device.says(peer(first));
  const auto read = reports.wait_for<DeviceRead>();
  ASSERT_TRUE(read && read->device) << "the failure again";
  EXPECT_TRUE(reports.wait_for<UnderlayRead>()->is_complete);
}

TEST_F(DeviceThreadTest, NoDeviceIsAnAnswerToo) {
  start(1h);
  thread->watch({});
  const auto none = reports.wait_for<UnderlayRead>();
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->is_complete);
  space.sh("ip link add plain type veth");
  thread->watch({"plain"});
  EXPECT_TRUE(reports.wait_for<UnderlayRead>()->is_complete);
}

TEST_F(DeviceThreadTest, ASlowDeviceIsAskedLessOftenThanTheOthers) {
  FakeDevice slow(space, "wg0"), quick(space, "wg1");
  slow.says("");
  slow.takes(200ms);
  quick.says("");
  start(20ms);
  thread->watch({"wg0", "wg1"});
  ASSERT_TRUE(test::eventually([&] { return slow.readings() >= 2; }, kPatience));
  const int before = quick.readings();
  ASSERT_TRUE(test::eventually([&] { return slow.readings() >= 4; }, kPatience));
  // In the two rests of 800 ms; were they asked in turn, there would be two or three.
  EXPECT_GE(quick.readings() - before, 6);
}

TEST_F(DeviceThreadTest, AskSoonIsAnsweredWhateverIsNew) {
  FakeDevice device(space, "wg0");
  device.says(peer(first, "endpoint=192.0.2.1:7\n"));
  start(1h);
  thread->watch({"wg0"});
  ASSERT_TRUE(reports.wait_for<UnderlayRead>());
  const int before = device.readings();
  thread->ask_soon();
  EXPECT_FALSE(reports.wait_for<UnderlayRead>()->underlay->peers[0].way) << "nobody wants the ways";
  EXPECT_EQ(device.readings(), before + 1);
}

TEST_F(DeviceThreadTest, ReadSoonReadsThatDeviceAndNoOther) {
  FakeDevice other(space, "wg0"), device(space, "wg1");
  other.says("");
  device.says(peer(first));
  start(1h);
  thread->watch({"wg0", "wg1"});
  ASSERT_TRUE(
      reports.wait_for<UnderlayRead>([](const UnderlayRead& r) { return r.underlay->devices.size() == 2; }));
  const int before = other.readings();
  device.says(peer(second));
  thread->read_soon("nosuch");
  thread->read_soon("wg1");
  const auto read = reports.wait_for<DeviceRead>();
  ASSERT_TRUE(read && read->device);
  EXPECT_EQ(read->name, "wg1");
  EXPECT_EQ(read->device->peers.at(0).public_key, second);
  EXPECT_EQ(other.readings(), before);
}

TEST_F(DeviceThreadTest, TheWaysToEndpointsAreFollowedWhileTheyAreWanted) {
  FakeDevice device(space, "wg0");
  device.says(peer(first, "endpoint=192.0.2.1:7\n"));
  space.sh(
      "ip link add eth0 type veth peer name eth1 && ip addr add 10.0.0.1/24 dev eth0 && "
      "ip link set eth1 up && ip link set eth0 up");
  start(20ms);
  thread->watch({"wg0"});
  ASSERT_TRUE(reports.wait_for<UnderlayRead>());
  thread->set_ways(OwnRoutes{254, 110, 89});
  const auto none = reports.wait_for<UnderlayRead>();
  ASSERT_TRUE(none && none->underlay->peers[0].way) << none->ways_error;
  EXPECT_FALSE(none->underlay->peers[0].way->place);
  EXPECT_FALSE(none->underlay->rules.empty());
  space.sh("ip route add 192.0.2.0/24 via 10.0.0.2 metric 110 proto 89");
  const auto found = reports.wait_for<UnderlayRead>();
  ASSERT_TRUE(found && found->underlay->peers[0].way->place);
  EXPECT_EQ(*found->underlay->peers[0].way->place, (RoutePlace{254, 24, 110}));
  EXPECT_TRUE(found->underlay->peers[0].way->is_ours);
  thread->set_ways(std::nullopt);
  EXPECT_FALSE(reports.wait_for<UnderlayRead>()->underlay->peers[0].way);
}

TEST_F(DeviceThreadTest, AChangeIsOneReadingAndNoneWhenItSaysNothingNew) {
  FakeDevice device(space, "wg0");
  device.says(peer(first));
  device.says_after_a_change(peer(first, "allowed_ip=10.1.0.0/16\n"));
  start(1h);
  thread->watch({"wg0"});
  ASSERT_TRUE(reports.wait_for<UnderlayRead>());
  const int before = device.readings();
  thread->submit(7, "wg0", adds(first, "10.1.0.0/16"));
  const auto read = reports.wait_for<DeviceRead>();
  ASSERT_TRUE(read && read->device);
  EXPECT_EQ(read->device->peers[0].allowed_ips.size(), 1U);
  const auto applied = reports.wait_for<Applied>();
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->ticket, 7U);
  EXPECT_FALSE(applied->error) << applied->error->text;
  EXPECT_EQ(device.readings(), before + 1);
  EXPECT_EQ(device.changes(), 1);

  thread->submit(8, "wg0", adds(first, "10.1.0.0/16"));
  EXPECT_EQ(reports.wait_for<Applied>()->ticket, 8U);
  EXPECT_EQ(device.readings(), before + 1);
  EXPECT_EQ(device.changes(), 1);
}

TEST_F(DeviceThreadTest, WhatMustNotBeTakenUnseenIsOneReadingToo) {
  FakeDevice device(space, "wg0");
  device.says(peer(first, "allowed_ip=10.1.0.0/16\nallowed_ip=10.3.0.0/16\n") + peer(second));
  start(1h);
  thread->watch({"wg0"});
  ASSERT_TRUE(reports.wait_for<UnderlayRead>());
  const int before = device.readings();
  DeviceDelta delta = adds(second, "10.1.0.0/16");
  delta.peers[0].add_allowed_ips.push_back(*parse_prefix("10.2.0.0/16"));
  delta.takes_nothing_unseen = true;
  thread->submit(7, "wg0", delta);
  const auto read = reports.wait_for<DeviceRead>();
  ASSERT_TRUE(read && read->device);
  EXPECT_THAT(read->device->find_peer(first)->allowed_ips, ElementsAre(*parse_prefix("10.3.0.0/16")));
  EXPECT_THAT(read->device->find_peer(second)->allowed_ips,
              ElementsAre(*parse_prefix("10.1.0.0/16"), *parse_prefix("10.2.0.0/16")));
  const auto applied = reports.wait_for<Applied>();
  ASSERT_TRUE(applied);
  EXPECT_FALSE(applied->error) << applied->error->text;
  EXPECT_EQ(device.readings(), before + 1);
  EXPECT_EQ(device.changes(), 1);
}

TEST_F(DeviceThreadTest, AChangeAgainstAReadingThatIsTooOldIsMadeAnew) {
  FakeDevice device(space, "wg0");
  device.says(peer(first));
  start(1h);
  thread->watch({"wg0"});
  ASSERT_TRUE(reports.wait_for<UnderlayRead>());
  // An administrator adds a peer meanwhile.
  device.says(peer(first) + peer(second));
  device.says_after_a_change(peer(first) + peer(second, "allowed_ip=10.1.0.0/16\n"));
  thread->submit(1, "wg0", adds(second, "10.1.0.0/16"));
  const auto applied = reports.wait_for<Applied>();
  ASSERT_TRUE(applied);
  EXPECT_FALSE(applied->error) << applied->error->text;
}

TEST_F(DeviceThreadTest, WhatSomebodyGaveToAPeerMeanwhileIsNotTakenUnseen) {
  FakeDevice device(space, "wg0");
  device.says(peer(first) + peer(second));
  start(1h);
  thread->watch({"wg0"});
  ASSERT_TRUE(reports.wait_for<UnderlayRead>());
  device.says(peer(first, "allowed_ip=10.1.0.0/16\n") + peer(second));
  DeviceDelta delta = adds(second, "10.1.0.0/16");
  delta.takes_nothing_unseen = true;
  thread->submit(1, "wg0", delta);
  const auto refused = reports.wait_for<Applied>();
  ASSERT_TRUE(refused && refused->error);
  EXPECT_THAT(refused->error->text, HasSubstr("10.1.0.0/16 was given to peer " + first.to_base64()));
  EXPECT_EQ(device.changes(), 0);
  // What was refused is read, and once it has been seen it may be taken.
  const auto read = reports.wait_for<DeviceRead>();
  ASSERT_TRUE(read && read->device);
  EXPECT_EQ(read->device->find_peer(first)->allowed_ips.size(), 1U);
  device.says_after_a_change(peer(first) + peer(second, "allowed_ip=10.1.0.0/16\n"));
  thread->submit(2, "wg0", delta);
  const auto applied = reports.wait_for<Applied>();
  ASSERT_TRUE(applied);
  EXPECT_FALSE(applied->error) << applied->error->text;
}

TEST_F(DeviceThreadTest, AChangeThatIsRefusedComesBackWithItsTicketAndTheReason) {
  FakeDevice device(space, "wg0");
  device.says(peer(first));
  device.says_after_a_change(peer(first), EINVAL);
  start(1h);
  thread->watch({"wg0"});
  thread->submit(1, "wg0", adds(first, "10.1.0.0/16"));
  thread->submit(2, "wg9", adds(first, "10.1.0.0/16"));
  thread->submit(3, "wg0", adds(first, "10.2.0.0/16"));
  std::vector<std::uint64_t> tickets;
  for (int i = 0; i < 3; ++i) {
    const auto applied = reports.wait_for<Applied>();
    ASSERT_TRUE(applied);
    ASSERT_TRUE(applied->error);
    EXPECT_THAT(applied->error->text, HasSubstr(applied->ticket == 2 ? "wg9" : "wg0: the device refuses"));
    tickets.push_back(applied->ticket);
  }
  EXPECT_THAT(tickets, ElementsAre(1, 2, 3));
}

// The same on a device that really is one.
TEST_F(DeviceThreadTest, ARealDeviceIsReadAndChanged) {
  if (!space.start_wireguard_go("wg0")) GTEST_SKIP() << "there is no wireguard-go";
  start(1h);
  thread->watch({"wg0"});
  ASSERT_TRUE(reports.wait_for<UnderlayRead>()->is_complete);
  DeviceDelta delta;
  delta.private_key = SecretKey::generate();
  delta.peers.push_back(
      {.public_key = first, .action = PeerAction::create, .add_allowed_ips = {*parse_prefix("10.1.0.0/16")}});
  thread->submit(1, "wg0", delta);
  const auto added = reports.wait_for<PeersChanged>();
  ASSERT_TRUE(added);
  EXPECT_EQ(added->changes[0].kind, Kind::added);
  EXPECT_FALSE(reports.wait_for<Applied>()->error);
  thread->submit(2, "wg0", adds(first, "10.2.0.0/16"));
  EXPECT_FALSE(reports.wait_for<Applied>()->error);
  space.sh("wg show wg0 allowed-ips | grep -q '10.1.0.0/16 10.2.0.0/16'");
}

// In: a device that is read once an hour, whose peer gets another endpoint; then it sends as much as it can.
// Out: it is read at once.
TEST_F(DeviceThreadTest, ADeviceThatSuddenlySendsMuchIsReadOutOfTurn) {
  if (!space.start_wireguard_go("wg0")) GTEST_SKIP() << "there is no wireguard-go";
  const std::string set = "wg set wg0 peer " + first.to_base64() + " allowed-ips 10.5.0.0/24 endpoint ";
  space.sh(
      "wg genkey > /run/key && wg set wg0 private-key /run/key && ip addr add 10.5.0.1/24 dev wg0 && "
      "ip link set lo up && ip link set wg0 up && " +
      set + "127.0.0.1:7");
  start(1h);
  thread->watch({"wg0"});
  ASSERT_TRUE(reports.wait_for<DeviceRead>());
  space.sh(set + "127.0.0.1:9");
  std::atomic<bool> done = false;
  std::thread sender([&] {
    while (!done)
      space.sh(
          "bash -c 'exec 3>/dev/udp/10.5.0.2/9; dd if=/dev/zero bs=1400 count=5000 >&3 2>/dev/null; sleep "
          "0.3'");
  });
  const auto read = reports.wait_for<DeviceRead>([](const DeviceRead& report) { return report.is_reshaped; });
  done = true;
  sender.join();
  ASSERT_TRUE(read);
  EXPECT_EQ(read->device->peers[0].endpoint->port, 9);
}

// In: two devices that are read once an hour, one of them closely from now on. Out: what changes there is told, again and
// again; the other is left alone.
TEST_F(DeviceThreadTest, ADeviceIsReadCloselyWhereThatIsAskedFor) {
  FakeDevice device(space, "wg0"), other(space, "wg1");
  device.says(peer(first));
  other.says(peer(first));
  start(1h);
  thread->watch({"wg0", "wg1"});
  ASSERT_TRUE(reports.wait_for<UnderlayRead>([](const auto& read) { return read.is_complete; }));
  const int readings = other.readings();
  thread->read_closely({"wg0"});
  for (const char* rx : {"rx_bytes=148\n", "rx_bytes=180\n", "rx_bytes=212\n"}) {
    device.says(peer(first, rx));
    ASSERT_TRUE(reports.wait_for<DeviceRead>([&](const auto& read) {
      return peer(first, "rx_bytes=" + std::to_string(read.device->peers[0].rx_bytes) + "\n") ==
             peer(first, rx);
    }));
  }
  EXPECT_EQ(other.readings(), readings);
}

}  // namespace
}  // namespace wgospf::wg
