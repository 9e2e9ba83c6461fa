#pragma once
// The simulated world: routers that run the real core, cables between their ports, and what can happen to
// both.
//
// A Router here is the host: its ports, their state as an operating system would tell it, and the externals
// it was given. All of that outlives the Instance, which a crash destroys and a start makes anew. The world
// is the truth that the reference calculation (reference.h) reads; the instances only ever see inputs.
//
// Contract kept towards the core: one input, then poll() until empty, then the deadline is armed. Timers may
// fire a little late, as they do on a real machine. Every output goes into the trace, and route changes into
// a model table that is compared with the published one after every drain.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "ospf/instance.h"
#include "ospf/v2/v2.h"
#include "tests/sim/random.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/table_model.h"
#include "tests/sim/trace.h"

namespace wgospf::sim {

using ospf::LinkId;
using ospf::RouterId;
using ospf::V2;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Index into Network::routers and Network::cables.
using RouterIndex = std::uint32_t;
using CableIndex = std::uint32_t;

struct Port {
  ospf::InterfaceConfig config;
  std::shared_ptr<ospf::DeviceStatus> device;  ///< shared by all ports of one device
  std::optional<CableIndex> cable;
  std::size_t end = 0;  ///< which end of the cable this is

  [[nodiscard]] const ospf::DeviceStatus& status() const { return *device; }
  /// Where packets come from: the first address, or the borrowed one.
  [[nodiscard]] Ipv4Address source() const {
    return as<Ipv4Address>(status().source().value_or(IpAddress{}));
  }
  [[nodiscard]] bool is_unnumbered() const { return status().addresses.empty(); }
};

struct Datagram {
  Ipv4Address source, destination;
  ospf::PacketBytes bytes;
};

enum class Life : std::uint8_t { absent, running, leaving };

/// An LSA in its database.
struct LsaName {
  ospf::AreaId area;  ///< of area scope
  ospf::LsaKey key;
  auto operator<=>(const LsaName&) const = default;
};

struct Router {
  RouterId id;
  std::vector<ospf::AreaConfig> areas = {{ospf::kBackbone}};
  /// Of a network with several areas: that of its own ports, cables apart.
  std::optional<ospf::AreaId> home;
  bool rfc1583_compatibility = false;
  ospf::SpfDelay spf_delay;
  Duration ls_refresh_time = ospf::kLsRefreshTime;
  std::size_t max_lsa = ospf::kMaxLsa;
  std::size_t max_lsa_bytes = ospf::kMaxLsaBytes;
  std::size_t max_requests = ospf::kRequestsMost;
  std::vector<RouterId> claimed_router_ids;
  std::map<LinkId, Port> ports;
  std::set<ospf::DeviceId> told_devices;  ///< that the instance was told of
  std::map<Ipv4Prefix, ospf::ExternalRoute> externals;
  std::map<ospf::OpaqueName, std::vector<std::byte>> opaque_lsas;
  std::vector<std::uint8_t> opaque_types;  ///< that it is told of

  Life life = Life::absent;
  std::uint64_t lives = 0;  ///< counts starts and ends, so that a timer of a former life finds out
  std::optional<ospf::Instance<V2>> instance;
  TableModel model;
  std::optional<Instant> wake;  ///< the deadline for which the earliest wake-up is scheduled
  Instant paused_at{};
  bool is_paused = false;  ///< the process is stopped: its socket fills, its timers do not fire
  struct Pending {
    LinkId link;
    Ipv4Address source, destination;
    ospf::PacketBytes bytes;
  };
  std::vector<Pending> socket;            ///< what came in while it was stopped
  std::size_t socket_bytes = 0;           ///< of it; beyond kSocketBytes packets are lost
  bool has_to_catch_up = false;           ///< its configuration, links or externals changed meanwhile
  std::vector<IpPrefix> missed_removals;  ///< of externals
  std::vector<ospf::OpaqueName> missed_opaque_removals;
  bool left_acknowledged = false;

