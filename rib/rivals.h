#pragma once
// Other routes of our table that come before ours: those of a lower metric, which the kernel uses in place of
// ours, and those of the same metric that stand first. Pure.
//
// The kernel tells of every route that comes, and of most that go: those that leave with their link, address
// or next hop go without a word. So what may have done that asks for a reading of the table, whose result
// replaces what is known.

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "rib/message.h"
#include "rib/reconciler.h"

namespace wgospf::rib {

class RivalRoutes {
 public:
  explicit RivalRoutes(RouteContext context) : context_(context) {}

  /// A notification of a route that is not ours. `has_ours`: one of ours stands in the slot.
  void heard(const RouteMessage& message, bool has_ours);

  /// A reading of the whole table, family by family, in the kernel's order, ours included. `begin_reading`
  /// may come again when the kernel has the reading begun anew; `end_reading` makes it what is known.
  void begin_reading(Family family);
  void read(const RouteMessage& message);
  void end_reading();
  /// What was heard did not tell enough.
  [[nodiscard]] bool wants_reading() const { return wants_reading_; }

  [[nodiscard]] bool empty() const { return routes_.empty(); }
  /// Whether the kernel may treat a route of this link otherwise when the link changes.
  [[nodiscard]] bool uses_link(std::uint32_t ifindex) const;

  /// Prefixes whose answer may have changed since the last call.
  [[nodiscard]] std::set<IpPrefix> take_changed() { return std::exchange(changed_, {}); }
  [[nodiscard]] std::optional<Rivals> of(const IpPrefix& prefix) const;

 private:
  struct Entry {
    Holder holder{};
    bool is_first = false;  // stands before ours in our slot
    bool operator==(const Entry&) const = default;
  };
  using Routes = std::unordered_multimap<IpPrefix, Entry>;

  [[nodiscard]] bool matters(const RouteMessage& message) const;
  [[nodiscard]] static Holder holder_of(const RouteMessage& message);
  [[nodiscard]] static std::uint64_t digest_of(const Routes& routes, const IpPrefix& prefix);
  void removed(const RouteMessage& message);
  void replaced(const RouteMessage& message);

  RouteContext context_;
  Routes routes_;
  Routes reading_;
  std::optional<IpPrefix> last_ours_{};  // of the reading
  std::set<IpPrefix> changed_;
  bool wants_reading_ = false;
};

}  // namespace wgospf::rib
