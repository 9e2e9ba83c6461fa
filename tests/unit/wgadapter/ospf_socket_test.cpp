#include "wgadapter/ospf_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
#include <numeric>
#include <vector>

#include "namespace.h"
#include "net/link_monitor.h"

namespace wgospf::wg {
namespace {

using test::Namespace;
using test::readable;
using testing::HasSubstr;

constexpr Ipv4Address kAllSpf{0xe0000005}, kAllDr{0xe0000006};

std::vector<std::uint8_t> packet_of(std::size_t size) {
  std::vector<std::uint8_t> packet(size);
  for (std::size_t i = 0; i < size; ++i) packet[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return packet;
}

Ipv4Address address(const char* text) {
  return Ipv4Address::parse(text).value();
}

/// A datagram and the bytes it points into.
struct Received {
  std::shared_ptr<std::vector<std::uint8_t>> buffer =
      std::make_shared<std::vector<std::uint8_t>>(kMaxIpDatagram);
  std::optional<Datagram> datagram{};
  [[nodiscard]] std::vector<std::uint8_t> payload() const {
    return {datagram->payload.begin(), datagram->payload.end()};
  }
};

/// The next datagram within the time; none otherwise.
Received next(OspfSocket& socket, std::chrono::milliseconds within = std::chrono::seconds(5)) {
  Received received;
  if (!readable(socket.fd(), within)) return received;
  auto result = socket.receive(*received.buffer);
  EXPECT_TRUE(result) << result.error().text;
  if (result) received.datagram = *result;
  return received;
}

/// What comes when `last` follows on the same path: proof that nothing else did.
void expect_only(OspfSocket& socket, const std::vector<std::uint8_t>& last) {
  const Received received = next(socket);
  ASSERT_TRUE(received.datagram);
  EXPECT_EQ(received.payload(), last);
}

/// Two hosts, left and right, joined by a veth pair named "eth" on either side, MTU 1420.
class OspfSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    WGOSPF_REQUIRE_NAMESPACES();
    left_ = std::make_unique<Namespace>();
    right_ = std::make_unique<Namespace>();
    left_->sh("ip link add eth mtu 1420 type veth peer name eth mtu 1420 netns " + right_->path());
    left_->sh("ip addr add 10.0.0.1/24 dev eth && ip link set eth up");
    right_->sh("ip addr add 10.0.0.2/24 dev eth && ip link set eth up");
    wait_passing();
  }

  /// Until packets pass both ways: after "up" the kernel drops what is sent for some milliseconds.
  void wait_passing(const char* name = "eth") {
    OspfSocket left = open(*left_, name), right = open(*right_, name);
    for (auto [from, to] : {std::pair(&left, &right), std::pair(&right, &left)})
      EXPECT_TRUE(test::eventually([from = from, to = to] {
        (void)from->send(kAllSpf, packet_of(24));
        return readable(to->fd(), std::chrono::milliseconds(5));
      }));
  }

  static std::uint32_t index_of(Namespace& host, const char* name) {
    std::uint32_t ifindex = 0;
    host.run([&] {
      auto links = LinkMonitor::open();
      ASSERT_TRUE(links) << links.error().text;
      ASSERT_NE(links->find(name), nullptr);
      ifindex = links->find(name)->ifindex;
    });
    return ifindex;
  }

  static Result<OspfSocket> try_open(Namespace& host, const char* name, std::uint32_t ifindex) {
    Result<OspfSocket> socket = Error{};
    host.run([&] { socket = OspfSocket::open(name, ifindex); });
    return socket;
  }
  static OspfSocket open(Namespace& host, const char* name = "eth") {
    auto socket = try_open(host, name, index_of(host, name));
    EXPECT_TRUE(socket) << socket.error().text;
    return *std::move(socket);
  }

