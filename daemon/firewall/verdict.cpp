#include "daemon/firewall/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "daemon/firewall/iptables_save.h"

namespace wgospf::daemon::firewall {
namespace {

/// What may become of a packet in a chain or a rule, as bits.
using Outcomes = std::uint8_t;
constexpr Outcomes kAccept = 1, kDrop = 2, kLeave = 4, kGoOn = 8;

/// Before the routing decision nothing is known of the interface that the packet leaves by.
enum class Stage : std::uint8_t { before, routed };

enum class Truth : std::uint8_t { no, maybe, yes };

Truth any_of(Truth one, Truth other) {
  return std::max(one, other);
}

Truth no_longer(Truth truth) {
  if (truth == Truth::maybe) return truth;
  return truth == Truth::yes ? Truth::no : Truth::yes;
}

/// nft's names of interfaces: one that ends with "*" stands for all that begin so.
Truth is_named(const std::string& name, const Element& element) {
  if (element.kind != Element::Kind::text) return Truth::maybe;
  const bool is_pattern = element.text.ends_with('*');
  const std::string_view text =
      std::string_view(element.text).substr(0, element.text.size() - (is_pattern ? 1 : 0));
  const bool is_so = is_pattern ? name.starts_with(text) : name == text;
  return is_so ? Truth::yes : Truth::no;
}

Truth is_text(std::string_view text, const Element& element) {
  if (element.kind != Element::Kind::text) return Truth::maybe;
  return element.text == text ? Truth::yes : Truth::no;
}

Truth is_number(std::optional<std::uint64_t> number, const Element& element) {
  if (element.kind != Element::Kind::number || !number) return Truth::maybe;
  return element.first <= *number && *number <= element.last ? Truth::yes : Truth::no;
}

template <class Value>
std::optional<std::uint64_t> widened(const std::optional<Value>& value) {
  return value ? std::optional(std::uint64_t{*value}) : std::nullopt;
}

std::optional<std::uint64_t> widened(const std::optional<Ipv4Address>& address) {
  return address ? std::optional(std::uint64_t{address->value}) : std::nullopt;
}

Truth is_element(const Packet& packet, Stage stage, Key::Kind key, const Element& element) {
  using Kind = Key::Kind;
  const auto name = [&](const std::optional<std::string>& interface, bool is_any) {
    if (!is_any) return is_named({}, element);  // nft has "" there
    return interface ? is_named(*interface, element) : Truth::maybe;
  };
  switch (key) {
    case Kind::in_name:
      return name(packet.in, packet.way != Packet::Way::out);
    case Kind::out_name:
      return name(packet.out, packet.way != Packet::Way::in && stage == Stage::routed);
    case Kind::protocol:
      return is_number(widened(packet.protocol), element);
    case Kind::family:
      return any_of(is_text("ipv4", element), is_text("ip", element));
    case Kind::connection_state:
      return is_text(packet.connection_state, element);
    case Kind::connection_status: {
      const Truth is_translated = any_of(is_text("dnat", element), is_text("snat", element));
      return is_translated == Truth::yes ? Truth::no : Truth::maybe;  // nobody translates these packets
    }
    case Kind::source:
      return is_number(widened(packet.source), element);
    case Kind::destination:
      return is_number(widened(packet.destination), element);
    case Kind::destination_port:
      return is_number(widened(packet.destination_port), element);
    case Kind::destination_type:
      if (packet.way != Packet::Way::in || !packet.destination) return Truth::maybe;
      return is_text(packet.destination->is_multicast() ? "multicast" : "local", element);
    case Kind::other:
      break;
  }
  return Truth::maybe;
}

/// Whether the packet has what the key looks at: no condition on a TCP port holds for OSPF, whichever it is.
Truth has(const Packet& packet, const Key& key) {
  if (key.needs_ipv6) return Truth::no;
  if (key.needs_protocol == 0) return Truth::yes;
  if (!packet.protocol) return Truth::maybe;
  return *packet.protocol == key.needs_protocol ? Truth::yes : Truth::no;
}

Truth holds(const Packet& packet, Stage stage, const Match& match) {
  const Truth present = has(packet, match.key);
  if (present == Truth::no) return Truth::no;
  Truth truth = Truth::no;
  if (match.elements == nullptr || match.operation == Match::Operation::other) {
    truth = Truth::maybe;
  } else {
    for (const auto& element : *match.elements)
      truth = any_of(truth, is_element(packet, stage, match.key.kind, element));
    if (match.operation == Match::Operation::not_equal) truth = no_longer(truth);
  }
  return std::min(truth, present == Truth::maybe ? Truth::maybe : Truth::yes);
}

/// Of iptables' targets those that end a packet's way, and those that do not; of others that is not known.
Outcomes outcome_of_target(const std::string& name) {
  constexpr std::array kGoOnTargets{"LOG", "NFLOG", "TCPMSS",   "MARK",     "CONNMARK", "CT",
                                    "TOS", "DSCP",  "CLASSIFY", "CHECKSUM", "SET",      "TRACE"};
  if (name == "REJECT" || name == "DROP") return kDrop;
  return std::find(kGoOnTargets.begin(), kGoOnTargets.end(), name) != kGoOnTargets.end() ? kGoOn
                                                                                         : kDrop | kGoOn;
}

/// One packet's way through one ruleset.
class Walk {
 public:
  Walk(const Packet& packet, Stage stage, const Ruleset& ruleset)
      : packet_(packet), stage_(stage), ruleset_(ruleset) {}

