#pragma once
// What the API sees of the router, and how it gets there.
//
// The router belongs to one thread, the strand. Everything here is called on the strand, that is from
// closures given to post() or from listeners, unless it says "any thread". A closure runs between two turns
// of the protocol: all outputs of the turn before have been passed on, so a subscription made and a snapshot
// read in one closure fit together without gap or overlap. Closures must be short (some hundred entries):
// hellos wait for them. What has to be long is cut into several closures; shared immutable values (routes(),
// wireguard()) are taken on the strand and read anywhere.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/bfd_view.h"
#include "daemon/clients/client_table.h"
#include "daemon/config/changes.h"
#include "daemon/config/severity.h"
#include "daemon/firewall/openings.h"
#include "daemon/links/sign_of_life.h"
#include "daemon/peer_note.h"
#include "daemon/protocol_view.h"
#include "daemon/routes/preview.h"
#include "net/result.h"
#include "ospf/event.h"
#include "rib/kernel_thread.h"
#include "wgadapter/device.h"
#include "wgadapter/own_allowed_ips.h"
#include "wgadapter/underlay.h"

namespace wgospf::daemon {

/// What something was, for people and for programs: a stable snake_case name and one line of text.
struct Notice {
  Severity severity = Severity::info;
  std::string name{};
  std::string text{};
  std::optional<ospf::LinkId> link{};  ///< where it concerns one
  bool operator==(const Notice&) const = default;
};

/// The kernel has all routes up to this generation of the calculation.
struct KernelReached {
  std::uint64_t generation = 0;
};

/// Something happened. Route changes come one by one, in the order of their calculation. Events of the core
/// can be put in words by describe() (describe.h); what the daemon itself tells comes as a Notice.
struct RouterEvent {
  std::variant<ospf::Event, ospf::RouteChange<V2>, KernelReached, Notice> what;
  ospf::Generation generation{};  ///< of the routing table when it happened
  std::chrono::system_clock::time_point time{};
  bool left_out = false;     ///< of the log, which has had its fill of this kind; see telling.h
  std::uint64_t number = 0;  ///< within the run, from 1 on; see history.h
};

/// Which events are asked for.
struct PastWanted {
  bool routes = true;  ///< of routes, next-hop sets and the kernel's generation
  bool others = true;
};
/// What happened since an event.
struct PastEvents {
  bool is_whole = false;              ///< else some of it is not known any more, and nothing follows
  std::vector<RouterEvent> events{};  ///< in their order
  /// The sets of next hops as they were before the first of them; where routes were asked for.
  std::unordered_map<ospf::SetId, std::vector<ospf::NextHop>> sets{};
};
/// Of all that has been told, whether or not the log had room for it.
struct EventCounts {
  std::uint64_t neighbor_state_changes = 0;
  std::uint64_t adjacencies_formed = 0, adjacencies_lost = 0;  ///< to and from Full
  std::uint64_t interface_state_changes = 0;
};

/// Time of the turns of the core in which routes were calculated.
struct CalculationTimes {
  std::chrono::nanoseconds total{}, last{}, longest{};
};
/// Who is served by the API.
struct ApiUse {
  std::size_t calls = 0;     ///< that clients have open
  std::size_t watchers = 0;  ///< of them Watch streams
};
/// What routers call themselves (RFC 5642), by router id; checked.
using HostnameMap = std::map<ospf::RouterId, std::string>;

/// Failures told in full; a broken table may have as many as prefixes.
inline constexpr std::size_t kFailuresTold = 100;

/// How the kernel stands to what is wanted.
struct KernelView {
  std::uint32_t table = 0;
  std::uint32_t metric = 0;
  std::uint64_t acknowledged_generation = 0;
  std::uint64_t drifts = 0;  ///< objects of ours that others changed
  /// Subject in words -> what was tried and what the kernel said; the first kFailuresTold.
  std::map<std::string, std::string> failures{};
  std::size_t failure_count = 0;  ///< all
  /// Whether the kernel is known to hold all that is wanted, and nothing is under way.
  bool is_settled = true;
  rib::Counters counters{};
  std::size_t withheld = 0;  ///< prefixes that are announced by who may not
};

/// Where one route stands on its way to the kernel.
struct RouteKernelState {
  enum class Kind : std::uint8_t {
    attached,
    pending,
    installed,  ///< the kernel holds it as wanted, and uses it
    failed,
    missing,    ///< the kernel does not hold it as wanted
    hidden,     ///< the kernel uses another route for the prefix
    held_back,  ///< it would carry a tunnel's own packets into that tunnel
    withheld,   ///< who announces it may not
  };
  Kind kind = Kind::pending;
  std::string error{};  ///< of the last five: why, and who holds the prefix
};

/// A configured interface that is a WireGuard device, as it was read last (every two seconds).
struct WireguardView {
  ospf::LinkId link{};
  std::string name{};
  std::shared_ptr<const wg::Device> device{};   ///< of the last successful reading; null before that
  std::string error{};                          ///< why the last reading failed; empty when it did not
  std::vector<wg::CoverageFinding> findings{};  ///< what keeps OSPF from passing over it
  /// The peer that the link leads to, on a device with a link for each peer; nullopt: all of the device.
  std::optional<wg::Key> peer{};
  /// The largest packet that gets to the neighbour and back, as far as it has been tried, bytes; 0: not known.
  std::uint32_t path_mtu = 0;
  std::optional<Ipv6Address> link_local{};  ///< of the interface, where it has the one that its key has
};

/// The tunnels' own packets: what routes are kept from them, and how.
struct UnderlayView {
  struct Held {
    Ipv4Prefix prefix{};
    std::pair<std::string, wg::Endpoint>
        because_of{};  ///< device and endpoint of a peer; empty while a cure is awaited
    std::string reason{};
  };
  bool is_auto = false;  ///< in effect
  wg::OwnRoutes own{};
  std::shared_ptr<const wg::Underlay> underlay = std::make_shared<const wg::Underlay>();  ///< as read last
  std::map<std::uint32_t, std::string> names{};  ///< of interfaces, by ifindex
  std::vector<Held> held{};
  std::vector<Ipv4Prefix> apart{};
  std::vector<std::string> rules{};  ///< of ours, as `ip rule add` takes them
  bool are_rules_there = true;
  std::string problem{};  ///< why rules are not as they should be
};

/// Fixed for the life of the process.
struct RouterFacts {
  std::string version{};
  std::string hostname{};
  std::chrono::steady_clock::time_point start{};
  std::string run{};  ///< 16 hexadecimal digits, of this life of the process
};

struct ReloadOrder {
  /// Without a confirmation within this time the former configuration comes back; 0: none is needed.
  std::chrono::seconds confirm_within{0};
  bool is_dry_run = false;  ///< nothing is taken over
};
/// What a reload did.
struct ReloadAnswer {
  std::vector<ConfigChange> changes{};  ///< none: the configuration is what it was
  bool is_taken_over = true;
  std::chrono::seconds confirm_within{0};  ///< it waits for its confirmation
  std::optional<Preview> preview{};        ///< of a dry run, and where a confirmation is asked for
};

class RouterView {
 public:
  using Listener = std::function<void(const RouterEvent&)>;
  enum class Subscription : std::uint64_t {};

