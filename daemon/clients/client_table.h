#pragma once
// Where each client is: a stock WireGuard peer that has an address and no say in OSPF. Pure: readings, what other
// routers claim, and the time go in; what to announce, and where clients are, come out.
//
// A router that has a client claims it in an opaque LSA (ospf/opaque_tlvs.h) with a counter, and announces its
// addresses as AS-external. When the client arrives somewhere else, that router counts one above the greatest counter it
// has heard for this client, so the newer presence wins without a clock, and the former router withdraws when it hears
// of it. A client that goes on being heard by a router that has lost it is at both. That router then joins: it claims
// the same counter, and of two equal ones the better cost counts, then the one that has not joined, then the lower
// router id. A router that holds the client and has not heard it for kQuiet, while another joins, yields.
//
// Routers between may not pass opaque LSAs on. Where another router's AS-external-LSA with our tag is not followed by
// a claim within kClaimPatience it counts as one that is newer than all that were known when it appeared.
//
// Who is believed: an AS boundary router that is reachable (RFC 5250 section 5, seen to by the core), for addresses that
// it may announce, over the way that leads to it, too (daemon/routes/announce_rules.h). And a claim counts only together
// with the AS-external-LSA that makes it good, but for one that has joined, which announces nothing: else whoever invents
// a router could take a client from where it is without ever saying that it is there. The client itself has no part in it
// but that it shakes hands.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/clients/client_place.h"
#include "ospf/input.h"
#include "ospf/opaque_tlvs.h"
#include "wgadapter/presence.h"

namespace wgospf::daemon {

enum class ClientWhere : std::uint8_t {
  nowhere,
  here,
  elsewhere,
};

/// A client for those who look.
struct ClientView {
  using Time = wg::Presence::Time;
  wg::Key key{};
  std::string name{};
  std::string device{};  ///< of this machine; empty: it is a peer of others only
  std::vector<Ipv4Address> addresses{};
  ClientWhere where = ClientWhere::nowhere;
  std::optional<ospf::RouterId> router{};  ///< at which it is; none of one that makes no claims
  std::optional<Time> since{};             ///< it is there, as far as this router knows
  std::optional<Time> last_seen{};         ///< by this router
  bool is_connected = false;               ///< to this router, too
};

/// What has come together since the last call.
struct ClientChanges {
  std::vector<ospf::ExternalRoute> announced{};
  std::vector<Ipv4Prefix> withdrawn{};
  ospf::OpaqueChanged claims{};
  bool is_service_changed = false;  ///< which clients packets are handed to directly, and which are known
  /// Clients that have come, gone or moved, in words.
  std::vector<std::string> told{};
  [[nodiscard]] bool empty() const {
    return announced.empty() && withdrawn.empty() && claims.set.empty() && claims.removed.empty() &&
           !is_service_changed && told.empty();
  }
};

class ClientTable {
 public:
  using Time = wg::Presence::Time;
  using Duration = wg::Presence::Duration;
  /// What is believed of other routers; without a function all of it.
  struct Beliefs {
    /// May this router announce the prefix at the metric?
    std::function<bool(ospf::RouterId, const Ipv4Prefix&, std::uint32_t)> may_announce{};
    /// Does it announce the prefix as a client's, and may it?
    std::function<bool(ospf::RouterId, const Ipv4Prefix&)> announces{};
  };

  /// A router without it that is heard of elsewhere joins when it hears the client so long after it has lost it.
  static constexpr std::chrono::seconds kJoinsAfter{3};
  static constexpr std::chrono::seconds kQuiet{30};
  static constexpr std::chrono::milliseconds kClaimPatience{500};

  explicit ClientTable(ospf::RouterId self) : self_(self) {}
  void set_beliefs(Beliefs beliefs) { beliefs_ = std::move(beliefs); }

  /// Which clients there are, of which devices, with the device's hold time.
  void set_places(const ClientPlaces& places, Time now);
  /// A device of set_places() was read.
  void read(const std::string& device, const wg::Presence::Reading& reading);
  void device_gone(const std::string& device, Time now);
  /// What another router claims in one of its opaque LSAs now; nullopt: nothing any more.
  void claimed(ospf::RouterId router, std::uint32_t opaque_id,
               const std::optional<std::vector<ospf::ClientTlv>>& claims, Time now);
  /// Another router's AS-external-LSA with our tag is there, or not any more.
  void external(const Ipv4Prefix& prefix, bool is_there, Time now);
  /// What is believed has changed.
  void decide_all(Time now);
  /// What is believed of some may have: of clients that are peers here, which are few whatever others claim.
  void decide_ours(Time now);
  void time_passed(Time now);

