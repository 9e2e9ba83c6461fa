// Messages of the kernel's WireGuard family: dumps built here as the kernel builds them, and our requests
// taken apart again.

#include "wgadapter/wireguard_genl.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <netlink/attr.h>

#include <array>
#include <cstring>

namespace wgospf::wg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint16_t kFamily = 0x21;

Key key_of(std::uint8_t number) {
  Key key;
  key.bytes.fill(number);
  return key;
}

AllowedIp prefix_number(std::size_t i) {
  return Ipv4Prefix::host(Ipv4Address{static_cast<std::uint32_t>(0x0a000000 + i)});
}
std::vector<AllowedIp> prefixes(std::size_t count) {
  std::vector<AllowedIp> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(prefix_number(i));
  return list;
}

// ---- dumps ------------------------------------------------------------------------------------------------

Message dump_message() {
  Message message = make_message(kFamily, NLM_F_MULTI, 32768);
  const genlmsghdr header{WG_CMD_GET_DEVICE, WG_GENL_VERSION, 0};
  nlmsg_append(message.get(), const_cast<genlmsghdr*>(&header), sizeof(header), NLMSG_ALIGNTO);
  nla_put_string(message.get(), WGDEVICE_A_IFNAME, "wg0");
  return message;
}

void put_key(nl_msg& message, int type, const Key& key) {
  nla_put(&message, type, static_cast<int>(kKeyBytes), key.bytes.data());
}

void put_device(nl_msg& message) {
  nla_put_u32(&message, WGDEVICE_A_IFINDEX, 9);
  nla_put_u16(&message, WGDEVICE_A_LISTEN_PORT, 51820);
  nla_put_u32(&message, WGDEVICE_A_FWMARK, 0x1234);
  put_key(message, WGDEVICE_A_PRIVATE_KEY, key_of(0x70));
  put_key(message, WGDEVICE_A_PUBLIC_KEY, key_of(0x71));
}

void put_peer_facts(nl_msg& message) {
  const std::array<std::int64_t, 2> handshake{1700000000, 5};
  sockaddr_in6 endpoint{};
  endpoint.sin6_family = AF_INET6;
  endpoint.sin6_port = htons(51821);
  ASSERT_EQ(::inet_pton(AF_INET6, "2001:db8::9", &endpoint.sin6_addr), 1);
  nla_put(&message, WGPEER_A_LAST_HANDSHAKE_TIME, sizeof(handshake), handshake.data());
  nla_put_u16(&message, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, 25);
  nla_put_u64(&message, WGPEER_A_TX_BYTES, 111);
  nla_put_u64(&message, WGPEER_A_RX_BYTES, 222);
  nla_put_u32(&message, WGPEER_A_PROTOCOL_VERSION, 1);
  nla_put(&message, WGPEER_A_ENDPOINT, sizeof(endpoint), &endpoint);
}

void put_prefix(nl_msg& message, std::uint32_t address, std::uint8_t length) {
  nlattr* nest = nla_nest_start(&message, 0);
  nla_put_u8(&message, WGALLOWEDIP_A_CIDR_MASK, length);
  nla_put_u16(&message, WGALLOWEDIP_A_FAMILY, AF_INET);
  nla_put_u32(&message, WGALLOWEDIP_A_IPADDR, htonl(address));
  nla_nest_end(&message, nest);
}

enum class Facts { all, none };  ///< A continuation has none

void put_peer(nl_msg& message, const Key& key, Facts facts, const std::vector<std::uint32_t>& hosts) {
  nlattr* nest = nla_nest_start(&message, 0);
  put_key(message, WGPEER_A_PUBLIC_KEY, key);
  if (facts == Facts::all) put_peer_facts(message);
  nlattr* list = nla_nest_start(&message, WGPEER_A_ALLOWEDIPS);
  for (const std::uint32_t host : hosts) put_prefix(message, host, 32);
  nla_nest_end(&message, list);
  nla_nest_end(&message, nest);
}

