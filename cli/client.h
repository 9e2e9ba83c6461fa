#pragma once
// The connection to the daemon. Every failure is a sentence for people that says what to do.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/options.h"
#include "cli/trouble.h"
#include "wgospf/v1/routing_service.grpc.pb.h"

namespace wgospf::cli {

/// The path of a unix socket in `socket` ("unix:PATH" or anything with a slash); nullopt for HOST:PORT.
[[nodiscard]] std::optional<std::string> unix_path(const std::string& socket);

/// Why `address` is no HOST:PORT that could be asked, or nothing when it is one.
[[nodiscard]] std::optional<std::string> tcp_address_error(const std::string& address);

/// Why nobody answers at `path`, or nothing when somebody does. Tells "no daemon" from "not allowed".
[[nodiscard]] Failure probe_unix_socket(const std::string& path);

/// What a status of the API means that is not OK. `socket` as given by the user.
[[nodiscard]] Trouble trouble_of(const grpc::Status& status, const std::string& socket);

class Client {
 public:
  /// Nothing is sent yet, but a unix socket is tried. Gives the client, or why there is none.
  struct Connected {
    std::unique_ptr<Client> client;
    Trouble trouble;
  };
  [[nodiscard]] static Connected connect(const ConnectOptions& options);

  /// One question, one answer: call(&Stub::GetStatus, request, response).
  template <class Method, class Request, class Response>
  [[nodiscard]] grpc::Status call(Method method, const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(deadline());
    return (stub_.get()->*method)(&context, request, &response);
  }
  /// A list in parts; `part` is called with each.
  template <class Response, class Method, class Request>
  [[nodiscard]] grpc::Status list(Method method, const Request& request,
                                  const std::function<void(Response&)>& part) {
    grpc::ClientContext context;
    context.set_deadline(deadline());
    const auto reader = (stub_.get()->*method)(&context, request);
    Response response;
    while (reader->Read(&response)) part(response);
    return reader->Finish();
  }
  /// Without end, until the daemon ends it, or `part` gives false: then the status is OK.
  [[nodiscard]] grpc::Status watch(const v1::WatchRequest& request,
                                   const std::function<bool(v1::WatchResponse&)>& part) {
    grpc::ClientContext context;
    return watch(context, request, part);
  }
  /// The same, which TryCancel() of the context ends from another thread.
  [[nodiscard]] grpc::Status watch(grpc::ClientContext& context, const v1::WatchRequest& request,
                                   const std::function<bool(v1::WatchResponse&)>& part) {
    const auto reader = stub_->Watch(&context, request);
    v1::WatchResponse response;
    while (reader->Read(&response)) {
      if (part(response)) continue;
      context.TryCancel();
      (void)reader->Finish();
      return grpc::Status::OK;
    }
    return reader->Finish();
  }

 private:
  explicit Client(std::unique_ptr<v1::Routing::Stub> stub) : stub_(std::move(stub)) {}
  [[nodiscard]] static std::chrono::system_clock::time_point deadline() {
    return std::chrono::system_clock::now() + std::chrono::seconds(30);
  }
  std::unique_ptr<v1::Routing::Stub> stub_;
};

}  // namespace wgospf::cli
