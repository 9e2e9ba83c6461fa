#pragma once
// The sets that leave the core, each with an identity that outlives its members: a lost neighbour changes the
// members of a set once, and the thousands of prefixes that use it follow without a word.
//
// A run finds, for every prefix it looked at, the list of next hops it should have. note_move() counts where
// the prefixes of each set are going; decide() lets a set follow its prefixes when they all go the same way,
// so that it keeps its number and only its members change. Where some stay or go another way, it follows
// none: sets change before prefixes in the kernel, and for that time all of the set's prefixes would take the
// new way, those too that the change does not touch. Only a set that has lost a member follows most of its
// prefixes, since nothing is to be had of it any more. Prefixes that do not go with their set are given
// another with set_for(). Two sets may so come to have the same members; when there are many such twins,
// small sets are given up instead of being kept apart.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "ospf/route/next_hop_lists.h"

namespace wgospf::ospf {

class NextHopSets {
 public:
  /// Targets of a move that are no lists.
  static constexpr std::uint32_t kGone = 0xffffffff;      ///< no route any more
  static constexpr std::uint32_t kAttached = 0xfffffffe;  ///< directly attached: set 0

  NextHopSets();
  /// What a set stands for: its list, or kAttached for set 0.
  [[nodiscard]] std::uint32_t target(std::uint32_t set) const {
    return set == 0 ? kAttached : sets_[set].list;
  }

  /// A user of `set` wants `target` instead. Set 0 never moves.
  void note_move(std::uint32_t set, std::uint32_t target);
  /// After all moves are noted: lets sets follow their users. `has_lost_member(list)`: one of its next hops
  /// is no longer there.
  void decide(const std::function<bool(ListId)>& has_lost_member);
  /// The set for a target that is not kGone: one that has it, or a new one.
  [[nodiscard]] std::uint32_t set_for(std::uint32_t target);
  void add_user(std::uint32_t set) { ++sets_[set].users; }
  void remove_user(std::uint32_t set);

  /// Sets whose members are new or changed since the last call, each once.
  [[nodiscard]] std::vector<std::uint32_t> take_changed();
  /// Sets without users, now given up; their numbers are free for the next run.
  [[nodiscard]] std::vector<std::uint32_t> take_gone();

  /// One past the highest set number.
  [[nodiscard]] std::uint32_t end() const { return static_cast<std::uint32_t>(sets_.size()); }
  [[nodiscard]] bool in_use(std::uint32_t set) const { return set == 0 || sets_[set].in_use; }
  /// Lists have been renumbered.
  void renumber(const std::vector<ListId>& numbers);
  void measure(Footprint& footprint) const {
    footprint.held("next-hop-sets", sets_.size() - free_.size());
    footprint.held("next-hop-sets.changed", changed_.size());
    footprint.held("next-hop-sets.idle", idle_.size());
    footprint.held("next-hop-sets.streams", streams_.size());
    footprint.room("next-hop-sets.slots", sets_.size());
    footprint.room("next-hop-sets.by-list", by_list_.size());
  }

 private:
  struct Set {
    ListId list = kEmptyList;
    std::uint32_t users = 0;
    std::uint32_t moving = 0;  // users that want another target
    bool in_use = false;
    bool is_changed = false;
  };
  struct Stream {  // users of one set with one wish
    std::uint32_t set = 0, target = 0, count = 0;
  };
  static constexpr std::uint32_t kManyTwins = 64, kSmallSet = 4;

  void assign(std::uint32_t set, ListId list);
  void unassign(std::uint32_t set);
  [[nodiscard]] std::uint32_t find(ListId list);
  [[nodiscard]] std::uint32_t sets_with(ListId list) const {
    return list < by_list_.size() ? by_list_[list].sets : 0;
  }

  struct OfList {
    std::uint32_t sets = 0;   // how many have it
    std::uint32_t known = 0;  // one that had it when last asked
  };
  std::vector<Set> sets_;        // [0] is the attached set
  std::vector<OfList> by_list_;  // by list number
  std::vector<std::uint32_t> free_, changed_, idle_;
  std::vector<Stream> streams_;
  std::size_t latest_stream_ = 0;
  std::uint32_t alive_ = 0, distinct_ = 0;
};

}  // namespace wgospf::ospf