  virtual ~RouterView() = default;

  /// Any thread. Runs `closure` on the strand soon. When the router ends first, the closure is destroyed
  /// without having run: let what waits for it notice that (a promise broken, a guard's destructor).
  virtual void post(std::function<void()> closure) = 0;
  /// Any thread.
  [[nodiscard]] virtual const RouterFacts& facts() const = 0;

  /// What the router waits for before it can run, in words; nullopt once it runs. While it waits there is
  /// nothing but facts() and warnings().
  [[nodiscard]] virtual std::optional<std::string> waits_for() const { return std::nullopt; }

  /// Listeners are called on the strand and must only take note: no waiting, no subscribe or unsubscribe.
  [[nodiscard]] virtual Subscription subscribe(Listener listener) = 0;
  /// No call of the listener follows. Harmless when repeated.
  virtual void unsubscribe(Subscription subscription) = 0;

  /// What has happened after the event with this number.
  [[nodiscard]] virtual PastEvents events_since(std::uint64_t, PastWanted) const { return {}; }
  /// The number of the last event; 0 before the first.
  [[nodiscard]] virtual std::uint64_t last_event() const { return 0; }
  [[nodiscard]] virtual EventCounts event_counts() const { return {}; }
  [[nodiscard]] virtual CalculationTimes calculation_times() const { return {}; }
  [[nodiscard]] virtual ApiUse api_use() const { return {}; }
  /// Also of this router; never null.
  [[nodiscard]] virtual std::shared_ptr<const HostnameMap> hostnames() const {
    return std::make_shared<const HostnameMap>();
  }