  Outcomes base(const Chain& chain) {
    Outcomes outcomes = in_chain(chain, 0);
    if ((outcomes & kLeave) != 0) {
      outcomes = static_cast<Outcomes>(outcomes & ~kLeave) | (chain.drops_by_policy ? kDrop : kAccept);
      if (chain.drops_by_policy) note(chain, "policy");
    }
    return outcomes;
  }
  /// Where it is dropped, or may be: the first place found.
  [[nodiscard]] const std::string& by() const { return by_; }

 private:
  /// More than any ruleset nests, and than the kernel takes.
  static constexpr int kDeepest = 16;

  void note(const Chain& chain, const std::string& what) {
    if (by_.empty())
      by_ = fmt::format("chain {} of table {} {} ({})", chain.name, chain.family, chain.table, what);
  }

  /// kLeave: it returns to where it was called from.
  Outcomes in_chain(const Chain& chain, int depth) {
    if (depth > kDeepest) return kAccept | kDrop | kLeave;
    const auto [known, is_new] = known_.try_emplace(&chain, Outcomes{kAccept | kDrop | kLeave});
    if (!is_new) return known->second;
    Outcomes outcomes = 0;
    bool goes_on = true;
    for (const auto& rule : chain.rules) {
      const Outcomes of_rule = in_rule(chain, rule, depth);
      outcomes |= of_rule & static_cast<Outcomes>(~kGoOn);
      goes_on = (of_rule & kGoOn) != 0;
      if (!goes_on) break;
    }
    if (goes_on) outcomes |= kLeave;
    known_[&chain] = outcomes;
    return outcomes;
  }

  Outcomes in_rule(const Chain& chain, const Rule& rule, int depth) {
    Outcomes outcomes = 0;
    bool is_sure = true;  // that all before has let it come here
    const std::string place =
        rule.comment.empty() ? fmt::format("rule {}", rule.handle) : fmt::format("rule \"{}\"", rule.comment);
    for (std::size_t i = 0; i < rule.statements.size(); ++i) {
      const Statement& statement = rule.statements[i];
      const bool is_last = i + 1 == rule.statements.size();
      Outcomes here = kGoOn;
      if (const auto* match = std::get_if<Match>(&statement)) {
        const Truth truth = holds(packet_, stage_, *match);
        if (truth == Truth::no) return outcomes | kGoOn;
        is_sure = is_sure && truth == Truth::yes;
        continue;
      }
      if (const auto* verdict = std::get_if<Verdict>(&statement)) {
        here = of_verdict(chain, *verdict, depth, place);
      } else if (const auto* map = std::get_if<VerdictMap>(&statement)) {
        here = in_map(chain, *map, depth, place);
      } else if (const auto* extension = std::get_if<Extension>(&statement);
                 extension != nullptr && is_last) {
        here = outcome_of_target(extension->name);
        if ((here & kDrop) != 0) note(chain, place);
      } else {
        is_sure = false;
        continue;
      }
      outcomes |= here & static_cast<Outcomes>(~kGoOn);
      if (!is_sure) continue;
      if ((here & kGoOn) == 0) return outcomes;
    }
    return outcomes | kGoOn;
  }

