#include "rib/rule_keeper.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <tuple>
#include <utility>

#include "rib/operation.h"

namespace wgospf::rib {

namespace {

/// What others undo is put back at once, but not more often than this.
constexpr std::chrono::seconds kBetweenRepairs{1};
/// What the kernel refuses is tried again after this time.
constexpr std::chrono::seconds kRetry{5};

std::vector<PolicyRule> in_order_of_addition(const std::set<PolicyRule>& rules) {
  std::vector<PolicyRule> result(rules.begin(), rules.end());
  const auto key = [](const PolicyRule& rule) {
    return std::tuple(rule.action != PolicyRule::Action::nothing, rule.priority);
  };
  std::stable_sort(result.begin(), result.end(),
                   [&](const PolicyRule& one, const PolicyRule& other) { return key(one) < key(other); });
  return result;
}

std::set<PolicyRule> without(const std::set<PolicyRule>& rules, const std::set<PolicyRule>& others) {
  std::set<PolicyRule> result;
  std::set_difference(rules.begin(), rules.end(), others.begin(), others.end(),
                      std::inserter(result, result.end()));
  return result;
}

std::string hex(std::uint32_t number) {
  char text[16];
  const int length = std::snprintf(text, sizeof(text), "0x%x", number);
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace

std::string to_string(const PolicyRule& rule) {
  std::string text = "pref " + std::to_string(rule.priority);
  if (rule.inverted) text += " not";
  if (rule.source) text += " from " + rule.source->to_string();
  if (rule.destination) text += " to " + rule.destination->to_string();
  if (rule.is_local_udp) text += " iif lo ipproto udp";
  if (rule.source_port != 0) text += " sport " + std::to_string(rule.source_port);
  if (rule.mask != 0) text += " fwmark " + hex(rule.mark);
  if (rule.mask != 0 && rule.mask != 0xffffffff) text += "/" + hex(rule.mask);
  if (rule.action == PolicyRule::Action::nothing) return text + " nop";
  if (rule.action == PolicyRule::Action::jump) return text + " goto " + std::to_string(rule.target);
  text += " lookup " + (rule.table == 254 ? std::string("main") : std::to_string(rule.table));
  if (rule.suppress_prefix_length)
    text += " suppress_prefixlength " + std::to_string(*rule.suppress_prefix_length);
  return text;
}

void RuleKeeper::want(WantedRules wanted, Instant now) {
  wanted_ = std::move(wanted);
  is_anything_wanted_ = true;
  sooner(due_, now);
}

void RuleKeeper::heard(const RuleMessage& message, Instant now) {
  if (!is_anything_wanted_ || message.protocol != kProtocol) return;
  sooner(due_, std::max(now, repaired_ + kBetweenRepairs));
}

void RuleKeeper::look_again(Instant now) {
  if (is_anything_wanted_) sooner(due_, now);
}

void RuleKeeper::work(RouteSocket& socket, Instant now, Reports& reports) {
  if (!due_ || now < *due_) return;
  due_.reset();
  const auto error = bring_in_order(socket, reports);
  repaired_ = now;
  if (error) sooner(due_, now + kRetry);
  const std::string text = error ? error->text : std::string();
  if (wanted_.ticket == told_ticket_ && text == told_error_) return;
  told_ticket_ = wanted_.ticket;
  told_error_ = text;
  reports.emplace_back(RulesStand{wanted_.ticket, text});
}

std::optional<Error> RuleKeeper::bring_in_order(RouteSocket& socket, Reports& reports) {
  auto found = socket.dump([](MessageBuffer& buffer) { encode_rule_dump(buffer, Family::ipv4); });
  if (!found) return found.error();
  std::set<PolicyRule> there;
  for (const Message& message : found.value())
    if (const auto* rule = std::get_if<RuleMessage>(&message); rule != nullptr && rule->protocol == kProtocol)
      there.insert(rule->rule);
  const std::set<PolicyRule> wanted(wanted_.rules.begin(), wanted_.rules.end());
  if (const auto lost = without(known_, there); !lost.empty())
    reports.emplace_back(Drift{lost.size(), "rule " + to_string(*lost.begin()), {}});
  known_ = there;
  for (const PolicyRule& rule : in_order_of_addition(without(wanted, there))) {
    const auto error = socket.change(rule, RuleChange::add);
    if (error && error->system_error != EEXIST)
      return Error{error->system_error,
                   "the kernel refuses the rule \"" + to_string(rule) + "\": " + error->text};
    known_.insert(rule);
  }
  if (!wanted_.is_claimed) return std::nullopt;
  auto extra = in_order_of_addition(without(there, wanted));
  std::reverse(extra.begin(), extra.end());
  for (const PolicyRule& rule : extra) {
    const auto error = socket.change(rule, RuleChange::remove);
    if (error && error->system_error != ENOENT)
      return Error{error->system_error,
                   "the kernel does not remove the rule \"" + to_string(rule) + "\": " + error->text};
    known_.erase(rule);
  }
  return std::nullopt;
}

}  // namespace wgospf::rib
