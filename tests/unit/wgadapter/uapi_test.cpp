// The text protocol of userspace devices, on answers as wireguard-go gives them.

#include "wgadapter/uapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace wgospf::wg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The keys are those of RFC 7748 section 6.1.
constexpr const char* kPrivate = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
constexpr const char* kPublic = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
constexpr const char* kPeer = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";

const std::string kAnswer = std::string("private_key=") + kPrivate +
                            "\nlisten_port=51820\nfwmark=4660\npublic_key=" + kPeer +
                            "\npreshared_key=" + kPrivate +
                            "\nprotocol_version=1\nendpoint=192.0.2.7:51821\n"
                            "last_handshake_time_sec=1700000000\nlast_handshake_time_nsec=123456789\n"
                            "tx_bytes=1234\nrx_bytes=18446744073709551615\npersistent_keepalive_interval=25\n"
                            "allowed_ip=10.0.0.0/8\nallowed_ip=2001:db8::/32\npublic_key=" +
                            kPublic +
                            "\nprotocol_version=1\nendpoint=[fe80::1%5]:1\nlast_handshake_time_sec=0\n"
                            "last_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n"
                            "persistent_keepalive_interval=0\nerrno=0\n\n";

Key key_of(const char* hex) {
  return Key::from_hex(hex).value();
}

std::string text_of(const std::vector<UapiBlock>& blocks) {
  const SecretText request = make_uapi_request(blocks);
  return {request.begin(), request.end()};
}

TEST(ParseUapiDevice, ReadsAllThatADeviceTells) {
  const auto device = parse_uapi_device(kAnswer, "wg0");
  ASSERT_TRUE(device) << device.error().text;
  EXPECT_EQ(device->name, "wg0");
  EXPECT_EQ(device->backend, BackendKind::userspace);
  EXPECT_EQ(device->public_key, key_of(kPublic));
  EXPECT_EQ(device->listen_port, 51820);
  EXPECT_EQ(device->fwmark, 0x1234U);
  ASSERT_EQ(device->peers.size(), 2U);
  const Peer& peer = device->peers[0];
  EXPECT_EQ(peer.public_key, key_of(kPeer));
  EXPECT_EQ(peer.endpoint, (Endpoint{*parse_address("192.0.2.7"), 51821, 0}));
  EXPECT_EQ(peer.last_handshake, SystemTime(std::chrono::nanoseconds(1700000000123456789)));
  EXPECT_EQ(peer.tx_bytes, 1234U);
  EXPECT_EQ(peer.rx_bytes, 18446744073709551615U);
  EXPECT_EQ(peer.persistent_keepalive, 25);
  EXPECT_EQ(peer.protocol_version, 1U);
  EXPECT_THAT(peer.allowed_ips, ElementsAre(*parse_prefix("10.0.0.0/8"), *parse_prefix("2001:db8::/32")));
  const Peer& other = device->peers[1];
  EXPECT_EQ(other.endpoint, (Endpoint{*parse_address("fe80::1"), 1, 5}));
  EXPECT_EQ(other.last_handshake, std::nullopt);
  EXPECT_THAT(other.allowed_ips, IsEmpty());
}

TEST(ParseUapiDevice, DeviceWithoutAKeyHasNone) {
  const auto device = parse_uapi_device("errno=0\n\n", "wg0");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->public_key, std::nullopt);
  EXPECT_THAT(device->peers, IsEmpty());
}

TEST(ParseUapiDevice, PassesOverKeysOfLaterVersions) {
  std::string answer = kAnswer;
  answer.insert(answer.find("errno="), "future_peer_setting=yes\n");
  answer.insert(0, "future_device_setting=1\n");
  const auto device = parse_uapi_device(answer, "wg0");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->peers.size(), 2U);
}

TEST(ParseUapiDevice, NamesTheLineThatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"rx_bytes=18446744073709551615", "rx_bytes=18446744073709551616"},
      {"tx_bytes=1234", "tx_bytes=12x"},
      {"endpoint=192.0.2.7:51821", "endpoint=192.0.2.7"},
      {"endpoint=192.0.2.7:51821", "endpoint=192.0.2.7:70000"},
      {"endpoint=192.0.2.7:51821", "endpoint=host.example:1"},
      {"allowed_ip=10.0.0.0/8", "allowed_ip=10.0.0.0/33"},
      {"allowed_ip=10.0.0.0/8", "allowed_ip"},
      {"last_handshake_time_sec=1700000000", "last_handshake_time_sec=-1"},
      {"last_handshake_time_sec=1700000000", "last_handshake_time_sec=9700000000"},
      {"last_handshake_time_nsec=123456789", "last_handshake_time_nsec=1000000000"},
      {"listen_port=51820", "listen_port=65536"},
      {std::string("public_key=") + kPeer, "public_key=abc"},
  };
  for (const auto& [good, bad] : wrong) {
    std::string answer = kAnswer;
    const std::size_t at = answer.find(good);
    ASSERT_NE(at, std::string::npos) << good;
    const auto line = 1 + std::count(answer.begin(), answer.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    answer.replace(at, good.size(), bad);
    const auto device = parse_uapi_device(answer, "wg0");
    ASSERT_FALSE(device) << bad;
    EXPECT_EQ(device.error().code, ErrorCode::malformed);
    EXPECT_THAT(device.error().text, HasSubstr("wg0: line " + std::to_string(line))) << bad;
    EXPECT_THAT(device.error().text, HasSubstr('"' + bad + '"'));
  }
}

