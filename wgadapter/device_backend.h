#pragma once
// Reading and changing WireGuard devices: one interface, two ways to the device, and a chooser.
//
//   kernel     generic netlink, family "wireguard", for links of kind "wireguard"
//   userspace  the socket DIRECTORY/NAME.sock of wireguard-go and its kin, for tun devices
//
// Neither way has events: handshakes, counters and roaming are found by polling (once in 1 to 2 s a device).
// Calls wait for the device, at most until the deadline in DeviceOptions; a kernel busy with a bulk change of
// routes can hold one up for that long. So call them off the thread that serves hellos. An object is used by
// one thread at a time and belongs to the network namespace of the thread that made it.

#include <chrono>
#include <memory>
#include <string>

#include "net/result.h"
#include "wgadapter/device.h"
#include "wgadapter/renewal.h"

namespace wgospf::wg {

struct DeviceOptions {
  std::chrono::milliseconds timeout{2000};              ///< For one read, and for one apply
  std::string socket_directory = "/var/run/wireguard";  ///< Where userspace devices have their sockets
};

class DeviceBackend {
 public:
  virtual ~DeviceBackend() = default;
  DeviceBackend() = default;
  DeviceBackend(const DeviceBackend&) = delete;
  DeviceBackend& operator=(const DeviceBackend&) = delete;

  [[nodiscard]] virtual BackendKind kind() const = 0;

  /// The device with all its peers and their allowed-ips.
  /// Errors: not_found, not_wireguard, unsupported, permission, timed_out, interrupted, malformed.
  [[nodiscard]] virtual Result<Device> read(const std::string& name) = 0;

  /// Carries out the difference to `now`, the device as it was read last, and returns it as it is afterwards:
  /// read again, once, or `now` where there was nothing to do. Where the difference takes_nothing_unseen, `now`
  /// has just been read for it, and is not read once more for allowed-ips alone. WireGuard has no transactions: after an error
  /// a part may be in force; the text names what was refused. An update or removal of a peer that the device
  /// does not have is not_found, before anything is changed. Allowed-ips are added first and removed last; no
  /// other prefix of a live peer is touched meanwhile. Where somebody else has changed the device since, the
  /// error (not_found, rejected) says so: read it, and try again.
  [[nodiscard]] virtual Result<Device> apply(const Device& now, const DeviceDelta& delta) = 0;

  /// A new session with the peer: it is removed and made again with all that it has, as it is read for that; its
  /// counters begin anew. False: nothing was done, see made_again(). After an error the peer may be gone, and the text
  /// says so.
  [[nodiscard]] virtual Result<bool> renew(const std::string& name, const Renewal& renewal) = 0;
};

/// Errors: unsupported when the kernel has no WireGuard (and loads none on demand), system.
[[nodiscard]] Result<std::unique_ptr<DeviceBackend>> open_kernel_backend(DeviceOptions options = {});
/// Never fails: a device without a socket is an error of `read`.
[[nodiscard]] std::unique_ptr<DeviceBackend> open_userspace_backend(DeviceOptions options = {});

/// Devices of either kind: picks the back end by what the interface is in this network namespace (its link
/// kind is "wireguard"; or it is a tun device and has a socket), anew at every call.
class Devices final : public DeviceBackend {
 public:
  explicit Devices(DeviceOptions options = {});
  ~Devices() override;

  /// Which back end serves the interface. Errors: not_found, not_wireguard.
  [[nodiscard]] Result<BackendKind> backend_of(const std::string& name) const;
  /// The kind of the back end that served last.
  [[nodiscard]] BackendKind kind() const override;
  [[nodiscard]] Result<Device> read(const std::string& name) override;
  [[nodiscard]] Result<Device> apply(const Device& now, const DeviceDelta& delta) override;
  [[nodiscard]] Result<bool> renew(const std::string& name, const Renewal& renewal) override;

 private:
  [[nodiscard]] Result<DeviceBackend*> choose(const std::string& name);

  DeviceOptions options_;
  std::unique_ptr<DeviceBackend> kernel_;  ///< Opened when first needed
  std::unique_ptr<DeviceBackend> userspace_;
  BackendKind last_ = BackendKind::kernel;
};

/// Whether a link may be a WireGuard device: `link_kind` as rtnetlink tells it, and for tun devices the
/// socket.
[[nodiscard]] bool looks_like_wireguard(const std::string& name, const std::string& link_kind,
                                        const DeviceOptions& options = {});

}  // namespace wgospf::wg
