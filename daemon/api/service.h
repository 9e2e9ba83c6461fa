#pragma once
// wgospf.v1.Routing, each call in the three places that call.h describes.

#include <memory>

#include "daemon/api/call.h"
#include "wgospf/v1/routing_service.grpc.pb.h"

namespace wgospf::daemon::api {

class RoutingService final : public v1::Routing::CallbackService {
 public:
  explicit RoutingService(std::shared_ptr<Context> context) : context_(std::move(context)) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext*, const v1::GetStatusRequest*,
                                      v1::GetStatusResponse* response) override;
  grpc::ServerUnaryReactor* ListInterfaces(grpc::CallbackServerContext*, const v1::ListInterfacesRequest*,
                                           v1::ListInterfacesResponse* response) override;
  grpc::ServerUnaryReactor* ListNeighbors(grpc::CallbackServerContext*, const v1::ListNeighborsRequest*,
                                          v1::ListNeighborsResponse* response) override;
  grpc::ServerUnaryReactor* ListPeers(grpc::CallbackServerContext*, const v1::ListPeersRequest* request,
                                      v1::ListPeersResponse* response) override;
  grpc::ServerUnaryReactor* ListClients(grpc::CallbackServerContext*, const v1::ListClientsRequest*,
                                        v1::ListClientsResponse* response) override;
  grpc::ServerUnaryReactor* GetFirewall(grpc::CallbackServerContext*, const v1::GetFirewallRequest*,
                                        v1::GetFirewallResponse* response) override;
  grpc::ServerUnaryReactor* ForgetKey(grpc::CallbackServerContext* context,
                                      const v1::ForgetKeyRequest* request,
                                      v1::ForgetKeyResponse* response) override;
  grpc::ServerUnaryReactor* Reload(grpc::CallbackServerContext* context, const v1::ReloadRequest* request,
                                   v1::ReloadResponse* response) override;
  grpc::ServerUnaryReactor* GetLog(grpc::CallbackServerContext* context, const v1::GetLogRequest* request,
                                   v1::GetLogResponse* response) override;
  grpc::ServerUnaryReactor* SetLogLevel(grpc::CallbackServerContext* context,
                                        const v1::SetLogLevelRequest* request,
                                        v1::SetLogLevelResponse* response) override;
  grpc::ServerUnaryReactor* GetBfd(grpc::CallbackServerContext*, const v1::GetBfdRequest*,
                                   v1::GetBfdResponse* response) override;
  grpc::ServerUnaryReactor* Confirm(grpc::CallbackServerContext* context, const v1::ConfirmRequest* request,
                                    v1::ConfirmResponse* response) override;
  grpc::ServerUnaryReactor* GetUnderlay(grpc::CallbackServerContext*, const v1::GetUnderlayRequest*,
                                        v1::GetUnderlayResponse* response) override;
  grpc::ServerUnaryReactor* GetPaths(grpc::CallbackServerContext* context, const v1::GetPathsRequest* request,
                                     v1::GetPathsResponse* response) override;
  grpc::ServerWriteReactor<v1::ListDatabaseResponse>* ListDatabase(
      grpc::CallbackServerContext*, const v1::ListDatabaseRequest* request) override;
  grpc::ServerWriteReactor<v1::ListRoutesResponse>* ListRoutes(grpc::CallbackServerContext*,
                                                               const v1::ListRoutesRequest* request) override;
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext*,
                                                     const v1::WatchRequest* request) override;

 private:
  std::shared_ptr<Context> context_;
};

}  // namespace wgospf::daemon::api