  std::unique_ptr<Namespace> left_, right_;
};

TEST_F(OspfSocketTest, MulticastArrivesWithItsAddressesAndTtlOne) {
  OspfSocket left = open(*left_), right = open(*right_);
  const auto packet = packet_of(44);
  ASSERT_TRUE(left.send(kAllSpf, packet, address("10.0.0.1")));
  const Received received = next(right);
  ASSERT_TRUE(received.datagram);
  EXPECT_EQ(received.payload(), packet);
  EXPECT_EQ(received.datagram->source, address("10.0.0.1"));
  EXPECT_EQ(received.datagram->destination, kAllSpf);
  EXPECT_EQ(received.datagram->ttl, 1);
  EXPECT_EQ(received.datagram->ifindex, right.ifindex());
  EXPECT_EQ((*received.buffer)[1], 0xc0);  // TOS
  int priority = 0;
  socklen_t length = sizeof(priority);
  ASSERT_EQ(::getsockopt(left.fd(), SOL_SOCKET, SO_PRIORITY, &priority, &length), 0);
  EXPECT_EQ(priority, 7);
  EXPECT_EQ(right.counters().received, 1U);
  EXPECT_EQ(left.counters().sent, 1U);
}

TEST_F(OspfSocketTest, UnicastHasTtlOneToo) {
  OspfSocket left = open(*left_), right = open(*right_);
  ASSERT_TRUE(left.send(address("10.0.0.2"), packet_of(64)));
  const Received received = next(right);
  ASSERT_TRUE(received.datagram);
  EXPECT_EQ(received.datagram->destination, address("10.0.0.2"));
  EXPECT_EQ(received.datagram->source, address("10.0.0.1"));
  EXPECT_EQ(received.datagram->ttl, 1);
}

TEST_F(OspfSocketTest, UnnumberedLinkSendsWithTheLoopbacksAddress) {
  for (Namespace* host : {left_.get(), right_.get()}) {
    host->sh("ip addr flush dev eth");
    host->sh(
        "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter; echo 0 > /proc/sys/net/ipv4/conf/eth/rp_filter");
  }
  left_->sh("ip addr add 192.0.2.1/32 dev lo");
  right_->sh("ip addr add 192.0.2.2/32 dev lo");
  OspfSocket left = open(*left_), right = open(*right_);
  ASSERT_TRUE(left.send(kAllSpf, packet_of(44), address("192.0.2.1")));
  const Received received = next(right);
  ASSERT_TRUE(received.datagram);
  EXPECT_EQ(received.datagram->source, address("192.0.2.1"));
}

TEST_F(OspfSocketTest, OnePacketLargerThanTheMtuArrivesWhole) {
  OspfSocket left = open(*left_), right = open(*right_);
  const auto packet = packet_of(5000);
  ASSERT_TRUE(left.send(kAllSpf, packet));
  const Received received = next(right);
  ASSERT_TRUE(received.datagram);
  EXPECT_EQ(received.payload(), packet);
  const auto largest = packet_of(65515);
  ASSERT_TRUE(left.send(address("10.0.0.2"), largest));
  EXPECT_EQ(next(right).payload(), largest);
}

TEST_F(OspfSocketTest, TooLargeForIpIsAnError) {
  OspfSocket left = open(*left_);
  const auto sent = left.send(kAllSpf, packet_of(65516));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::too_large);
  EXPECT_EQ(left.counters().send_errors, 1U);
}

TEST_F(OspfSocketTest, HearsNothingOfItsOwn) {
  OspfSocket left = open(*left_), right = open(*right_);
  ASSERT_TRUE(left.send(kAllSpf, packet_of(44)));
  ASSERT_TRUE(next(right).datagram);
  ASSERT_TRUE(right.send(kAllSpf, packet_of(48)));
  expect_only(left, packet_of(48));
}

