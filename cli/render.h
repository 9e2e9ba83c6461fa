#pragma once
// What the answers look like to people. Each function gives whole lines; nothing is printed here.

#include <cstdint>
#include <string>

#include "cli/table.h"
#include "wgospf/v1/database.pb.h"
#include "wgospf/v1/interface.pb.h"
#include "wgospf/v1/neighbor.pb.h"
#include "wgospf/v1/path.pb.h"
#include "wgospf/v1/peer.pb.h"
#include "wgospf/v1/route.pb.h"
#include "wgospf/v1/status.pb.h"
#include "wgospf/v1/watch.pb.h"

namespace wgospf::cli {

[[nodiscard]] std::string render(const v1::GetStatusResponse& status, Colours colours);
[[nodiscard]] std::string render(const v1::ListInterfacesResponse& list, Colours colours);
[[nodiscard]] std::string render(const v1::ListNeighborsResponse& list, Colours colours);
[[nodiscard]] std::string render(const v1::ListPeersResponse& list, Colours colours);
/// All parts of the list merged into one.
[[nodiscard]] std::string render(const v1::ListRoutesResponse& list, Colours colours);
[[nodiscard]] std::string render(const v1::GetPathsResponse& paths, Colours colours);

enum class DatabaseView : std::uint8_t { headers, detail };
[[nodiscard]] std::string render(const v1::ListDatabaseResponse& list, DatabaseView view, Colours colours);

/// One line for one item of a Watch stream.
[[nodiscard]] std::string render(const v1::WatchItem& item, Colours colours);

/// "10.9.0.2 dev wg-op2", or "dev wg-op2".
[[nodiscard]] std::string next_hop_text(const v1::NextHop& next_hop);
/// Green for full, red for down, yellow between; 2-way is fine where it is meant to stay.
[[nodiscard]] Colour colour_of(v1::NeighborState state);

}  // namespace wgospf::cli
