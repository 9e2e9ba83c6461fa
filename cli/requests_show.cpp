// What is short: the daemon, its interfaces, neighbors and peers; and a peer's key.
#include "cli/filters.h"
#include "cli/render.h"
#include "cli/session.h"

namespace wgospf::cli {
namespace {

using v1::Routing;

template <class Request, class Response, class Method>
grpc::Status ask(const Session& session, Method method) {
  Response response;
  auto status = session.client.call(method, Request(), response);
  if (status.ok()) session.print(response, [&](const Response& r) { return render(r, session.look()); });
  return status;
}

/// A list that filters leave a part of.
template <class Request, class Response, class Method, class Size>
grpc::Status ask_filtered(const Session& session, Method method, Size size, const char* noun) {
  Response response;
  if (auto status = session.client.call(method, Request(), response); !status.ok()) return status;
  const int before = size(response);
  keep_matching(session.options, response);
  return session.print_filtered(response, before, size(response), noun,
                                [&](const Response& r) { return render(r, session.look()); });
}

}  // namespace

Failure show_status(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask<v1::GetStatusRequest, v1::GetStatusResponse>(session, &Routing::Stub::GetStatus);
  });
}
Failure show_interfaces(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask_filtered<v1::ListInterfacesRequest, v1::ListInterfacesResponse>(
        session, &Routing::Stub::ListInterfaces, [](const auto& list) { return list.interfaces_size(); },
        "interface");
  });
}
Failure show_neighbors(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask_filtered<v1::ListNeighborsRequest, v1::ListNeighborsResponse>(
        session, &Routing::Stub::ListNeighbors, [](const auto& list) { return list.neighbors_size(); },
        "neighbor");
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
    if (!status.ok()) return status;
    const int before = response.openings_size();
    keep_matching(session.options, response);
    return session.print_filtered(response, before, response.openings_size(), "opening",
                                  [&](const auto& r) { return render(r, view, session.look()); });
  });
}
Failure show_peers(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    v1::ListPeersRequest request;
    request.set_with_prefixes(session.options.wide || session.options.json);
    v1::ListPeersResponse peers;
    auto status = session.client.call(&Routing::Stub::ListPeers, request, peers);
    const auto view = session.options.wide ? PeersView::wide : PeersView::narrow;
    if (!status.ok()) return status;
    const int before = peers.peers_size();
    keep_matching(session.options, peers);
    return session.print_filtered(peers, before, peers.peers_size(), "peer",
                                  [&](const auto& list) { return render(list, view, session.look()); });
  });
}
Failure show_clients(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask_filtered<v1::ListClientsRequest, v1::ListClientsResponse>(
        session, &Routing::Stub::ListClients, [](const auto& list) { return list.clients_size(); }, "client");
  });
}
Failure show_bfd(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    return ask_filtered<v1::GetBfdRequest, v1::GetBfdResponse>(
        session, &Routing::Stub::GetBfd, [](const auto& list) { return list.sessions_size(); }, "session");
  });
}
Failure show_underlay(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    v1::GetUnderlayResponse underlay;
    auto status = session.client.call(&Routing::Stub::GetUnderlay, v1::GetUnderlayRequest(), underlay);
    if (!status.ok()) return status;
    const int before = underlay.endpoints_size();
    keep_matching(session.options, underlay);
    return session.print_filtered(underlay, before, underlay.endpoints_size(), "endpoint",
                                  [&](const auto& u) { return render(u, session.look()); });
  });
}

std::vector<std::string> interface_type_names() {
  return value_names(*v1::InterfaceType_descriptor());
}
std::vector<std::string> role_names() {
  return value_names(*v1::PeerRole_descriptor());
}
std::vector<std::string> neighbor_state_names() {
  return value_names(*v1::NeighborState_descriptor());
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
