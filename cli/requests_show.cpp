// What is short: the daemon, its interfaces, neighbors and peers; and a peer's key.
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
Failure show_firewall(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    v1::GetFirewallResponse response;
    auto status = session.client.call(&Routing::Stub::GetFirewall, v1::GetFirewallRequest(), response);
    auto view = FirewallView::table;
    if (session.options.nft) view = FirewallView::nft;
    if (session.options.iptables) view = FirewallView::iptables;
    if (session.options.uci) view = FirewallView::uci;
    if (status.ok())
      session.print(response, [&](const auto& r) { return render(r, view, session.terminal.colours); });
    return status;
  });
}
Failure show_peers(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    v1::ListPeersRequest request;
    request.set_with_prefixes(session.options.wide || session.options.json);
    v1::ListPeersResponse peers;
    auto status = session.client.call(&Routing::Stub::ListPeers, request, peers);
    const auto view = session.options.wide ? PeersView::wide : PeersView::narrow;
    if (status.ok())
      session.print(peers, [&](const auto& list) { return render(list, view, session.terminal.colours); });
    return status;
  });
}
Failure show_clients(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask<v1::ListClientsRequest, v1::ListClientsResponse>(session, &Routing::Stub::ListClients);
  });
}
Failure show_bfd(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask<v1::GetBfdRequest, v1::GetBfdResponse>(session, &Routing::Stub::GetBfd);
  });
}
Failure show_underlay(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask<v1::GetUnderlayRequest, v1::GetUnderlayResponse>(session, &Routing::Stub::GetUnderlay);
  });
}

Failure forget_key(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    v1::ForgetKeyRequest request;
    request.set_key(session.options.peer);
    v1::ForgetKeyResponse forgotten;
    auto status = session.client.call(&Routing::Stub::ForgetKey, request, forgotten);
    if (status.ok()) session.print(forgotten, [](const auto& answer) { return render(answer); });
    return status;
  });
}

}  // namespace wgospf::cli
