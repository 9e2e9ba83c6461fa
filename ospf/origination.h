#pragma once
// Self-originated LSAs (RFC 2328 sections 12.4, 12.1.6, 13.4, 14.1): what this router wants in the database,
// and when a new instance may go out.
//
// Throttling deviates from the fixed MinLSInterval: the first change goes out at once; so does the second
// (flooding repeats it to neighbours that enforce MinLSArrival); from the third on instances are
// kOriginationSpacing apart, then twice that, and after kOriginationBurst of them MinLSInterval, until
// MinLSInterval and twice the present spacing passed without one. A withdrawal and what follows it count as
// one burst; refreshes do not add up to one.
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
#include <vector>

#include "ospf/core.h"
#include "ospf/flooding.h"

namespace wgospf::ospf {

class Origination {
 public:
  Origination(Core& core, Flooding& flooding) : core_(core), flooding_(flooding) {}

  /// From now on the database shall hold `lsa` (its sequence number is ours to choose). No change: no
  /// instance.
  void want(std::uint32_t domain, OwnLsa own);
  /// The LSA is not wanted any more: flushed if it is in the database.
  void unwant(std::uint32_t domain, const LsaKey& key);
  void unwant_all(std::optional<std::uint32_t> domain = std::nullopt);
  /// The whole domain is gone; nothing is flushed.
  void forget_domain(std::uint32_t domain);

  /// Section 13.4: a newer instance of ours came in and is installed.
  void received(LsaRef ref);
  void refresh(LsaRef ref);
  /// An instance of an LSA of ours was received, whatever becomes of it: its number counts.
  void number_seen(std::uint32_t domain, const LsaHeader& header);
  /// An LSA left the database, `last` was its instance there; a wrapped sequence number starts anew (section
  /// 12.1.6).
  void removed(std::uint32_t domain, const LsaKey& key, const Lsa& last);
  /// Timer of a throttled origination.
  void due(std::uint32_t record);
  /// Drops records that were kept long enough. Call now and then; nothing depends on when.
  void purge();
  void measure(Footprint& footprint) const {
    footprint.held("origination.records", records_.size() - free_.size());
    footprint.held("origination.by-key", index_.size());
    footprint.held("origination.kept", kept_count_);
    footprint.room("origination.slots", records_.size());
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Record {
    std::uint32_t domain = 0;
    LsaKey key;
    Lsa wanted;                             ///< empty: not wanted
    std::optional<Instant> last{};          ///< origination
    std::optional<std::int32_t> highest{};  ///< sequence number seen of the LSA
    std::uint8_t recent = 0;                ///< instances in the present burst
    LsaOptions options;
    bool is_kept = false;  ///< not wanted, and on the list of those kept for their numbers
    std::uint32_t older = kNone, newer = kNone;  ///< on that list
    Instant kept_until{};
  };
  struct KeyHash {
    std::size_t operator()(const std::pair<std::uint32_t, LsaKey>& key) const {
      return static_cast<std::size_t>(hash_mix(hash_value(key.second) + key.first));
    }
  };
  using Index = std::unordered_map<std::pair<std::uint32_t, LsaKey>, std::uint32_t, KeyHash>;

  std::uint32_t record_of(std::uint32_t domain, const LsaKey& key);
  void keep(std::uint32_t index);
  void take_off_kept(std::uint32_t index);
  void release(std::uint32_t index);
  [[nodiscard]] std::uint32_t present(const Record& record) const {
    return core_.domain(record.domain).lsdb.find(record.key);
  }
  [[nodiscard]] static Instant rests_at(const Record& record);
  [[nodiscard]] bool is_rested(const Record& record) const;
  void originate_when_allowed(std::uint32_t index);
  void originate(std::uint32_t index);
  void wrap(const Record& record, std::uint32_t slot);
  void tell_fight(const Record& record, const LsaHeader& header);
  [[nodiscard]] static Duration spacing(unsigned recent);

  Core& core_;
  Flooding& flooding_;
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