  [[nodiscard]] bool is_running() const { return life == Life::running; }
  void set_external(const ospf::ExternalRoute& route) {
    externals.insert_or_assign(std::get<Ipv4Prefix>(route.prefix), route);
  }
  [[nodiscard]] ospf::InstanceConfig config() const;
  /// Does any of its areas take AS-external-LSAs? Does any take its externals, an NSSA in a type 7 LSA?
  [[nodiscard]] bool takes_externals() const;
  [[nodiscard]] bool announces_externals() const;
  /// nullptr when it is not in the area.
  [[nodiscard]] const ospf::AreaConfig* find_area(ospf::AreaId id) const;
};

/// One direction of a cable. Probabilities in per mille.
struct Direction {
  Duration delay = milliseconds{1};
  Duration jitter{};  ///< added to the delay, drawn for each datagram: larger than the spacing, it reorders
  std::uint32_t loss = 0, duplicate = 0, corrupt = 0;
  Duration duplicate_delay = milliseconds{1};  ///< at most this much later
  bool cut = false;                            ///< a silent blackhole
  std::uint64_t bits_per_second = 0;           ///< 0: without limit
  std::size_t queue_bytes = 64 * 1024;         ///< of what waits for its turn; what comes beyond is dropped
  Instant busy_until{};                        ///< until then, what is in the queue is being sent
  std::uint64_t bytes_sent = 0, bytes_dropped = 0;  ///< by the queue; IP headers included
};

struct Cable {
  struct End {
    RouterIndex router = 0;
    LinkId link;
    /// When set, a scripted peer stands here instead of a router.
    std::function<void(Instant, const Datagram&)> tap;
  };
  std::array<End, 2> ends;
  std::array<Direction, 2> into;  ///< into[i] leads to ends[i]
  std::optional<End> third;       ///< an intruder's; its directions are those of ends[0]
  std::uint32_t mtu = 1420;       ///< larger datagrams vanish (nothing the core builds is larger)
};

class Network {
 public:
  using Observer = std::function<void(Instant, RouterIndex, const ospf::Output<V2>&)>;
  /// Sees each packet sent, decoded.
  using PacketObserver = std::function<void(RouterIndex, LinkId, const ospf::Packet&)>;
  /// What Linux gives a socket unless asked (net.core.rmem_default).
  static constexpr std::size_t kSocketBytes = 212992;
  static constexpr Ipv4Address kAllSpfRouters{0xe0000005};
  /// WireGuard's two minutes, made shorter, so that what waits for it is seen soon.
  static constexpr Duration kHandshakes = seconds{10};

  Network(Instant start, std::uint64_t seed, Trace& trace)
      : scheduler(start), trace(trace), random_(seed), started_(start) {
    trace.set_origin(start);
  }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Building.
  RouterIndex add_router(RouterId id);
  /// A port with the next free link id, in the area that `config` says, on a device of its own, whose ifindex
  /// is the router's own too.
  LinkId add_port(RouterIndex router, ospf::InterfaceConfig config, ospf::DeviceStatus status);
  CableIndex connect(Cable::End a, Cable::End b);
  /// The port moves to the device of another port of the router.
  void share_device(RouterIndex router, LinkId port, LinkId other);
  /// What is sent from either end goes to the other end's address alone, and says what a point-to-multipoint
  /// network says. From then on the ends shake hands, as WireGuard does, every kHandshakes while nothing is
  /// between them.
  void make_peers(CableIndex cable);
  [[nodiscard]] bool is_between_peers(CableIndex cable) const;

  // What happens.
  void start(RouterIndex router);
  /// The instance is gone without a word.
  void crash(RouterIndex router);
  /// Orderly: the instance goes when it says that it is through.
  void shut_down(RouterIndex router);
  /// SIGSTOP and SIGCONT, or a machine suspended: it runs on with what its sockets hold.
  void pause(RouterIndex router);
  void resume(RouterIndex router);
  /// A third router on a cable, where there should be two: its port hears what both ends send, and they hear
  /// it. Its port must be of no other cable.
  void intrude(CableIndex cable, Cable::End end);
  /// The operating system tells of a change of a port's device. Who has it as a peer is configured anew when
  /// its address changes.
  void set_status(RouterIndex router, LinkId link, ospf::DeviceStatus status);
  void set_up(RouterIndex router, LinkId link, bool up);
  /// The operating system tells that the peer behind an end is awake.
  void wake_peer(const Cable::End& end);
  /// Hands the ports' present configuration over, as a reload does, then the state of all links.
  void reload(RouterIndex router);
  void change_externals(RouterIndex router, std::vector<ospf::ExternalRoute> set,
                        std::vector<IpPrefix> removed);
  void change_opaque(RouterIndex router, std::vector<ospf::OpaqueContents> set,
                     std::vector<ospf::OpaqueName> removed);
  /// Sends from one end of a cable (scripted peers do this themselves).
  void send(CableIndex cable, std::size_t from_end, Datagram datagram);
  /// It comes in at an end, whoever sent it.
  void deliver(CableIndex cable, std::size_t to_end, const Datagram& datagram);
  void note(const std::string& line) { trace.note(scheduler.now(), line); }

