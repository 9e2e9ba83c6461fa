#include "daemon/api/server.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <string_view>
#include <utility>

#include "daemon/api/call.h"
#include "daemon/api/service.h"
#include "daemon/api/socket_place.h"
#include "daemon/config/text_file.h"
#include "daemon/telling/log.h"
#include "daemon/telling/message_limits.h"
#include "net/host_port.h"

namespace wgospf::daemon {
namespace {

constexpr std::string_view kUnixScheme = "unix:";
constexpr std::string_view kAcceptFailed = "Failed accept4";
/// A Watch client that vanished without a word is noticed after this much silence (TCP).
constexpr int kKeepaliveMilliseconds = 20'000;
/// Of one connection: calls at a time; how long it may stand idle, and take for its handshake; a question's size.
constexpr int kCallsOfAConnection = 64, kIdleMilliseconds = 300'000, kHandshakeMilliseconds = 10'000;
constexpr int kQuestionBytes = 64 * 1024;
/// Certificates are read again this often.
constexpr unsigned kCertificateSeconds = 1;

/// gRPC's own lines go where ours go, and are limited as ours are: a client can cause one with each attempt.
void log_line(const std::string& text) {
  static std::mutex mutex;
  static MessageLimits limits;
  const std::scoped_lock lock(mutex);
  const auto now = std::chrono::steady_clock::now();
  for (const auto& left_out : limits.take(now)) log(describe(left_out, {}));
  if (limits.admit({Severity::warning, "api", {}}, text, now)) log(Severity::warning, "API: " + text);
}

/// How often accepting a client has failed. gRPC 1.51 says so in its log and nowhere else, and never accepts
/// on that socket again.
std::atomic<std::uint64_t> failed_accepts{0};

void log_through_ours() {
  gpr_set_log_function([](gpr_log_func_args* line) {
    if (line->severity != GPR_LOG_SEVERITY_ERROR) return;
    if (std::string_view(line->message).substr(0, kAcceptFailed.size()) == kAcceptFailed) ++failed_accepts;
    log_line(line->message);
  });
}

Result<std::string> read_pem(const char* field, const std::string& path) {
  auto file = read_text_file(path, Pipes::refuse);
  if (file.problem)
    return Error{EIO, fmt::format("api.tls.{}: cannot read {}: {}", field, path, *file.problem)};
  if (!is_pem(file.text)) return Error{EINVAL, fmt::format("api.tls.{}: {} is not in PEM form", field, path)};
  return std::move(file.text);
}

Result<std::shared_ptr<grpc::ServerCredentials>> credentials_of(const ApiTls& tls) {
  const auto certificate = read_pem("certificate", tls.certificate);
  if (!certificate) return certificate.error();
  const auto key = read_pem("key", tls.key);
  if (!key) return key.error();
  if (!tls.client_ca.empty()) {
    const auto authority = read_pem("client-ca", tls.client_ca);
    if (!authority) return authority.error();
  }
  // The files were read to tell what is wrong with them; gRPC reads them again, now and whenever they have changed.
  using namespace grpc::experimental;
  TlsServerCredentialsOptions options(std::make_shared<FileWatcherCertificateProvider>(
      tls.key, tls.certificate, tls.client_ca, kCertificateSeconds));
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  if (!tls.client_ca.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return TlsServerCredentials(options);
}

}  // namespace

struct ApiServer::Impl {
  Impl(RouterView& router, const ApiOptions& options)
      : context(std::make_shared<api::Context>(router, options)), service(context) {}

  [[nodiscard]] std::optional<Error> listen_unix(const std::string& path, const std::string& group);
  [[nodiscard]] std::optional<Error> listen_tcp(const ApiOptions& options);
  /// Starts gRPC on `target`; gives the port (1 on a unix socket), 0 when it cannot listen there.
  [[nodiscard]] int serve(const std::string& target,
                          const std::shared_ptr<grpc::ServerCredentials>& credentials);
  void stop(std::chrono::system_clock::time_point deadline);
  [[nodiscard]] std::string problem() const;

