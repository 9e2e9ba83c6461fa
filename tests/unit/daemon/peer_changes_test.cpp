// What two readings of a WireGuard device say about its peers.

#include "daemon/telling/peer_words.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wgospf::daemon {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const wg::SystemTime kStart = wg::SystemTime{} + seconds{1'000'000};
constexpr ospf::LinkId kWg0{3};

wg::Peer peer(std::uint8_t key, const char* address = nullptr, std::optional<wg::SystemTime> handshake = {}) {
  wg::Peer result;
  result.public_key.bytes[0] = key;
  if (address != nullptr) result.endpoint = wg::Endpoint{*Ipv4Address::parse(address), 51820, 0};
  result.last_handshake = handshake;
  return result;
}

/// "NAME: what" of each change; the key and the interface are the same in all.
std::vector<std::string> changes(const std::vector<wg::Peer>& before, wg::SystemTime then,
                                 const std::vector<wg::Peer>& after, wg::SystemTime now) {
  std::vector<std::string> lines;
  for (const auto& change : wg::peer_changes({before, then}, {after, now})) {
    const auto notice = describe(change, kWg0, "wg0");
    EXPECT_EQ(notice.severity, Severity::info);
    EXPECT_EQ(notice.link, kWg0);
    const auto text = notice.text.substr(notice.text.find(": ") + 2);
    lines.push_back(notice.name + ": " + text);
  }
  return lines;
}

TEST(PeerChanges, NameThePeerAndTheInterface) {
  const std::vector<wg::Peer> peers{peer(1)};
  const auto changes = wg::peer_changes({}, {peers, kStart});
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(describe(changes.front(), kWg0, "wg0").text,
            "peer AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= on wg0: added, endpoint unknown");
}

TEST(PeerChanges, TellWhoCameAndWhoWent) {
  EXPECT_THAT(changes({}, {}, {peer(1, "192.0.2.1", kStart)}, kStart + seconds{2}),
              ElementsAre("peer_added: added, endpoint 192.0.2.1:51820",
                          "peer_session_established: the first handshake"));
  EXPECT_THAT(changes({peer(1), peer(2)}, kStart, {peer(2)}, kStart), ElementsAre("peer_removed: removed"));
  EXPECT_THAT(changes({peer(1)}, kStart, {}, {}), ElementsAre("peer_removed: removed"));
}

TEST(PeerChanges, TellOfEndpoints) {
  EXPECT_THAT(changes({peer(1, "192.0.2.1")}, kStart, {peer(1, "198.51.100.7")}, kStart),
              ElementsAre("peer_endpoint_changed: endpoint 192.0.2.1:51820 -> 198.51.100.7:51820"));
  EXPECT_THAT(changes({peer(1)}, kStart, {peer(1, "198.51.100.7")}, kStart),
              ElementsAre("peer_endpoint_changed: endpoint unknown -> 198.51.100.7:51820"));
}

TEST(PeerChanges, TellWhenASessionBeginsAndWhenItIsLost) {
  const auto first = peer(1, nullptr, kStart);
  EXPECT_THAT(changes({peer(1)}, kStart, {first}, kStart + seconds{1}),
              ElementsAre("peer_session_established: the first handshake"));
  EXPECT_THAT(changes({first}, kStart + seconds{179}, {first}, kStart + seconds{180}), IsEmpty());
  EXPECT_THAT(changes({first}, kStart + seconds{180}, {first}, kStart + seconds{181}),
              ElementsAre("peer_session_lost: no handshake for more than 180 s"));
  EXPECT_THAT(changes({first}, kStart + seconds{181}, {first}, kStart + seconds{182}), IsEmpty());
  EXPECT_THAT(changes({first}, kStart + seconds{500}, {peer(1, nullptr, kStart + seconds{501})},
                      kStart + seconds{502}),
              ElementsAre("peer_session_established: a handshake after a loss"));
}

TEST(PeerChanges, AreSilentAboutCountersAndRenewals) {
  auto now = peer(1, "192.0.2.1", kStart + seconds{120});
  now.rx_bytes = 5000;
  EXPECT_THAT(changes({peer(1, "192.0.2.1", kStart)}, kStart + seconds{119}, {now}, kStart + seconds{121}),
              IsEmpty());
}

}  // namespace
}  // namespace wgospf::daemon