TEST(DeviceDump, JoinsAPeerThatIsContinuedInTheNextMessage) {
  Message first = dump_message(), second = dump_message();
  put_device(*first);
  nlattr* peers = nla_nest_start(first.get(), WGDEVICE_A_PEERS);
  put_peer(*first, key_of(1), Facts::all, {0x0a000001});
  put_peer(*first, key_of(2), Facts::all, {0x0a000002, 0x0a000003});
  nla_nest_end(first.get(), peers);
  peers = nla_nest_start(second.get(), WGDEVICE_A_PEERS);
  put_peer(*second, key_of(2), Facts::none, {0x0a000004});
  put_peer(*second, key_of(3), Facts::all, {});
  nla_nest_end(second.get(), peers);

  DeviceDumpParser parser("wg0");
  ASSERT_TRUE(parser.add(*nlmsg_hdr(first.get())));
  ASSERT_TRUE(parser.add(*nlmsg_hdr(second.get())));
  const Device device = parser.take();
  EXPECT_EQ(device.ifindex, 9U);
  EXPECT_EQ(device.listen_port, 51820);
  EXPECT_EQ(device.fwmark, 0x1234U);
  EXPECT_EQ(device.public_key, key_of(0x71));
  EXPECT_EQ(device.backend, BackendKind::kernel);
  ASSERT_EQ(device.peers.size(), 3U);
  const Peer& joined = device.peers[1];
  EXPECT_EQ(joined.public_key, key_of(2));
  EXPECT_EQ(joined.endpoint, (Endpoint{*parse_address("2001:db8::9"), 51821, 0}));
  EXPECT_EQ(joined.last_handshake, SystemTime(std::chrono::nanoseconds(1700000000000000005)));
  EXPECT_EQ(joined.tx_bytes, 111U);
  EXPECT_EQ(joined.rx_bytes, 222U);
  EXPECT_EQ(joined.persistent_keepalive, 25);
  EXPECT_EQ(joined.protocol_version, 1U);
  EXPECT_THAT(joined.allowed_ips, ElementsAre(*parse_prefix("10.0.0.2/32"), *parse_prefix("10.0.0.3/32"),
                                              *parse_prefix("10.0.0.4/32")));
  EXPECT_THAT(device.peers[2].allowed_ips, IsEmpty());
}

TEST(DeviceDump, DeviceWithoutAKeyOrPeers) {
  const Message message = dump_message();
  DeviceDumpParser parser("wg0");
  ASSERT_TRUE(parser.add(*nlmsg_hdr(message.get())));
  const Device device = parser.take();
  EXPECT_EQ(device.public_key, std::nullopt);
  EXPECT_THAT(device.peers, IsEmpty());
}

TEST(DeviceDump, NamesTheAttributeThatIsWrong) {
  const Message message = dump_message();
  nlattr* peers = nla_nest_start(message.get(), WGDEVICE_A_PEERS);
  nlattr* peer = nla_nest_start(message.get(), 0);
  put_key(*message, WGPEER_A_PUBLIC_KEY, key_of(1));
  nlattr* list = nla_nest_start(message.get(), WGPEER_A_ALLOWEDIPS);
  put_prefix(*message, 0x0a000000, 33);
  nla_nest_end(message.get(), list);
  nla_nest_end(message.get(), peer);
  nla_nest_end(message.get(), peers);
  DeviceDumpParser parser("wg0");
  const auto added = parser.add(*nlmsg_hdr(message.get()));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::malformed);
  EXPECT_THAT(added.error().text, HasSubstr("WGPEER_A_ALLOWEDIPS"));
}

