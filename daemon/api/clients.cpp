#include "daemon/api/clients.h"

#include <algorithm>
#include <chrono>

#include "daemon/api/convert.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon::api {
namespace {

v1::ClientLocation convert_location(ClientWhere where) {
  switch (where) {
    case ClientWhere::here:
      return v1::CLIENT_LOCATION_HERE;
    case ClientWhere::elsewhere:
      return v1::CLIENT_LOCATION_ELSEWHERE;
    case ClientWhere::nowhere:
      return v1::CLIENT_LOCATION_NOWHERE;
  }
  return v1::CLIENT_LOCATION_UNSPECIFIED;
}

void convert_client(const ClientView& view, ClientView::Time now, v1::Client& out) {
  out.set_name(printable(view.name));
  out.set_public_key(view.key.to_base64());
  out.set_interface(printable(view.device));
  for (const auto& address : view.addresses) out.add_addresses(address.to_string());
  out.set_location(convert_location(view.where));
  if (view.router) out.set_router_id(view.router->to_string());
  if (view.since) convert(std::max(now - *view.since, ClientView::Time::duration{}), *out.mutable_since());
  if (view.last_seen)
    convert(std::max(now - *view.last_seen, ClientView::Time::duration{}), *out.mutable_last_seen());
  out.set_connected(view.is_connected);
}

}  // namespace

UnaryCall<v1::ListClientsResponse>::Write gather_clients(RouterView& router) {
  return
      [views = router.clients(), now = std::chrono::steady_clock::now()](v1::ListClientsResponse& response) {
        for (const auto& view : views) convert_client(view, now, *response.add_clients());
        return grpc::Status::OK;
      };
}

}  // namespace wgospf::daemon::api
