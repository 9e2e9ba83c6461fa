// Both back ends on real devices: the same tests for the kernel's WireGuard and for wireguard-go. Where one
// of them is not to be had, its tests say so and are skipped. `wg` is the independent witness.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "namespace.h"
#include "net/link_monitor.h"
#include "wgadapter/device_backend.h"
#include "wgadapter/ospf_socket.h"

namespace wgospf::wg {
namespace {

using test::Namespace;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::UnorderedElementsAre;
using testing::UnorderedElementsAreArray;

AllowedIp prefix(const char* text) {
  return parse_prefix(text).value();
}

/// These tests run in an emulated machine too.
const DeviceOptions kPatient{.timeout = std::chrono::seconds(30)};

/// One host with a device "wg0" of the kind under test.
class Host {
 public:
  explicit Host(BackendKind kind) : kind_(kind) {}

  /// Why there can be no such device here; empty when it is there.
  std::string start(const std::string& name = "wg0") {
    std::string reason;
    if (kind_ == BackendKind::userspace)
      return space_.start_wireguard_go(name) ? "" : "wireguard-go does not start (package wireguard-go)";
    space_.run([&] {
      const auto backend = open_kernel_backend();
      if (!backend)
        reason = backend.error().text;
      else if (std::system(("ip link add " + name + " type wireguard").c_str()) != 0)
        reason = "the kernel makes no WireGuard interface";
    });
    return reason;
  }

  Namespace& space() { return space_; }

  Result<Device> read(const std::string& name = "wg0") {
    Result<Device> result = Error{};
    with_backend([&](DeviceBackend& backend) { result = backend.read(name); });
    return result;
  }
  Result<Device> apply(const DeviceDelta& delta, const std::string& name = "wg0") {
    Result<Device> result = Error{};
    with_backend([&](DeviceBackend& backend) {
      const auto now = backend.read(name);
      result = now ? backend.apply(*now, delta) : now;
    });
    return result;
  }
  Device must_read() {
    auto device = read();
    EXPECT_TRUE(device) << device.error().text;
    return device ? *std::move(device) : Device{};
  }
  Device must_apply(const DeviceDelta& delta) {
    auto device = apply(delta);
    EXPECT_TRUE(device) << device.error().text;
    return device ? *std::move(device) : Device{};
  }

  /// What a command prints inside.
  std::string output(const std::string& command) {
    std::string text;
    space_.run([&] {
      FILE* pipe = ::popen(command.c_str(), "r");
      ASSERT_NE(pipe, nullptr);
      std::array<char, 4096> buffer{};
      for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        text.append(buffer.data(), got);
      EXPECT_EQ(::pclose(pipe), 0) << command;
    });
    return text;
  }

 private:
  /// The same back end for all calls, made and used inside.
  void with_backend(const std::function<void(DeviceBackend&)>& use) {
    space_.run([&] {
      if (backend_ == nullptr && kind_ == BackendKind::userspace) backend_ = open_userspace_backend(kPatient);
      if (backend_ == nullptr) {
        auto opened = open_kernel_backend(kPatient);
        ASSERT_TRUE(opened) << opened.error().text;
        backend_ = *std::move(opened);
      }
      use(*backend_);
    });
  }

  BackendKind kind_;
  std::unique_ptr<DeviceBackend> backend_;
  Namespace space_;
};

class BackendTest : public testing::TestWithParam<BackendKind> {
 protected:
  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    host_ = std::make_unique<Host>(GetParam());
    if (const std::string reason = host_->start(); !reason.empty()) GTEST_SKIP() << reason;
  }

  static Key new_key() { return SecretKey::generate().public_key(); }

  /// A device with a key and two peers.
  void set_up_two_peers() {
    DeviceDelta delta;
    delta.private_key = SecretKey::generate();
    delta.peers.push_back({.public_key = first_,
                           .action = PeerAction::create,
                           .endpoint = Endpoint{*parse_address("192.0.2.1"), 51820, 0},
                           .persistent_keepalive = 25,
                           .preshared_key = SecretKey::generate(),
                           .add_allowed_ips = {prefix("224.0.0.5/32"), prefix("10.1.0.0/16")}});
    delta.peers.push_back({.public_key = second_,
                           .action = PeerAction::create,
                           .endpoint = Endpoint{*parse_address("2001:db8::1"), 51821, 0},
                           .add_allowed_ips = {prefix("10.2.0.0/16"), prefix("2001:db8:2::/48")}});
    (void)host_->must_apply(delta);
  }