// No changed byte may do worse than give an error (the sanitizers watch).
TEST(DeviceDump, SurvivesEveryChangedByte) {
  const Message message = dump_message();
  put_device(*message);
  nlattr* peers = nla_nest_start(message.get(), WGDEVICE_A_PEERS);
  put_peer(*message, key_of(1), Facts::all, {0x0a000001, 0x0a000002});
  nla_nest_end(message.get(), peers);
  const auto* header = nlmsg_hdr(message.get());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(header);
  for (std::size_t at = sizeof(nlmsghdr); at < header->nlmsg_len; ++at)
    for (const int value : {0, 1, 3, 4, 0x7f, 0xff}) {
      std::vector<std::uint8_t> copy(bytes, bytes + header->nlmsg_len);
      copy[at] = static_cast<std::uint8_t>(value);
      DeviceDumpParser parser("wg0");
      (void)parser.add(*reinterpret_cast<const nlmsghdr*>(copy.data()));
    }
}

// ---- requests ---------------------------------------------------------------------------------------------

/// A peer's nest in a request of ours.
struct SentPeer {
  Key key{};
  std::uint32_t flags = 0;
  bool endpoint = false;
  std::vector<AllowedIp> prefixes{};
  std::uint32_t prefix_flags = 0;
};
struct Sent {
  bool private_key = false;
  std::optional<std::uint16_t> listen_port{};
  std::vector<SentPeer> peers{};
};

AllowedIp sent_prefix(nlattr& nest, std::uint32_t& flags) {
  std::array<nlattr*, 5> table{};
  EXPECT_EQ(nla_parse_nested(table.data(), 4, &nest, nullptr), 0);
  if (table[4] != nullptr) flags = nla_get_u32(table[4]);
  const auto* bytes = static_cast<const std::uint8_t*>(nla_data(table[WGALLOWEDIP_A_IPADDR]));
  const std::uint8_t length = nla_get_u8(table[WGALLOWEDIP_A_CIDR_MASK]);
  if (nla_get_u16(table[WGALLOWEDIP_A_FAMILY]) == AF_INET) {
    std::uint32_t address = 0;
    std::memcpy(&address, bytes, 4);
    return Ipv4Prefix::make({ntohl(address)}, length);
  }
  Ipv6Address address;
  std::memcpy(address.bytes.data(), bytes, 16);
  return Ipv6Prefix::make(address, length);
}

SentPeer sent_peer(nlattr& nest) {
  std::array<nlattr*, WGPEER_A_MAX + 1> table{};
  EXPECT_EQ(nla_parse_nested(table.data(), WGPEER_A_MAX, &nest, nullptr), 0);
  SentPeer peer;
  std::memcpy(peer.key.bytes.data(), nla_data(table[WGPEER_A_PUBLIC_KEY]), kKeyBytes);
  if (table[WGPEER_A_FLAGS] != nullptr) peer.flags = nla_get_u32(table[WGPEER_A_FLAGS]);
  peer.endpoint = table[WGPEER_A_ENDPOINT] != nullptr;
  if (table[WGPEER_A_ALLOWEDIPS] == nullptr) return peer;
  nlattr* entry = nullptr;
  int left = 0;
  nla_for_each_nested(entry, table[WGPEER_A_ALLOWEDIPS], left)
      peer.prefixes.push_back(sent_prefix(*entry, peer.prefix_flags));
  return peer;
}

Sent take_apart(const Message& message) {
  std::array<nlattr*, WGDEVICE_A_MAX + 1> table{};
  EXPECT_EQ(nlmsg_parse(nlmsg_hdr(message.get()), GENL_HDRLEN, table.data(), WGDEVICE_A_MAX, nullptr), 0);
  EXPECT_STREQ(nla_get_string(table[WGDEVICE_A_IFNAME]), "wg0");
  Sent sent;
  sent.private_key = table[WGDEVICE_A_PRIVATE_KEY] != nullptr;
  if (table[WGDEVICE_A_LISTEN_PORT] != nullptr) sent.listen_port = nla_get_u16(table[WGDEVICE_A_LISTEN_PORT]);
  if (table[WGDEVICE_A_PEERS] == nullptr) return sent;
  nlattr* peer = nullptr;
  int left = 0;
  nla_for_each_nested(peer, table[WGDEVICE_A_PEERS], left) sent.peers.push_back(sent_peer(*peer));
  EXPECT_EQ(left, 0);
  return sent;
}

