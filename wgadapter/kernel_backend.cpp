// The kernel's own WireGuard over generic netlink. There are two commands and no notifications: a dump of one
// device, and a change that is applied as it is read, without a transaction.

#include <linux/wireguard.h>
#include <net/if.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "net/netlink_socket.h"
#include "wgadapter/device_backend.h"
#include "wgadapter/plan.h"
#include "wgadapter/wireguard_genl.h"

namespace wgospf::wg {
namespace {

using netlink::Deadline;

constexpr int kReadAttempts = 10;

/// The family's number; asking for it makes the kernel load the module if there is one.
Result<std::uint16_t> find_family() {
  const std::unique_ptr<nl_sock, decltype(&nl_socket_free)> socket(nl_socket_alloc(), &nl_socket_free);
  if (socket == nullptr) return system_error(ENOMEM, "generic netlink");
  if (const int error = genl_connect(socket.get()); error < 0)
    return Error{ErrorCode::system, std::string("cannot connect to generic netlink: ") + nl_geterror(error)};
  const int family = genl_ctrl_resolve(socket.get(), WG_GENL_NAME);
  if (family < 0)
    return Error{ErrorCode::unsupported,
                 "the kernel has no WireGuard (generic netlink family \"wireguard\": " +
                     std::string(nl_geterror(family)) + "); load the module wireguard, or use wireguard-go",
                 EOPNOTSUPP};
  return static_cast<std::uint16_t>(family);
}

class KernelBackend final : public DeviceBackend {
 public:
  KernelBackend(netlink::Socket socket, std::uint16_t family, DeviceOptions options)
      : socket_(std::move(socket)), family_(family), options_(std::move(options)) {}

  [[nodiscard]] BackendKind kind() const override { return BackendKind::kernel; }
  [[nodiscard]] Result<Device> read(const std::string& name) override {
    return read(name, std::chrono::steady_clock::now() + options_.timeout);
  }
  [[nodiscard]] Result<Device> apply(const Device& now, const DeviceDelta& delta) override;
  [[nodiscard]] Result<bool> renew(const std::string& name, const Renewal& renewal) override;

 private:
  Result<Device> read(const std::string& name, Deadline deadline) {
    std::optional<SecretKey> none;
    return read(name, deadline, nullptr, none);
  }
  /// With the preshared key of one peer, if that is wanted.
  Result<Device> read(const std::string& name, Deadline deadline, const Key* peer,
                      std::optional<SecretKey>& preshared_key);
  Result<void> send(const std::string& name, Result<std::vector<Message>> messages, Deadline deadline);
  Result<void> remove(const std::string& name, const std::vector<Removal>& removals, Deadline deadline);
  static Error explain(const std::string& name, Error error);

