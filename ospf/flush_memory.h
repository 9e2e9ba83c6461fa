#pragma once
// LSAs flushed a moment ago. RFC 2328 lets a MaxAge LSA go as soon as it is acknowledged (section 14), and
// takes no note of one that it does not have (section 13 step 4). On a link that reorders, the instance that
// the flush overtook comes after it, would be taken for a new LSA and stay for up to an hour in some
// databases and not in others. So a flushed instance is remembered for MinLSArrival, and one that is older is
// answered with it as if it were still in the database (step 8). A recorded deviation.

#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "ospf/footprint.h"
#include "ospf/lsa.h"

namespace wgospf::ospf {

template <class V>
class FlushMemory {
 public:
  struct Flushed {
    Lsa<V> lsa;  ///< its age is MaxAge
    Instant until;
    bool answered = false;
  };

  /// An LSA with the largest sequence number is not remembered: the instance that follows it starts anew
  /// (section 12.1.6). Neither is more than a bounded number.
  void remember(std::uint32_t domain, Lsa<V> lsa, Instant now) {
    if (flushed_.size() >= kMost || lsa.sequence_number() == kMaxSequenceNumber) return;
    const Key key{domain, lsa.header().key};
    flushed_.insert_or_assign(key, Flushed{std::move(lsa), now + kMinLsArrival, false});
    order_.emplace_back(now + kMinLsArrival, key);
  }
  /// nullptr when nothing of that key was flushed within MinLSArrival.
  [[nodiscard]] Flushed* find(std::uint32_t domain, const LsaKey<V>& key, Instant now) {
    if (flushed_.empty()) return nullptr;
    const auto it = flushed_.find({domain, key});
    return it == flushed_.end() || it->second.until <= now ? nullptr : &it->second;
  }
  /// Drops what is over. Call now and then; nothing depends on when.
  void purge(Instant now) {
    for (; !order_.empty() && order_.front().first <= now; order_.pop_front()) {
      const auto it = flushed_.find(order_.front().second);
      if (it != flushed_.end() && it->second.until <= now) flushed_.erase(it);
    }
  }
  void forget_domain(std::uint32_t domain) {
    std::erase_if(flushed_, [domain](const auto& item) { return item.first.first == domain; });
  }
  void measure(Footprint& footprint) const {
    footprint.held("flush-memory", flushed_.size());
    footprint.held("flush-memory.order", order_.size());
  }

 private:
  using Key = std::pair<std::uint32_t, LsaKey<V>>;
  static constexpr std::size_t kMost = 65536;
  std::map<Key, Flushed> flushed_;
  std::deque<std::pair<Instant, Key>> order_;  ///< by time; entries may be stale
};

}  // namespace wgospf::ospf
