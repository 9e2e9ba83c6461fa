// Link state request lists (RFC 2328 section 10.9).

#include "ospf/request_list.h"

#include <algorithm>

#include "ospf/recency.h"

namespace wgospf::ospf {

void RequestList::add(std::uint32_t domain, const LsaHeader& header) {
  const auto [it, is_new] = wanted_.try_emplace(header.key, Entry{header, domain});
  if (is_new) {
    all_.listed(header.length);
    bytes_ += header.length;
    if (!free_from_ || header.key < *free_from_) free_from_ = header.key;
  } else if (compare_recency(header, it->second.header) > 0) {
    all_.unlisted(it->second.header.length);
    all_.listed(header.length);
    bytes_ += header.length;
    bytes_ -= it->second.header.length;
    if (it->second.is_asked) {
      all_.asked_bytes_ += header.length;
      all_.asked_bytes_ -= it->second.header.length;
    }
    it->second.header = header;
  }
}

const LsaHeader* RequestList::find(const LsaKey& key) const {
  const auto it = wanted_.find(key);
  return it == wanted_.end() ? nullptr : &it->second.header;
}

/// It is not asked for any more.
void RequestList::withdraw(const LsaKey& key, Entry& entry) {
  if (!std::exchange(entry.is_asked, false)) return;
  --outstanding_;
  all_.asked_.erase({entry.domain, key});
  all_.asked_bytes_ -= entry.header.length;
}

bool RequestList::came_spoilt(const LsaKey& key) {
  const auto it = wanted_.find(key);
  if (it == wanted_.end() || ++it->second.spoilt >= kRequestTries) return false;
  withdraw(key, it->second);
  all_.freed();
  return true;
}

bool RequestList::came(const LsaKey& key) {
  const auto it = wanted_.find(key);
  if (it == wanted_.end()) return false;
  if (it->second.is_asked) last_came_ |= key == asked_.back();
  withdraw(key, it->second);
  all_.unlisted(it->second.header.length);
  bytes_ -= it->second.header.length;
  wanted_.erase(it);
  return true;
}

bool RequestList::give_up(const LsaKey& key) {
  const bool was_listed = came(key);
  if (was_listed) all_.freed();
  return was_listed;
}

/// Gives what was asked for and did not come.
std::vector<LsaKey> RequestList::withdraw_all() {
  std::vector<LsaKey> withdrawn;
  for (const LsaKey& key : asked_) {
    const auto it = wanted_.find(key);
    if (it == wanted_.end() || !it->second.is_asked) continue;
    withdraw(key, it->second);
    withdrawn.push_back(key);
    if (!free_from_ || key < *free_from_) free_from_ = key;
  }
  asked_.clear();
  last_came_ = false;
  return withdrawn;
}

/// Where to look for what nobody is asked for.
auto RequestList::first_free() -> Wanted::iterator {
  if (std::exchange(freed_seen_, all_.times_freed_) != all_.times_freed_) return wanted_.begin();
  return free_from_ ? wanted_.lower_bound(*free_from_) : wanted_.end();
}

std::vector<LsaKey> RequestList::ask(std::size_t limit) {
  const auto former = withdraw_all();
  auto it = first_free();
  for (; it != wanted_.end() && asked_.size() < limit; ++it) {
    Entry& entry = it->second;
    if (!all_.asked_.try_emplace({entry.domain, it->first}, id_).second) continue;  // of another
    entry.is_asked = true;
    all_.asked_bytes_ += entry.header.length;
    asked_.push_back(it->first);
  }
  free_from_ = it == wanted_.end() ? std::nullopt : std::optional(it->first);
  outstanding_ = asked_.size();
  if (!std::all_of(former.begin(), former.end(),
                   [this](const LsaKey& key) { return wanted_.at(key).is_asked; }))
    all_.freed();
  return asked_;
}

void RequestList::take_back() {
  if (!withdraw_all().empty()) all_.freed();
}

void RequestList::clear() {
  take_back();
  for (const auto& [key, entry] : wanted_) all_.unlisted(entry.header.length);
  wanted_.clear();
  bytes_ = 0;
  free_from_.reset();
}

}  // namespace wgospf::ospf