TEST(EncodeSettings, NothingToSayIsNoMessage) {
  const auto messages = encode_settings(kFamily, "wg0", {});
  ASSERT_TRUE(messages);
  EXPECT_THAT(*messages, IsEmpty());
}

TEST(EncodeSettings, UpdatesNeverCreate) {
  DeviceDelta delta;
  delta.listen_port = 7;
  delta.private_key = SecretKey::generate();
  delta.peers.push_back({.public_key = key_of(1), .persistent_keepalive = 5});
  delta.peers.push_back({.public_key = key_of(2),
                         .action = PeerAction::create,
                         .endpoint = Endpoint{*parse_address("192.0.2.1"), 1, 0},
                         .add_allowed_ips = {*parse_prefix("2001:db8::/32")}});
  const auto messages = encode_settings(kFamily, "wg0", delta);
  ASSERT_TRUE(messages);
  ASSERT_EQ(messages->size(), 1U);
  const Sent sent = take_apart(messages->front());
  EXPECT_TRUE(sent.private_key);
  EXPECT_EQ(sent.listen_port, 7);
  ASSERT_EQ(sent.peers.size(), 2U);
  EXPECT_EQ(sent.peers[0].flags, WGPEER_F_UPDATE_ONLY);
  EXPECT_FALSE(sent.peers[0].endpoint);
  EXPECT_EQ(sent.peers[1].flags, 0U);
  EXPECT_TRUE(sent.peers[1].endpoint);
  EXPECT_THAT(sent.peers[1].prefixes, ElementsAre(*parse_prefix("2001:db8::/32")));
}

TEST(EncodeSettings, ManyPrefixesGoAsSeveralMessages) {
  DeviceDelta delta;
  delta.listen_port = 7;
  delta.peers.push_back({.public_key = key_of(1),
                         .action = PeerAction::create,
                         .endpoint = Endpoint{*parse_address("192.0.2.1"), 1, 0},
                         .add_allowed_ips = prefixes(3500)});
  delta.peers.push_back({.public_key = key_of(2), .add_allowed_ips = {*parse_prefix("::/0")}});
  const auto messages = encode_settings(kFamily, "wg0", delta);
  ASSERT_TRUE(messages) << messages.error().text;
  EXPECT_GE(messages->size(), 4U);
  std::vector<AllowedIp> all;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const Sent sent = take_apart((*messages)[i]);
    EXPECT_EQ(sent.listen_port.has_value(), i == 0);
    std::size_t count = 0;
    for (const SentPeer& peer : sent.peers) {
      count += peer.prefixes.size();
      if (peer.key == key_of(2)) continue;
      EXPECT_EQ(peer.endpoint, i == 0);
      EXPECT_EQ(peer.flags, i == 0 ? 0U : std::uint32_t{WGPEER_F_UPDATE_ONLY});
      all.insert(all.end(), peer.prefixes.begin(), peer.prefixes.end());
    }
    EXPECT_LE(count, kMaxAllowedIpsPerMessage);
  }
  EXPECT_EQ(all, prefixes(3500));
}

TEST(EncodeSettings, ManyPeersGoAsSeveralMessages) {
  DeviceDelta delta;
  for (std::size_t i = 0; i < 900; ++i) {
    Key key = key_of(1);
    key.bytes[0] = static_cast<std::uint8_t>(i);
    key.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    delta.peers.push_back(
        {.public_key = key,
         .action = PeerAction::create,
         .endpoint = Endpoint{*parse_address("2001:db8::1"), 1, 0},
         .persistent_keepalive = 25,
         .preshared_key = SecretKey::generate(),
         .add_allowed_ips = {*parse_prefix("2001:db8::/64"), prefix_number(i), *parse_prefix("2001:db9::/64"),
                             *parse_prefix("2001:dba::/64")}});
  }
  const auto messages = encode_settings(kFamily, "wg0", delta);
  ASSERT_TRUE(messages) << messages.error().text;
  std::size_t peers = 0;
  for (const Message& message : *messages) {
    const Sent sent = take_apart(message);
    EXPECT_LE(sent.peers.size(), kMaxPeersPerMessage);
    for (const SentPeer& peer : sent.peers) EXPECT_EQ(peer.prefixes.size(), 4U);
    peers += sent.peers.size();
  }
  EXPECT_EQ(peers, 900U);
}