// Another OSPF program on this host may leave looping on. A plain socket shows that the kernel does loop it.
TEST_F(OspfSocketTest, DropsWhatAnotherProgramOfThisHostLoopsBack) {
  OspfSocket left = open(*left_), right = open(*right_);
  int other = -1, plain = -1;
  left_->run([&] {
    other = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 89);
    plain = ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 89);
  });
  ip_mreqn out{};
  out.imr_multiaddr.s_addr = htonl(kAllSpf.value);
  out.imr_ifindex = static_cast<int>(left.ifindex());
  ASSERT_EQ(::setsockopt(other, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)), 0);
  ASSERT_EQ(::setsockopt(plain, IPPROTO_IP, IP_ADD_MEMBERSHIP, &out, sizeof(out)), 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(kAllSpf.value);
  const auto packet = packet_of(44);
  ASSERT_EQ(::sendto(other, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof(to)),
            44);
  EXPECT_TRUE(readable(plain));
  ASSERT_TRUE(right.send(kAllSpf, packet_of(48)));
  expect_only(left, packet_of(48));
  ::close(other);
  ::close(plain);
}

TEST_F(OspfSocketTest, HearsAllDRoutersOnlyAfterJoining) {
  OspfSocket left = open(*left_), right = open(*right_);
  ASSERT_TRUE(left.send(kAllDr, packet_of(40)));
  ASSERT_TRUE(left.send(kAllSpf, packet_of(44)));
  expect_only(right, packet_of(44));
  ASSERT_TRUE(right.join_all_d_routers());
  ASSERT_TRUE(right.join_all_d_routers());
  ASSERT_TRUE(left.send(kAllDr, packet_of(40)));
  expect_only(right, packet_of(40));
  ASSERT_TRUE(right.leave_all_d_routers());
  ASSERT_TRUE(right.leave_all_d_routers());
  ASSERT_TRUE(left.send(kAllDr, packet_of(40)));
  ASSERT_TRUE(left.send(kAllSpf, packet_of(44)));
  expect_only(right, packet_of(44));
}

TEST_F(OspfSocketTest, DownAndUpKeepsTheMemberships) {
  OspfSocket left = open(*left_), right = open(*right_);
  ASSERT_TRUE(right.join_all_d_routers());
  right_->sh("ip link set eth down");
  right_->sh("ip link set eth up");
  for (const Ipv4Address group : {kAllSpf, kAllDr})
    EXPECT_TRUE(test::eventually([&] {
      EXPECT_TRUE(left.send(group, packet_of(44)));
      const Received received = next(right, std::chrono::milliseconds(5));
      return received.datagram && received.datagram->destination == group;
    })) << group.to_string();
  EXPECT_TRUE(right.rejoin());
}

TEST_F(OspfSocketTest, HearsItsOwnInterfaceOnly) {
  left_->sh("ip link add eth2 type veth peer name eth2 netns " + right_->path());
  left_->sh("ip addr add 10.0.1.1/24 dev eth2 && ip link set eth2 up");
  right_->sh("ip addr add 10.0.1.2/24 dev eth2 && ip link set eth2 up");
  wait_passing("eth2");
  OspfSocket left = open(*left_), left2 = open(*left_, "eth2");
  OspfSocket right = open(*right_), right2 = open(*right_, "eth2");
  ASSERT_TRUE(left2.send(kAllSpf, packet_of(40)));
  ASSERT_TRUE(next(right2).datagram);
  ASSERT_TRUE(left.send(kAllSpf, packet_of(44)));
  expect_only(right, packet_of(44));
}

TEST_F(OspfSocketTest, ThirtyInterfacesOfOneHost) {  // one socket for all could join 20
  std::vector<OspfSocket> sockets;
  for (int i = 0; i < 30; ++i) {
    std::string name = "dummy";
    name += std::to_string(i);
    left_->sh("ip link add " + name + " type veth && ip link set " + name + " up");
    sockets.push_back(open(*left_, name.c_str()));
  }
  EXPECT_EQ(sockets.size(), 30U);
}

TEST_F(OspfSocketTest, RefusesAnInterfaceThatIsNotTheOneMeant) {
  const auto missing = try_open(*left_, "nosuch", 7);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().text, HasSubstr("nosuch"));
  const auto stale = try_open(*left_, "eth", index_of(*left_, "eth") + 1000);
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().code, ErrorCode::not_found);
  EXPECT_THAT(stale.error().text, HasSubstr("created anew"));
  EXPECT_EQ(try_open(*left_, "", 1).error().code, ErrorCode::invalid);
}

