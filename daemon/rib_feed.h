#pragma once
// From the core's route changes to rib's batches, and rib's reports back to "where stands this route". Pure.
//
// The core names next hops by link, the kernel by ifindex: a set is resolved with the facts of its links, and
// resolved again whenever these change (an interface created anew has another ifindex). Routes whose set
// leads over an unnumbered link carry that link's source address as the preferred one; since a set can change
// without its prefixes being mentioned, a set whose source changes has its prefixes submitted again.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "daemon/router_view.h"
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
  using TableReader = std::function<std::shared_ptr<const ospf::RouteTable<V2>>()>;

  RibFeed(Resolver resolve, TableReader table) : resolve_(std::move(resolve)), table_(std::move(table)) {}

  void apply(const ospf::RouteChange<V2>& change);
  /// The facts of a link may have changed: sets over it are resolved again.
  void link_changed(ospf::LinkId link);
  /// What has come together since the last call; nullopt when nothing has.
  [[nodiscard]] std::optional<rib::Batch> take();

  void acknowledged(std::uint64_t generation);
  void failed(const rib::Failed& report);
  void recovered(const rib::Recovered& report);

  /// The members of a set; none of one that is gone.
  [[nodiscard]] std::vector<ospf::NextHop<V2>> next_hops(ospf::SetId set) const;

  [[nodiscard]] std::uint64_t acknowledged_generation() const { return acknowledged_; }
  /// Subject in words -> what the kernel said; the first `limit` of failure_count(), which may be many.
  [[nodiscard]] std::map<std::string, std::string> failures(std::size_t limit) const;
  [[nodiscard]] std::size_t failure_count() const { return failures_.size(); }
  [[nodiscard]] RouteKernelState state(const ospf::Route<V2>& route) const;

 private:
  struct Set {
    std::vector<ospf::NextHop<V2>> next_hops;
    std::vector<rib::Member> members;
    std::optional<Ipv4Address> source;
    std::uint64_t generation = 0;  ///< of its last change
  };
  void apply(const ospf::SetChanged<V2>& change);
  void apply(const ospf::SetGone& change);
  void apply(const ospf::PrefixChanged<V2>& change);
  void apply(const ospf::PrefixGone<V2>& change);
  void resolve(ospf::SetId id, Set& set);
  void submit_again(const std::set<ospf::SetId>& sets);
  [[nodiscard]] rib::PrefixChanged prefix_change(const ospf::Route<V2>& route) const;
  [[nodiscard]] const std::string* failure_of(const ospf::Route<V2>& route) const;

  Resolver resolve_;
  TableReader table_;
  rib::Batch batch_;
  std::uint64_t generation_ = 0;
  std::unordered_map<ospf::SetId, Set> sets_;
  std::set<ospf::SetId> sources_changed_;
  std::uint64_t acknowledged_ = 0;
  std::unordered_map<Ipv4Prefix, std::uint64_t> pending_;  ///< prefix -> generation of its last change
  std::deque<std::pair<std::uint64_t, Ipv4Prefix>> pending_order_;
  std::map<rib::Subject, std::string> failures_;
};

}  // namespace wgospf::daemon
