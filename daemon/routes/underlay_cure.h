#pragma once
// The cure for routes that would carry tunnels' own packets into the tunnels: such routes stand in a table apart, and
// rules look that table up for all but the tunnels' datagrams. What is to be there follows from what the guard needs
// and from what devices, links and the kernel are; pure.
//
//   pref 5190  to 240.0.0.1 goto 5299          what the machine would do without what stands apart can be asked
//              fwmark M goto 5299              for each mark that a device has: it is its owner's, and used
//   pref 5191  not iif lo ipproto udp goto 5194          what is forwarded, or no UDP, passes over the rest of these
//   pref 5192  iif lo ipproto udp sport PORT goto 5299   for the listen-port of each device
//   pref 5193  to ENDPOINT iif lo ipproto udp goto 5299  for the endpoint of each peer
//   pref 5194  nop
//   pref 5195  from ADDRESS lookup main        for each address of an uplink: replies leave the way they came
//   pref 5200+ lookup main suppress_prefixlength L         for each length L that stands apart, the longest first:
//              lookup APART suppress_prefixlength L-1      longer prefixes of main come before it
//   pref 5299  nop
//
// A datagram is known by the port that it leaves by, and by the endpoint that it goes to: one suffices. So nothing is
// written to a device, and whoever changes its mark (`wg syncconf` does), its port, or an endpoint lets nothing loop
// in the time until that is read. An endpoint that nobody has proven to be there has no rule: whoever sends on a
// peer's first message from an address of his choice would else have this machine's other UDP to that address pass by
// the tunnel.
//
// Order: rules, then routes; the other way round where the cure is taken back. What is not needed any more stays for a
// minute, so that what comes and goes does not make it come and go.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "net/links.h"
#include "rib/policy_rule.h"
#include "wgadapter/endpoint_proofs.h"
#include "wgadapter/underlay.h"

namespace wgospf::daemon {

/// Endpoints that have a rule; each UDP packet that this machine sends passes by all of them.
inline constexpr std::size_t kMostEndpoints = 256;

/// What rules are made of.
struct CureNeeds {
  std::set<std::uint8_t> lengths{};
  std::set<Ipv4Address> uplink_addresses{};
  std::set<std::uint32_t> marks{};
  std::set<std::uint16_t> ports{};
  std::set<Ipv4Address> endpoints{};
  bool operator==(const CureNeeds&) const = default;
};
/// In the order of their priorities; none without lengths.
[[nodiscard]] std::vector<rib::PolicyRule> cure_rules(const CureNeeds& needs);
/// A rule of ours as a reading of the kernel has it.
[[nodiscard]] wg::RoutingRule as_read(const rib::PolicyRule& ours);
/// Whether both rules for prefixes of this length are among those that the kernel has.
[[nodiscard]] bool is_in_force(std::uint8_t length, const std::vector<wg::RoutingRule>& rules);
/// Somebody else's rule that is asked after ours would be: ours would change what it is for (several uplinks, another
/// VPN). Nothing is put apart then.
[[nodiscard]] std::optional<wg::RoutingRule> rule_in_the_way(const std::vector<wg::RoutingRule>& rules);
/// The IPv4 addresses of interfaces that OSPF does not run on, or that carry tunnels' datagrams: nobody behind a
/// tunnel knows a way to these. Of very many, 64, with those that carry first.
[[nodiscard]] std::set<Ipv4Address> uplink_addresses(const Inventory& inventory, const wg::Underlay& underlay,
                                                     const std::set<std::uint32_t>& ospf_interfaces);

class UnderlayCure {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using UnderlayPtr = std::shared_ptr<const wg::Underlay>;
  /// What is not needed any more stays so long.
  static constexpr std::chrono::seconds kLinger{60};

  /// Interfaces that OSPF runs on, passive ones included.
  void set_ospf_interfaces(std::set<std::uint32_t> ifindexes) { ospf_interfaces_ = std::move(ifindexes); }
  /// A former run's rules are not needed any more, but for what this one needs.
  void claim() { is_claimed_ = true; }
  /// Nothing is needed from now on.
  void give_back();

  /// A device was read; null: there is none now. Only proven endpoints (wgadapter/endpoint_proofs.h) have rules.
  void read(const std::string& name, const wg::Device* device) { proofs_.take(name, device); }
  void renewed(const std::string& name, const wg::Key& peer) { proofs_.renewed(name, peer); }

  /// How far the cure is in place by what was read; `is_wanted`, and what stands in the kernel, are the caller's.
  [[nodiscard]] wg::Cure state(const wg::Underlay& underlay) const;
  /// What the guard has decided needs these.
  void need(std::set<std::uint8_t> lengths, std::set<std::string> in_need, Time now);
  /// At once, where a rule of others is in the way.
  void need_nothing() {
    lengths_.clear();
    in_need_.clear();
  }

  /// Rules to be handed to the kernel's thread, when they are others than before.
  [[nodiscard]] std::optional<rib::WantedRules> take_rules(const Inventory& inventory,
                                                           const wg::Underlay& underlay);
  /// The rules are as they were wanted with this ticket; or they are not, and why.
  void rules_stand(std::uint64_t ticket, const std::string& error);

  [[nodiscard]] bool is_claimed() const { return is_claimed_; }
  [[nodiscard]] bool rules_were_wanted() const { return ticket_ != 0; }
  [[nodiscard]] bool is_needed() const { return !needs_.lengths.empty(); }
  /// Given back: nothing of it is in the kernel, as far as is known.
  [[nodiscard]] bool is_gone() const { return rules_.empty() && are_rules_there(); }
  /// Why rules are not as they should be; empty when they are, or on their way.
  [[nodiscard]] const std::string& problem() const { return rules_error_; }
  [[nodiscard]] const std::vector<rib::PolicyRule>& rules() const { return rules_; }
  [[nodiscard]] bool are_rules_there() const { return acknowledged_ == ticket_ && rules_error_.empty(); }

 private:
  [[nodiscard]] bool must_be_known(const wg::Device& device) const;
  void add_signs(const wg::Underlay& underlay, CureNeeds& needs) const;

  wg::EndpointProofs proofs_;
  std::set<std::uint32_t> ospf_interfaces_;
  std::map<std::uint8_t, Time> lengths_;  ///< when each was needed last
  std::set<std::string> in_need_;
  CureNeeds needs_;
  bool is_claimed_ = false;
  bool was_claimed_ = false;  ///< as last handed over
  std::vector<rib::PolicyRule> rules_;
  std::uint64_t ticket_ = 0;  ///< of rules_; 0: none have been handed over
  std::uint64_t acknowledged_ = 0;
  std::string rules_error_;
};

}  // namespace wgospf::daemon