TEST(EncodeRemovals, ByFlagNamesTheOwner) {
  const auto messages =
      encode_removals(kFamily, "wg0", {{key_of(1), prefixes(2)}}, RemovalMethod::flag, key_of(9));
  ASSERT_TRUE(messages);
  ASSERT_EQ(messages->size(), 1U);
  const Sent sent = take_apart(messages->front());
  ASSERT_EQ(sent.peers.size(), 1U);
  EXPECT_EQ(sent.peers[0].key, key_of(1));
  EXPECT_EQ(sent.peers[0].flags, WGPEER_F_UPDATE_ONLY);
  EXPECT_EQ(sent.peers[0].prefix_flags, 1U);
  EXPECT_EQ(sent.peers[0].prefixes, prefixes(2));
}

TEST(EncodeRemovals, ByTheftBeginsAndEndsTheThiefInEachMessage) {
  const auto messages =
      encode_removals(kFamily, "wg0", {{key_of(1), prefixes(2500)}}, RemovalMethod::theft, key_of(9));
  ASSERT_TRUE(messages);
  ASSERT_EQ(messages->size(), 3U);
  std::vector<AllowedIp> all;
  for (const Message& message : *messages) {
    const Sent sent = take_apart(message);
    ASSERT_EQ(sent.peers.size(), 2U);
    EXPECT_EQ(sent.peers[0].key, key_of(9));
    EXPECT_EQ(sent.peers[0].flags, 0U);
    EXPECT_EQ(sent.peers[0].prefix_flags, 0U);
    EXPECT_EQ(sent.peers[1].key, key_of(9));
    EXPECT_EQ(sent.peers[1].flags, WGPEER_F_REMOVE_ME);
    EXPECT_THAT(sent.peers[1].prefixes, IsEmpty());
    all.insert(all.end(), sent.peers[0].prefixes.begin(), sent.peers[0].prefixes.end());
  }
  EXPECT_EQ(all, prefixes(2500));
}

// A thousand peers with ten prefixes each: messages as for one peer with all of them, but for the peers' own keys.
TEST(EncodeRemovals, MessagesDependOnPrefixesNotOnPeers) {
  DeviceDelta delta;
  std::vector<Removal> removals;
  const auto all = prefixes(10'000);
  for (std::size_t i = 0; i < 1000; ++i) {
    Key key = key_of(1);
    key.bytes[0] = static_cast<std::uint8_t>(i);
    key.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    const std::vector<AllowedIp> own(all.begin() + static_cast<long>(10 * i),
                                     all.begin() + static_cast<long>(10 * i + 10));
    delta.peers.push_back({.public_key = key, .add_allowed_ips = own});
    removals.push_back({key, own});
  }
  const auto added = encode_settings(kFamily, "wg0", delta);
  const auto flagged = encode_removals(kFamily, "wg0", removals, RemovalMethod::flag, key_of(9));
  const auto stolen = encode_removals(kFamily, "wg0", removals, RemovalMethod::theft, key_of(9));
  ASSERT_TRUE(added && flagged && stolen);
  EXPECT_LE(added->size(), 12U);
  EXPECT_LE(flagged->size(), 12U);
  EXPECT_EQ(stolen->size(), 10U);
}

TEST(EncodePeerRemovals, NeverCreate) {
  const auto messages = encode_peer_removals(kFamily, "wg0", {key_of(1)});
  ASSERT_TRUE(messages);
  ASSERT_EQ(messages->size(), 1U);
  EXPECT_EQ(take_apart(messages->front()).peers[0].flags, WGPEER_F_REMOVE_ME | WGPEER_F_UPDATE_ONLY);
}

}  // namespace
}  // namespace wgospf::wg
