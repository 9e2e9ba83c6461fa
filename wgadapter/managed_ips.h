#pragma once
// The allowed-ips of one device as the routes want them, and the differences to write. Pure.
//
// A device has one table: an exact prefix belongs to one peer, and giving it to another moves it in one step.
// So there is one entry a prefix, with where it is to be and where it is. What was changed is looked at again,
// nothing else: a change costs what it changes, whatever the number of peers.
//
// What the user wrote by hand is what the device has and OwnPrefixes does not name. It is never touched: where
// a route wants such a prefix at another peer, that is a conflict, and told. What is ours and was taken from
// its peer while this run looked on is put back. A device that was made anew (its ifindex is another) has
// nothing of ours: what it came with stands in the user's files, whoever wrote it there.
//
// A prefix is taken from its peer only when it was released: while routes may lead there it stays, so that
// packets on their way are still taken. A peer then never has more than what routes want before and after.
//
// The difference of next() is written at once or not at all, as far as this class is concerned, and nothing is
// planned meanwhile. Before it is written, take_own_changes() must be in the file.

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/prefix_map.h"
#include "wgadapter/device.h"
#include "wgadapter/link_local_ips.h"
#include "wgadapter/own_allowed_ips.h"

namespace wgospf::wg {

/// Why a prefix is not where it is wanted.
struct AllowedIpConflict {
  enum class Kind : std::uint8_t {
    by_hand,  ///< `holder` has it by hand, `claimant` is whom the routes, or its own address, give it to
    pinned,   ///< the address of both
  };
  Kind kind = Kind::by_hand;
  Key holder{};
  Key claimant{};
  bool operator==(const AllowedIpConflict&) const = default;
};

/// What somebody else has taken from the peer to which it was given.
struct TakenAllowedIp {
  Ipv4Prefix prefix{};
  Key peer{};
  std::optional<Key> taker{};  ///< nullopt: it was removed
  std::uint32_t times = 0;     ///< from this peer, as long as it is wanted there
  bool operator==(const TakenAllowedIp&) const = default;
};

/// By hand at one peer, and then by hand at another: the first has it no longer.
struct ClaimedTwice {
  Ipv4Prefix prefix{};
  Key former{};
  Key holder{};
  bool operator==(const ClaimedTwice&) const = default;
};

class ManagedIps {
 public:
  /// `own`: what a former run noted of this device, when its ifindex was `ifindex` (0: nothing was noted); it
  /// stays where it is until it is released, or release_all().
  explicit ManagedIps(std::string device, const OwnPrefixes& own = {}, std::uint32_t ifindex = 0);

  using PeerIndex = std::uint32_t;
  // What is to be. The last word counts.
  /// Whether it is_waited() for.
  bool want(const Ipv4Prefix& prefix, const Key& peer) { return want(prefix, index_of(peer)); }
  bool want(const Ipv4Prefix& prefix, PeerIndex peer);
  /// For who wants much at one peer: stays the same.
  [[nodiscard]] PeerIndex index_of(const Key& peer);
  /// Of one unwant(); what a former run left has 0.
  using Generation = std::uint32_t;
  /// Not wanted at any peer; it stays where it is until release() is called with what this returns.
  Generation unwant(const Ipv4Prefix& prefix);
  /// No route leads there any more. Without effect when it has been wanted since.
  void release(const Ipv4Prefix& prefix, Generation generation);
  /// All that is not wanted is released.
  void release_all();
  /// All that is ours is the user's from now on, and stays where it is.
  void hand_over();
  /// The peer's own addresses, which no route gives to another: its OSPF address, or a client's. These are all.
  void pin(const Key& peer, std::vector<Ipv4Address> addresses);
  /// The peer has the addresses by hand, and routes may give them to others for a while: each comes back when none wants
  /// it, and is then by hand as before. These are all.
  void lend(const Key& peer, std::vector<Ipv4Address> addresses);

  /// The peers' link-local addresses, beside the routes' prefixes and in the same differences.
  [[nodiscard]] LinkLocalIps& link_locals() { return link_locals_; }
  [[nodiscard]] const LinkLocalIps& link_locals() const { return link_locals_; }

  /// The subnets of the interface. A host route in them that somebody gives to another peer, or that a new peer
  /// comes with, is that peer's own address: it is not put back, whatever routes say of it.
  void set_subnets(std::vector<Ipv4Prefix> subnets) { subnets_ = std::move(subnets); }

  /// The device as it was read last; null: there is none now.
  void read(const Device* device);

  /// There is something to look at, and it may be written.
  [[nodiscard]] bool has_work() const {
    return is_present_ && !is_writing_ && (!dirty_.empty() || link_locals_.is_due());
  }
  /// What is to be written now; nullopt when nothing is, or while a difference is being written.
  [[nodiscard]] std::optional<DeviceDelta> next();
  /// The difference of next() is in force, or failed, in part perhaps; read() has had the device since if it is
  /// known what it has.
  void applied();
  [[nodiscard]] bool is_writing() const { return is_writing_; }

  /// The prefix is wanted at a peer that will have it, and does not yet, or not for certain. What another peer
  /// has by hand is not waited for, nor what a peer or device is to have that is not there.
  [[nodiscard]] bool is_waited(const Ipv4Prefix& prefix) const;

  [[nodiscard]] const std::string& device() const { return device_; }
  /// As read last.
  [[nodiscard]] bool has_peer(const Key& key) const;
  /// Of the device that OwnChanges are about.
  [[nodiscard]] std::uint32_t ifindex() const { return ifindex_; }
  [[nodiscard]] bool is_own_changed() const { return !own_changes_.empty(); }
  /// What has become ours, be it only about to be, and what is not any more, since this was called last.
  [[nodiscard]] OwnChanges take_own_changes() { return std::exchange(own_changes_, {}); }
  /// What is ours now.
  [[nodiscard]] OwnPrefixes own_prefixes() const;

