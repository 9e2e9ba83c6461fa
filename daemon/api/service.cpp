#include "daemon/api/service.h"

#include <optional>
#include <variant>

#include "daemon/api/convert.h"
#include "daemon/api/gather.h"
#include "daemon/api/lists.h"
#include "daemon/api/request.h"
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
    for (std::size_t i = 0; i < interfaces.size(); ++i) {
      auto* added = response.add_interfaces();
      *added = convert(interfaces[i], find(wireguard, interfaces[i].config.link), now);
      for (const auto& problem : problems[i]) added->add_problems(problem);
      convert_problems(neighbors, interfaces[i], *added);
    }
    return grpc::Status::OK;
  };
}

UnaryCall<v1::ListNeighborsResponse>::Write gather_neighbors(RouterView& router) {
  auto interfaces = router.protocol().interfaces();
  return [neighbors = router.protocol().neighbors(), names = link_names(router, interfaces),
          interfaces = std::move(interfaces), now = router.now()](v1::ListNeighborsResponse& response) {
    for (const auto& neighbor : neighbors) *response.add_neighbors() = convert(neighbor, names, now);
    for (const auto& interface : interfaces)
      for (const auto& refused : interface.refused)
        *response.add_neighbors() = convert(refused, interface.config.name, now);
    return grpc::Status::OK;
  };
}

UnaryCall<v1::ListPeersResponse>::Write gather_peers(RouterView& router) {
  return [neighbors = router.protocol().neighbors(),
          wireguard = router.wireguard()](v1::ListPeersResponse& response) {
    for (const auto& view : *wireguard) *response.add_devices() = convert(view);
    for (auto& peer : peers_of(wireguard, neighbors, std::chrono::system_clock::now())) {
      *response.add_peers() = std::move(peer);
    }
    return grpc::Status::OK;
  };
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

grpc::ServerUnaryReactor* RoutingService::ListPeers(grpc::CallbackServerContext*, const v1::ListPeersRequest*,
                                                    v1::ListPeersResponse* response) {
  return UnaryCall<v1::ListPeersResponse>::start(context_, response, gather_peers);
}

grpc::ServerUnaryReactor* RoutingService::GetPaths(grpc::CallbackServerContext* context,
                                                   const v1::GetPathsRequest* request,
                                                   v1::GetPathsResponse* response) {
  const auto question = check(*request);
  if (const auto* error = std::get_if<grpc::Status>(&question)) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(*error);
    return reactor;
  }
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
  const auto prefix = check(*request);
  if (const auto* error = std::get_if<grpc::Status>(&prefix)) return refused<v1::ListRoutesResponse>(*error);
  return std::make_shared<RoutesCall>(context_, std::get<std::optional<Ipv4Prefix>>(prefix))->start(*context);
}

grpc::ServerWriteReactor<v1::WatchResponse>* RoutingService::Watch(grpc::CallbackServerContext* context,
                                                                   const v1::WatchRequest* request) {
  const auto topics = check(*request);
  if (const auto* error = std::get_if<grpc::Status>(&topics)) return refused<v1::WatchResponse>(*error);
  return std::make_shared<WatchCall>(context_, std::get<Topics>(topics))->start(*context);
}

}  // namespace wgospf::daemon::api
