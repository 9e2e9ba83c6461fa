#include "ospf/route/next_hop_sets.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace wgospf::ospf {

NextHopSets::NextHopSets() : sets_(1) {
  sets_[0].in_use = true;
}

void NextHopSets::note_move(std::uint32_t set, std::uint32_t target) {
  if (set == 0) return;
  ++sets_[set].moving;
  const auto is_it = [&](const Stream& stream) { return stream.set == set && stream.target == target; };
  // Prefixes of one router come one after another and go the same way.
  if (latest_stream_ >= streams_.size() || !is_it(streams_[latest_stream_])) {
    const auto at = std::find_if(streams_.begin(), streams_.end(), is_it);
    latest_stream_ = static_cast<std::size_t>(at - streams_.begin());
    if (at == streams_.end()) streams_.push_back({set, target, 0});
  }
  ++streams_[latest_stream_].count;
}

void NextHopSets::decide(const std::function<bool(ListId)>& has_lost_member) {
  // The largest stream of each set; the first of equals.
  std::stable_sort(streams_.begin(), streams_.end(), [](const Stream& a, const Stream& b) {
    return a.set != b.set ? a.set < b.set : a.count > b.count;
  });
  for (std::size_t i = 0; i < streams_.size();) {
    const std::uint32_t set = streams_[i].set;
    const Stream* best = nullptr;
    std::uint32_t ways = 0;
    for (; i < streams_.size() && streams_[i].set == set; ++i) {
      if (streams_[i].target == kGone || streams_[i].target == kAttached) continue;
      if (++ways == 1) best = &streams_[i];
    }
    const std::uint32_t staying = sets_[set].users - std::exchange(sets_[set].moving, 0);
    if (best == nullptr || staying > 0) continue;
    const bool has_twin = sets_with(best->target) > 0;
    if (has_twin && best->count <= kSmallSet && alive_ - distinct_ > kManyTwins) continue;
    if (ways > 1 && !has_lost_member(sets_[set].list)) continue;
    unassign(set);
    assign(set, best->target);
  }
  streams_.clear();
  latest_stream_ = 0;
}

std::uint32_t NextHopSets::set_for(std::uint32_t target) {
  assert(target != kGone);
  if (target == kAttached) return 0;
  if (sets_with(target) > 0) return find(target);
  std::uint32_t set;
  if (free_.empty()) {
    set = static_cast<std::uint32_t>(sets_.size());
    sets_.emplace_back();
  } else {
    set = free_.back();
    free_.pop_back();
  }
  sets_[set].in_use = true;
  ++alive_;
  assign(set, target);
  return set;
}

void NextHopSets::remove_user(std::uint32_t set) {
  assert(sets_[set].users > 0);
  if (--sets_[set].users == 0 && set != 0) idle_.push_back(set);
}

void NextHopSets::assign(std::uint32_t set, ListId list) {
  if (list >= by_list_.size()) by_list_.resize(list + 1);
  sets_[set].list = list;
  if (by_list_[list].sets++ == 0) {
    ++distinct_;
    by_list_[list].known = set;
  }
  if (!std::exchange(sets_[set].is_changed, true)) changed_.push_back(set);
}

void NextHopSets::unassign(std::uint32_t set) {
  if (--by_list_[sets_[set].list].sets == 0) --distinct_;
}

std::uint32_t NextHopSets::find(ListId list) {
  std::uint32_t& known = by_list_[list].known;
  if (known < sets_.size() && known != 0 && sets_[known].in_use && sets_[known].list == list) return known;
  for (std::uint32_t set = 1; set < sets_.size(); ++set)
    if (sets_[set].in_use && sets_[set].list == list) return known = set;
  assert(false);
  return 0;
}

std::vector<std::uint32_t> NextHopSets::take_changed() {
  for (const std::uint32_t set : changed_) sets_[set].is_changed = false;
  return std::exchange(changed_, {});
}

std::vector<std::uint32_t> NextHopSets::take_gone() {
  std::vector<std::uint32_t> gone;
  for (const std::uint32_t set : std::exchange(idle_, {})) {
    if (!sets_[set].in_use || sets_[set].users > 0) continue;
    unassign(set);
    sets_[set] = {};
    --alive_;
    gone.push_back(set);
  }
  free_.insert(free_.end(), gone.begin(), gone.end());
  return gone;
}

void NextHopSets::renumber(const std::vector<ListId>& numbers) {
  by_list_.clear();
  distinct_ = 0;
  for (std::uint32_t set = 1; set < sets_.size(); ++set) {
    if (!sets_[set].in_use) continue;
    const ListId list = sets_[set].list = numbers[sets_[set].list];
    if (list >= by_list_.size()) by_list_.resize(list + 1);
    if (by_list_[list].sets++ == 0) {
      ++distinct_;
      by_list_[list].known = set;
    }
  }
}

}  // namespace wgospf::ospf