  netlink::Socket socket_;
  std::uint16_t family_;
  DeviceOptions options_;
  bool flag_refused_ = false;  ///< This kernel does not know WGALLOWEDIP_F_REMOVE_ME
};

Error KernelBackend::explain(const std::string& name, Error error) {
  switch (error.system_error) {
    case ENODEV:
      return {ErrorCode::not_found, name + ": no such interface in this network namespace; create it",
              ENODEV};
    case EOPNOTSUPP:
      return {ErrorCode::not_wireguard, name + " is no WireGuard device of the kernel", EOPNOTSUPP};
    case EPERM:
      return {ErrorCode::permission, name + ": reading WireGuard needs CAP_NET_ADMIN", EPERM};
    default:
      error.text = name + ": " + error.text;
      return error;
  }
}

Result<Device> KernelBackend::read(const std::string& name, Deadline deadline, const Key* peer,
                                   std::optional<SecretKey>& preshared_key) {
  if (name.empty() || name.size() >= IFNAMSIZ)
    return Error{ErrorCode::invalid, "'" + name + "' is no interface name: 1 to 15 characters"};
  for (int attempt = 1;; ++attempt) {
    DeviceDumpParser parser(name, peer == nullptr ? std::nullopt : std::optional(*peer));
    const Message request = make_get_device(family_, name);
    const auto done = socket_.request(bytes_of(request), deadline, [&](netlink::Bytes message) {
      return parser.add(*reinterpret_cast<const nlmsghdr*>(message.data()));
    });
    if (done) {
      preshared_key = parser.preshared_key();
      return parser.take();
    }
    if (done.error().code != ErrorCode::interrupted || attempt == kReadAttempts)
      return explain(name, done.error());
  }
}

Result<void> KernelBackend::send(const std::string& name, Result<std::vector<Message>> messages,
                                 Deadline deadline) {
  if (!messages) return messages.error();
  for (const Message& message : *messages) {
    const auto done =
        socket_.request(bytes_of(message), deadline, [](netlink::Bytes) { return Result<void>{}; });
    if (done) continue;
    Error error = explain(name, done.error());
    if (error.code == ErrorCode::system) error.code = ErrorCode::rejected;
    return error;
  }
  return {};
}

Result<void> KernelBackend::remove(const std::string& name, const std::vector<Removal>& removals,
                                   Deadline deadline) {
  if (removals.empty()) return {};
  const Key throwaway = SecretKey::generate().public_key();
  if (!flag_refused_) {
    const auto done =
        send(name, encode_removals(family_, name, removals, RemovalMethod::flag, throwaway), deadline);
    if (done || done.error().system_error != EINVAL) return done;
    flag_refused_ = true;
  }
  return send(name, encode_removals(family_, name, removals, RemovalMethod::theft, throwaway), deadline);
}

Result<Device> KernelBackend::apply(const Device& now, const DeviceDelta& delta) {
  const Deadline deadline = std::chrono::steady_clock::now() + options_.timeout;
  const std::string& name = now.name;
  auto plan = make_plan(now, delta);
  if (!plan) return plan.error();
  if (plan->empty()) return now;
  if (auto done = send(name, encode_settings(family_, name, plan->settings), deadline); !done)
    return done.error();
  if (auto done = remove(name, plan->removals, deadline); !done) return done.error();
  if (auto done = send(name, encode_peer_removals(family_, name, plan->removed_peers), deadline); !done)
    return done.error();
  if (delta.takes_nothing_unseen && is_allowed_ips_alone(delta)) return carried_out(now, *plan);
  auto after = read(name, deadline);
  if (!after) return after;
  if (auto done = verify(*after, delta); !done) return done.error();
  return after;
}

Result<bool> KernelBackend::renew(const std::string& name, const Renewal& renewal) {
  const Deadline deadline = std::chrono::steady_clock::now() + options_.timeout;
  std::optional<SecretKey> preshared_key;
  const auto device = read(name, deadline, &renewal.peer, preshared_key);
  if (!device) return device.error();
  const auto delta = made_again(*device, renewal, preshared_key);
  if (!delta) return false;
  if (send(name, encode_made_again(family_, name, delta->peers.front()), deadline)) return true;
  // It may have been removed all the same.
  for (int attempt = 1;; ++attempt) {
    const auto done = send(name, encode_settings(family_, name, *delta),
                           std::chrono::steady_clock::now() + options_.timeout);
    if (done) return true;
    if (attempt == 5)
      return Error{ErrorCode::rejected,
                   "peer " + renewal.peer.to_base64() + " is gone from " + done.error().text};
  }
}

}  // namespace

Result<std::unique_ptr<DeviceBackend>> open_kernel_backend(DeviceOptions options) {
  auto family = find_family();
  if (!family) return family.error();
  auto socket = netlink::Socket::open({.protocol = NETLINK_GENERIC,
                                       .place = "WireGuard",
                                       .receive_buffer = 4 << 20,
                                       .secrecy = netlink::Secrecy::wiped});
  if (!socket) return socket.error();
  return std::unique_ptr<DeviceBackend>(
      std::make_unique<KernelBackend>(*std::move(socket), *family, std::move(options)));
}

}  // namespace wgospf::wg