  static std::vector<AllowedIp> allowed_ips(const Device& device, const Key& key) {
    const Peer* peer = device.find_peer(key);
    EXPECT_NE(peer, nullptr);
    return peer == nullptr ? std::vector<AllowedIp>{} : peer->allowed_ips;
  }

  std::unique_ptr<Host> host_;
  const Key first_ = new_key(), second_ = new_key();
};

TEST_P(BackendTest, ReadsAFreshDevice) {
  const Device device = host_->must_read();
  EXPECT_EQ(device.name, "wg0");
  EXPECT_EQ(device.backend, GetParam());
  EXPECT_NE(device.ifindex, 0U);
  EXPECT_EQ(device.public_key, std::nullopt);
  EXPECT_THAT(device.peers, IsEmpty());
}

TEST_P(BackendTest, SetsWhatItIsTold) {
  const SecretKey secret = SecretKey::generate();
  DeviceDelta delta;
  delta.private_key = secret;
  delta.listen_port = 51899;
  delta.fwmark = 0x1234;
  (void)host_->must_apply(delta);
  set_up_two_peers();  // with another private key
  DeviceDelta again;
  again.private_key = secret;
  const Device device = host_->must_apply(again);
  EXPECT_EQ(device.public_key, secret.public_key());
  EXPECT_EQ(device.listen_port, 51899);
  EXPECT_EQ(device.fwmark, 0x1234U);
  ASSERT_EQ(device.peers.size(), 2U);
  const Peer* first = device.find_peer(first_);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->endpoint, (Endpoint{*parse_address("192.0.2.1"), 51820, 0}));
  EXPECT_EQ(first->persistent_keepalive, 25);
  EXPECT_EQ(first->last_handshake, std::nullopt);
  EXPECT_THAT(first->allowed_ips, UnorderedElementsAre(prefix("224.0.0.5/32"), prefix("10.1.0.0/16")));
  const Peer* second = device.find_peer(second_);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->endpoint, (Endpoint{*parse_address("2001:db8::1"), 51821, 0}));
  EXPECT_EQ(second->persistent_keepalive, 0);
  // The same, said by wg.
  EXPECT_EQ(host_->output("wg show wg0 public-key"), secret.public_key().to_base64() + "\n");
  EXPECT_EQ(host_->output("wg show wg0 fwmark"), "0x1234\n");
  const std::string listed = host_->output("wg show wg0 allowed-ips");
  EXPECT_THAT(listed, HasSubstr(second_.to_base64()));
  EXPECT_THAT(listed, HasSubstr("2001:db8:2::/48"));
  EXPECT_THAT(host_->output("wg show wg0 preshared-keys"), HasSubstr(second_.to_base64() + "\t(none)"));
}

TEST_P(BackendTest, AddsAndRemovesAllowedIpsAndTouchesNoOther) {
  set_up_two_peers();
  DeviceDelta delta;
  delta.peers.push_back({.public_key = first_,
                         .add_allowed_ips = {prefix("10.3.0.0/16"), prefix("2001:db8:3::/48")},
                         .remove_allowed_ips = {prefix("10.1.0.0/16"), prefix("10.77.0.0/16")}});
  delta.peers.push_back({.public_key = second_, .remove_allowed_ips = {prefix("2001:db8:2::/48")}});
  for (int round = 0; round < 2; ++round) {  // the second time there is nothing left to do
    const Device device = host_->must_apply(delta);
    EXPECT_EQ(device.peers.size(), 2U);
    EXPECT_THAT(
        allowed_ips(device, first_),
        UnorderedElementsAre(prefix("224.0.0.5/32"), prefix("10.3.0.0/16"), prefix("2001:db8:3::/48")));
    EXPECT_THAT(allowed_ips(device, second_), UnorderedElementsAre(prefix("10.2.0.0/16")));
  }
  // Endpoints and the rest stay as they were.
  EXPECT_EQ(host_->must_read().find_peer(first_)->persistent_keepalive, 25);
  // A removal after a first one, when it is known which way this device removes.
  DeviceDelta more;
  more.peers.push_back({.public_key = first_, .remove_allowed_ips = {prefix("10.3.0.0/16")}});
  EXPECT_THAT(allowed_ips(host_->must_apply(more), first_),
              UnorderedElementsAre(prefix("224.0.0.5/32"), prefix("2001:db8:3::/48")));
}

