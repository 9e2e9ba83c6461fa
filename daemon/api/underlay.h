#pragma once
// The answer to GetUnderlay.

#include "daemon/api/call.h"
#include "wgospf/v1/underlay.pb.h"

namespace wgospf::daemon::api {

/// On the strand: what the router knows. The kernel's ways are asked for on the worker, so they are those of this
/// moment.
[[nodiscard]] UnaryCall<v1::GetUnderlayResponse>::Write gather_underlay(RouterView& router);
/// As messages.
[[nodiscard]] v1::GetUnderlayResponse convert(const UnderlayView& view, const wg::Underlay& underlay);

}  // namespace wgospf::daemon::api
