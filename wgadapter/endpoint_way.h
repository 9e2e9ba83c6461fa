#pragma once
// Whether a peer's datagrams would find a way to an endpoint that it does not have yet. Pure: the kernel's answers come
// from a function.

#include <functional>
#include <span>
#include <string>

#include "net/result.h"
#include "wgadapter/device.h"
#include "wgadapter/underlay.h"

namespace wgospf::wg {

using WayAsked = std::function<Result<EndpointWay>(const IpAddress&, const Outer&)>;

/// The datagrams are followed through the tunnels that carry them (underlay.h). An error, in words for people: the kernel
/// knows no way there, or it leads back to the peer itself, or to nobody. `devices`: all that are known, `name` among them.
[[nodiscard]] Result<void> check_way(std::span<const Device* const> devices, const std::string& name,
                                     const Key& peer, const Endpoint& endpoint, const WayAsked& ask);

}  // namespace wgospf::wg
