#include "daemon/config/api.h"

#include <fmt/format.h>

#include "daemon/config/leaves.h"
#include "daemon/config/printable.h"
#include "daemon/config/tls_files.h"
#include "net/host_port.h"

namespace wgospf::daemon {

namespace {

constexpr std::size_t kMaxUnixSocketPath = 107;  // sockaddr_un.sun_path without its end
/// The socket is bound in a directory of its own beside its place: "/.wgospf-XXXXXX/s"
/// (api/socket_place.cpp).
constexpr std::size_t kMaxUnixSocketDirectory = kMaxUnixSocketPath - 17;

std::string problem_of_unix_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.back() == '/')
    return "the path must be absolute, like unix:/run/wgospf/wgospfd.sock";
  if (path.size() > kMaxUnixSocketPath || path.rfind('/') > kMaxUnixSocketDirectory)
    return fmt::format("the path is too long; a socket's may have at most {} characters, its directory {}",
                       kMaxUnixSocketPath, kMaxUnixSocketDirectory);
  return {};
}

std::string problem_of_tcp_address(std::string_view listen) {
  static constexpr std::string_view kForm = "use unix:/PATH, or HOST:PORT with a port from 1 to 65535";
  const auto place = parse_host_port(listen);
  if (!place || place->host.empty() || place->port == 0) return std::string(kForm);
  if (const auto address = place->bracketed()) {
    if (Ipv6Address::parse(address->substr(0, address->find('%')))) return {};
    return fmt::format("\"{}\" is no IPv6 address; write it like [::1]:{}", shortened(*address), place->port);
  }
  if (place->host.find(':') != std::string_view::npos)
    return fmt::format("an IPv6 address stands in brackets, like [::1]:{}", place->port);
  if (place->host.find_first_of("[]/ ") != std::string_view::npos) return std::string(kForm);
  return {};
}

}  // namespace

void ApiReader::read(const YAML::Node& node, ApiOptions& api) {
  namespace keys = leaf::api;
  MapReader map(node, keys::section, errors_);
  if (!map.valid()) return;
  if (const auto listen = map.text(keys::listen)) {
    api.listen = *listen;
    check_listen(map, api.listen);
  }
  if (const auto tls = map.node(keys::tls)) api.tls = read_tls(*tls);
  const bool tcp = api.listen.rfind("unix:", 0) != 0;
  if (tcp && !map.has(keys::tls)) {
    errors_.add(
        map.value_mark(keys::listen),
        "listening on TCP needs tls with certificate and key; or listen on unix:/run/wgospf/wgospfd.sock");
  }
  if (!tcp && map.has(keys::tls)) {
    errors_.add(map.mark(keys::tls), "tls is for TCP only; a unix socket is guarded by its permissions");
  }
  read_group(map, api);
}

void ApiReader::read_group(MapReader& map, ApiOptions& api) {
  const auto& leaf = leaf::api::group;
  const auto group = map.text(leaf);
  if (!group) return;
  api.group = *group;
  if (api.listen.rfind("unix:", 0) != 0) {
    errors_.add(map.mark(leaf), "group is for a unix socket only; on TCP certificates say who is served");
  } else if (const auto problem = check_ != nullptr ? check_->group(*group) : std::nullopt) {
    errors_.add(map.value_mark(leaf), fmt::format("group {} {}", *group, *problem));
  }
}

void ApiReader::check_listen(const MapReader& map, const std::string& listen) {
  const bool is_unix = listen.rfind("unix:", 0) == 0;
  const auto problem =
      is_unix ? problem_of_unix_path(std::string_view(listen).substr(5)) : problem_of_tcp_address(listen);
  if (!problem.empty())
    errors_.add(map.value_mark(leaf::api::listen),
                fmt::format("cannot listen on \"{}\": {}", shortened(listen), problem));
}

ApiTls ApiReader::read_tls(const YAML::Node& node) {
  namespace keys = leaf::tls;
  MapReader map(node, keys::section, errors_);
  ApiTls tls;
  tls.certificate = read_file_name(map, keys::certificate);
  tls.key = read_file_name(map, keys::key);
  tls.client_ca = read_file_name(map, keys::client_ca);
  check_authentication(map);
  if (check_ != nullptr && tls_files_usable_ && !tls.certificate.empty() && !tls.key.empty())
    check_tls(map, tls);
  return tls;
}

/// Whether everybody may read must not be decided by a line that was forgotten.
void ApiReader::check_authentication(MapReader& map) {
  namespace keys = leaf::tls;
  const bool has_authority = map.has(keys::client_ca), is_written = map.has(keys::client_authentication);
  const auto choice = map.choice(keys::client_authentication);
  if (is_written && !choice) return;
  const bool is_none = choice && *choice == 1;
  if (is_none && has_authority) {
    errors_.add(map.value_mark(keys::client_authentication),
                "client-authentication: none and client-ca exclude each other; keep the one that is meant");
  } else if (!is_none && !has_authority) {
    errors_.add(
        is_written ? map.mark(keys::client_authentication) : map.mark(keys::client_ca),
        "without client-ca everybody who reaches the port may read everything; name a client-ca, or write "
        "\"client-authentication: none\" if that is meant");
  }
}

/// Files that can be read may still be none that TLS can use.
void ApiReader::check_tls(const MapReader& map, const ApiTls& tls) {
  const auto problem = problem_of_tls(tls);
  if (!problem) return;
  errors_.add(map.value_mark(leaf::Leaf{problem->field}),
              fmt::format("{} {}", problem->field, problem->text));
}

std::string ApiReader::read_file_name(MapReader& map, const leaf::TextLeaf& leaf) {
  const auto name = map.text(leaf);
  if (!name) return {};
  if (const auto problem = check_ != nullptr ? check_->pem_file(*name) : std::nullopt) {
    tls_files_usable_ = false;
    errors_.add(map.value_mark(leaf), fmt::format("{} {} {}; name a file in PEM form that wgospfd may read",
                                                  leaf.name, shortened(*name), *problem));
  }
  return *name;
}

}  // namespace wgospf::daemon
