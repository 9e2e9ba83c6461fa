#include "cli/client.h"

#include <fmt/format.h>
#include <grp.h>
#include <grpc/support/log.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>

#include "cli/table.h"
#include "daemon/config/printable.h"
#include "net/host_port.h"

namespace wgospf::cli {
namespace {

/// gRPC's library writes its own lines to stderr; ours say all that a person needs.
void silence_grpc() {
  gpr_set_log_function([](gpr_log_func_args*) {});
}

/// The group that may use what is at `path`; "" when that cannot be seen or is root's.
std::string group_of(const std::string& path) {
  struct stat status {};
  std::string seen = path;
  if (stat(seen.c_str(), &status) != 0) {
    seen = path.substr(0, path.rfind('/'));
    if (stat(seen.c_str(), &status) != 0) return {};
  }
  if (status.st_gid == 0) return {};
  const group* entry = getgrgid(status.st_gid);
  return entry ? entry->gr_name : std::to_string(status.st_gid);
}

std::string denied_text(const std::string& path) {
  const std::string group = group_of(path);
  if (group.empty()) return fmt::format("No permission to use {}: run this as root, with sudo.", path);
  return fmt::format(
      "No permission to use {}: it is for root and the group {}. Run this with sudo, or join the group: "
      "sudo usermod -aG {} \"$USER\", then log in again.",
      path, group, group);
}

std::string absent_text(const std::string& path, int error) {
  if (error == ENOENT) return fmt::format("wgospfd is not running: there is no socket {}.", path);
  return fmt::format("wgospfd is not running: nobody listens on {}.", path);
}

struct FileContents {
  std::string text;
  std::string error;
};
FileContents read_pem(const std::string& path) {
  if (path.empty()) return {};
  const std::ifstream file(path);
  if (!file) return {{}, fmt::format("Cannot read {}: {}.", daemon::shortened(path), std::strerror(errno))};
  std::ostringstream text;
  text << file.rdbuf();
  return {text.str(), {}};
}

}  // namespace

std::optional<std::string> unix_path(const std::string& socket) {
  constexpr std::string_view scheme = "unix:";
  if (socket.compare(0, scheme.size(), scheme) == 0) return socket.substr(scheme.size());
  if (socket.find('/') != std::string::npos) return socket;
  return std::nullopt;
}

std::optional<std::string> tcp_address_error(const std::string& address) {
  if (address.find(':') == std::string::npos) {
    return fmt::format("\"{0}\" is neither a path nor HOST:PORT; for a socket in this directory write ./{0}.",
                       daemon::shortened(address));
  }
  const auto place = parse_host_port(address);
  if (!place || place->host.empty() || place->port == 0) {
    return fmt::format(
        "\"{}\" is neither a path nor HOST:PORT; a port is a number from 1 to 65535, as in "
        "router.example:50051.",
        daemon::shortened(address));
  }
  if (!place->bracketed() && place->host.find_first_of(":[]") != std::string_view::npos) {
    return fmt::format("\"{}\" is not HOST:PORT: an IPv6 address stands in brackets, as in [::1]:{}.",
                       daemon::shortened(address), place->port);
  }
  return std::nullopt;
}

Failure probe_unix_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Trouble{Code::usage,
                   fmt::format("{} cannot be the path of a socket: it must have 1 to {} characters.",
                               daemon::shortened(path), sizeof address.sun_path - 1)};
  }
  std::copy(path.begin(), path.end(), address.sun_path);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Trouble{Code::failed, fmt::format("Cannot open a socket: {}.", std::strerror(errno))};
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  ::close(fd);
  if (result == 0) return std::nullopt;
  const auto shown = daemon::printable(path);
  if (error == EACCES || error == EPERM) return Trouble{Code::not_permitted, denied_text(path)};
  if (error == ENOENT || error == ECONNREFUSED) return Trouble{Code::unreachable, absent_text(shown, error)};
  return Trouble{Code::unreachable, fmt::format("Cannot connect to {}: {}.", shown, std::strerror(error))};
}

namespace {

Code code_of(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return Code::unreachable;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Code::deadline;
    case grpc::StatusCode::UNIMPLEMENTED:
      return Code::unsupported;
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
      return Code::not_permitted;
    case grpc::StatusCode::INVALID_ARGUMENT:
      return Code::usage;
    case grpc::StatusCode::NOT_FOUND:
      return Code::not_found;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return Code::busy;
    case grpc::StatusCode::FAILED_PRECONDITION:
      return status.error_details() == "not-ready" ? Code::not_ready : Code::refused;
    default:
      return Code::failed;
  }
}

/// What the daemon says, line by line; nothing in it is a command to a terminal.
std::string printable_lines(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);)
    result += (result.empty() ? "" : "\n") + daemon::printable(line);
  return result;
}

std::string text_of(const grpc::Status& status, const std::string& socket) {
  const auto said = printable_lines(status.error_message());
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      // The library's own words for this name its resolver and its query.
      if (const auto place = parse_host_port(socket);
          place && said.find("DNS resolution failed") != std::string::npos)
        return fmt::format("There is no address for {}: the name is unknown, or no name server answers.",
                           daemon::shortened(place->host));
      return fmt::format("wgospfd does not answer at {}: {}.", daemon::shortened(socket), said);
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return fmt::format("wgospfd at {} did not answer in time.", daemon::shortened(socket));
    case grpc::StatusCode::UNIMPLEMENTED:
      return fmt::format("wgospfd at {} does not know this question: it is of another version.",
                         daemon::shortened(socket));
    default:
      return said;
  }
}

}  // namespace

Trouble trouble_of(const grpc::Status& status, const std::string& socket) {
  return {code_of(status), text_of(status, socket)};
}

Client::Connected Client::connect(const ConnectOptions& options) {
  silence_grpc();
  if (const auto path = unix_path(options.socket)) {
    if (auto trouble = probe_unix_socket(*path)) return {nullptr, *std::move(trouble)};
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    auto channel = grpc::CreateCustomChannel("unix:" + *path, grpc::InsecureChannelCredentials(), arguments);
    return {std::unique_ptr<Client>(new Client(v1::Routing::NewStub(channel))), {}};
  }
  if (auto error = tcp_address_error(options.socket)) return {nullptr, {Code::usage, *std::move(error)}};
  grpc::SslCredentialsOptions tls;
  auto ca = read_pem(options.ca), certificate = read_pem(options.certificate), key = read_pem(options.key);
  for (auto* file : {&ca, &certificate, &key}) {
    if (!file->error.empty()) return {nullptr, {Code::failed, std::move(file->error)}};
  }
  tls.pem_root_certs = ca.text;
  tls.pem_cert_chain = certificate.text;
  tls.pem_private_key = key.text;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  auto channel = grpc::CreateCustomChannel("dns:///" + options.socket, grpc::SslCredentials(tls), arguments);
  return {std::unique_ptr<Client>(new Client(v1::Routing::NewStub(channel))), {}};
}

}  // namespace wgospf::cli
