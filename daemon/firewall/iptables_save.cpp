#include "daemon/firewall/iptables_save.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "net/ip.h"

namespace wgospf::daemon::firewall {
namespace {

using Words = std::vector<std::string>;

/// Words of a line; quotes and backslashes as iptables-save writes them.
Words words_of(std::string_view line) {
  Words words;
  std::string word;
  bool is_quoted = false, is_word = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"') {
      is_quoted = !is_quoted;
      is_word = true;
    } else if (c == '\\' && is_quoted && i + 1 < line.size()) {
      word += line[++i];
    } else if (c == ' ' && !is_quoted) {
      if (is_word) words.push_back(std::exchange(word, {}));
      is_word = false;
    } else {
      word += c;
      is_word = true;
    }
  }
  if (is_word) words.push_back(std::move(word));
  return words;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  if (text.empty() || text.size() > 9) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
    number = 10 * number + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

Element number(std::uint64_t first, std::uint64_t last) {
  return {Element::Kind::number, {}, first, last};
}

/// "51820" or "100:200".
Element port_of(const std::string& text) {
  const auto colon = text.find(':');
  const auto first = number_of(std::string_view(text).substr(0, colon));
  const auto last = colon == text.npos ? first : number_of(std::string_view(text).substr(colon + 1));
  return first && last ? number(*first, *last) : Element{};
}

/// "192.0.2.0/24", or an address alone.
Element address_of(const std::string& text) {
  const auto slash = text.find('/');
  const auto address = Ipv4Address::parse(text.substr(0, slash));
  const auto length =
      slash == text.npos ? std::uint64_t{32} : number_of(std::string_view(text).substr(slash + 1));
  if (!address || !length || *length > 32) return {};
  const std::uint64_t size = std::uint64_t{1} << (32 - *length);
  const std::uint64_t first = address->value & ~(size - 1);
  return number(first, first + size - 1);
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

Element protocol_of(const std::string& text) {
  if (const auto known = number_of(text)) return number(*known, *known);
  const auto known = protocol_number(lower(text));
  return known ? number(*known, *known) : Element{};
}

Element interface_of(std::string text) {
  if (text.ends_with('+')) text.back() = '*';
  return {Element::Kind::text, std::move(text)};
}

/// Each of a list with commas.
template <class Of>
Elements list_of(const std::string& text, Of of) {
  Elements elements;
  for (std::size_t at = 0; at <= text.size();) {
    const auto comma = std::min(text.find(',', at), text.size());
    elements.push_back(of(text.substr(at, comma - at)));
    at = comma + 1;
  }
  return elements;
}

Element word_of(const std::string& text) {
  return {Element::Kind::text, lower(text)};
}

/// Options with one argument that are understood.
std::optional<std::pair<Key, Elements>> condition_of(const std::string& option, const std::string& argument) {
  using Kind = Key::Kind;
  using Condition = std::pair<Key, Elements>;
  if (option == "-i") return Condition{{Kind::in_name}, {interface_of(argument)}};
  if (option == "-o") return Condition{{Kind::out_name}, {interface_of(argument)}};
  if (option == "-p") return Condition{{Kind::protocol}, {protocol_of(argument)}};
  if (option == "-s") return Condition{{Kind::source}, {address_of(argument)}};
  if (option == "-d") return Condition{{Kind::destination}, {address_of(argument)}};
  if (option == "--dport") return Condition{{Kind::destination_port}, {port_of(argument)}};
  if (option == "--dports") return Condition{{Kind::destination_port}, list_of(argument, port_of)};
  if (option == "--ctstate" || option == "--state")
    return Condition{{Kind::connection_state}, list_of(argument, word_of)};
  if (option == "--dst-type") return Condition{{Kind::destination_type}, list_of(argument, word_of)};
  return std::nullopt;
}

/// Extensions whose options are understood, or say nothing: by "-m".
bool is_plain(const std::string& extension) {
  static constexpr std::array kPlain{"tcp",   "udp",      "icmp",      "conntrack",
                                     "state", "addrtype", "multiport", "comment"};
  return std::find(kPlain.begin(), kPlain.end(), extension) != kPlain.end();
}

class Reader {
 public:
  Reader(std::string family, Ruleset& ruleset) : family_(std::move(family)), ruleset_(ruleset) {}

  void take(std::string_view line) {
    if (line.empty()) return;
    if (line.front() == '*') return begin_table(std::string(line.substr(1)));
    const auto words = words_of(line);
    if (line.front() == ':' && words.size() >= 2) return add_chain(words[0].substr(1), words[1]);
    if (words.size() >= 2 && words[0] == "-A") add_rule(words);
  }

 private:
  void begin_table(std::string name) {
    table_ = std::move(name);
    std::erase_if(ruleset_.chains, [this](const auto& named) {
      return named.second.family == family_ && named.second.table == table_;
    });
  }

  void add_chain(const std::string& name, const std::string& policy) {
    static constexpr std::array kHooks{"INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"};
    Chain chain{family_, table_, name};
    if (policy != "-" && std::find(kHooks.begin(), kHooks.end(), name) != kHooks.end())
      chain.hook = lower(name);
    chain.drops_by_policy = policy == "DROP";
    ruleset_.chains.insert_or_assign(chain_key(family_, table_, name), std::move(chain));
  }

  void add_rule(const Words& words) {
    const auto chain = ruleset_.chains.find(chain_key(family_, table_, words[1]));
    if (chain == ruleset_.chains.end()) return;
    Rule rule;
    rule.handle = chain->second.rules.size() + 1;
    bool is_negated = false;
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::string& word = words[i];
      const bool has_argument = i + 1 < words.size();
      if (word == "!") {
        is_negated = true;
        continue;
      }
      if ((word == "-j" || word == "-g") && has_argument) {
        rule.statements.push_back(target_of(word, words[i + 1]));
        break;  // what follows are the target's own options
      }
      if (word == "-m" && has_argument) {
        if (!is_plain(words[++i])) rule.statements.emplace_back(Unknown{});
      } else if (word == "--comment" && has_argument) {
        rule.comment = words[++i];
      } else if (auto condition = has_argument ? condition_of(word, words[i + 1]) : std::nullopt) {
        ++i;
        rule.statements.emplace_back(Match{condition->first,
                                           is_negated ? Match::Operation::not_equal : Match::Operation::equal,
                                           std::make_shared<const Elements>(std::move(condition->second))});
      } else if (word.starts_with('-')) {
        rule.statements.emplace_back(Unknown{});
      }
      is_negated = false;
    }
    chain->second.rules.push_back(std::move(rule));
  }

  Statement target_of(const std::string& option, const std::string& name) const {
    using Kind = Verdict::Kind;
    if (name == "ACCEPT") return Verdict{Kind::accept};
    if (name == "DROP" || name == "REJECT") return Verdict{Kind::drop};
    if (name == "RETURN") return Verdict{Kind::leave};
    if (name == "NFQUEUE" || name == "QUEUE") return Verdict{Kind::unknown};
    if (ruleset_.chains.contains(chain_key(family_, table_, name)))
      return Verdict{option == "-g" ? Kind::go_to : Kind::jump, name};
    return Extension{name};
  }

  std::string family_, table_;
  Ruleset& ruleset_;
};

}  // namespace

void add_iptables(std::string_view text, const std::string& family, Ruleset& ruleset) {
  Reader reader(family, ruleset);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    reader.take(text.substr(at, end - at));
    at = end + 1;
  }
}

bool has_extensions(const Ruleset& ruleset) {
  const auto is_extension = [](const Statement& statement) {
    return std::holds_alternative<Extension>(statement);
  };
  return std::any_of(ruleset.chains.begin(), ruleset.chains.end(), [&](const auto& named) {
    const Chain& chain = named.second;
    return chain.family == "ip" && std::any_of(chain.rules.begin(), chain.rules.end(), [&](const Rule& rule) {
             return std::any_of(rule.statements.begin(), rule.statements.end(), is_extension);
           });
  });
}

}  // namespace wgospf::daemon::firewall