  std::shared_ptr<api::Context> context;
  api::RoutingService service;
  std::optional<api::SocketPlace> place;
  std::unique_ptr<grpc::Server> server;
  std::string address;
  std::uint64_t accepts_failed_before = failed_accepts;
  std::once_flag stopped;
};

int ApiServer::Impl::serve(const std::string& target,
                           const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // else a second daemon could listen here too
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kCallsOfAConnection);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMilliseconds);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMilliseconds);
  builder.SetMaxReceiveMessageSize(kQuestionBytes);
  builder.AddListeningPort(target, credentials, &port);
  builder.RegisterService(&service);
  server = builder.BuildAndStart();
  return server ? port : 0;
}

std::optional<Error> ApiServer::Impl::listen_unix(const std::string& path, const std::string& group) {
  auto prepared = api::SocketPlace::prepare(path, group);
  if (!prepared) return prepared.error();
  place.emplace(std::move(prepared.value()));
  if (serve("unix:" + place->private_path(), grpc::InsecureServerCredentials()) == 0) {
    return Error{EIO,
                 fmt::format("api.listen: cannot listen on {}; its file system may not allow sockets", path)};
  }
  if (auto error = place->publish()) return error;
  address = std::string(kUnixScheme) + path;
  return std::nullopt;
}

std::optional<Error> ApiServer::Impl::listen_tcp(const ApiOptions& options) {
  const auto asked = parse_host_port(options.listen);
  if (!asked || asked->host.empty()) {
    return Error{EINVAL,
                 fmt::format("api.listen: \"{}\" is neither unix:/PATH nor HOST:PORT", options.listen)};
  }
  if (!options.tls) {
    return Error{EINVAL, fmt::format("api.listen: {} is reachable from elsewhere, so it needs api.tls with "
                                     "certificate and key; or listen on unix:/run/wgospf/wgospfd.sock",
                                     options.listen)};
  }
  const auto credentials = credentials_of(*options.tls);
  if (!credentials) return credentials.error();
  const int port = serve(options.listen, credentials.value());
  if (port == 0) {
    return Error{EADDRNOTAVAIL,
                 fmt::format("api.listen: cannot listen on {}: is the address this router's, is the port "
                             "free, and do the certificate and key in api.tls belong together?",
                             options.listen)};
  }
  address = fmt::format("{}:{}", asked->host, port);
  return std::nullopt;
}

void ApiServer::Impl::stop(std::chrono::system_clock::time_point deadline) {
  std::call_once(stopped, [&] {
    if (place) place->withdraw();
    context->stop();
    if (server) {
      server->Shutdown(deadline);
      server->Wait();
    }
    context->join();
  });
}

std::string ApiServer::Impl::problem() const {
  if (failed_accepts != accepts_failed_before)
    return "accepting a client failed; where it was for want of file descriptors, raise their limit "
           "(LimitNOFILE= under systemd)";
  if (place && !place->published()) return "its socket was removed or replaced";
  return {};
}

Result<std::unique_ptr<ApiServer>> ApiServer::start(const ApiOptions& options, RouterView& router) {
  log_through_ours();
  auto impl = std::make_unique<Impl>(router, options);
  const bool is_unix = options.listen.compare(0, kUnixScheme.size(), kUnixScheme) == 0;
  const auto error = is_unix ? impl->listen_unix(options.listen.substr(kUnixScheme.size()), options.group)
                             : impl->listen_tcp(options);
  std::unique_ptr<ApiServer> server(new ApiServer(std::move(impl)));
  if (error) return *error;
  return server;
}

ApiServer::ApiServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ApiServer::~ApiServer() {
  stop(std::chrono::system_clock::now());
}

void ApiServer::stop(std::chrono::system_clock::time_point deadline) {
  impl_->stop(deadline);
}

std::string ApiServer::problem() const {
  return impl_->problem();
}

std::size_t ApiServer::call_count() const {
  return impl_->context->call_count();
}

std::size_t ApiServer::watcher_count() const {
  return impl_->context->watcher_count();
}

const std::string& ApiServer::address() const {
  return impl_->address;
}

}  // namespace wgospf::daemon