TEST_F(OspfSocketTest, ExplainsWhyItCannotSend) {
  OspfSocket left = open(*left_);
  const auto foreign = left.send(kAllSpf, packet_of(44), address("203.0.113.9"));
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, ErrorCode::invalid);
  EXPECT_THAT(foreign.error().text, HasSubstr("203.0.113.9 is not an address of this host"));
  left_->sh("ip link set eth down");
  const auto down = left.send(kAllSpf, packet_of(44), address("10.0.0.1"));
  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().code, ErrorCode::link_down) << down.error().text;
  left_->sh("ip link del eth");
  const auto gone = left.send(kAllSpf, packet_of(44));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::link_down) << gone.error().text;
}

TEST_F(OspfSocketTest, BurstIsKeptAndDrained) {
  OspfSocket left = open(*left_), right = open(*right_);
  const auto packet = packet_of(1400);
  constexpr int kCount = 1000;
  for (int i = 0; i < kCount; ++i) ASSERT_TRUE(left.send(kAllSpf, packet)) << i;
  std::vector<std::uint8_t> buffer(kMaxIpDatagram);
  int got = 0;
  EXPECT_TRUE(test::eventually([&] {
    for (;;) {
      const auto result = right.receive(buffer);
      if (!result || !*result) break;
      ++got;
    }
    return got == kCount;
  })) << got;
}

// ---- the pure half ----------------------------------------------------------------------------------------

std::vector<std::uint8_t> ip_packet(std::size_t options, std::size_t payload, std::size_t trailer = 0) {
  const std::size_t header = 20 + options;
  std::vector<std::uint8_t> packet(header + payload + trailer, 0xee);
  packet[0] = static_cast<std::uint8_t>(0x40 | (header / 4));
  packet[2] = static_cast<std::uint8_t>((header + payload) >> 8);
  packet[3] = static_cast<std::uint8_t>(header + payload);
  packet[6] = packet[7] = 0;
  packet[8] = 1;
  packet[9] = 89;
  const std::array<std::uint8_t, 8> addresses{10, 0, 0, 1, 224, 0, 0, 5};
  std::copy(addresses.begin(), addresses.end(), packet.begin() + 12);
  return packet;
}

TEST(ParseIpDatagram, StripsTheHeaderWithItsOptionsAndWhatFollows) {
  for (const std::size_t options : {0U, 4U, 40U}) {
    const auto packet = ip_packet(options, 24, 6);
    const auto datagram = parse_ip_datagram(packet, 3);
    ASSERT_TRUE(datagram) << options;
    EXPECT_EQ(datagram->payload.size(), 24U);
    EXPECT_EQ(datagram->payload.data(), packet.data() + 20 + options);
    EXPECT_EQ(datagram->source, address("10.0.0.1"));
    EXPECT_EQ(datagram->destination, kAllSpf);
    EXPECT_EQ(datagram->ttl, 1);
    EXPECT_EQ(datagram->ifindex, 3U);
  }
}

TEST(ParseIpDatagram, RefusesHeadersThatLie) {
  const auto good = ip_packet(0, 24);
  const auto with = [&](std::size_t at, std::uint8_t value) {
    auto packet = good;
    packet[at] = value;
    return parse_ip_datagram(packet, 1);
  };
  EXPECT_FALSE(with(0, 0x65));  // IPv6
  EXPECT_FALSE(with(0, 0x44));  // header of 16 bytes
  EXPECT_FALSE(with(0, 0x4f));  // header beyond the packet
  EXPECT_FALSE(with(3, 45));    // longer than what came
  EXPECT_FALSE(with(3, 19));    // shorter than its header
  EXPECT_FALSE(with(6, 0x20));  // more fragments follow
  EXPECT_FALSE(with(9, 17));    // UDP
  EXPECT_TRUE(with(6, 0x40));   // "do not fragment" is fine
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse_ip_datagram(std::span(good).first(size), 1)) << size;
}

}  // namespace
}  // namespace wgospf::wg
