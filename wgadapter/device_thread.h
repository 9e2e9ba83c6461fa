#pragma once
// The thread that reads and changes WireGuard devices, of the kernel and of userspace.
//
// A device has no events and may wait for whoever changes routes in bulk, so it is asked here and never on
// the thread that serves hellos. Each device has a schedule of its own, and one that is slow to answer is
// asked less often, so that it does not hold up the others. What differs from one reading to the next is
// found here; devices are told as shared immutable values. An interface that suddenly sends much more than before
// has its device read out of turn (transmit_watch.h). All calls return at once; results arrive as
// reports, on this thread, which the daemon posts to its own. Sockets belong to the network namespace of the
// thread that calls the constructor.
//
//   watch                 the devices to be read, and to be held against each other in the underlay
//   read_closely          those of them whose peers' presence matters
//   read_soon             one of them out of turn
//   set_ways, ask_soon    the kernel's ways to the peers' endpoints
//   submit                a difference, carried out before anything else is read; its ticket comes back

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "wgadapter/device_backend.h"
#include "wgadapter/peer_changes.h"
#include "wgadapter/underlay.h"
#include "wgadapter/underlay_reader.h"

namespace wgospf::wg {

/// A reading differs from the one before, be it in a counter only; or a reading has begun to fail.
struct DeviceRead {
  std::string name{};
  std::shared_ptr<const Device> device{};  ///< of the last reading that succeeded; null: there is no device
  std::string error{};                     ///< why the last reading failed; empty when it did not
  bool is_reshaped = true;                 ///< more has changed than traffic
};
/// Follows the DeviceRead in which they were found. `device` is null when it is gone.
struct PeersChanged {
  std::string name{};
  std::shared_ptr<const Device> device{};
  std::vector<PeerChange> changes{};
};
/// A submitted difference is in force; or it is not, or in part, and why.
struct Applied {
  std::uint64_t ticket = 0;
  std::optional<Error> error{};
};
/// All devices with the ways to their peers: when one of them has been reshaped, when a way or rule has
/// changed, and in answer to ask_soon.
struct UnderlayRead {
  std::shared_ptr<const Underlay> underlay{};
  std::string ways_error{};  ///< why the ways are those of the time before
  bool is_complete = true;   ///< no device is left out because it never could be read
};
/// A peer was made again for a new session, or could not be, and why.
struct Renewed {
  std::string name{};
  Key peer{};
  std::optional<Error> error{};
  std::optional<Endpoint> aim{};  ///< where it was to be sought
  bool is_passed_over = false;    ///< nothing was done: the error is of the way there
};
using DeviceReport = std::variant<DeviceRead, PeersChanged, Applied, UnderlayRead, Renewed>;
using DeviceReports = std::vector<DeviceReport>;

struct DeviceThreadOptions {
  std::chrono::milliseconds interval{2000};  ///< between two readings of one device, and two of the ways
  DeviceOptions device{};
  /// Between two readings of how much the interfaces send; longer where that would take more than a
  /// hundredth of the processor.
  std::chrono::milliseconds traffic_interval{100};
  /// Between two readings of a device that is read closely; longer where that would take more than its share of the
  /// processor (kRestOfClose in device_thread.cpp).
  std::chrono::milliseconds close_interval{200};
};

class DeviceThread {
 public:
  /// Called on the device thread, with at least one report.
  using Callback = std::function<void(DeviceReports)>;

  DeviceThread(DeviceThreadOptions options, Callback callback);
  /// Ends the thread; waits for the device that is being read, at most its timeout.
  ~DeviceThread();
  DeviceThread(const DeviceThread&) = delete;
  DeviceThread& operator=(const DeviceThread&) = delete;

  /// Interfaces that may be WireGuard devices; those that turn out to be none are passed over until they are.
  /// What is not named any more is told as gone. Answered by an UnderlayRead the first time, and when the
  /// names have changed.
  void watch(std::vector<std::string> names);
  /// Devices, watched or not, that are read with the close interval from now on; all others are not.
  void read_closely(std::set<std::string> names);
  /// Reads a watched device out of turn; one reading for all calls that come before it begins.
  void read_soon(std::string name);
  /// Whether the kernel's ways are wanted, and what of it is ours. They are asked for at once when this
  /// changes, and with the interval afterwards.
  void set_ways(std::optional<OwnRoutes> own);
  /// Reads all devices, and asks for the ways if these are wanted, out of turn; one UnderlayRead for all
  /// calls that come before it begins.
  void ask_soon();
  /// A new session with a peer that is not heard any more (renewal.h); an error comes back as a report, as it does where
  /// the way to the endpoint that it is to be sought at leads back into its own tunnel. The device is read again at once.
  void renew(std::string name, Renewal renewal);
  /// A difference for a device, watched or not. In the order of the calls; `ticket` grows. One reading a
  /// difference at most: before it where it takes_nothing_unseen, else after it; none where it says nothing new.
  void submit(std::uint64_t ticket, std::string name, DeviceDelta delta);

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace wgospf::wg
