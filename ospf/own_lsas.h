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

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ospf/core.h"

namespace wgospf::ospf {

/// Who wants LSAs of ours: each says of a database what it wants there, and knows nothing of the others.
enum class Producer : std::uint8_t {
  router_lsas,
  externals,
  opaque_lsas,
  link_costs,
  summaries,
  boundary_routers,  ///< summaries of these
};
inline constexpr std::size_t kProducers = 6;

class OwnLsas {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;
  /// On which list a record is.
  enum class On : std::uint8_t { none, wanted, kept };
  /// What stands beside a record on a list.
  struct Links {
    std::uint32_t older = kNone, newer = kNone;
  };
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
    /// Wanted: the list of its producer in the domain. Kept: not wanted, for its number.
    On on = On::none;
    Producer producer{};     ///< while it is wanted
    Links links, in_domain;  ///< on that list; on the list of all records of the domain
    Instant kept_until{};
  };

  explicit OwnLsas(Core& core) : core_(core), index_(0, KeyHash{core.salt}) {}

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
  /// What the producer wants in the domain, in the order in which it came to want it.
  [[nodiscard]] std::vector<std::uint32_t> wanted_by(Producer producer, std::uint32_t domain) const;

  /// It is not wanted any more: kept until MaxAge from now, the oldest of too many is not.
  void keep(std::uint32_t index);
  /// The producer wants it.
  void want(std::uint32_t index, Producer producer);
  /// It is about to be wanted.
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
    footprint.held("origination.kept", kept_.count);
    std::size_t wanted = 0;
    for (const DomainLists& lists : domains_)
      for (const List& list : lists.wanted) wanted += list.count;
    footprint.held("origination.wanted", wanted);
    footprint.room("origination.slots", records_.size());
  }

 private:
  struct KeyHash {
    std::uint64_t salt;
    std::size_t operator()(const std::pair<std::uint32_t, LsaKey>& key) const {
      return static_cast<std::size_t>(hash_mix(hash_value(key.second, salt) + key.first));
    }
  };
  using Index = std::unordered_map<std::pair<std::uint32_t, LsaKey>, std::uint32_t, KeyHash>;

  /// A list through the records.
  struct List {
    std::uint32_t oldest = kNone, newest = kNone;
    std::size_t count = 0;
  };

  [[nodiscard]] List& list_of(const Record& record);
  void put_on(std::uint32_t index, On on);
  void take_off(std::uint32_t index);
  void link(List& list, Links Record::*which, std::uint32_t index);
  void unlink(List& list, Links Record::*which, std::uint32_t index);
  void tell_fight(const Record& record, const LsaHeader& header);

  Core& core_;
  std::vector<Record> records_;
  std::vector<std::uint32_t> free_;
  Index index_;
  List kept_;
  /// Of a domain.
  struct DomainLists {
    List all;
    std::array<List, kProducers> wanted;  ///< by producer
  };
  std::vector<DomainLists> domains_;
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