  [[nodiscard]] virtual const ProtocolView& protocol() const = 0;
  /// The time to subtract from the protocol's instants.
  [[nodiscard]] virtual ospf::Instant now() const = 0;
  /// The interface's name, printable; "link N" for one that is unknown.
  [[nodiscard]] virtual std::string link_name(ospf::LinkId link) const = 0;
  [[nodiscard]] virtual KernelView kernel() const = 0;
  /// The same as kernel().acknowledged_generation, for who needs no more.
  [[nodiscard]] virtual std::uint64_t acknowledged_generation() const = 0;
  [[nodiscard]] virtual RouteKernelState kernel_state(const ospf::Route<V2>& route) const = 0;
  /// What is wrong with the way of the route's packets, in words; `next_hops` are the route's.
  [[nodiscard]] virtual std::vector<std::string> route_findings(
      const ospf::Route<V2>& route, const std::vector<ospf::NextHop>& next_hops) const = 0;
  /// In the order of the configuration; never null.
  [[nodiscard]] virtual std::shared_ptr<const std::vector<WireguardView>> wireguard() const = 0;
  /// The allowed-ips that follow the routes, by device and peer; never null.
  [[nodiscard]] virtual std::shared_ptr<const wg::OwnAllowedIps> own_allowed_ips() const = 0;
  /// What is known of peers beside that.
  [[nodiscard]] virtual PeerNotes peer_notes() const = 0;
  /// In the order of keys; times are of the steady clock.
  [[nodiscard]] virtual std::vector<ClientView> clients() const { return {}; }
  /// What was learned of the peer's key is forgotten; see KeyGuard::forget.
  [[nodiscard]] virtual Result<ForgottenKey> forget_key(const std::string& key_or_name) = 0;
  [[nodiscard]] virtual BfdView bfd() const = 0;
  [[nodiscard]] virtual UnderlayView underlay() const = 0;
  using Reloaded = std::function<void(Result<ReloadAnswer>)>;
  using Confirmed = std::function<void(Result<void>)>;
  /// The configuration is read again and taken over, also while the router is waited for. `done` follows once, on
  /// the strand: the text of an error has what became of it in its first line, and then a line for each reason.
  virtual void reload(const ReloadOrder&, Reloaded done) {
    done(Error{ErrorCode::unsupported, "this router has no configuration to read again"});
  }
  /// The configuration that waits for it is there to stay. `done` follows once, on the strand.
  virtual void confirm(Confirmed done) {
    done(Error{ErrorCode::unsupported, "this router has no configuration to confirm"});
  }
  /// The least that is logged from now on; nullopt: what command line and configuration say. Gives what is in force.
  [[nodiscard]] virtual Result<Severity> set_log_level(std::optional<Severity>) {
    return Error{ErrorCode::unsupported, "this router has no log whose level could be set"};
  }
  /// What an operator should look at now, in words.
  [[nodiscard]] virtual std::vector<std::string> warnings() const = 0;
  /// Of the Full neighbours that are followed, by link.
  [[nodiscard]] virtual std::map<ospf::LinkId, LivenessView> liveness() const { return {}; }
  /// What the packet filter must let pass, and whether it does; never null.
  [[nodiscard]] virtual std::shared_ptr<const firewall::View> firewall() const {
    return std::make_shared<const firewall::View>();
  }
  /// Those of them that are about this interface itself.
  [[nodiscard]] virtual std::vector<std::string> interface_problems(ospf::LinkId link) const = 0;
};

}  // namespace wgospf::daemon
