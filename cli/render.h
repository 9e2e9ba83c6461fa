#pragma once
// What the answers look like to people. Each function gives whole lines; nothing is printed here.

#include <google/protobuf/duration.pb.h>

#include <cstdint>
#include <string>

#include "cli/table.h"
#include "wgospf/v1/bfd.pb.h"
#include "wgospf/v1/client.pb.h"
#include "wgospf/v1/database.pb.h"
#include "wgospf/v1/firewall.pb.h"
#include "wgospf/v1/interface.pb.h"
#include "wgospf/v1/log.pb.h"
#include "wgospf/v1/neighbor.pb.h"
#include "wgospf/v1/path.pb.h"
#include "wgospf/v1/peer.pb.h"
#include "wgospf/v1/reload.pb.h"
#include "wgospf/v1/route.pb.h"
#include "wgospf/v1/status.pb.h"
#include "wgospf/v1/underlay.pb.h"
#include "wgospf/v1/watch.pb.h"

namespace wgospf::cli {

[[nodiscard]] std::string render(const v1::GetStatusResponse& status, const Look& look);
[[nodiscard]] std::string render(const v1::ListInterfacesResponse& list, const Look& look);
[[nodiscard]] std::string render(const v1::ListNeighborsResponse& list, const Look& look);
enum class PeersView : std::uint8_t {
  narrow,
  wide,  ///< below the table each peer's whole key, and its prefixes
};
[[nodiscard]] std::string render(const v1::ListPeersResponse& list, PeersView view, const Look& look);
[[nodiscard]] std::string render(const v1::ForgetKeyResponse& forgotten);
[[nodiscard]] std::string render(const v1::ReloadResponse& answer);
[[nodiscard]] std::string render(const v1::ListClientsResponse& list, const Look& look);
[[nodiscard]] std::string render(const v1::GetBfdResponse& bfd, const Look& look);
[[nodiscard]] std::string render(const v1::GetUnderlayResponse& underlay, const Look& look);
[[nodiscard]] std::string render(const v1::GetLogResponse& log, const Look& look);
[[nodiscard]] std::string render(const v1::SetLogLevelResponse& answer);
/// All parts of the list merged into one.
[[nodiscard]] std::string render(const v1::ListRoutesResponse& list, const Look& look);
[[nodiscard]] std::string render(const v1::GetPathsResponse& paths, const Look& look);

enum class FirewallView : std::uint8_t { table, nft, iptables, uci };
/// A table, or a shell script.
[[nodiscard]] std::string render(const v1::GetFirewallResponse& answer, FirewallView view, const Look& look);

enum class DatabaseView : std::uint8_t { headers, detail };
[[nodiscard]] std::string render(const v1::ListDatabaseResponse& list, DatabaseView view, const Look& look);

/// One line for one item of a Watch stream.
[[nodiscard]] std::string render(const v1::WatchItem& item, const Look& look);

/// Of an address: no route covers it; of a prefix: there is none to exactly this one.
[[nodiscard]] std::string no_path_text(const std::string& target);
/// "10.0.32.2 (op2)"; without a name the router id alone.
[[nodiscard]] std::string router_text(const std::string& router_id, const std::string& hostname);
/// "10.9.0.2 dev wg-op2", or "dev wg-op2".
[[nodiscard]] std::string next_hop_text(const v1::NextHop& next_hop);
/// As of a table's seconds.
[[nodiscard]] std::string seconds_text(const google::protobuf::Duration& duration);
/// HEARD, RTT and LOSS: "0.4s ago (echo)", "21.4ms", "3%".
[[nodiscard]] std::vector<Cell> liveness_cells(const v1::Liveness& liveness);
/// Green for full, red for down, yellow between; 2-way is fine where it is meant to stay.
[[nodiscard]] Colour colour_of(v1::NeighborState state);
/// Green for up, red for down.
[[nodiscard]] Colour colour_of(v1::BfdState state);

}  // namespace wgospf::cli
