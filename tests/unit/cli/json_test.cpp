// The JSON is an interface: names and forms must not change.
#include "cli/json.h"

#include <gtest/gtest.h>

#include "samples.h"
#include "wgospf/v1/database.pb.h"
#include "wgospf/v1/interface.pb.h"
#include "wgospf/v1/neighbor.pb.h"
#include "wgospf/v1/path.pb.h"
#include "wgospf/v1/peer.pb.h"
#include "wgospf/v1/route.pb.h"
#include "wgospf/v1/status.pb.h"
#include "wgospf/v1/watch.pb.h"

namespace wgospf::cli {
namespace {

TEST(EnumText, GivesTheNamesOfRfc9129) {
  EXPECT_EQ(enum_text(v1::NEIGHBOR_STATE_2_WAY), "2-way");
  EXPECT_EQ(enum_text(v1::NEIGHBOR_STATE_EXSTART), "exstart");
  EXPECT_EQ(enum_text(v1::NEIGHBOR_STATE_FULL), "full");
  EXPECT_EQ(enum_text(v1::INTERFACE_TYPE_POINT_TO_POINT), "point-to-point");
  EXPECT_EQ(enum_text(v1::INTERFACE_STATE_DR_OTHER), "dr-other");
  EXPECT_EQ(enum_text(v1::PATH_TYPE_EXTERNAL_2), "external-2");
  EXPECT_EQ(enum_text(v1::LSA_TYPE_AS_EXTERNAL), "as-external");
  EXPECT_EQ(enum_text(v1::ALLOWED_IPS_PROBLEM_NOT_COVERED), "not-covered");
}

TEST(EnumText, GivesTheNumberOfAValueOfALaterVersion) {
  EXPECT_EQ(enum_text(static_cast<v1::NeighborState>(99)), "99");
}

TEST(Json, OfANeighbor) {
  const auto neighbor = message<v1::Neighbor>(R"(
    interface: "wg-op2" neighbor_router_id: "10.0.32.2" address: "10.9.0.2" state: NEIGHBOR_STATE_FULL
    last_event: "LoadingDone" state_age { seconds: 72 nanos: 500000000 } state_changes: 5
    dead_timer { seconds: 3 } options: "E" options: "O" mtu: 1420)");
  EXPECT_EQ(to_json(neighbor).dump(2), R"({
  "interface": "wg-op2",
  "neighbor_router_id": "10.0.32.2",
  "address": "10.9.0.2",
  "state": "full",
  "last_event": "LoadingDone",
  "state_age": 72.5,
  "state_changes": 5,
  "dead_timer": 3.0,
  "options": [
    "E",
    "O"
  ],
  "priority": 0,
  "mtu": 1420,
  "request_list": 0,
  "retransmission_list": 0,
  "database_summary": 0,
  "problem": "",
  "liveness": null,
  "bfd_state": "unspecified",
  "hostname": ""
})");
}

TEST(Json, OfADurationThatIsNotSetIsNull) {
  EXPECT_EQ(to_json(v1::Neighbor())["dead_timer"], nullptr);
  EXPECT_EQ(to_json(v1::PathHop())["link_if_index"], nullptr);
}

TEST(Json, OfAlternativesHasOnlyTheOneThatIsSet) {
  const auto json = to_json(message<v1::Lsa>(
      R"(type: LSA_TYPE_OPAQUE_AREA seq_num: -2147483647 opaque { opaque_type: 4 data: "\x00\xff" })"));
  EXPECT_EQ(json["opaque"]["data"], "00ff");
  EXPECT_EQ(json["seq_num"], "0x80000001");
  EXPECT_FALSE(json.contains("router"));
}

TEST(Json, OfATimestampIsRfc3339) {
  const auto item = message<v1::WatchItem>("time { seconds: 1700000000 nanos: 42000000 } generation: 7");
  EXPECT_EQ(to_json(item)["time"], "2023-11-14T22:13:20.042Z");
  EXPECT_EQ(to_json(item)["generation"], 7);
}

TEST(Json, KeepsLargeCountersExact) {
  v1::Peer peer;
  peer.set_rx_bytes(18'446'744'073'709'551'615U);
  EXPECT_EQ(to_json(peer)["rx_bytes"].dump(), "18446744073709551615");
}

/// The names of all fields of a message, in order.
template <class Message>
std::string names() {
  std::string text;
  for (int i = 0; i < Message::descriptor()->field_count(); ++i) {
    text += (i == 0 ? "" : " ") + Message::descriptor()->field(i)->name();
  }
  return text;
}

// Programs rely on these. New names may be added; none may go or change.
TEST(Json, HasStableNames) {
  EXPECT_EQ(
      names<v1::GetStatusResponse>(),
      "version router_id hostname uptime converged generation route_count interface_count neighbor_count "
      "full_count lsdb_size lsdb_bytes max_lsa max_lsa_bytes areas kernel statistics warnings");
  EXPECT_EQ(names<v1::Interface>(),
            "name area_id interface_type passive state cost hello_interval dead_interval retransmit_interval "
            "transmit_delay mtu_ignore link_up if_index mtu addresses unnumbered_source neighbor_count "
            "full_count hello_due received sent drops wireguard allowed_ips_findings problems peer_address "
            "peer_asleep path_mtu link_local_address");
  EXPECT_EQ(names<v1::Lsa>(),
            "scope area_id interface type type_code lsa_id adv_router age seq_num checksum length options "
            "self_originated router network summary external opaque adv_router_hostname");
  EXPECT_EQ(
      names<v1::Route>(),
      "prefix path_type metric type2_metric area_id tag next_hop_set next_hops kernel_state kernel_error "
      "findings");
  EXPECT_EQ(names<v1::NextHop>(), "interface address neighbor_router_id neighbor_hostname");
  EXPECT_EQ(names<v1::Path>(), "hops metric path_type advertised_by lsa_id adv_router advertised_cost");
  EXPECT_EQ(names<v1::PathHop>(), "router_id cost interface link_address link_if_index via_network hostname");
  EXPECT_EQ(names<v1::Peer>(),
            "interface public_key endpoint handshake_age rx_bytes tx_bytes persistent_keepalive allowed_ips "
            "neighbor_router_id name role link link_state asleep neighbor_state mtu routed_prefix_count "
            "routed_prefixes managed_allowed_ips carries problems speaks_for written_down "
            "link_local_address liveness endpoint_candidates endpoint_reason");
  EXPECT_EQ(names<v1::EndpointCandidate>(), "endpoint origin round_trip state reason");
  EXPECT_EQ(names<v1::WatchItem>(),
            "interface neighbor peer route snapshot_end neighbor_state_change interface_state_change "
            "route_removed next_hop_set_change next_hop_set_removed kernel_acknowledged notice gap "
            "generation time cursor");
}

// RFC 9129 has no place for secrets in operational state, and neither have we.
TEST(Json, HasNoFieldForASecretKey) {
  for (const auto* type : {v1::Peer::descriptor(), v1::WireguardDevice::descriptor()}) {
    for (int i = 0; i < type->field_count(); ++i) {
      EXPECT_EQ(type->field(i)->name().find("private"), std::string::npos);
      EXPECT_EQ(type->field(i)->name().find("preshared"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace wgospf::cli
