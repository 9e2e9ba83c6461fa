#pragma once
// The answer to ListClients.

#include "daemon/api/call.h"
#include "wgospf/v1/client.pb.h"

namespace wgospf::daemon::api {

/// On the strand.
[[nodiscard]] UnaryCall<v1::ListClientsResponse>::Write gather_clients(RouterView& router);

}  // namespace wgospf::daemon::api
