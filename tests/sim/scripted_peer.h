#pragma once
// A neighbour that a test leads by the hand: it becomes Full like anybody else, acknowledges what it takes,
// and writes down with times what it was sent. An exchange that the other side opens anew it opens anew, too.
// It can be strict about MinLSArrival as other implementations are, deaf to updates, and send whatever a test
// makes up.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "ospf/packet.h"
#include "ospf/v2/v2.h"
#include "tests/sim/network.h"

namespace wgospf::sim {

class ScriptedPeer {
 public:
  struct Seen {
    Instant at;
    ospf::LsaHeader header;
    ospf::Lsa lsa;
    bool taken = false;  ///< false: dropped by MinLSArrival, older, or deaf
  };
  struct SeenDd {
    Instant at;
    ospf::DatabaseDescription dd;
  };

  struct SeenRequest {
    Instant at;
    std::vector<ospf::LsaKey> keys;
  };

  /// Stands at `router`'s end of a new cable to `port`.
  ScriptedPeer(Network& network, RouterIndex router, LinkId port, RouterId id, Ipv4Address address);
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  /// Hellos every second from now on, with the intervals of the router's port.
  void start();
  /// A last hello, which lists nobody.
  void say_goodbye();
  /// Hears nothing and says nothing by itself until start().
  void fall_silent() {
    ++life_;
    is_silent_ = true;
  }
  /// Another router takes the place of this one: new router id, nothing known.
  void become(RouterId id);
  /// Its packets are of this area from now on.
  void move_to(ospf::AreaId area) { config_.area = area; }
  void set_dead_interval(std::uint32_t interval) { config_.dead_interval = interval; }
  [[nodiscard]] bool is_full() const { return full_; }
  [[nodiscard]] CableIndex cable() const { return cable_; }
  [[nodiscard]] RouterId id() const { return id_; }

  /// LSAs that it describes and answers requests with.
  void hold(const ospf::Lsa& lsa);
  void drop(const ospf::LsaKey& key) { database_.erase(key); }
  [[nodiscard]] std::size_t held_count() const { return database_.size(); }
  [[nodiscard]] std::optional<ospf::LsaHeader> held(const ospf::LsaKey& key) const;
  /// A router-LSA of its own with a link to the router and `stubs` host routes.
  [[nodiscard]] ospf::Lsa router_lsa(std::int32_t sequence_number, std::uint32_t stubs = 0,
                                     std::uint16_t age = 0) const;
  void send_update(const std::vector<ospf::OutgoingLsa>& lsas);
  void send_dd(const ospf::DatabaseDescription& dd);
  void send_request(const std::vector<ospf::LsaKey>& keys);
  /// Any packet, from its own address to `destination` unless told otherwise.
  void transmit(std::vector<std::byte> bytes) { transmit(std::move(bytes), address, destination); }
  void transmit(std::vector<std::byte> bytes, Ipv4Address source, Ipv4Address destination);
  /// Its hello of this moment.
  [[nodiscard]] ospf::Hello hello() const;
  /// A database description as it would open an exchange, to be changed by a test.
  [[nodiscard]] ospf::DatabaseDescription opening_dd() const;

  bool strict_arrival = false;  ///< drops silently what follows its predecessor within MinLSArrival
  bool acknowledges = true;     ///< false: deaf to updates once Full
  std::optional<ospf::LsaKey> never_acknowledges;  ///< deaf to this one
  ospf::Duration ack_clock{};  ///< acknowledgements wait for the next tick of so long a clock; 0: none do
  bool answers_descriptions = true;  ///< false: the test sends the database descriptions itself
  bool keeps_flushed = false;  ///< MaxAge LSAs stay, not described, and answer what is older (section 13 (8))
  bool answers_requests = true;  ///< false: what it described never comes
  bool describes_twice = false;  ///< its headers are in two packets of an exchange
  Ipv4Address address;           ///< its packets' source
  Ipv4Address destination = Network::kAllSpfRouters;
  std::uint32_t network_mask = netmask(30);
  std::uint16_t mtu = 1420;          ///< as its database descriptions say
  bool refuses_larger_mtu = false;   ///< ignores descriptions of a larger MTU, as section 10.6 says
  bool refuses_smaller_mtu = false;  ///< and those of a smaller one, as BIRD does
  ospf::Options hello_options{ospf::Options::kExternal};
  ospf::Options dd_options{ospf::Options::kExternal | ospf::Options::kOpaque};
  /// What it answers a request for this key with, instead of what it holds.
  std::map<ospf::LsaKey, ospf::Lsa> answers;
  std::vector<Seen> updates;
  std::vector<SeenDd> descriptions;
  std::vector<SeenRequest> requests;
  std::vector<Instant> hellos;
  std::optional<ospf::Hello> last_hello;
  std::vector<ospf::LsaHeader> acknowledgments;

  [[nodiscard]] std::vector<Seen> updates_of(const ospf::LsaKey& key) const;

 private:
  struct Held {
    ospf::Lsa lsa;
    Instant installed;
  };
  void receive(const Datagram& datagram);
  void take(const ospf::Hello& hello);
  void take(const ospf::DatabaseDescription& dd);
  void take(const ospf::LinkStateRequest& request);
  void take(const ospf::LinkStateUpdate& update);
  void take(const ospf::LinkStateAcknowledgment& ack);
  void acknowledge(const std::vector<ospf::LsaHeader>& headers);
  bool install(const ospf::ReceivedLsa& received);
  void exchange_done();
  void hello_due(unsigned life);
  void send_hello();
  void open_exchange();
  [[nodiscard]] std::vector<ospf::LsaHeader> headers() const;

  Network& network_;
  CableIndex cable_ = 0;
  RouterId id_;
  unsigned life_ = 0;  ///< of its hellos
  bool is_silent_ = false;
  ospf::InterfaceConfig config_;
  std::optional<RouterId> neighbor_;
  bool two_way_ = false, exchanging_ = false, full_ = false;
  unsigned described_ = 0;  ///< packets with its headers in this exchange
  std::optional<ospf::DatabaseDescription> last_dd_, last_answer_;
  std::uint32_t dd_sequence_ = 1000;
  std::vector<ospf::LsaKey> wanted_;
  std::map<ospf::LsaKey, Held> database_;
  std::vector<ospf::LsaHeader> unacknowledged_;  ///< until the next tick
};

}  // namespace wgospf::sim
