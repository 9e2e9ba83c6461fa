#pragma once
// The allowed-ips of one device as the routes want them, and the differences to write. Pure.
//
// A device has one table: an exact prefix belongs to one peer, and giving it to another moves it in one step.
// So there is one entry a prefix, with where it is to be and where it is. What was changed is looked at again,
// nothing else: a change costs what it changes, whatever the number of peers.
//
// What the user wrote by hand is what the device has and OwnPrefixes does not name. It is never touched: where
// a route wants such a prefix at another peer, that is a conflict, and told. What is ours and was taken from
// its peer while this run looked on is put back.
//
// A prefix is taken from its peer only when it was released: while routes may lead there it stays, so that
// packets on their way are still taken. A peer then never has more than what routes want before and after.
//
// The difference of next() is written at once or not at all, as far as this class is concerned, and nothing is
// planned meanwhile. Before it is written, own_prefixes() must be in the file.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "wgadapter/device.h"
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
  bool operator==(const TakenAllowedIp&) const = default;
};

class ManagedIps {
 public:
  /// `own`: what a former run noted of this device; it stays where it is until release_all().
  explicit ManagedIps(std::string device, const OwnPrefixes& own = {});

  // What is to be. The last word counts.
  void want(const Ipv4Prefix& prefix, const Key& peer);
  /// Not wanted at any peer; it stays where it is until it is released.
  void unwant(const Ipv4Prefix& prefix);
  /// No route leads there any more. Without effect on what is wanted.
  void release(const Ipv4Prefix& prefix);
  /// All that is not wanted is released.
  void release_all();
  /// All that is ours is the user's from now on, and stays where it is.
  void hand_over();
  /// The peer's own OSPF address, which no route gives to another; nullopt: none any more.
  void pin(const Key& peer, const std::optional<Ipv4Address>& address);

  /// The device as it was read last; null: there is none now.
  void read(const Device* device);

  /// What is to be written now; nullopt when nothing is, or while a difference is being written.
  [[nodiscard]] std::optional<DeviceDelta> next();
  /// The difference of next() is in force, and read() has had the device since; or it failed, in part perhaps.
  void applied(bool is_in_force);
  [[nodiscard]] bool is_writing() const { return is_writing_; }

  /// What is wanted now is on the device, as far as it can be, when done() has reached this.
  [[nodiscard]] std::uint64_t mark() const;
  [[nodiscard]] std::uint64_t done() const { return done_; }

  [[nodiscard]] const std::string& device() const { return device_; }
  /// What is ours, be it only about to be. `is_own_changed`: since this was called last.
  [[nodiscard]] OwnPrefixes own_prefixes();
  [[nodiscard]] bool is_own_changed() const { return is_own_changed_; }
  /// By prefix, as of the last next().
  [[nodiscard]] const std::map<Ipv4Prefix, AllowedIpConflict>& conflicts() const { return conflicts_; }
  /// What has been found taken, and is being put back, since the last call.
  [[nodiscard]] std::vector<TakenAllowedIp> take_taken() { return std::exchange(taken_, {}); }

 private:
  using PeerIndex = std::uint32_t;
  static constexpr PeerIndex kNobody = 0xffffffff;
  struct Entry {
    PeerIndex wanted = kNobody;
    PeerIndex pinned = kNobody;
    PeerIndex held = kNobody;      ///< on the device
    std::vector<PeerIndex> own{};  ///< with whom it is ours; of them more than one only while it moves
    std::uint32_t reading = 0;     ///< the last that had it
    bool is_kept = false;          ///< not wanted, and not released
    bool was_given = false;        ///< this run has seen it where it is to be, and ours
    bool is_dirty = false;         ///< to be looked at
    [[nodiscard]] PeerIndex target() const { return pinned == kNobody ? wanted : pinned; }
    [[nodiscard]] bool is_own(PeerIndex peer) const;
  };
  struct KnownPeer {
    Key key{};
    std::uint32_t reading = 0;  ///< the last that had it
    std::optional<Ipv4Address> pinned{};
  };
  using Additions = std::map<PeerIndex, PeerDelta>;

  [[nodiscard]] PeerIndex index_of(const Key& key);
  [[nodiscard]] bool is_there(PeerIndex peer) const { return peers_[peer].reading == reading_; }
  Entry& touch(const Ipv4Prefix& prefix);
  void touch(const Ipv4Prefix& prefix, Entry& entry);
  void touch_all();
  void set_pinned(const Ipv4Address& address);
  [[nodiscard]] std::vector<PeerIndex> pinning(const Ipv4Address& address) const;
  void plan(const Ipv4Prefix& prefix, Entry& entry, Additions& deltas);
  void plan_target(const Ipv4Prefix& prefix, Entry& entry, Additions& deltas);
  void plan_rest(const Ipv4Prefix& prefix, Entry& entry, Additions& deltas);
  void keep_own(Entry& entry, PeerIndex one, PeerIndex other);
  PeerDelta& delta_of(PeerIndex peer, Additions& deltas);

  std::string device_;
  std::unordered_map<Ipv4Prefix, Entry> entries_;
  std::vector<KnownPeer> peers_;
  std::unordered_map<Key, PeerIndex> peer_indexes_;
  std::multimap<Ipv4Address, PeerIndex> pins_;
  std::vector<Ipv4Prefix> dirty_;
  std::vector<Ipv4Prefix> written_;  ///< by the difference that is being written
  bool is_any_new_ = false;          ///< some of them nobody had when it was planned
  std::uint32_t reading_ = 0;        ///< number of the last one
  bool is_present_ = false;
  bool is_writing_ = false;
  bool is_own_changed_ = false;
  std::uint64_t asked_ = 0, done_ = 0;
  std::map<Ipv4Prefix, AllowedIpConflict> conflicts_;
  std::vector<TakenAllowedIp> taken_;
};

}  // namespace wgospf::wg
