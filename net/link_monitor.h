#pragma once
// The one who hears of links and addresses, and what the kernel said of them last.
//
// It subscribes first and reads all afterwards, so nothing falls between. When the kernel drops notifications
// (ENOBUFS), everything is to be read again and the difference is told: events may be merged then, but the inventory
// is right again. A reading may wait for someone's bulk change of routes, so its owner is a thread that serves no
// hellos.

#include <cstdint>
#include <string>

#include "net/link_table.h"
#include "net/netlink_socket.h"
#include "net/result.h"

namespace wgospf {

struct LinkMonitorOptions {
  int receive_buffer = 4 << 20;  ///< Bytes of kernel buffer for notifications
};

struct LinkMonitorCounters {
  std::uint64_t messages = 0;   ///< Notifications read
  std::uint64_t malformed = 0;  ///< Messages ignored because they break their format
  std::uint64_t overruns = 0;   ///< Losses of notifications by the kernel, each followed by a reading of all
  std::uint64_t readings = 0;   ///< Of everything, the first one included
};

/// Used by one thread at a time.
class LinkMonitor {
 public:
  /// Subscribes and reads all links of this thread's network namespace. Needs no privilege.
  [[nodiscard]] static Result<LinkMonitor> open(LinkMonitorOptions options = {});

  /// Wait for it to be readable, then take what there is. Owned by the monitor, non-blocking.
  [[nodiscard]] int fd() const { return events_.fd(); }
  /// All changes since the last call, in order; never waits. After a loss, or any error, none until everything has
  /// been read anew; the fd stays readable until then.
  [[nodiscard]] Result<LinkEvents> take_notifications();
  /// The inventory may lack something: read_anew().
  [[nodiscard]] bool is_stale() const { return is_stale_; }
  /// Reads everything and returns the difference. Waits for the kernel, at most some seconds. After an error the
  /// monitor is stale.
  [[nodiscard]] Result<LinkEvents> read_anew();
  /// For who may wait: notifications, and a reading where these do not suffice.
  [[nodiscard]] Result<LinkEvents> on_readable();

  /// As of the last call.
  [[nodiscard]] const Inventory& snapshot() const { return table_.links(); }
  [[nodiscard]] const Link* find(const std::string& name) const;
  [[nodiscard]] const Link* find(std::uint32_t ifindex) const { return find_link(snapshot(), ifindex); }
  [[nodiscard]] const LinkMonitorCounters& counters() const { return counters_; }

 private:
  LinkMonitor(netlink::Socket events, netlink::Socket requests)
      : events_(std::move(events)), requests_(std::move(requests)) {}
  void discard_notifications();
  [[nodiscard]] Result<Inventory> read_all();
  [[nodiscard]] Result<void> dump(netlink::MessageBuffer request, netlink::Deadline deadline,
                                  LinkTable& table);

  netlink::Socket events_;    // notifications only
  netlink::Socket requests_;  // dumps only, so that their answers never mix with notifications
  LinkTable table_;
  LinkMonitorCounters counters_;
  bool is_stale_ = false;
  LinkEvents untold_;  // in the table already; kept should the call fail
};

}  // namespace wgospf
