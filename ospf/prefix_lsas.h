#pragma once
// LSAs of ours that say one prefix each: of one type, in one database, by one producer. Each has a Link State ID
// by the version's rule (RFC 2328 appendix E).

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "ospf/core.h"
#include "ospf/external_ids.h"
#include "ospf/origination.h"

namespace wgospf::ospf {

template <class Contents>
class PrefixLsas {
 public:
  struct Of {
    Producer producer{};
    LsaType type{};
    std::uint32_t domain = 0;
  };
  using Make = std::function<OwnLsa(const LsaKey& key, const IpPrefix& prefix, const Contents& contents)>;

  PrefixLsas(Core& core, Origination& origination, Of of, Make make)
      : core_(core),
        origination_(origination),
        of_(of),
        make_(std::move(make)),
        ids_(core.version.external_ids()) {}

  /// To be said from now on; what says the same as before is left as it is.
  void set(const IpPrefix& prefix, Contents contents) {
    wanted_.insert_or_assign(prefix, std::move(contents));
    originate(prefix);
  }
  /// Call use_free_ids() after the last of several.
  void remove(const IpPrefix& prefix) {
    if (wanted_.erase(prefix) == 0) return;
    without_id_.erase(prefix);
    if (const auto id = ids_->release(prefix)) origination_.unwant(of_.domain, key(*id));
  }
  /// Prefixes that found no Link State ID try again.
  void use_free_ids() {
    if (without_id_.empty()) return;
    for (const IpPrefix& prefix : std::set(without_id_)) originate(prefix);
  }
  /// The instance originates from now on.
  void originate_all() {
    for (const auto& [prefix, contents] : wanted_) originate(prefix);
  }
  [[nodiscard]] const std::map<IpPrefix, Contents>& wanted() const { return wanted_; }
  [[nodiscard]] bool empty() const { return wanted_.empty(); }
  [[nodiscard]] std::uint32_t domain() const { return of_.domain; }
  void measure(Footprint& footprint) const {
    footprint.held("prefix-lsas", wanted_.size());
    footprint.held("prefix-lsas.without-id", without_id_.size());
    ids_->measure(footprint);
  }

 private:
  [[nodiscard]] LsaKey key(LinkStateId id) const { return {of_.type, id, core_.config.router_id}; }
  void originate(const IpPrefix& prefix) {
    if (core_.is_leaving()) return;
    const auto assigned = ids_->assign(prefix);
    if (!assigned.id) {
      if (without_id_.insert(prefix).second) core_.event(NoLinkStateId{prefix});
      return;
    }
    without_id_.erase(prefix);
    if (core_.phase == Phase::running)
      origination_.want(of_.producer, of_.domain, make_(key(*assigned.id), prefix, wanted_.at(prefix)));
    if (assigned.displaced) originate(*assigned.displaced);
  }

  Core& core_;
  Origination& origination_;
  Of of_;
  Make make_;
  std::map<IpPrefix, Contents> wanted_;
  std::unique_ptr<ExternalIds> ids_;
  std::set<IpPrefix> without_id_;  ///< of these; not advertised
};

}  // namespace wgospf::ospf
