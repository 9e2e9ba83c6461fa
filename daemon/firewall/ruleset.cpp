#include "daemon/firewall/ruleset.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "net/ip.h"

namespace wgospf::daemon::firewall {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<std::string_view, std::uint8_t>, 18> kProtocols{{{"icmp", 1},
                                                                                {"igmp", 2},
                                                                                {"tcp", 6},
                                                                                {"udp", 17},
                                                                                {"dccp", 33},
                                                                                {"ipv6", 41},
                                                                                {"gre", 47},
                                                                                {"esp", 50},
                                                                                {"ah", 51},
                                                                                {"icmpv6", 58},
                                                                                {"ipv6-icmp", 58},
                                                                                {"ospf", 89},
                                                                                {"ospfigp", 89},
                                                                                {"comp", 108},
                                                                                {"vrrp", 112},
                                                                                {"l2tp", 115},
                                                                                {"sctp", 132},
                                                                                {"udplite", 136}}};

/// A member that is a text; "" when there is none.
std::string text_of(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

// Keys
// ---------------------------------------------------------------------------------------------------

Key key_of_meta(const std::string& name) {
  using Kind = Key::Kind;
  if (name == "iifname" || name == "iif") return {Kind::in_name};
  if (name == "oifname" || name == "oif") return {Kind::out_name};
  if (name == "l4proto") return {Kind::protocol};
  if (name == "nfproto" || name == "protocol") return {Kind::family};
  return {};
}

Key key_of_payload(const Json& payload) {
  using Kind = Key::Kind;
  const std::string protocol = text_of(payload, "protocol"), field = text_of(payload, "field");
  if (protocol == "ip") {
    if (field == "saddr") return {Kind::source};
    if (field == "daddr") return {Kind::destination};
    return {field == "protocol" ? Kind::protocol : Kind::other};
  }
  if (protocol == "ip6") return {Kind::other, 0, true};
  const auto kind = field == "dport" ? Kind::destination_port : Kind::other;
  if (protocol == "th") return {kind};
  return {kind, protocol_number(protocol).value_or(0)};
}

Key key_of(const Json& expression) {
  using Kind = Key::Kind;
  if (const auto* meta = member(expression, "meta")) return key_of_meta(text_of(*meta, "key"));
  if (const auto* ct = member(expression, "ct")) {
    const std::string key = text_of(*ct, "key");
    if (key == "state") return {Kind::connection_state};
    return {key == "status" ? Kind::connection_status : Kind::other};
  }
  if (const auto* payload = member(expression, "payload")) return key_of_payload(*payload);
  // Some bits of it: "tcp flags & (syn | ack) == syn".
  if (const auto* bits = member(expression, "&"); bits != nullptr && bits->is_array() && !bits->empty()) {
    Key key = key_of((*bits)[0]);
    key.kind = Kind::other;
    return key;
  }
  if (member(expression, "tcp option") != nullptr) return {Kind::other, *protocol_number("tcp")};
  if (const auto* fib = member(expression, "fib")) {
    const auto* flags = member(*fib, "flags");
    const bool is_destination =
        flags != nullptr && (*flags == Json("daddr") || *flags == Json::array({"daddr"}));
    return {text_of(*fib, "result") == "type" && is_destination ? Kind::destination_type : Kind::other};
  }
  return {};
}

// Values
// -------------------------------------------------------------------------------------------------

/// Of a number, an IPv4 address, or for protocols a name; nullopt for all else.
std::optional<std::uint64_t> number_of(const Json& value, const Key& key) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  if (key.kind == Key::Kind::protocol) return protocol_number(text);
  if (const auto address = Ipv4Address::parse(text)) return address->value;
  return std::nullopt;
}

Element element_of_prefix(const Json& prefix) {
  constexpr std::uint64_t kBits = Ipv4Address::kBits;
  const auto address = Ipv4Address::parse(text_of(prefix, "addr"));
  const auto* length = member(prefix, "len");
  if (!address || length == nullptr || !length->is_number_unsigned() || length->get<std::uint64_t>() > kBits)
    return {};
  const std::uint64_t size = std::uint64_t{1} << (kBits - length->get<std::uint64_t>());
  const std::uint64_t first = address->value & ~(size - 1);
  return {Element::Kind::number, {}, first, first + size - 1};
}

Element element_of(const Json& value, const Key& key) {
  if (const auto* inner = member(value, "elem")) {
    const auto* val = member(*inner, "val");
    return val == nullptr || member(*val, "elem") != nullptr ? Element{} : element_of(*val, key);
  }
  if (const auto* prefix = member(value, "prefix")) return element_of_prefix(*prefix);
  if (const auto* range = member(value, "range")) {
    if (!range->is_array() || range->size() != 2) return {};
    const auto first = number_of((*range)[0], key), last = number_of((*range)[1], key);
    return first && last ? Element{Element::Kind::number, {}, *first, *last} : Element{};
  }
  if (const auto number = number_of(value, key)) return {Element::Kind::number, {}, *number, *number};
  // A protocol of another name may be any.
  if (!value.is_string() || key.kind == Key::Kind::protocol) return {};
  return {Element::Kind::text, value.get<std::string>()};
}

Verdict verdict_of(const Json& value) {
  using Kind = Verdict::Kind;
  if (!value.is_object() || value.size() != 1) return {};
  const auto name = value.begin().key();
  if (name == "accept") return {Kind::accept};
  if (name == "drop" || name == "reject") return {Kind::drop};
  if (name == "return") return {Kind::leave};
  if (name == "continue") return {Kind::proceed};
  if (name == "jump" || name == "goto") {
    const std::string target = text_of(value.begin().value(), "target");
    if (!target.empty()) return {name == "jump" ? Kind::jump : Kind::go_to, target};
  }
  return {};
}

// The whole
// -----------------------------------------------------------------------------------------------

class Parser {
 public:
  Ruleset take(const Json& items) {
    for (const auto& item : items) {
      if (const auto* set = member(item, "set")) add_set(*set);
      if (const auto* map = member(item, "map")) add_set(*map);
      if (const auto* chain = member(item, "chain")) add_chain(*chain);
    }
    for (const auto& item : items)
      if (const auto* rule = member(item, "rule")) add_rule(*rule);
    return std::move(ruleset_);
  }