TEST_P(BackendTest, MovesAPrefixToAnotherPeer) {
  set_up_two_peers();
  DeviceDelta delta;
  delta.peers.push_back({.public_key = first_, .remove_allowed_ips = {prefix("10.1.0.0/16")}});
  delta.peers.push_back({.public_key = second_, .add_allowed_ips = {prefix("10.1.0.0/16")}});
  const Device device = host_->must_apply(delta);
  EXPECT_THAT(allowed_ips(device, first_), UnorderedElementsAre(prefix("224.0.0.5/32")));
  EXPECT_THAT(allowed_ips(device, second_), IsSupersetOf({prefix("10.1.0.0/16"), prefix("10.2.0.0/16")}));
}

TEST_P(BackendTest, SetsAnEndpointAndRemovesAPeer) {
  set_up_two_peers();
  DeviceDelta delta;
  const Endpoint moved{*parse_address("198.51.100.9"), 4000, 0};
  delta.peers.push_back({.public_key = first_, .endpoint = moved});
  delta.peers.push_back({.public_key = second_, .action = PeerAction::remove});
  const Device device = host_->must_apply(delta);
  ASSERT_EQ(device.peers.size(), 1U);
  EXPECT_EQ(device.peers[0].endpoint, moved);
}

TEST_P(BackendTest, UpdateNeverBringsBackAPeer) {
  set_up_two_peers();
  const Key missing = new_key();
  for (const PeerAction action : {PeerAction::update, PeerAction::remove}) {
    DeviceDelta delta;
    delta.fwmark = 99;
    delta.peers.push_back({.public_key = missing, .action = action, .persistent_keepalive = 7});
    const auto device = host_->apply(delta);
    ASSERT_FALSE(device);
    EXPECT_EQ(device.error().code, ErrorCode::not_found);
    EXPECT_THAT(device.error().text, HasSubstr(missing.to_base64()));
  }
  EXPECT_EQ(host_->must_read().peers.size(), 2U);
  EXPECT_EQ(host_->must_read().fwmark, 0U);  // nothing of it was done
}

TEST_P(BackendTest, UnknownDeviceIsNamed) {
  const auto read = host_->read("wg9");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::not_found);
  EXPECT_THAT(read.error().text, HasSubstr("wg9"));
  EXPECT_EQ(host_->apply({}, "wg9").error().code, ErrorCode::not_found);
  EXPECT_EQ(host_->read("").error().code, ErrorCode::invalid);
  EXPECT_EQ(host_->read("a-name-that-is-too-long").error().code, ErrorCode::invalid);
}

TEST_P(BackendTest, RefusedSettingIsAnError) {
  set_up_two_peers();
  Host& host = *host_;
  host.space().sh("ip link set wg0 up");
  int taken = -1;
  host.space().run([&] { taken = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); });
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(5555);
  ASSERT_EQ(::bind(taken, reinterpret_cast<const sockaddr*>(&any), sizeof(any)), 0);
  DeviceDelta delta;
  delta.listen_port = 5555;
  delta.peers.push_back({.public_key = first_, .persistent_keepalive = 9});
  const auto device = host.apply(delta);
  ::close(taken);
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, ErrorCode::rejected) << device.error().text;
  EXPECT_THAT(device.error().text, HasSubstr("wg0"));
  EXPECT_THAT(device.error().text, HasSubstr("in use"));
  if (GetParam() == BackendKind::userspace) {
    EXPECT_THAT(device.error().text, HasSubstr("\"listen_port=5555\""));
  }
}

