#pragma once
// LSAs flushed a moment ago. RFC 2328 lets a MaxAge LSA go as soon as it is acknowledged (section 14), and
// takes no note of one that it does not have (section 13 step 4). On a link that reorders, the instance that
// the flush overtook comes after it, would be taken for a new LSA and stay for up to an hour in some
// databases and not in others. So a flushed instance is remembered for MinLSArrival, and one that is older is
// answered with it as if it were still in the database (step 8). A recorded deviation. This is about the LSAs
// of others: the numbers of our own outlive their flush by far longer, in their records (origination.h).

#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <utility>

#include "ospf/base/footprint.h"
#include "ospf/lsa.h"
#include "ospf/recency.h"

namespace wgospf::ospf {

class FlushMemory {
 public:
  struct Flushed {
    Lsa lsa;  ///< its age is MaxAge
    Instant until;
    bool answered = false;
  };

  /// An LSA with the largest sequence number is not remembered: the instance that follows it starts anew
  /// (section 12.1.6). Neither is more than a bounded number, of bounded size.
  void remember(std::uint32_t domain, const LsaKey& lsa_key, Lsa lsa, Instant now) {
    if (order_.size() >= kMost || lsa.sequence_number() == kMaxSequenceNumber) return;
    if (bytes_ + lsa.length() > kMostBytes) return;
    const Key key{domain, lsa_key};
    // An older flush that comes late must not hide the newer one.
    const Flushed* known = find(domain, lsa_key, now);
    if (known != nullptr && compare_recency(lsa.instance(), known->lsa.instance()) < 0) return;
    if (const auto it = flushed_.find(key); it != flushed_.end()) erase(it);
    bytes_ += lsa.length();
    flushed_.emplace(key, Flushed{std::move(lsa), now + kMinLsArrival, false});
    order_.emplace_back(now + kMinLsArrival, key);
  }
  /// nullptr when nothing of that key was flushed within MinLSArrival.
  [[nodiscard]] Flushed* find(std::uint32_t domain, const LsaKey& key, Instant now) {
    if (flushed_.empty()) return nullptr;
    const auto it = flushed_.find({domain, key});
    return it == flushed_.end() || it->second.until <= now ? nullptr : &it->second;
  }
  /// Drops what is over. Call now and then; nothing depends on when.
  void purge(Instant now) {
    for (; !order_.empty() && order_.front().first <= now; order_.pop_front()) {
      const auto it = flushed_.find(order_.front().second);
      if (it != flushed_.end() && it->second.until <= now) erase(it);
    }
  }
  void forget_domain(std::uint32_t domain) {
    for (auto it = flushed_.begin(); it != flushed_.end();)
      it = it->first.first == domain ? erase(it) : std::next(it);
  }
  void measure(Footprint& footprint) const {
    footprint.held("flush-memory", flushed_.size());
    footprint.held("flush-memory.order", order_.size());
  }

 private:
  using Key = std::pair<std::uint32_t, LsaKey>;
  static constexpr std::size_t kMost = 65'536, kMostBytes = 4 << 20;
  using Map = std::map<Key, Flushed>;
  Map::iterator erase(Map::iterator it) {
    bytes_ -= it->second.lsa.length();
    return flushed_.erase(it);
  }
  Map flushed_;
  std::size_t bytes_ = 0;                      ///< of the LSAs in it
  std::deque<std::pair<Instant, Key>> order_;  ///< by time; entries may be stale
};

}  // namespace wgospf::ospf