 private:
  static std::string key_in(const Json& item, const std::string& name) {
    return chain_key(text_of(item, "family"), text_of(item, "table"), name);
  }

  void add_set(const Json& set) {
    static const Json kNothing = Json::array();
    const auto* elements = member(set, "elem");
    sets_.insert_or_assign(key_in(set, text_of(set, "name")), elements == nullptr ? &kNothing : elements);
  }

  void add_chain(const Json& item) {
    Chain chain;
    chain.family = text_of(item, "family");
    chain.table = text_of(item, "table");
    chain.name = text_of(item, "name");
    chain.hook = text_of(item, "hook");
    chain.device = text_of(item, "dev");
    chain.drops_by_policy = text_of(item, "policy") == "drop";
    if (const auto* priority = member(item, "prio"); priority != nullptr && priority->is_number_integer())
      chain.priority = priority->get<std::int64_t>();
    ruleset_.chains.insert_or_assign(key_in(item, chain.name), std::move(chain));
  }

  void add_rule(const Json& item) {
    const auto chain = ruleset_.chains.find(key_in(item, text_of(item, "chain")));
    if (chain == ruleset_.chains.end()) return;
    Rule rule;
    rule.comment = text_of(item, "comment");
    if (const auto* handle = member(item, "handle"); handle != nullptr && handle->is_number_unsigned())
      rule.handle = handle->get<std::uint64_t>();
    const auto* expressions = member(item, "expr");
    if (expressions == nullptr || !expressions->is_array()) {
      rule.statements.emplace_back(Unknown{});
      rule.statements.emplace_back(Verdict{});
    } else {
      for (const auto& expression : *expressions) add_statement(item, expression, rule);
    }
    chain->second.rules.push_back(std::move(rule));
  }