TEST_P(BackendTest, ManyAllowedIpsAndPeers) {
  DeviceDelta delta;
  delta.private_key = SecretKey::generate();
  std::vector<AllowedIp> many;
  for (std::uint32_t i = 0; i < 2500; ++i) many.push_back(Ipv4Prefix::host(Ipv4Address{0x0a000000 + i}));
  delta.peers.push_back({.public_key = first_, .action = PeerAction::create, .add_allowed_ips = many});
  std::vector<Key> keys;
  for (std::uint32_t i = 0; i < 300; ++i) {
    keys.push_back(new_key());
    delta.peers.push_back({.public_key = keys.back(),
                           .action = PeerAction::create,
                           .endpoint = Endpoint{Ipv4Address{0xc0000201 + i}, 51820, 0},
                           .add_allowed_ips = {Ipv4Prefix::host(Ipv4Address{0x0b000000 + i}),
                                               Ipv4Prefix::host(Ipv4Address{0x0c000000 + i})}});
  }
  const Device device = host_->must_apply(delta);
  ASSERT_EQ(device.peers.size(), 301U);
  EXPECT_THAT(allowed_ips(device, first_), UnorderedElementsAreArray(many));
  for (std::uint32_t i = 0; i < 300; ++i)
    EXPECT_THAT(allowed_ips(device, keys[i]),
                UnorderedElementsAre(Ipv4Prefix::host(Ipv4Address{0x0b000000 + i}),
                                     Ipv4Prefix::host(Ipv4Address{0x0c000000 + i})));
  DeviceDelta less;
  less.peers.push_back({.public_key = first_, .remove_allowed_ips = {many.begin(), many.end() - 1}});
  EXPECT_THAT(allowed_ips(host_->must_apply(less), first_), ElementsAre(many.back()));
}

TEST_P(BackendTest, ChooserTakesTheRightOne) {
  set_up_two_peers();
  host_->space().sh("ip link add plain type veth && ip tuntap add bare mode tun");
  host_->space().run([] {
    Devices devices;
    const auto device = devices.read("wg0");
    ASSERT_TRUE(device) << device.error().text;
    EXPECT_EQ(device->backend, GetParam());
    EXPECT_EQ(devices.kind(), GetParam());
    EXPECT_EQ(*devices.backend_of("wg0"), GetParam());
    EXPECT_EQ(device->peers.size(), 2U);
    EXPECT_EQ(devices.read("plain").error().code, ErrorCode::not_wireguard);
    EXPECT_THAT(devices.read("plain").error().text, HasSubstr("veth"));
    EXPECT_EQ(devices.read("bare").error().code, ErrorCode::not_wireguard);
    EXPECT_EQ(devices.apply(Device{.name = "nosuch"}, {}).error().code, ErrorCode::not_found);
    auto links = LinkMonitor::open();
    ASSERT_TRUE(links);
    EXPECT_TRUE(looks_like_wireguard("wg0", links->find("wg0")->kind));
    EXPECT_FALSE(looks_like_wireguard("bare", links->find("bare")->kind));
    EXPECT_FALSE(looks_like_wireguard("plain", links->find("plain")->kind));
  });
}

/// Two hosts with wg0, joined by a veth pair as underlay.
class TunnelTest : public BackendTest {
 protected:
  void SetUp() override {
    BackendTest::SetUp();
    if (IsSkipped()) return;
    far_ = std::make_unique<Host>(GetParam());
    ASSERT_EQ(far_->start(), "");
    host_->space().sh("ip link add under type veth peer name under netns " + far_->space().path());
    configure(*host_, near_secret_, far_secret_, '1', '2');
    configure(*far_, far_secret_, near_secret_, '2', '1');
  }

  static void configure(Host& host, const SecretKey& own, const SecretKey& other, char me, char you) {
    Namespace& space = host.space();
    space.sh(std::string("ip addr add 192.0.2.") + me + "/24 dev under && ip link set under up");
    DeviceDelta delta;
    delta.private_key = own;
    delta.listen_port = 51820;
    const std::string endpoint = std::string("192.0.2.") + you;
    delta.peers.push_back({.public_key = other.public_key(),
                           .action = PeerAction::create,
                           .endpoint = Endpoint{*parse_address(endpoint), 51820, 0},
                           .add_allowed_ips = {prefix("0.0.0.0/0")}});
    (void)host.must_apply(delta);
    space.sh(std::string("ip addr add 10.0.0.") + me + "/24 dev wg0 && ip link set wg0 up");
  }

  static OspfSocket open_socket(Host& host) {
    Result<OspfSocket> socket = Error{};
    host.space().run([&] {
      const auto links = LinkMonitor::open();
      ASSERT_TRUE(links);
      socket = OspfSocket::open("wg0", links->find("wg0")->ifindex);
    });
    EXPECT_TRUE(socket) << socket.error().text;
    return *std::move(socket);
  }

