#pragma once
// Link state request lists (RFC 2328 sections 10.9 and 13.3 step 1b): what a neighbour has newer than we do,
// and what of it is asked for at present.
//
// Neighbours that come up together describe the same LSAs. An LSA is asked for of one of them at a time: the
// others leave it out until it comes, which takes it off every list, or until it may be asked for again
// (`freed`), because it came spoilt, older than described or not at all, or its neighbour is gone. What is
// asked for has its neighbour's retransmission timer, so that nothing waits for ever.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ospf/base/footprint.h"
#include "ospf/constants.h"
#include "ospf/lsa.h"
#include "ospf/neighbor_set.h"

namespace wgospf::ospf {

/// What all neighbours together are asked for at present.
class Requests {
 public:
  /// From now on `count` and `bytes` are of all lists together: LSAs, and their length as described.
  Requests(std::size_t& count, std::size_t& bytes, std::uint64_t salt)
      : asked_(0, KeyHash{salt}), count_(count), bytes_(bytes) {}

  /// Something was asked for in vain: others may be asked for it.
  void freed() {
    ++times_freed_;
    has_freed_ = true;
  }
  [[nodiscard]] bool has_freed() const { return has_freed_; }
  /// True once after freed().
  [[nodiscard]] bool take_freed() { return std::exchange(has_freed_, false); }
  /// LSAs that neighbours are asked for at present, and their length as described.
  [[nodiscard]] std::size_t under_way() const { return asked_.size(); }
  [[nodiscard]] std::size_t bytes_under_way() const { return asked_bytes_; }
  void measure(Footprint& footprint) const { footprint.held("requests-under-way", asked_.size()); }

 private:
  friend class RequestList;
  using Key = std::pair<std::uint32_t, LsaKey>;  ///< domain
  struct KeyHash {
    std::uint64_t salt;
    std::size_t operator()(const Key& key) const {
      return static_cast<std::size_t>(hash_mix(hash_value(key.second, salt) + key.first));
    }
  };
  void listed(std::size_t bytes) {
    ++count_;
    bytes_ += bytes;
  }
  void unlisted(std::size_t bytes) {
    --count_;
    bytes_ -= bytes;
  }

  std::unordered_map<Key, NeighborId, KeyHash> asked_;
  std::size_t asked_bytes_ = 0;
  std::uint64_t times_freed_ = 0;
  bool has_freed_ = false;
  std::size_t& count_;
  std::size_t& bytes_;
};

/// The list of one neighbour.
class RequestList {
 public:
  RequestList(Requests& requests, NeighborId id) : all_(requests), id_(id) {}
  RequestList(const RequestList&) = delete;
  RequestList& operator=(const RequestList&) = delete;
  ~RequestList() { clear(); }

  /// Described twice, the more recent instance is wanted; what is asked for stays so.
  void add(std::uint32_t domain, const LsaHeader& header);
  /// What was asked for came and cannot be used. True when it is worth asking again.
  bool came_spoilt(const LsaKey& key);
  [[nodiscard]] const LsaHeader* find(const LsaKey& key) const;
  /// It came, of whomever. True when it was on the list.
  bool came(const LsaKey& key);
  /// It is not wanted any more, though others may want it. True when it was on the list.
  bool give_up(const LsaKey& key);
  /// Marks `limit` entries as asked for and gives their keys, of those that no other neighbour is asked for.
  /// They alone are: what was asked for before and did not come waits for its turn again, behind what has
  /// been described since. None when all are asked of others.
  [[nodiscard]] std::vector<LsaKey> ask(std::size_t limit);
  /// What was asked for did not come in time: others may be asked for it.
  void take_back();
  void clear();

  /// Has any of what was asked for come?
  [[nodiscard]] bool is_answered() const { return outstanding_ < asked_.size(); }
  /// The last of what was asked for has come and others have not: they were lost, because neighbours answer
  /// in the order in which they are asked. When many are missing, this one may not.
  [[nodiscard]] bool has_gaps() const {
    return last_came_ && outstanding_ > 0 && 2 * outstanding_ <= asked_.size();
  }
  [[nodiscard]] bool empty() const { return wanted_.empty(); }
  [[nodiscard]] std::size_t size() const { return wanted_.size(); }
  [[nodiscard]] std::size_t outstanding() const { return outstanding_; }
  /// All that is wanted may be asked of others only, at present.
  [[nodiscard]] bool is_idle() const { return outstanding_ == 0 && !wanted_.empty(); }
  /// The length of what is wanted, as described.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  void measure(Footprint& footprint) const {
    footprint.held("neighbors.requests", wanted_.size());
    footprint.room("neighbors.requests.asked", asked_.size());
  }

 private:
  struct Entry {
    LsaHeader header;
    std::uint32_t domain = 0;
    bool is_asked = false;    ///< of this neighbour, at present
    std::uint8_t spoilt = 0;  ///< so often it came and could not be used
  };
  using Wanted = std::map<LsaKey, Entry>;
  void withdraw(const LsaKey& key, Entry& entry);
  std::vector<LsaKey> withdraw_all();
  [[nodiscard]] Wanted::iterator first_free();

  Requests& all_;
  NeighborId id_;
  Wanted wanted_;
  std::size_t outstanding_ = 0, bytes_ = 0;
  std::vector<LsaKey> asked_;  ///< in the last packet
  bool last_came_ = false;     ///< the last of them
  /// Before this all are asked for, here or elsewhere, unless something was freed since then; nothing: all.
  std::optional<LsaKey> free_from_;
  std::uint64_t freed_seen_ = 0;
};

}  // namespace wgospf::ospf