  void add_statement(const Json& item, const Json& expression, Rule& rule) {
    if (!expression.is_object() || expression.size() != 1) {
      rule.statements.emplace_back(Unknown{});
      return;
    }
    static constexpr std::array kNeither{
        "counter", "log",      "mangle", "notrack",   "masquerade",  "snat",        "dnat", "flow", "set",
        "comment", "redirect", "dup",    "ct helper", "quota_reset", "meter_reset", "last", "map"};
    static constexpr std::array kVerdicts{"accept",   "drop", "reject", "return",
                                          "continue", "jump", "goto",   "queue"};
    const auto name = expression.begin().key();
    const Json& value = expression.begin().value();
    const auto is_one_of = [&](const auto& names) {
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    if (name == "match") {
      rule.statements.emplace_back(match_of(item, value));
    } else if (name == "vmap") {
      rule.statements.emplace_back(map_of(item, value));
    } else if (name == "xt") {
      rule.statements.emplace_back(Extension{text_of(value, "name")});
    } else if (is_one_of(kVerdicts)) {
      rule.statements.emplace_back(verdict_of(expression));
    } else if (!is_one_of(kNeither)) {
      rule.statements.emplace_back(Unknown{});  // limit, quota, ct count, what is new
    }
  }

  /// A set's elements, anonymous ones and those of a name; null: not known.
  const Json* elements_of(const Json& item, const Json& value) const {
    if (const auto* set = member(value, "set")) return set;
    if (!value.is_string() || !value.get_ref<const std::string&>().starts_with('@')) return nullptr;
    const auto found = sets_.find(key_in(item, value.get<std::string>().substr(1)));
    return found == sets_.end() ? nullptr : found->second;
  }

  Match match_of(const Json& item, const Json& value) {
    static const Json kNone;
    const auto* left = member(value, "left");
    const auto* right = member(value, "right");
    Match match;
    match.key = key_of(left == nullptr ? kNone : *left);
    const std::string operation = text_of(value, "op");
    if (operation == "==" || operation == "in") match.operation = Match::Operation::equal;
    if (operation == "!=") match.operation = Match::Operation::not_equal;
    if (right == nullptr || match.key.kind == Key::Kind::other) return match;
    const bool is_named = right->is_string() && right->get_ref<const std::string&>().starts_with('@');
    if (is_named || member(*right, "set") != nullptr) {
      const auto* values = elements_of(item, *right);
      match.elements = values == nullptr ? nullptr : shared(*values, match.key);
    } else {
      match.elements = shared(right->is_array() ? *right : Json::array({*right}), match.key);
    }
    return match;
  }

  /// Sets of a name are read once for each kind of key.
  std::shared_ptr<const Elements> shared(const Json& values, const Key& key) {
    const auto place = std::pair(&values, key.kind);
    if (const auto known = read_.find(place); known != read_.end()) return known->second;
    auto elements = std::make_shared<Elements>();
    if (!values.is_array()) {
      elements->push_back(element_of(values, key));
    } else {
      for (const auto& value : values) elements->push_back(element_of(value, key));
    }
    const bool is_named =
        std::any_of(sets_.begin(), sets_.end(), [&](const auto& set) { return set.second == &values; });
    if (is_named) read_.emplace(place, elements);
    return elements;
  }

  VerdictMap map_of(const Json& item, const Json& value) const {
    static const Json kNone;
    const auto* key = member(value, "key");
    const auto* data = member(value, "data");
    VerdictMap map;
    map.key = key_of(key == nullptr ? kNone : *key);
    const auto* values = data == nullptr ? nullptr : elements_of(item, *data);
    if (values == nullptr || !values->is_array()) return map;
    auto entries = std::make_shared<std::vector<VerdictMap::Entry>>();
    for (const auto& entry : *values) {
      if (entry.is_array() && entry.size() == 2)
        entries->push_back({element_of(entry[0], map.key), verdict_of(entry[1])});
      else
        entries->push_back({});
    }
    map.entries = std::move(entries);
    return map;
  }

  Ruleset ruleset_;
  std::map<std::string, const Json*> sets_;
  std::map<std::pair<const Json*, Key::Kind>, std::shared_ptr<const Elements>> read_;
};

}  // namespace

std::optional<std::uint8_t> protocol_number(std::string_view name) {
  const auto* const found = std::find_if(kProtocols.begin(), kProtocols.end(),
                                         [&](const auto& known) { return known.first == name; });
  return found == kProtocols.end() ? std::nullopt : std::optional(found->second);
}

std::string chain_key(const std::string& family, const std::string& table, const std::string& name) {
  return fmt::format("{} {} {}", family, table, name);
}

Result<Ruleset> parse_ruleset(std::string_view json) {
  const auto document = Json::parse(json, nullptr, false);
  const auto* items = document.is_discarded() ? nullptr : member(document, "nftables");
  if (items == nullptr || !items->is_array())
    return Error{ErrorCode::malformed, "what nft prints is not the JSON of a ruleset"};
  return Parser().take(*items);
}

}  // namespace wgospf::daemon::firewall