TEST(ParseUapiDevice, PeerLinesBeforeAnyPeerAreWrong) {
  EXPECT_FALSE(parse_uapi_device("rx_bytes=1\nerrno=0\n\n", "wg0"));
}

TEST(ParseUapiDevice, NeverShowsASecret) {
  std::string answer = kAnswer;
  answer.replace(answer.find(kPrivate), 64, "secretsecret");
  const auto device = parse_uapi_device(answer, "wg0");
  ASSERT_FALSE(device);
  EXPECT_THAT(device.error().text, Not(HasSubstr("secretsecret")));
  EXPECT_THAT(device.error().text, HasSubstr("private_key="));
}

TEST(ParseUapiDevice, EndsWithErrno) {
  EXPECT_FALSE(parse_uapi_device(kAnswer.substr(0, kAnswer.find("errno")), "wg0"));
  EXPECT_FALSE(parse_uapi_device("", "wg0"));
  const auto refused = parse_uapi_device("errno=-13\n\n", "wg0");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::rejected);
  EXPECT_EQ(refused.error().system_error, 13);
}

// No prefix of a valid answer, and no single changed byte, may do worse than give an error.
TEST(ParseUapiDevice, SurvivesEveryTruncationAndChange) {
  for (std::size_t size = 0; size < kAnswer.size(); ++size)
    (void)parse_uapi_device(kAnswer.substr(0, size), "wg0");
  for (std::size_t at = 0; at < kAnswer.size(); ++at) {
    std::string answer = kAnswer;
    for (const char c : {'\n', '=', '\0', '9', '/', '%', '\xff'}) {
      answer[at] = c;
      (void)parse_uapi_device(answer, "wg0");
    }
  }
}

TEST(ParseUapiErrno, TellsTheNumberOrThatThereIsNone) {
  EXPECT_EQ(*parse_uapi_errno("errno=0\n", "wg0"), 0);
  EXPECT_EQ(*parse_uapi_errno("errno=-22\n", "wg0"), 22);
  EXPECT_FALSE(parse_uapi_errno("", "wg0"));
  EXPECT_FALSE(parse_uapi_errno("errno=\n", "wg0"));
  EXPECT_FALSE(parse_uapi_errno("hello\n", "wg0"));
}

TEST(EncodeUapi, WritesSettingsInTheProtocolsOrder) {
  DeviceDelta delta;
  delta.private_key = SecretKey::from_hex(kPrivate);
  delta.listen_port = 51820;
  delta.fwmark = 0x10;
  delta.peers.push_back({.public_key = key_of(kPeer),
                         .action = PeerAction::create,
                         .endpoint = Endpoint{*parse_address("2001:db8::1"), 51821, 0},
                         .persistent_keepalive = 25,
                         .preshared_key = SecretKey::from_hex(kPrivate),
                         .add_allowed_ips = {*parse_prefix("10.0.0.0/8"), *parse_prefix("::/0")}});
  delta.peers.push_back({.public_key = key_of(kPublic), .add_allowed_ips = {*parse_prefix("224.0.0.5/32")}});
  const std::string expected = std::string("set=1\nprivate_key=") + kPrivate +
                               "\nlisten_port=51820\nfwmark=16\npublic_key=" + kPeer +
                               "\npreshared_key=" + kPrivate +
                               "\nendpoint=[2001:db8::1]:51821\npersistent_keepalive_interval=25\n"
                               "allowed_ip=10.0.0.0/8\nallowed_ip=::/0\npublic_key=" +
                               kPublic + "\nupdate_only=true\nallowed_ip=224.0.0.5/32\n\n";
  EXPECT_EQ(text_of(encode_uapi_settings(delta)), expected);
}

TEST(EncodeUapi, RemovesAllowedIpsInEitherWay) {
  const std::vector<Removal> removals{{key_of(kPeer), {*parse_prefix("10.0.0.0/8")}}};
  EXPECT_EQ(text_of(encode_uapi_removals(removals)),
            std::string("set=1\npublic_key=") + kPeer + "\nupdate_only=true\nallowed_ip=-10.0.0.0/8\n\n");
  EXPECT_EQ(text_of(encode_uapi_removals_by_theft(removals, key_of(kPublic))),
            std::string("set=1\npublic_key=") + kPublic + "\nallowed_ip=10.0.0.0/8\npublic_key=" + kPublic +
                "\nremove=true\n\n");
  EXPECT_EQ(text_of(encode_uapi_peer_removals({key_of(kPeer)})),
            std::string("set=1\npublic_key=") + kPeer + "\nupdate_only=true\nremove=true\n\n");
}

}  // namespace
}  // namespace wgospf::wg
