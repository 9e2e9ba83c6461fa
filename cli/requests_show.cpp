// What is short: the daemon, its interfaces, neighbors and peers.
#include "cli/render.h"
#include "cli/session.h"

namespace wgospf::cli {
namespace {

using v1::Routing;

template <class Request, class Response, class Method>
grpc::Status ask(const Session& session, Method method) {
  Response response;
  auto status = session.client.call(method, Request(), response);
  if (status.ok())
    session.print(response, [&](const Response& r) { return render(r, session.terminal.colours); });
  return status;
}

}  // namespace

Failure show_status(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask<v1::GetStatusRequest, v1::GetStatusResponse>(session, &Routing::Stub::GetStatus);
  });
}
Failure show_interfaces(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask<v1::ListInterfacesRequest, v1::ListInterfacesResponse>(session,
                                                                      &Routing::Stub::ListInterfaces);
  });
}
Failure show_neighbors(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask<v1::ListNeighborsRequest, v1::ListNeighborsResponse>(session, &Routing::Stub::ListNeighbors);
  });
}
Failure show_peers(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask<v1::ListPeersRequest, v1::ListPeersResponse>(session, &Routing::Stub::ListPeers);
  });
}

}  // namespace wgospf::cli
