#include "cli/hosts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <thread>

#include "cli/render.h"
#include "cli/repeat.h"
#include "cli/session.h"
#include "daemon/config/printable.h"

namespace wgospf::cli {
namespace {

bool is_label(std::string_view label) {
  const auto is_alnum = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !label.empty() && label.size() <= 63 && is_alnum(label.front()) && is_alnum(label.back()) &&
         std::all_of(label.begin(), label.end(), [&](char c) { return is_alnum(c) || c == '-'; });
}

/// RFC 1123 section 2.1; one of digits and dots alone would be an address.
bool is_host_name(std::string_view name) {
  if (name.size() > 253 || name.find_first_not_of("0123456789.") == std::string_view::npos) return false;
  for (;;) {
    const auto dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

/// Names that every machine has for itself.
bool is_own(const std::string& name) {
  return name == "localhost" || name.starts_with("localhost.") || name.ends_with(".localhost") ||
         name.starts_with("ip6-") || name == "broadcasthost";
}

/// "10.0.0.1" of "10.0.0.1/24".
std::string address_of(const std::string& prefix) {
  return prefix.substr(0, prefix.find('/'));
}

/// The one address that a prefix is; nullopt when it is more.
std::optional<std::string> host_of(const std::string& prefix) {
  const auto slash = prefix.find('/');
  if (slash == std::string::npos) return prefix;
  const auto length = prefix.substr(slash + 1);
  return length == (prefix.find(':') == std::string::npos ? "32" : "128")
             ? std::optional(prefix.substr(0, slash))
             : std::nullopt;
}

class Hosts {
 public:
  explicit Hosts(std::string domain) : domain_(std::move(domain)) {}

  void add(const std::string& name, const std::vector<std::string>& addresses, std::string_view what) {
    const auto key = lower(name);
    if (!is_host_name(name) || is_own(key)) return leave_out(name, what, "it is no name for a host");
    if (addresses.empty()) return leave_out(name, what, "no address of it is known");
    if (!names_.insert(key).second) return leave_out(name, what, "something above has this name");
    for (const auto& address : addresses) {
      text_ += fmt::format("{}\t", address);
      if (!domain_.empty() && name.find('.') == std::string::npos)
        text_ += fmt::format("{}.{} ", name, domain_);
      text_ += name + '\n';
    }
  }
  [[nodiscard]] std::string text() const { return text_ + left_out_; }

 private:
  void leave_out(const std::string& name, std::string_view what, std::string_view why) {
    left_out_ += fmt::format("# left out: {} \"{}\": {}\n", what, daemon::shortened(name), why);
  }

  std::string domain_, text_, left_out_;
  std::set<std::string> names_;
};

/// Whether somebody gave the name: else it is the beginning of the key.
bool is_named(const std::string& name, const std::string& key) {
  return !name.empty() && !key.starts_with(name);
}

grpc::Status read(const Session& session, Named& named) {
  using v1::Routing;
  auto& client = session.client;
  auto status = client.call(&Routing::Stub::GetStatus, v1::GetStatusRequest(), named.status);
  if (status.ok())
    status = client.call(&Routing::Stub::ListInterfaces, v1::ListInterfacesRequest(), named.interfaces);
  if (status.ok())
    status = client.call(&Routing::Stub::ListNeighbors, v1::ListNeighborsRequest(), named.neighbors);
  if (status.ok()) status = client.call(&Routing::Stub::ListPeers, v1::ListPeersRequest(), named.peers);
  if (status.ok()) status = client.call(&Routing::Stub::ListClients, v1::ListClientsRequest(), named.clients);
  v1::ListDatabaseRequest router_lsas;
  router_lsas.set_type(v1::LSA_TYPE_ROUTER);
  router_lsas.set_headers_only(true);
  if (status.ok()) {
    status = client.list<v1::ListDatabaseResponse>(
        &Routing::Stub::ListDatabase, router_lsas,
        [&](v1::ListDatabaseResponse& part) { named.router_lsas.MergeFrom(part); });
  }
  for (const auto& router_id : routers_by_hostname(named)) {
    if (!status.ok()) break;
    v1::ListRoutesRequest route;
    route.set_prefix(router_id + "/32");
    status = client.list<v1::ListRoutesResponse>(
        &Routing::Stub::ListRoutes, route,
        [&](v1::ListRoutesResponse& part) { named.routes.MergeFrom(part); });
  }
  return status;
}

Trouble write_trouble(const std::string& file, const std::string& what) {
  return {Code::output, fmt::format("{}: {}.", daemon::shortened(file), what)};
}

/// Why a file that is there is not to be replaced.
Failure check_place(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  if (!S_ISREG(status.st_mode)) return write_trouble(file, "this is no regular file; take another one");
  std::ifstream former(file);
  std::string head;
  if (former.peek() == std::ifstream::traits_type::eof()) return std::nullopt;
  if (std::getline(former, head) && head == kHostsHead) return std::nullopt;
  return write_trouble(file, "wgospfctl hosts has not made this file; remove it, or take another one");
}

/// Behind symbolic links: the file itself is replaced.
std::string real_place(const std::string& file) {
  std::error_code error;
  const auto real = std::filesystem::canonical(file, error);
  return error ? file : real.string();
}

bool write_whole(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Who reads it sees the former text or this one. Meanwhile it stands beside it under a name that dnsmasq's hostsdir
/// passes over.
Failure replace_file(const std::string& asked, const std::string& text) {
  if (auto failure = check_place(asked)) return failure;
  const std::filesystem::path file = real_place(asked);
  struct stat former {};
  const mode_t mode = ::stat(file.c_str(), &former) == 0 ? former.st_mode & 0777U : 0644U;
  auto pattern = (file.parent_path() / ("." + file.filename().string() + ".XXXXXX")).string();
  const int descriptor = ::mkstemp(pattern.data());
  if (descriptor < 0) return write_trouble(asked, fmt::format("cannot be written: {}", std::strerror(errno)));
  const bool is_written =
      write_whole(descriptor, text) && ::fchmod(descriptor, mode) == 0 && ::fsync(descriptor) == 0;
  int error = errno;
  const bool is_closed = ::close(descriptor) == 0;
  if (is_written && is_closed && ::rename(pattern.c_str(), file.c_str()) == 0) return std::nullopt;
  if (is_written) error = errno;
  ::unlink(pattern.c_str());
  return write_trouble(asked, fmt::format("cannot be written: {}", std::strerror(error)));
}

/// One file again and again, written when its text changes.
class HostsFile {
 public:
  HostsFile(const Options& options, const Terminal& terminal) : options_(options), terminal_(terminal) {}

  Failure write() {
    const auto connected = Client::connect(options_.connect);
    if (!connected.client) return connected.trouble;
    Named named;
    const auto status = read({*connected.client, options_, terminal_}, named);
    if (!status.ok()) return trouble_of(status, options_.connect.socket);
    const auto text = hosts_text(named, options_.domain);
    if (text == former_) return std::nullopt;
    if (options_.file.empty())
      terminal_.out << text << std::flush;
    else if (auto failure = replace_file(options_.file, text))
      return failure;
    former_ = text;
    return std::nullopt;
  }

 private:
  const Options& options_;
  const Terminal& terminal_;
  std::optional<std::string> former_{};
};

/// Of a peer that is a router and has a name.
bool is_named_router(const v1::Peer& peer) {
  return peer.role() != v1::PEER_ROLE_CLIENT && is_named(peer.name(), peer.public_key());
}

/// Router id -> hostname, of routers that are neither this one nor a named peer. A router has an LSA in each area.
std::map<std::string, std::string> announced_hostnames(const Named& named) {
  std::map<std::string, std::string> hostnames;
  for (const auto& lsa : named.router_lsas.lsas())
    if (!lsa.self_originated() && !lsa.adv_router_hostname().empty())
      hostnames.emplace(lsa.adv_router(), lsa.adv_router_hostname());
  hostnames.erase(named.status.router_id());
  for (const auto& peer : named.peers.peers())
    if (is_named_router(peer)) hostnames.erase(peer.neighbor_router_id());
  return hostnames;
}

}  // namespace

std::vector<std::string> routers_by_hostname(const Named& named) {
  std::vector<std::string> routers;
  for (const auto& [router_id, hostname] : announced_hostnames(named)) routers.push_back(router_id);
  return routers;
}

std::string hosts_text(const Named& named, const std::string& domain) {
  Hosts hosts(domain);
  std::vector<std::string> own;
  for (const auto& interface : named.interfaces.interfaces())
    for (const auto& address : interface.addresses()) own.push_back(address_of(address));
  hosts.add(named.status.hostname(), own, "this router");
  for (const auto& peer : named.peers.peers()) {
    if (!is_named_router(peer)) continue;
    std::vector<std::string> addresses;
    for (const auto& neighbor : named.neighbors.neighbors())
      if (neighbor.interface() == peer.link() && neighbor.neighbor_router_id() == peer.neighbor_router_id() &&
          !neighbor.address().empty())
        addresses.push_back(neighbor.address());
    hosts.add(peer.name(), addresses, "peer");
  }
  for (const auto& client : named.clients.clients()) {
    if (!is_named(client.name(), client.public_key())) continue;
    std::vector<std::string> addresses;
    for (const auto& prefix : client.addresses())
      if (auto address = host_of(prefix)) addresses.push_back(*std::move(address));
    hosts.add(client.name(), addresses, "client");
  }
  // Last, for what the configuration here says comes before what somebody calls himself. A router id is an address only
  // where a route leads to just it; else a neighbor has that of the link.
  for (const auto& [router_id, hostname] : announced_hostnames(named)) {
    std::vector<std::string> addresses;
    for (const auto& route : named.routes.routes())
      if (route.prefix() == router_id + "/32" && route.kernel_state() != v1::KERNEL_STATE_WITHHELD)
        addresses.push_back(router_id);
    if (addresses.empty())
      for (const auto& neighbor : named.neighbors.neighbors())
        if (neighbor.neighbor_router_id() == router_id && !neighbor.address().empty())
          addresses.push_back(neighbor.address());
    hosts.add(hostname, addresses, fmt::format("router {}", router_id));
  }
  return fmt::format("{}\n{}", kHostsHead, hosts.text());
}

Failure write_hosts(const Options& options, const Terminal& terminal) {
  if (!options.domain.empty() && !is_host_name(options.domain))
    return Trouble{Code::usage,
                   fmt::format("--domain must be the name of a domain like lan.example, not \"{}\".",
                               daemon::shortened(options.domain))};
  HostsFile file(options, terminal);
  bool has_failed = false;
  for (std::uint32_t round = 1;; ++round) {
    const auto failure = file.write();
    if (failure && (round == 1 || round == options.count || !options.repeat)) return failure;
    // The file stays as it is until the daemon is back; that is told once.
    if (failure && !has_failed) terminal.err << told(*failure, options.json) << std::flush;
    has_failed = failure.has_value();
    if (!options.repeat || round == options.count || !terminal.out.good()) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::duration<double>(*options.repeat));
  }
}

}  // namespace wgospf::cli
