#pragma once
// What `wgospfctl top` shows: two readings and what happened between them, in a frame.

#include <chrono>
#include <deque>
#include <string>

#include "cli/json.h"
#include "cli/table.h"
#include "wgospf/v1/interface.pb.h"
#include "wgospf/v1/neighbor.pb.h"
#include "wgospf/v1/peer.pb.h"
#include "wgospf/v1/status.pb.h"
#include "wgospf/v1/watch.pb.h"

namespace wgospf::cli {

struct Reading {
  std::chrono::steady_clock::time_point time{};
  v1::GetStatusResponse status{};
  v1::ListInterfacesResponse interfaces{};
  v1::ListNeighborsResponse neighbors{};
  v1::ListPeersResponse peers{};
};

/// Changes and notices, the newest last.
using Changes = std::deque<v1::WatchItem>;

[[nodiscard]] std::string frame_text(const Reading& before, const Reading& now, const Changes& changes,
                                     const Look& look);
/// The same for programs. A rate is null where the counter began anew in between.
[[nodiscard]] Json frame_json(const Reading& before, const Reading& now, const Changes& changes);

}  // namespace wgospf::cli