  [[nodiscard]] ClientChanges take_changes() { return std::exchange(changes_, {}); }
  /// Packets for it are handed to the device directly: nullptr when it is not to be found here.
  [[nodiscard]] const ClientPlace* served(const wg::Key& key) const;
  [[nodiscard]] bool is_known(const wg::Key& key) const;
  /// In the order of keys; those that other routers claim and that are no peers here, too.
  [[nodiscard]] std::vector<ClientView> views() const;
  [[nodiscard]] bool empty() const { return records_.empty(); }

 private:
  struct Claim {
    std::uint32_t counter = 0;
    std::uint16_t cost = 0;
    bool is_joined = false;
    Ipv4Address address{};
    Time since{};  ///< it claims so
  };
  /// Of a router that makes no claims.
  struct Implied {
    std::uint32_t counter = 0;
    Time since{};
  };
  struct Record {
    wg::Key key{};
    std::map<std::string, ClientPlace> places{};  ///< by device
    std::set<std::string> present{};              ///< devices
    std::string latest{};                         ///< of them, where it came last
    std::optional<std::uint32_t> counter{};       ///< of our claim; none while it is not present
    bool is_joined = false;
    std::uint32_t highest = 0;  ///< counter that was heard of
    std::map<ospf::RouterId, Claim> others{};
    std::map<Ipv4Address, Implied> implied{};  ///< by the address that is announced
    bool is_held = false;                      ///< our claim is the best
    Time lost_at{};                            ///< it is not any more
    Time since{};                              ///< as shown
    bool is_served = false;
    std::pair<ClientWhere, ospf::RouterId> told{};
    bool is_claimed = false;                       ///< as the LSAs have it
    std::vector<ospf::ExternalRoute> announced{};  ///< now
  };
  struct Device {
    wg::Presence presence;
    std::set<wg::Key> keys{};
  };

  [[nodiscard]] Record& record_of(const wg::Key& key);
  [[nodiscard]] const ClientPlace* place_of(const Record& record) const;
  void take(const std::string& device, const std::vector<wg::PresenceChange>& changes, Time now);
  void arrive(Record& record, Time now);
  [[nodiscard]] bool is_back(const Record& record, const std::string& device) const;
  void leave(Record& record, const std::string& device);
  [[nodiscard]] Time last_seen(const Record& record) const;
  /// It is believed in what it claims.
  [[nodiscard]] bool counts(const Record& record, ospf::RouterId router, const Claim& claim) const;
  void note_claims(Record& record);
  /// Of the others; end() when none counts.
  [[nodiscard]] std::map<ospf::RouterId, Claim>::const_iterator best_other(const Record& record) const;
  [[nodiscard]] bool is_beaten(const Record& record, Time now) const;
  [[nodiscard]] bool is_implied_newer(const Record& record, Time now) const;
  void join_or_yield(Record& record, Time now);
  void decide(Record& record, Time now);
  void announce(Record& record);
  void claim(Record& record);
  void claim_bucket(std::uint8_t bucket);
  void say_whether_there_are_any(bool are_any);
  void tell(Record& record, Time now);
  void forget_idle(const wg::Key& key);

  const ospf::RouterId self_;
  Beliefs beliefs_;
  std::map<wg::Key, Record> records_;
  std::map<std::string, Device> devices_;
  /// Of those that have places: somebody claims it who is not believed, or not yet, or announces it without a claim.
  std::set<wg::Key> waiting_;
  std::map<Ipv4Address, wg::Key> by_address_;  ///< of those that have places
  std::map<std::pair<ospf::RouterId, std::uint32_t>, std::set<wg::Key>>
      said_;                                                ///< by others, and in which LSA
  std::map<std::uint8_t, std::vector<std::byte>> claimed_;  ///< by ourselves: what each of our LSAs says
  bool has_said_so_ = false;                                ///< that it has clients, be none of them here
  ClientChanges changes_;
};

}  // namespace wgospf::daemon
