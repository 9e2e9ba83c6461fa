#pragma once
// What is known of each LSA of our own: what is wanted of it, and which sequence number it has come to (RFC
// 2328 section 12.1.6). Origination decides what becomes of it; flooding reports the numbers that come in.
//
// Sequence numbers outlive a flush. A neighbour keeps a MaxAge LSA of ours for as long as one of its own
// neighbours exchanges databases (section 14), and refuses an instance that is older than that one (section
// 13 step 8). So the record of an LSA keeps the highest sequence number that was seen of it, whoever sent it
// and at whatever age, until MaxAge after its flush: by then every copy of it has aged out. The number starts
// anew only after the largest was flushed and that flush acknowledged (section 12.1.6). So that a neighbour
// which makes up LSAs of ours does not fill the memory, at most kKeptNumbers records of LSAs that are not
// wanted are kept, the latest; of one forgotten too early the number comes back with the answer of step 8.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ospf/core.h"

namespace wgospf::ospf {

class OwnLsas {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Record {
    std::uint32_t domain = 0;
    LsaKey key;
    Lsa wanted;                             ///< empty: not wanted
    std::optional<Instant> last{};          ///< origination
    std::optional<std::int32_t> highest{};  ///< sequence number seen of the LSA
    std::uint8_t recent = 0;                ///< instances in the present burst
    LsaOptions options;
    bool is_outdated = false;  ///< `wanted` is to be made anew when an instance may go out
    bool is_owed = false;      ///< an instance is to go out then, whether `wanted` changes or not
    bool is_kept = false;      ///< not wanted, and on the list of those kept for their numbers
    std::uint32_t older = kNone, newer = kNone;  ///< on that list
    Instant kept_until{};
  };

  explicit OwnLsas(Core& core) : core_(core) {}

  /// The number of a record; kNone when there is none.
  [[nodiscard]] std::uint32_t find(std::uint32_t domain, const LsaKey& key) const {
    const auto it = index_.find({domain, key});
    return it == index_.end() ? kNone : it->second;
  }
  [[nodiscard]] std::uint32_t find_or_make(std::uint32_t domain, const LsaKey& key);
  [[nodiscard]] Record& operator[](std::uint32_t index) { return records_[index]; }
  /// The slot of its present instance in the database; Lsdb::kNone when there is none.
  [[nodiscard]] std::uint32_t present(const Record& record) const {
    return core_.domain(record.domain).lsdb.find(record.key);
  }
  /// Those of a domain, or all, in order.
  [[nodiscard]] std::vector<std::uint32_t> all(std::optional<std::uint32_t> domain) const;

  /// It is not wanted any more: kept until MaxAge from now, the oldest of too many is not.
  void keep(std::uint32_t index);
  /// It is wanted again.
  void take_off_kept(std::uint32_t index);
  void release(std::uint32_t index);
  /// Drops records that were kept long enough. Call now and then; nothing depends on when.
  void purge();

  /// An instance of an LSA by our router id came in, whatever becomes of it: its number counts. Before it is
  /// installed.
  void number_seen(std::uint32_t domain, const LsaHeader& header);

  void measure(Footprint& footprint) const {
    footprint.held("origination.records", records_.size() - free_.size());
    footprint.held("origination.by-key", index_.size());
    footprint.held("origination.kept", kept_count_);
    footprint.room("origination.slots", records_.size());
  }

 private:
  struct KeyHash {
    std::size_t operator()(const std::pair<std::uint32_t, LsaKey>& key) const {
      return static_cast<std::size_t>(hash_mix(hash_value(key.second) + key.first));
    }
  };
  using Index = std::unordered_map<std::pair<std::uint32_t, LsaKey>, std::uint32_t, KeyHash>;

  void tell_fight(const Record& record, const LsaHeader& header);

  Core& core_;
  std::vector<Record> records_;
  std::vector<std::uint32_t> free_;
  Index index_;
  std::uint32_t oldest_kept_ = kNone, newest_kept_ = kNone;
  std::size_t kept_count_ = 0;
  /// Somebody flushes what we want: the LSA that it began with, and what has been told of it.
  struct Fight {
    std::uint32_t domain = 0;
    LsaKey key;
    Instant since{}, last{};
    bool is_told = false;
  };
  std::optional<Fight> fight_;
};

}  // namespace wgospf::ospf