  std::unique_ptr<Host> far_;
  const SecretKey near_secret_ = SecretKey::generate(), far_secret_ = SecretKey::generate();
};

TEST_P(TunnelTest, OspfPassesAndHandshakesAndCountersAreSeen) {
  OspfSocket near = open_socket(*host_), far = open_socket(*far_);
  std::vector<std::uint8_t> packet(5000, 0x5a), buffer(kMaxIpDatagram);
  // Repeated like a hello: one of its datagrams may be lost while the tunnel comes up.
  bool arrived = false;
  for (int second = 0; second < 30 && !arrived; ++second) {
    ASSERT_TRUE(near.send(kAllSpfRouters, packet));
    arrived = test::readable(far.fd(), std::chrono::seconds(1));
  }
  ASSERT_TRUE(arrived);
  const auto received = far.receive(buffer);
  ASSERT_TRUE(received && *received);
  EXPECT_EQ((*received)->payload.size(), packet.size());
  EXPECT_EQ((*received)->ttl, 1);
  EXPECT_EQ((*received)->source, *Ipv4Address::parse("10.0.0.1"));

  // wireguard-go counts a datagram only after it has sent it, so that it may arrive before it is counted.
  Device device;
  const Peer* peer = nullptr;
  EXPECT_TRUE(test::eventually([&] {
    device = host_->must_read();
    peer = device.find_peer(far_secret_.public_key());
    return peer != nullptr && peer->tx_bytes > packet.size() && peer->rx_bytes > 0 && peer->last_handshake;
  }));
  ASSERT_NE(peer, nullptr);
  EXPECT_GT(peer->tx_bytes, packet.size());
  EXPECT_GT(peer->rx_bytes, 0U);
  ASSERT_TRUE(peer->last_handshake);
  const auto age = std::chrono::system_clock::now() - *peer->last_handshake;
  EXPECT_LT(std::chrono::abs(age), std::chrono::minutes(1));
  EXPECT_THAT(check_ospf_coverage(device, {*parse_address("10.0.0.2")}), IsEmpty());
}

// The kernel's WireGuard tells the sender at once; wireguard-go drops such packets without a word, so that
// there only the coverage check tells.
TEST_P(TunnelTest, SendingOutsideTheAllowedIps) {
  const bool tells = GetParam() == BackendKind::kernel;
  OspfSocket near = open_socket(*host_);
  DeviceDelta delta;
  delta.peers.push_back({.public_key = far_secret_.public_key(),
                         .add_allowed_ips = {prefix("10.0.0.2/32")},
                         .remove_allowed_ips = {prefix("0.0.0.0/0")}});
  const Device device = host_->must_apply(delta);
  EXPECT_EQ(check_ospf_coverage(device, {}).size(), 1U);
  const auto uncovered = near.send(kAllSpfRouters, std::vector<std::uint8_t>(44));
  ASSERT_EQ(!uncovered, tells);
  if (tells) {
    EXPECT_EQ(uncovered.error().code, ErrorCode::no_route);
    EXPECT_THAT(uncovered.error().text, HasSubstr("add 224.0.0.5/32"));
  }

  DeviceDelta passive;  // a peer whose endpoint is not known
  const Key unknown = new_key();
  passive.peers.push_back(
      {.public_key = unknown, .action = PeerAction::create, .add_allowed_ips = {prefix("224.0.0.5/32")}});
  (void)host_->must_apply(passive);
  const auto endless = near.send(kAllSpfRouters, std::vector<std::uint8_t>(44));
  ASSERT_EQ(!endless, tells);
  if (tells) {
    EXPECT_EQ(endless.error().code, ErrorCode::no_route);
    EXPECT_THAT(endless.error().text, HasSubstr("no endpoint"));
  }
}

std::string name_of(const testing::TestParamInfo<BackendKind>& info) {
  return to_string(info.param);
}
INSTANTIATE_TEST_SUITE_P(Both, BackendTest, testing::Values(BackendKind::kernel, BackendKind::userspace),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Both, TunnelTest, testing::Values(BackendKind::kernel, BackendKind::userspace),
                         name_of);

}  // namespace
}  // namespace wgospf::wg
