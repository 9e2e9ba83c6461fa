#include "daemon/api/service.h"

#include <fmt/format.h>

#include <optional>
#include <variant>

#include "daemon/api/bfd.h"
#include "daemon/api/clients.h"
#include "daemon/api/convert.h"
#include "daemon/api/gather.h"
#include "daemon/api/lists.h"
#include "daemon/api/log_lines.h"
#include "daemon/api/peers.h"
#include "daemon/api/reload.h"
#include "daemon/api/request.h"
#include "daemon/api/underlay.h"
#include "daemon/api/watch.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon::api {
namespace {

/// Areas in the order of the configuration, with their interfaces counted.
void add_areas(const ospf::InstanceConfig& config, v1::GetStatusResponse& out) {
  for (const auto& area : config.areas) {
    auto* added = out.add_areas();
    added->set_area_id(area.id.to_string());
    for (const auto& interface : config.interfaces) {
      if (interface.area == area.id) added->set_interface_count(added->interface_count() + 1);
    }
  }
}

void add_router(RouterView& router, v1::GetStatusResponse& out) {
  const auto& protocol = router.protocol();
  out.set_router_id(protocol.router_id().to_string());
  const auto hostnames = router.hostnames();
  if (const auto own = hostnames->find(protocol.router_id()); own != hostnames->end())
    out.set_hostname(own->second);
  // Not of the table itself, which would be built for this.
  const auto statistics = protocol.statistics();
  out.set_generation(statistics.generation.value);
  out.set_route_count(static_cast<std::uint32_t>(statistics.routes));
  out.set_interface_count(static_cast<std::uint32_t>(protocol.config().interfaces.size()));
  for (const auto& neighbor : protocol.neighbors()) {
    out.set_neighbor_count(out.neighbor_count() + 1);
    if (neighbor.state == ospf::NeighborState::full) out.set_full_count(out.full_count() + 1);
  }
  add_areas(protocol.config(), out);
  const KernelView kernel = router.kernel();
  out.set_converged(protocol.converged() && kernel.is_settled);
  *out.mutable_kernel() = convert(kernel);
  out.set_lsdb_size(statistics.lsdb_size);
  out.set_lsdb_bytes(statistics.lsdb_bytes);
  out.set_max_lsa(protocol.config().max_lsa);
  out.set_max_lsa_bytes(protocol.config().max_lsa_bytes);
  *out.mutable_statistics() = convert(statistics);
}

/// Also of a router that waits for its start: then it has no router id.
UnaryCall<v1::GetStatusResponse>::Write gather_status(RouterView& router) {
  v1::GetStatusResponse out;
  out.set_version(router.facts().version);
  out.set_hostname(printable(router.facts().hostname));
  convert(std::chrono::steady_clock::now() - router.facts().start, *out.mutable_uptime());
  if (!router.waits_for()) add_router(router, out);
  for (const auto& warning : router.warnings()) out.add_warnings(printable(warning));
  return [out = std::move(out)](v1::GetStatusResponse& response) {
    response = out;
    return grpc::Status::OK;
  };
}

/// In the order of the interfaces.
std::vector<std::vector<std::string>> problems_of_interfaces(const RouterView& router) {
  std::vector<std::vector<std::string>> problems;
  for (const auto& interface : router.protocol().interfaces())
    problems.push_back(router.interface_problems(interface.config.link));
  return problems;
}

UnaryCall<v1::ListInterfacesResponse>::Write gather_interfaces(RouterView& router) {
  return [interfaces = router.protocol().interfaces(), neighbors = router.protocol().neighbors(),
          wireguard = router.wireguard(), problems = problems_of_interfaces(router),
          now = router.now()](v1::ListInterfacesResponse& response) {
    const ViewsByLink views(wireguard);
    for (std::size_t i = 0; i < interfaces.size(); ++i) {
      auto* added = response.add_interfaces();
      *added = convert(interfaces[i], views.find(interfaces[i].config.link), now);
      for (const auto& problem : problems[i]) added->add_problems(problem);
      convert_problems(neighbors, interfaces[i], *added);
    }
    return grpc::Status::OK;
  };
}

UnaryCall<v1::ListNeighborsResponse>::Write gather_neighbors(RouterView& router) {
  auto interfaces = router.protocol().interfaces();
  return [neighbors = router.protocol().neighbors(), names = link_names(router, interfaces),
          interfaces = std::move(interfaces), liveness = router.liveness(), bfd = router.bfd(),
          now = router.now()](v1::ListNeighborsResponse& response) {
    for (const auto& neighbor : neighbors) {
      auto& added = *response.add_neighbors() = convert(neighbor, names, now);
      const auto known = liveness.find(neighbor.link);
      if (known != liveness.end() && known->second.router == neighbor.router_id)
        convert(known->second, now, *added.mutable_liveness());
      add_bfd(bfd, neighbor, added);
    }
    for (const auto& interface : interfaces)
      for (const auto& refused : interface.refused)
        *response.add_neighbors() = convert(refused, interface.config.name, now);
    return grpc::Status::OK;
  };
}

UnaryCall<v1::ListPeersResponse>::Write gather_peers(RouterView& router, WithPrefixes with_prefixes) {
  return [read = std::make_shared<const PeersRead>(read_peers(router)),
          with_prefixes](v1::ListPeersResponse& response) {
    auto found = answer(*read, with_prefixes, std::chrono::system_clock::now());
    for (auto& device : found.devices) *response.add_devices() = std::move(device);
    for (auto& peer : found.peers) *response.add_peers() = std::move(peer);
    return grpc::Status::OK;
  };
}

UnaryCall<v1::GetFirewallResponse>::Write gather_firewall(RouterView& router) {
  return [view = router.firewall()](v1::GetFirewallResponse& response) {
    for (const auto& opening : view->openings) *response.add_openings() = convert(opening);
    response.set_problem(printable(view->problem));
    return grpc::Status::OK;
  };
}

/// The unix socket is for whoever its mode lets in; over TLS it takes a certificate that the daemon has asked for.
bool may_change(const grpc::CallbackServerContext& context) {
  return context.peer().starts_with("unix:") || context.auth_context()->IsPeerAuthenticated();
}

UnaryCall<v1::ForgetKeyResponse>::Write forget_key(RouterView& router, const std::string& key_or_name) {
  return [forgotten = router.forget_key(key_or_name)](v1::ForgetKeyResponse& response) -> grpc::Status {
    if (!forgotten) {
      const bool is_unknown = forgotten.error().code == ErrorCode::not_found;
      return {is_unknown ? grpc::StatusCode::NOT_FOUND : grpc::StatusCode::FAILED_PRECONDITION,
              forgotten.error().text};
    }
    response.set_public_key(forgotten.value().key.to_base64());
    response.set_router_id(forgotten.value().router_id.to_string());
    return grpc::Status::OK;
  };
}

const grpc::Status& may_not_change() {
  static const grpc::Status status{grpc::StatusCode::PERMISSION_DENIED,
                                   "this changes something: ask over the unix socket, or with a certificate "
                                   "where the daemon has a client-ca"};
  return status;
}

grpc::ServerUnaryReactor* refused_at_once(grpc::CallbackServerContext& context, const grpc::Status& status) {
  auto* reactor = context.DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

/// nullopt when no route covers the address that is asked for.
std::optional<Ipv4Prefix> prefix_of(RouterView& router, const PathsQuestion& question) {
  if (const auto* prefix = std::get_if<Ipv4Prefix>(&question.target)) return *prefix;
  const auto table = router.protocol().routes();
  const auto* route = table->lookup(std::get<Ipv4Address>(question.target));
  return route == nullptr ? std::nullopt : std::optional(route->prefix);
}

UnaryCall<v1::GetPathsResponse>::Write gather_paths(RouterView& router, const PathsQuestion& question) {
  const auto prefix = prefix_of(router, question);
  if (!prefix) {
    return [asked = std::get<Ipv4Address>(question.target)](v1::GetPathsResponse& response) {
      response.set_prefix(asked.to_string());
      return grpc::Status::OK;
    };
  }
  // One more than asked for tells whether there are more.
  return [paths = router.protocol().paths(*prefix, question.limit + 1),
          names = link_names(router, router.protocol().interfaces()), text = prefix->to_string(),
          limit = question.limit](v1::GetPathsResponse& response) {
    response.set_prefix(text);
    response.set_truncated(paths.size() > limit);
    for (std::size_t i = 0; i < std::min(paths.size(), limit); ++i) {
      *response.add_paths() = convert(paths[i], names);
    }
    return grpc::Status::OK;
  };
}

}  // namespace

grpc::ServerUnaryReactor* RoutingService::GetStatus(grpc::CallbackServerContext*, const v1::GetStatusRequest*,
                                                    v1::GetStatusResponse* response) {
  return UnaryCall<v1::GetStatusResponse>::start(context_, response, gather_status, Call::Needs::nothing);
}

grpc::ServerUnaryReactor* RoutingService::ListInterfaces(grpc::CallbackServerContext*,
                                                         const v1::ListInterfacesRequest*,
                                                         v1::ListInterfacesResponse* response) {
  return UnaryCall<v1::ListInterfacesResponse>::start(context_, response, gather_interfaces);
}

grpc::ServerUnaryReactor* RoutingService::ListNeighbors(grpc::CallbackServerContext*,
                                                        const v1::ListNeighborsRequest*,
                                                        v1::ListNeighborsResponse* response) {
  return UnaryCall<v1::ListNeighborsResponse>::start(context_, response, gather_neighbors);
}

grpc::ServerUnaryReactor* RoutingService::ListPeers(grpc::CallbackServerContext*,
                                                    const v1::ListPeersRequest* request,
                                                    v1::ListPeersResponse* response) {
  const auto with_prefixes = request->with_prefixes() ? WithPrefixes::yes : WithPrefixes::no;
  return UnaryCall<v1::ListPeersResponse>::start(context_, response, [with_prefixes](RouterView& router) {
    return gather_peers(router, with_prefixes);
  });
}

grpc::ServerUnaryReactor* RoutingService::ListClients(grpc::CallbackServerContext*,
                                                      const v1::ListClientsRequest*,
                                                      v1::ListClientsResponse* response) {
  return UnaryCall<v1::ListClientsResponse>::start(context_, response, gather_clients);
}

grpc::ServerUnaryReactor* RoutingService::GetFirewall(grpc::CallbackServerContext*,
                                                      const v1::GetFirewallRequest*,
                                                      v1::GetFirewallResponse* response) {
  return UnaryCall<v1::GetFirewallResponse>::start(context_, response, gather_firewall);
}

grpc::ServerUnaryReactor* RoutingService::ForgetKey(grpc::CallbackServerContext* context,
                                                    const v1::ForgetKeyRequest* request,
                                                    v1::ForgetKeyResponse* response) {
  if (!may_change(*context)) return refused_at_once(*context, may_not_change());
  if (request->key().empty())
    return refused_at_once(
        *context, {grpc::StatusCode::INVALID_ARGUMENT, "key: is empty; name a public key, a peer or a link"});
  return UnaryCall<v1::ForgetKeyResponse>::start(
      context_, response, [key = request->key()](RouterView& router) { return forget_key(router, key); });
}

grpc::ServerUnaryReactor* RoutingService::Reload(grpc::CallbackServerContext* context,
                                                 const v1::ReloadRequest* request,
                                                 v1::ReloadResponse* response) {
  if (!may_change(*context)) return refused_at_once(*context, may_not_change());
  const auto order = check(*request);
  if (const auto* error = std::get_if<grpc::Status>(&order)) return refused_at_once(*context, *error);
  return UnaryCall<v1::ReloadResponse>::begin(
      context_, response, [order = std::get<ReloadOrder>(order)](RouterView& router, auto answer) {
        router.reload(order, [answer](const Result<ReloadAnswer>& done) { answer(write_reload(done)); });
      });
}

grpc::ServerUnaryReactor* RoutingService::Confirm(grpc::CallbackServerContext* context,
                                                  const v1::ConfirmRequest*, v1::ConfirmResponse* response) {
  if (!may_change(*context)) return refused_at_once(*context, may_not_change());
  return UnaryCall<v1::ConfirmResponse>::begin(context_, response, [](RouterView& router, auto answer) {
    router.confirm([answer](const Result<void>& done) { answer(write_confirm(done)); });
  });
}

grpc::ServerUnaryReactor* RoutingService::GetLog(grpc::CallbackServerContext* context,
                                                 const v1::GetLogRequest* request,
                                                 v1::GetLogResponse* response) {
  const auto question = check(*request);
  if (const auto* error = std::get_if<grpc::Status>(&question)) return refused_at_once(*context, *error);
  return UnaryCall<v1::GetLogResponse>::start(
      context_, response,
      [question = std::get<LogQuestion>(question)](RouterView&) { return gather_log(question); },
      Call::Needs::nothing);
}

grpc::ServerUnaryReactor* RoutingService::SetLogLevel(grpc::CallbackServerContext* context,
                                                      const v1::SetLogLevelRequest* request,
                                                      v1::SetLogLevelResponse* response) {
  if (!may_change(*context)) return refused_at_once(*context, may_not_change());
  const auto level = check(*request);
  if (const auto* error = std::get_if<grpc::Status>(&level)) return refused_at_once(*context, *error);
  return UnaryCall<v1::SetLogLevelResponse>::start(
      context_, response,
      [level = std::get<std::optional<Severity>>(level)](RouterView& router) {
        return set_log_level(router, level);
      },
      Call::Needs::nothing);
}

grpc::ServerUnaryReactor* RoutingService::GetBfd(grpc::CallbackServerContext*, const v1::GetBfdRequest*,
                                                 v1::GetBfdResponse* response) {
  return UnaryCall<v1::GetBfdResponse>::start(context_, response, gather_bfd);
}

grpc::ServerUnaryReactor* RoutingService::GetUnderlay(grpc::CallbackServerContext*,
                                                      const v1::GetUnderlayRequest*,
                                                      v1::GetUnderlayResponse* response) {
  return UnaryCall<v1::GetUnderlayResponse>::start(context_, response, gather_underlay);
}

grpc::ServerUnaryReactor* RoutingService::GetPaths(grpc::CallbackServerContext* context,
                                                   const v1::GetPathsRequest* request,
                                                   v1::GetPathsResponse* response) {
  const auto question = check(*request);
  if (const auto* error = std::get_if<grpc::Status>(&question)) return refused_at_once(*context, *error);
  return UnaryCall<v1::GetPathsResponse>::start(
      context_, response, [question = std::get<PathsQuestion>(question)](RouterView& router) {
        return gather_paths(router, question);
      });
}

grpc::ServerWriteReactor<v1::ListDatabaseResponse>* RoutingService::ListDatabase(
    grpc::CallbackServerContext* context, const v1::ListDatabaseRequest* request) {
  const auto filter = check(*request);
  if (const auto* error = std::get_if<grpc::Status>(&filter)) {
    return refused<v1::ListDatabaseResponse>(*error);
  }
  return std::make_shared<DatabaseCall>(context_, std::get<DatabaseFilter>(filter))->start(*context);
}

grpc::ServerWriteReactor<v1::ListRoutesResponse>* RoutingService::ListRoutes(
    grpc::CallbackServerContext* context, const v1::ListRoutesRequest* request) {
  const auto filter = check(*request);
  if (const auto* error = std::get_if<grpc::Status>(&filter)) return refused<v1::ListRoutesResponse>(*error);
  return std::make_shared<RoutesCall>(context_, std::get<RoutesFilter>(filter))->start(*context);
}

grpc::ServerWriteReactor<v1::WatchResponse>* RoutingService::Watch(grpc::CallbackServerContext* context,
                                                                   const v1::WatchRequest* request) {
  const auto order = check(*request);
  if (const auto* error = std::get_if<grpc::Status>(&order)) return refused<v1::WatchResponse>(*error);
  if (!context_->admit_watcher())
    return refused<v1::WatchResponse>(
        {grpc::StatusCode::RESOURCE_EXHAUSTED,
         fmt::format("{} clients watch already, and no more are served", context_->watcher_count())});
  return std::make_shared<WatchCall>(context_, std::get<WatchOrder>(order))->start(*context);
}

}  // namespace wgospf::daemon::api
