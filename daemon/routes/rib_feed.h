#pragma once
// From the core's route changes to rib's batches, and rib's reports back to "where stands this route". Pure.
//
// The core names next hops by link, the kernel by ifindex: a set is resolved with the facts of its links, and
// resolved again whenever these change (an interface created anew has another ifindex). Routes whose set
// leads over an unnumbered link carry that link's source address as the preferred one; since a set can change
// without its prefixes being mentioned, a set whose source changes has its prefixes submitted again.
//
// A batch carries a ticket of the feed's own, not the generation of a calculation: what is resolved again
// belongs to none, and is to be waited for all the same.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/router_view.h"
#include "daemon/routes/desired_routes.h"
#include "rib/desired.h"
#include "rib/report.h"

namespace wgospf::daemon {

/// What a link is to the RIB at this moment.
struct RibLink {
  rib::LinkFacts facts{};
  std::optional<Ipv4Address> source{};  ///< of an unnumbered link
};

class RibFeed {
 public:
  /// nullopt: the link does not exist now; next hops over it are left out.
  using Resolver = std::function<std::optional<RibLink>(ospf::LinkId)>;
  /// Is the prefix kept from the kernel although it is desired?
  using IsHeld = std::function<bool(const Ipv4Prefix&)>;
  /// At which gate does the set, or a prefix for itself, wait, if at any?
  struct Gates {
    std::function<std::optional<rib::Gate>(ospf::SetId)> of_set;
    std::function<std::optional<rib::Gate>(const Ipv4Prefix&)> of_prefix;
  };

  /// `desired` is as after the changes that were applied here, and outlives the feed.
  RibFeed(Resolver resolve, const DesiredRoutes& desired) : resolve_(std::move(resolve)), desired_(desired) {}

  void apply(const ospf::RouteChange<V2>& change);
  /// The facts of links may have changed: sets over them are resolved again.
  void links_changed(const std::vector<ospf::LinkId>& links);
  /// The set is in the next batch, for it waits at a gate from now on.
  void submit_set(ospf::SetId set);
  /// What has come together since the last call; nullopt when nothing has, unless a ticket is wanted for what
  /// was given to the kernel before.
  [[nodiscard]] std::optional<rib::Batch> take(const IsHeld& is_held, const Gates& gates = {},
                                               bool is_ticket_wanted = false);

  /// Something has come together.
  [[nodiscard]] bool has_changes() const { return !batch_.changes.empty() || !sources_changed_.empty(); }

  /// The generation up to which everything is acknowledged with this report, if that is news.
  std::optional<std::uint64_t> acknowledged(std::uint64_t ticket);
  void stands(const rib::RouteStands& report);
  void failed(const rib::Failed& report);
  void recovered(const rib::Recovered& report);

  /// The members of a set; none of one that is gone.
  [[nodiscard]] std::vector<ospf::NextHop> next_hops(ospf::SetId set) const;

  [[nodiscard]] std::uint64_t acknowledged_generation() const { return acknowledged_generation_; }
  /// Nothing has been submitted, or waits to be, that is not acknowledged.
  [[nodiscard]] bool is_acknowledged() const {
    return batch_.changes.empty() && sources_changed_.empty() && acknowledged_ == submitted_;
  }
  /// Subject in words -> what the kernel said; the first `limit` of failure_count(), which may be many.
  [[nodiscard]] std::map<std::string, std::string> failures(std::size_t limit) const;
  [[nodiscard]] std::size_t failure_count() const { return failures_.size(); }
  /// Where a route stands; of one that is missing or hidden the standing, to be put in words.
  struct State {
    RouteKernelState state{};
    std::optional<rib::RouteStands> stands{};
  };
  [[nodiscard]] State state(const ospf::Route<V2>& route) const;

 private:
  struct Set {
    std::vector<ospf::NextHop> next_hops;
    std::vector<rib::Member> members;
    std::optional<Ipv4Address> source;
    std::uint64_t ticket = 0;  ///< of the batch with its last change
  };
  void apply(const ospf::SetChanged& change);
  void apply(const ospf::SetGone& change);
  void apply(const ospf::PrefixChanged<V2>& change);
  void apply(const ospf::PrefixGone<V2>& change);
  void resolve(ospf::SetId id, Set& set);
  void name_gates(const Gates& gates);
  void submit_again(const std::set<ospf::SetId>& sets, const IsHeld& is_held);
  [[nodiscard]] rib::PrefixChanged prefix_change(const ospf::Route<V2>& route) const;
  [[nodiscard]] const std::string* failure_of(const ospf::Route<V2>& route) const;

  Resolver resolve_;
  const DesiredRoutes& desired_;
  rib::Batch batch_;
  std::uint64_t generation_ = 0;
  std::unordered_map<ospf::SetId, Set> sets_;
  std::set<ospf::SetId> sources_changed_;
  std::uint64_t submitted_ = 0;     ///< the last ticket
  std::uint64_t acknowledged_ = 0;  ///< tickets
  std::uint64_t acknowledged_generation_ = 0;
  std::deque<std::pair<std::uint64_t, std::uint64_t>>
      generations_;                                        ///< ticket, generation of the calculation
  std::unordered_map<Ipv4Prefix, std::uint64_t> pending_;  ///< prefix -> ticket of its last change
  std::deque<std::pair<std::uint64_t, Ipv4Prefix>> pending_order_;
  std::unordered_map<Ipv4Prefix, rib::RouteStands> standings_;  ///< other than "as wanted"
  std::map<rib::Subject, std::string> failures_;
};

}  // namespace wgospf::daemon
