#pragma once
// Self-originated LSAs (RFC 2328 sections 12.4, 12.1.6, 13.4, 14.1): what this router wants in the database,
// and when a new instance may go out.
//
// Throttling deviates from the fixed MinLSInterval: the first change goes out at once; so does the second
// (flooding repeats it to neighbours that enforce MinLSArrival); from the third on instances are
// kOriginationSpacing apart, doubling up to MinLSInterval, until MinLSInterval and twice the present spacing
// passed without one. A withdrawal and what follows it count as one burst; refreshes do not add up to one.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "ospf/core.h"
#include "ospf/flooding.h"

namespace wgospf::ospf {

template <class V>
class Origination {
 public:
  Origination(Core<V>& core, Flooding<V>& flooding) : core_(core), flooding_(flooding) {}

  /// From now on the database shall hold `lsa` (its sequence number is ours to choose). No change: no
  /// instance.
  void want(std::uint32_t domain, Lsa<V> lsa);
  /// The LSA is not wanted any more: flushed if it is in the database.
  void unwant(std::uint32_t domain, const LsaKey<V>& key);
  void unwant_all(std::optional<std::uint32_t> domain = std::nullopt);
  /// The whole domain is gone; nothing is flushed.
  void forget_domain(std::uint32_t domain);

  /// Section 13.4: a newer instance of ours came in and is installed.
  void received(LsaRef ref);
  void refresh(LsaRef ref);
  /// An LSA left the database; a wrapped sequence number starts anew (section 12.1.6).
  void removed(std::uint32_t domain, const LsaKey<V>& key);
  /// Timer of a throttled origination, or of a record that is kept for its throttle only.
  void due(std::uint32_t record);
  void measure(Footprint& footprint) const {
    footprint.held("origination.records", records_.size() - free_.size());
    footprint.held("origination.by-key", index_.size());
    footprint.room("origination.slots", records_.size());
  }

 private:
  struct Record {
    std::uint32_t domain = 0;
    LsaKey<V> key;
    Lsa<V> wanted;  ///< empty: not wanted
    std::optional<Instant> last;
    std::uint8_t recent = 0;  ///< instances in the present burst
  };
  struct KeyHash {
    std::size_t operator()(const std::pair<std::uint32_t, LsaKey<V>>& key) const {
      return static_cast<std::size_t>(hash_mix(hash_value(key.second) + key.first));
    }
  };
  using Index = std::unordered_map<std::pair<std::uint32_t, LsaKey<V>>, std::uint32_t, KeyHash>;

  std::uint32_t record_of(std::uint32_t domain, const LsaKey<V>& key);
  [[nodiscard]] static Instant rests_at(const Record& record);
  [[nodiscard]] bool is_rested(const Record& record) const;
  void originate_when_allowed(std::uint32_t index);
  void originate(std::uint32_t index);
  [[nodiscard]] static Duration spacing(unsigned recent);

  Core<V>& core_;
  Flooding<V>& flooding_;
  std::vector<Record> records_;
  std::vector<std::uint32_t> free_;
  Index index_;
};

}  // namespace wgospf::ospf
