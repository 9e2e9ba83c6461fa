#pragma once
// The link-local addresses of peers among a device's allowed-ips (link_local.h): each stands, as a /128, at the peer whose
// key it is derived from. Pure.
//
// What is ours is known by its form: the address of a peer's own key at that peer is ours, whoever wrote it. So nothing
// has to be noted, and what a run that was killed has left is found. Where another peer has the address by hand it stays
// there, which is a conflict; wider prefixes, ::/0 among them, are not touched.

#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "wgadapter/device.h"

namespace wgospf::wg {

class LinkLocalIps {
 public:
  /// The peer is to have its address, or not any more.
  void want(const Key& peer, bool is_wanted);
  /// All is the user's from now on.
  void hand_over();
  /// The device as it was read last.
  void read(const Device& device);
  /// What was given out by take_changes() may not be in force.
  void look_again() { is_due_ = !entries_.empty(); }

  [[nodiscard]] bool is_due() const { return is_due_; }
  struct Change {
    Key peer{};
    Ipv6Prefix prefix{};
    bool is_added = false;
  };
  /// What the device, as read last, lacks or has too much.
  [[nodiscard]] std::vector<Change> take_changes();

  /// Of the peers that have theirs, as the device was read last, and are to.
  [[nodiscard]] std::vector<std::pair<Key, Ipv6Address>> held() const;
  /// Whose address is at another peer: that peer, by the one that it belongs to.
  [[nodiscard]] const std::map<Key, Key>& conflicts() const { return conflicts_; }
  /// Since the last call.
  [[nodiscard]] bool take_conflicts_changed() { return std::exchange(are_conflicts_changed_, false); }

 private:
  struct Entry {
    Ipv6Address address{};
    bool is_wanted = false;
    bool is_there = false;        ///< the device has the peer
    std::optional<Key> holder{};  ///< of the address
  };
  Entry& entry_of(const Key& peer);
  void note(const Key& holder, const Ipv6Address& address);

  std::unordered_map<Key, Entry> entries_;
  std::map<Ipv6Address, Key> peers_;  ///< by their addresses
  std::map<Key, Key> conflicts_;
  bool are_conflicts_changed_ = false;
  bool is_handed_over_ = false;  ///< what is there counts as written by hand
  bool is_due_ = false;
};

}  // namespace wgospf::wg