  /// By prefix, as of the last next(); none while there is no device.
  [[nodiscard]] const std::map<Ipv4Prefix, AllowedIpConflict>& conflicts() const { return conflicts_; }
  /// Since the last call.
  [[nodiscard]] bool take_conflicts_changed() { return std::exchange(are_conflicts_changed_, false); }
  /// What has been found taken, and is being put back, since the last call.
  [[nodiscard]] std::vector<TakenAllowedIp> take_taken() { return std::exchange(taken_, {}); }
  /// What has ever been taken from the peer that it is still wanted at.
  [[nodiscard]] const std::map<Ipv4Prefix, TakenAllowedIp>& takings() const { return takings_; }
  /// Found since the last call.
  [[nodiscard]] std::vector<ClaimedTwice> take_claimed_twice() { return std::exchange(claimed_twice_, {}); }

 private:
  static constexpr PeerIndex kNobody = 0xffffffff;
  struct Entry {
    PeerIndex wanted = kNobody;
    PeerIndex pinned = kNobody;
    PeerIndex lender = kNobody;  ///< it is by hand with it, and lent
    PeerIndex held = kNobody;    ///< on the device
    /// With whom it is ours; of them more than one only while it moves.
    boost::container::small_vector<PeerIndex, 2> own{};
    std::uint32_t reading = 0;  ///< the last that had it
    Generation generation = 0;  ///< of the last unwant()
    bool is_kept = false;       ///< not wanted, and not released
    bool was_given = false;     ///< this run has seen it where it is to be, and ours
    bool is_dirty = false;      ///< to be looked at
    bool is_under_way = false;  ///< in the difference that is being written
    [[nodiscard]] PeerIndex target() const {
      if (pinned != kNobody) return pinned;
      return wanted == kNobody && !is_kept ? lender : wanted;
    }
    [[nodiscard]] bool is_own(PeerIndex peer) const;
  };
  /// Stays where it is until it is erased.
  using Node = PrefixMap<Ipv4Prefix, Entry>::value_type;
  struct KnownPeer {
    Key key{};
    std::uint32_t reading = 0;  ///< the last that had it
    std::vector<Ipv4Address> pinned{};
    std::vector<Ipv4Address> lent{};
    std::uint32_t part = 0;  ///< of the difference that is being planned, from 1 on; 0: none
  };

  [[nodiscard]] bool is_there(PeerIndex peer) const { return peers_[peer].reading == reading_; }
  Node& node_of(const Ipv4Prefix& prefix) { return *entries_.try_emplace(prefix).first; }
  void touch(Node& node);
  void touch_all();
  void set_pinned(const Ipv4Address& address);
  void end_loan(const Ipv4Address& address, PeerIndex lender);
  [[nodiscard]] std::vector<PeerIndex> pinning(const Ipv4Address& address) const;
  /// Somebody else has what was ours, or another has it by hand.
  [[nodiscard]] static bool is_taken(const Entry& entry) {
    return entry.was_given && entry.is_own(entry.target());
  }
  [[nodiscard]] static bool is_refused(const Entry& entry) {
    return entry.held != kNobody && entry.held != entry.lender && !entry.is_own(entry.held) &&
           !is_taken(entry);
  }
  [[nodiscard]] bool is_waited(const Entry& entry) const;
  void forget_reading();
  void note_claims(const Node& node, PeerIndex former);
  [[nodiscard]] bool is_own_address(const Node& node, PeerIndex holder, bool is_new) const;
  void set_conflict(const Ipv4Prefix& prefix, AllowedIpConflict conflict);
  void plan(Node& node, DeviceDelta& delta);
  void plan_target(Node& node, DeviceDelta& delta);
  void plan_rest(Node& node, DeviceDelta& delta);
  void note_taken(const Ipv4Prefix& prefix, const Entry& entry);
  void forget_taking(const Ipv4Prefix& prefix);
  void own(Node& node, PeerIndex peer);
  void keep_own(Node& node, PeerIndex one, PeerIndex other);
  enum class Lent : std::uint8_t { is_forgotten, comes_back };
  void disown_all(Lent lent);
  PeerDelta& part_of(PeerIndex peer, DeviceDelta& delta);

  void plan_link_locals(DeviceDelta& delta);

  std::string device_;
  LinkLocalIps link_locals_;
  PrefixMap<Ipv4Prefix, Entry> entries_;
  std::vector<KnownPeer> peers_;
  std::unordered_map<Key, PeerIndex> peer_indexes_;
  PeerIndex last_peer_ = kNobody;  ///< that was looked up
  std::multimap<Ipv4Address, PeerIndex> pins_;
  std::vector<Ipv4Prefix> subnets_;
  std::vector<Node*> dirty_;
  std::vector<Node*> planned_;  ///< empty but while a difference is planned: its memory is used again
  std::vector<Node*> written_;  ///< by the difference that is being written
  bool is_any_new_ = false;     ///< some of them nobody had when it was planned
  std::uint32_t reading_ = 1;   ///< number of the last one
  Generation generation_ = 0;   ///< the last
  std::uint32_t ifindex_ = 0;   ///< of the device that was read last, or of a former run's note
  bool is_present_ = false;
  bool is_writing_ = false;
  OwnChanges own_changes_;
  std::map<Ipv4Prefix, AllowedIpConflict> conflicts_;
  bool are_conflicts_changed_ = false;
  std::vector<TakenAllowedIp> taken_;
  std::map<Ipv4Prefix, TakenAllowedIp> takings_;
  std::vector<ClaimedTwice> claimed_twice_;
};

}  // namespace wgospf::wg
