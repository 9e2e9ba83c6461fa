#pragma once
// The link inventory: which interfaces there are, in what state, with which addresses; and every change.
//
// A LinkMonitor is one rtnetlink socket that hears of links and addresses. It subscribes first and reads all
// afterwards, so nothing falls between. When the kernel drops notifications (ENOBUFS), everything is read
// again and the difference reported: events may be merged then, but the inventory is right again. A reading
// may wait for someone's bulk change of routes; who must not wait has it done on another thread
// (LinkReading).
//
// An interface is known by name and ifindex together. One that is deleted and created again, moved to another
// network namespace, or renamed, is a `removed` of the old and an `added` of the new, in that order.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/ip.h"
#include "net/result.h"

namespace wgospf::wg {

/// The kernel's IFF_ flags that matter here.
struct LinkFlags {
  bool up = false;        ///< IFF_UP: the administrator wants it.
  bool running = false;   ///< IFF_RUNNING: operational.
  bool lower_up = false;  ///< IFF_LOWER_UP: carrier.
  bool loopback = false;
  bool broadcast = false;
  bool point_to_point = false;
  bool noarp = false;
  bool multicast = false;  ///< Not needed for OSPF: kernel WireGuard lacks it and carries multicast.

  bool operator==(const LinkFlags&) const = default;
};

enum class AddressScope : std::uint8_t { global, site, link, host, nowhere };

struct LinkAddress {
  IpAddress address{};
  std::uint8_t prefix_length = 0;
  std::optional<IpAddress> peer{};  ///< The far end, on point-to-point addresses; the prefix is then its.
  AddressScope scope = AddressScope::global;
  bool secondary = false;   ///< IPv4: another address of the same subnet came first.
  bool deprecated = false;  ///< IPv6: not for new conversations.
  bool tentative = false;   ///< IPv6: duplicate detection is not done (or has failed): it cannot be used yet.

  bool operator==(const LinkAddress&) const = default;
};
/// The subnet that the address puts on the link: the peer's where there is one.
[[nodiscard]] IpPrefix subnet_of(const LinkAddress& address);

struct Link {
  std::uint32_t ifindex = 0;
  std::string name{};
  std::vector<std::string> altnames{};  ///< Further names, up to 127 characters (ip link property).
  std::uint32_t mtu = 0;
  LinkFlags flags{};
  std::string kind{};           ///< "wireguard", "tun", "veth", "bridge"...; empty for plain devices.
  std::uint32_t master = 0;     ///< ifindex of the bridge, bond or VRF that it belongs to; 0 is none.
  std::uint32_t vrf_table = 0;  ///< Of a VRF: the routing table of what belongs to it; else 0.
  std::vector<LinkAddress> addresses{};  ///< IPv4 first, each family in the kernel's order.

  bool operator==(const Link&) const = default;
  /// Whether `text` is its name or one of the further ones.
  [[nodiscard]] bool is_named(const std::string& text) const;
  /// Up with carrier: packets can pass. On devices with a carrier of their own (Ethernet, veth; not
  /// WireGuard) the kernel may drop what is sent in the first milliseconds, until it has seen to the queue;
  /// `running` turns true after that, up to a second later, and is a good moment to send a first hello again.
  [[nodiscard]] bool usable() const { return flags.up && flags.lower_up; }
};

struct LinkEvent {
  enum class Kind : std::uint8_t { added, changed, removed };
  Kind kind = Kind::changed;
  Link link{};  ///< As it is now; of a removed link, as it was last.

  bool operator==(const LinkEvent&) const = default;
};

struct LinkMonitorOptions {
  int receive_buffer = 4 << 20;  ///< Bytes of kernel buffer for notifications
};

struct LinkMonitorCounters {
  std::uint64_t messages = 0;   ///< Notifications read
  std::uint64_t malformed = 0;  ///< Of these, ignored because they break their format
  std::uint64_t overruns = 0;   ///< Losses of notifications by the kernel, each followed by a reading of all
  std::uint64_t readings = 0;   ///< Of everything, the first one included
};

/// A reading of everything, on its way from the monitor to another thread and back.
class LinkReading {
 public:
  /// On any thread; waits for the kernel, at most some seconds.
  void run();

 private:
  friend class LinkMonitor;
  struct Sockets;
  explicit LinkReading(std::shared_ptr<Sockets> sockets) : sockets_(std::move(sockets)) {}
  std::shared_ptr<Sockets> sockets_;
  std::optional<Result<std::map<std::uint32_t, Link>>> links_{};
};

class LinkMonitor {
 public:
  /// Subscribes and reads all links of this thread's network namespace. Needs no privilege.
  [[nodiscard]] static Result<LinkMonitor> open(LinkMonitorOptions options = {});
  LinkMonitor(LinkMonitor&&) noexcept;
  LinkMonitor& operator=(LinkMonitor&&) noexcept;
  ~LinkMonitor();

  /// Wait for it to be readable, then call on_readable. Owned by the monitor, non-blocking.
  [[nodiscard]] int fd() const;
  /// All changes since the last call, in order; harmless when there is nothing to read. After an error the
  /// inventory may be stale: call again, which reads everything anew.
  [[nodiscard]] Result<std::vector<LinkEvent>> on_readable();
  /// Reads everything anew and returns the difference, as on_readable does after a loss.
  [[nodiscard]] Result<std::vector<LinkEvent>> resync();

  /// As on_readable, but never waits: some hundred notifications at a time (the fd stays readable), and after
  /// a loss, or any error, none until a reading has been taken. None either while one is under way.
  [[nodiscard]] Result<std::vector<LinkEvent>> take_notifications();
  /// The inventory may lack something: start_reading().
  [[nodiscard]] bool is_stale() const;
  /// One at a time: run() it on another thread, then take() it here.
  [[nodiscard]] LinkReading start_reading();
  /// The difference that it makes. After an error the monitor is still stale.
  [[nodiscard]] Result<std::vector<LinkEvent>> take(LinkReading reading);

  /// All links by ifindex, as of the last call of on_readable.
  [[nodiscard]] const std::map<std::uint32_t, Link>& snapshot() const;
  [[nodiscard]] const Link* find(const std::string& name) const;
  [[nodiscard]] const Link* find(std::uint32_t ifindex) const;
  [[nodiscard]] const LinkMonitorCounters& counters() const;

 private:
  struct State;
  explicit LinkMonitor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wgospf::wg
