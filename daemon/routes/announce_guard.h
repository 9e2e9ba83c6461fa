#pragma once
// Stands first between the protocol's route changes and the kernel's feed, and withholds what a router announces
// although it may not. Pure.
//
// What may be said is announce_rules.h's. It is held against whose word the route is: the LSAs that say the prefix over
// a path as good as the best. A prefix that one of them may not say is withheld as a whole. The other routers follow
// the LSA all the same, so to send to somebody else than they do could send packets round; to send to nobody cannot.
//
// A change of a prefix is looked at when it comes; when a set comes to lead over other links, its prefixes are at the
// end of the turn. Whose word a prefix is may change without one (a second router says the same at the same cost): so
// all routes are looked at again in turn, some at a time, and all at once when what may be said has changed.

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/routes/announce_rules.h"
#include "daemon/routes/desired_routes.h"
#include "ospf/route/route.h"
#include "ospf/v2/v2.h"

namespace wgospf::daemon {

class AnnounceGuard {
 public:
  using V2 = ospf::V2;
  using Change = ospf::RouteChange<V2>;
  using Table = std::shared_ptr<const ospf::RouteTable<V2>>;
  using Origins = AnnounceJudge::Origins;

  /// `origins`: whose word a route is, as of the changes that are passed on. `desired` is as after what was given to
  /// those behind, and outlives the guard.
  AnnounceGuard(Origins origins, const DesiredRoutes& desired)
      : origins_(std::move(origins)), desired_(desired) {}

  /// All routes are to be looked at again when they have changed; `table` is as of the last change that was passed
  /// on.
  void set_rules(AnnounceRules rules, const Table& table);
  void set_networks(ConnectedNetworks networks, const Table& table);
  [[nodiscard]] const AnnounceRules& rules() const { return judge_.rules(); }
  [[nodiscard]] const ConnectedNetworks& networks() const { return judge_.networks(); }
  /// Whose word a route is matters, so that all are to be looked at again from time to time.
  [[nodiscard]] bool needs_sweeps() const;
  /// The change as those behind are to have it.
  [[nodiscard]] Change pass(const Change& change);
  /// Some set leads over other links than before, or addresses are somebody else's.
  [[nodiscard]] bool is_due() const { return !dirty_sets_.empty() || !dirty_.empty(); }
  /// At the end of a turn, where it is due: what is to be told to those behind in addition.
  [[nodiscard]] std::vector<Change> settle();
  /// Begins to look at all routes again, unless that is under way.
  void begin_sweep(const Table& table);
  [[nodiscard]] bool is_sweeping() const { return sweep_ != nullptr; }
  /// The policies have changed since all were looked at: it is not to be put off.
  [[nodiscard]] bool is_urgent() const { return is_urgent_ && is_sweeping(); }
  /// Looks at up to `limit` of them; what is to be told to those behind in addition.
  [[nodiscard]] std::vector<Change> sweep(std::size_t limit);

  /// Whether the router of `origin` would be believed if the prefix were its word, and led over `links`.
  [[nodiscard]] bool believes(const Ipv4Prefix& prefix, const ospf::PrefixOrigin& origin,
                              const std::vector<ospf::LinkId>& links) const;
  /// Whether it matters over which links a prefix leads.
  [[nodiscard]] bool has_doors() const { return !judge_.rules().of_links.empty(); }

  /// nullptr when the prefix is not withheld.
  [[nodiscard]] const Withheld* find(const Ipv4Prefix& prefix) const;
  [[nodiscard]] std::size_t withheld_count() const { return withheld_.size(); }
  /// Whether what is withheld, or why, has changed since the last call.
  [[nodiscard]] bool take_changed() { return std::exchange(is_changed_, false); }
  /// For each reason and who gives it one line with the first few prefixes, by subject_of().
  [[nodiscard]] std::map<std::string, std::string> describe() const;

 private:
  struct Entry {
    ospf::Route<V2> route{};
    Withheld why{};
  };
  [[nodiscard]] std::optional<Withheld> judge(const ospf::Route<V2>& route) const;
  [[nodiscard]] std::vector<ospf::LinkId> doors_of(const std::vector<ospf::LinkId>& links) const;
  void take(const ospf::SetChanged& set);
  void sweep_all(const Table& table);
  void look_again_around(const Ipv4Address& address);
  void look_again(const Ipv4Prefix& prefix, std::vector<Change>& changes);
  void withhold(const ospf::Route<V2>& route, Withheld why);
  void release(const Ipv4Prefix& prefix);

  Origins origins_;
  const DesiredRoutes& desired_;
  AnnounceJudge judge_;
  std::unordered_map<ospf::SetId, std::vector<ospf::LinkId>> sets_;  ///< the links that they lead over
  std::set<ospf::SetId> dirty_sets_;
  std::set<Ipv4Prefix> dirty_;
  std::map<Ipv4Prefix, Entry> withheld_;
  ospf::Generation generation_{};
  Table sweep_;
  std::size_t position_ = 0;  ///< in sweep_
  bool is_urgent_ = false;
  bool is_changed_ = false;
};

}  // namespace wgospf::daemon