  Outcomes of_verdict(const Chain& chain, const Verdict& verdict, int depth, const std::string& place) {
    using Kind = Verdict::Kind;
    switch (verdict.kind) {
      case Kind::accept:
        return kAccept;
      case Kind::drop:
        note(chain, place);
        return kDrop;
      case Kind::leave:
        return kLeave;
      case Kind::proceed:
        return kGoOn;
      case Kind::jump:
      case Kind::go_to:
        break;
      case Kind::unknown:
        return kAccept | kDrop;
    }
    const auto target = ruleset_.chains.find(chain_key(chain.family, chain.table, verdict.target));
    if (target == ruleset_.chains.end()) return kAccept | kDrop | kGoOn;
    Outcomes outcomes = in_chain(target->second, depth + 1);
    if ((outcomes & kLeave) != 0 && verdict.kind == Kind::jump)
      outcomes = static_cast<Outcomes>(outcomes & ~kLeave) | kGoOn;
    return outcomes;
  }

  Outcomes in_map(const Chain& chain, const VerdictMap& map, int depth, const std::string& place) {
    const Truth present = has(packet_, map.key);
    if (present == Truth::no) return kGoOn;
    if (map.entries == nullptr) return kAccept | kDrop | kGoOn;
    Outcomes outcomes = 0;
    Truth found = Truth::no;
    for (const auto& [element, verdict] : *map.entries) {
      const Truth truth = is_element(packet_, stage_, map.key.kind, element);
      if (truth == Truth::no) continue;
      found = any_of(found, truth);
      outcomes |= of_verdict(chain, verdict, depth, place);
    }
    return found == Truth::yes && present == Truth::yes ? outcomes : outcomes | kGoOn;
  }

  const Packet& packet_;
  Stage stage_;
  const Ruleset& ruleset_;
  std::map<const Chain*, Outcomes> known_;
  std::string by_;
};

/// Whether a base chain sees IPv4 packets on this way.
bool is_on_way(const Chain& chain, const Packet& packet) {
  if (chain.family == "netdev" || chain.hook == "ingress")
    return packet.way != Packet::Way::out && chain.hook == "ingress" &&
           (chain.device.empty() || !packet.in || chain.device == *packet.in);
  if (chain.family != "ip" && chain.family != "inet" && chain.family != kOldIptables) return false;
  switch (packet.way) {
    case Packet::Way::in:
      return chain.hook == "prerouting" || chain.hook == "input";
    case Packet::Way::through:
      return chain.hook == "prerouting" || chain.hook == "forward" || chain.hook == "postrouting";
    case Packet::Way::out:
      return chain.hook == "output" || chain.hook == "postrouting";
  }
  return false;
}

}  // namespace

Fate fate_of(const Packet& packet, const Ruleset& ruleset) {
  Fate fate;
  for (const auto& [key, chain] : ruleset.chains) {
    if (!is_on_way(chain, packet)) continue;
    const bool is_routed = chain.hook != "prerouting" && chain.hook != "ingress";
    Walk walk(packet, is_routed ? Stage::routed : Stage::before, ruleset);
    Outcomes outcomes = walk.base(chain);
    // A chain of a device that nft does not tell may be another's.
    if (chain.hook == "ingress" && chain.device.empty()) outcomes |= kAccept;
    if (outcomes == kAccept) continue;
    fate.chains.push_back({chain.family, chain.table, chain.name});
    const auto kind = (outcomes & kAccept) == 0 ? Fate::Kind::dropped : Fate::Kind::unknown;
    if (fate.kind != Fate::Kind::passes && (fate.kind == kind || kind == Fate::Kind::unknown)) continue;
    fate.kind = kind;
    fate.by = walk.by();
  }
  return fate;
}

}  // namespace wgospf::daemon::firewall
