#pragma once
// The answer to GetBfd.

#include "daemon/api/call.h"
#include "daemon/api/convert.h"
#include "wgospf/v1/bfd.pb.h"

namespace wgospf::daemon::api {

[[nodiscard]] UnaryCall<v1::GetBfdResponse>::Write gather_bfd(RouterView& router);
/// As messages.
[[nodiscard]] v1::GetBfdResponse convert(const BfdView& view, const NameMap& names, ospf::Instant now);
/// The state of the neighbour's session, where it has one.
void add_bfd(const BfdView& view, const ospf::NeighborInfo& neighbor, v1::Neighbor& out);

}  // namespace wgospf::daemon::api
