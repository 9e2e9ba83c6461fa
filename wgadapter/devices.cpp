// Which back end serves an interface is a fact of this moment: it may be deleted and come back of another
// kind.

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "net/link_table.h"
#include "net/netlink_socket.h"
#include "wgadapter/device_backend.h"

namespace wgospf::wg {
namespace {

std::string socket_path(const std::string& name, const DeviceOptions& options) {
  return options.socket_directory + '/' + name + ".sock";
}

/// The interface of that name in this network namespace, without its addresses.
Result<Link> read_link(const std::string& name, netlink::Deadline deadline) {
  auto socket = netlink::Socket::open({.place = name, .receive_buffer = 1 << 18});
  if (!socket) return socket.error();
  netlink::MessageBuffer request;
  request.begin(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK);
  request.put_header(ifinfomsg{});
  request.put_text(IFLA_IFNAME, name);
  request.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  request.end();
  std::optional<Link> link;
  const auto done = socket->request(request.bytes(), deadline, [&](netlink::Bytes message) -> Result<void> {
    const auto parsed = parse_inventory_message(message);
    if (parsed && std::holds_alternative<LinkMessage>(*parsed)) link = std::get<LinkMessage>(*parsed).link;
    return {};
  });
  if (done && link) return *std::move(link);
  if (done || done.error().system_error == ENODEV)
    return Error{ErrorCode::not_found, name + ": no such interface in this network namespace; create it",
                 ENODEV};
  return done.error();
}

}  // namespace

bool looks_like_wireguard(const std::string& name, const std::string& link_kind,
                          const DeviceOptions& options) {
  if (link_kind == "wireguard") return true;
  struct stat status {};
  return link_kind == "tun" && ::stat(socket_path(name, options).c_str(), &status) == 0 &&
         S_ISSOCK(status.st_mode);
}

Devices::Devices(DeviceOptions options)
    : options_(std::move(options)), userspace_(open_userspace_backend(options_)) {}

Devices::~Devices() = default;

BackendKind Devices::kind() const {
  return last_;
}

Result<BackendKind> Devices::backend_of(const std::string& name) const {
  if (name.empty() || name.size() > 15)
    return Error{ErrorCode::invalid, "'" + name + "' is no interface name: 1 to 15 characters"};
  const auto link = read_link(name, std::chrono::steady_clock::now() + options_.timeout);
  if (!link) return link.error();
  if (link->kind == "wireguard") return BackendKind::kernel;
  if (looks_like_wireguard(name, link->kind, options_)) return BackendKind::userspace;
  if (link->kind == "tun")
    return Error{ErrorCode::not_wireguard,
                 name + " is a tun device without a WireGuard socket at " + socket_path(name, options_) +
                     "; if it is WireGuard, its program runs in another mount namespace or has ended"};
  return Error{ErrorCode::not_wireguard,
               name + " is no WireGuard device but " +
                   (link->kind.empty() ? "a plain device" : "of kind " + link->kind)};
}

Result<DeviceBackend*> Devices::choose(const std::string& name) {
  const auto kind = backend_of(name);
  if (!kind) return kind.error();
  last_ = *kind;
  if (*kind == BackendKind::userspace) return userspace_.get();
  if (kernel_ == nullptr) {
    auto opened = open_kernel_backend(options_);
    if (!opened) return opened.error();
    kernel_ = *std::move(opened);
  }
  return kernel_.get();
}

Result<Device> Devices::read(const std::string& name) {
  const auto backend = choose(name);
  return backend ? (*backend)->read(name) : Result<Device>(backend.error());
}

Result<Device> Devices::apply(const Device& now, const DeviceDelta& delta) {
  const auto backend = choose(now.name);
  return backend ? (*backend)->apply(now, delta) : Result<Device>(backend.error());
}

Result<bool> Devices::renew(const std::string& name, const Renewal& renewal) {
  const auto backend = choose(name);
  return backend ? (*backend)->renew(name, renewal) : Result<bool>(backend.error());
}

}  // namespace wgospf::wg
