// Routes, paths, and the database that they come from.
#include "cli/render.h"
#include "cli/session.h"

namespace wgospf::cli {
namespace {

using v1::Routing;

grpc::Status ask_path(const Session& session) {
  v1::GetPathsRequest request;
  request.set_prefix(session.options.prefix);
  request.set_limit(session.options.limit);
  v1::GetPathsResponse paths;
  auto status = session.client.call(&Routing::Stub::GetPaths, request, paths);
  if (!status.ok()) return status;
  if (paths.paths().empty()) return {grpc::StatusCode::NOT_FOUND, no_path_text(paths.prefix())};
  session.print(paths, [&](const auto& p) { return render(p, session.look()); });
  return status;
}

grpc::Status ask_routes(const Session& session) {
  v1::ListRoutesRequest request;
  const auto& options = session.options;
  if (!options.prefix.empty()) request.set_prefix(options.prefix);
  if (!options.interface.empty()) request.set_interface(options.interface);
  if (!options.neighbor.empty()) request.set_neighbor(options.neighbor);
  request.set_path_type(static_cast<v1::PathType>(value_number(*v1::PathType_descriptor(), options.type)));
  v1::ListRoutesResponse whole;
  auto status = session.client.list<v1::ListRoutesResponse>(
      &Routing::Stub::ListRoutes, request, [&](v1::ListRoutesResponse& part) { whole.MergeFrom(part); });
  if (!status.ok()) return status;
  if (whole.routes().empty() && !options.interface.empty()) {
    if (status = session.check_interface(); !status.ok()) return status;
  }
  const bool is_address = !options.prefix.empty() && options.prefix.find('/') == std::string::npos;
  if (whole.routes().empty() && is_address)
    return {grpc::StatusCode::NOT_FOUND, no_path_text(options.prefix)};
  session.print(whole, [&](const auto& list) { return render(list, session.look()); });
  return status;
}

grpc::Status ask_database(const Session& session) {
  const auto& options = session.options;
  v1::ListDatabaseRequest request;
  if (!options.area.empty()) request.set_area_id(options.area);
  if (!options.adv_router.empty()) request.set_adv_router(options.adv_router);
  if (!options.lsa_id.empty()) request.set_lsa_id(options.lsa_id);
  request.set_type(static_cast<v1::LsaType>(value_number(*v1::LsaType_descriptor(), options.type)));
  request.set_headers_only(!options.detail && !options.json);
  v1::ListDatabaseResponse whole;
  auto status = session.client.list<v1::ListDatabaseResponse>(
      &Routing::Stub::ListDatabase, request, [&](v1::ListDatabaseResponse& part) { whole.MergeFrom(part); });
  if (!status.ok()) return status;
  const auto view = options.detail ? DatabaseView::detail : DatabaseView::headers;
  session.print(whole, [&](const auto& list) { return render(list, view, session.look()); });
  return status;
}

}  // namespace

Failure show_path(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, ask_path);
}
Failure show_routes(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, ask_routes);
}
Failure show_database(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, ask_database);
}

std::vector<std::string> path_type_names() {
  return value_names(*v1::PathType_descriptor());
}

std::vector<std::string> lsa_type_names() {
  return value_names(*v1::LsaType_descriptor());
}

}  // namespace wgospf::cli