  [[nodiscard]] Instant now() const { return scheduler.now(); }
  void run_for(Duration duration) { scheduler.run_until(now() + duration); }
  /// Runs until `condition` holds, looking after every step; false at the deadline.
  bool run_until(const std::function<bool()>& condition, Duration deadline);

  Scheduler scheduler;
  Trace& trace;
  std::vector<Router> routers;
  std::vector<Cable> cables;
  std::vector<Observer> observers;
  std::vector<PacketObserver> packet_observers;
  /// Of all routers and their ports; scenarios give theirs one by one.
  ospf::AreaConfig area{ospf::kBackbone};
  /// Of a network with several areas: these, and which one a cable between two routers is in.
  std::map<ospf::AreaId, ospf::AreaConfig> areas;
  [[nodiscard]] ospf::AreaId area_between(RouterIndex a, RouterIndex b) const;
  void put_into_area(RouterIndex router, Port& port, ospf::AreaId area);
  std::set<RouterId> once_shared_ids;  ///< two routers had it at a time: what they told of it is right
  std::uint32_t compares_tables_every =
      1;                              ///< so many turns that change routes; large tables take their time
  std::vector<std::string> problems;  ///< broken promises seen on the way
  Duration timer_lateness{};          ///< timers fire up to this late
  Instant last_route_change{}, last_neighbor_change{};
  std::uint64_t packets = 0;
  Duration longest_pause{};                ///< so far
  std::size_t most_packets_in_a_turn = 0;  ///< of all turns so far, on one link
  void problem(RouterIndex router, const std::string& what);

 private:
  void handle(RouterIndex router, const ospf::Input& input);
  void hand_over_links(RouterIndex router);
  void shake_hands();
  void tell_peers(RouterIndex router, const Port& moved);
  void catch_up(RouterIndex router);
  void finish(RouterIndex router);
  void check_turn(RouterIndex router, std::size_t answers);
  /// `answers`: so many LSAs and requests came in at most.
  void drain(RouterIndex router, std::size_t answers = 0);
  void arm(RouterIndex router);
  void wake(RouterIndex router, std::uint64_t life, Instant due);
  void transmit(RouterIndex router, const ospf::Transmit& transmit);
  [[nodiscard]] std::optional<Duration> queue(Direction& way, std::size_t bytes) const;
  void check_packet(RouterIndex router, const Port& port, const ospf::PacketBytes& bytes);
  [[nodiscard]] bool is_alone_with_its_id(RouterIndex router) const;
  void see_event(RouterIndex router, const ospf::Event& event);
  void send_to(CableIndex cable, std::size_t to_end, Datagram datagram);
  /// What becomes of a datagram, for a replay's log.
  void tell_fate(CableIndex cable, std::size_t to_end, const Datagram& datagram, const char* fate);
  void end_life(RouterIndex router);

  Random random_;
  Instant started_;
  bool reloading_ = false;
  bool has_peers_ = false;
  std::uint64_t route_turns_ = 0;
  std::map<LinkId, std::size_t> turn_packets_;  ///< that left in the present turn, by link
};

[[nodiscard]] LsaName name_of(const ospf::LsaOriginated& event);
/// Of an LSA that a router sends on a link.
[[nodiscard]] LsaName name_of(const Network& network, RouterIndex router, LinkId link,
                              const ospf::LsaKey& key);

}  // namespace wgospf::sim
