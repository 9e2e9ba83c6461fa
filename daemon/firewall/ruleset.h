#pragma once
// The packet filter's rules as values, read from what `nft -j list ruleset` prints (libnftables-json(5)). Pure.
//
// What is not understood is kept as such: a condition that may hold, or a statement that may end the packet's
// way. So whoever goes by this (verdict.h) knows what it does not know.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/result.h"

namespace wgospf::daemon::firewall {

/// What of a packet a condition looks at.
struct Key {
  enum class Kind : std::uint8_t {
    in_name,
    out_name,
    protocol,  ///< meta l4proto, ip protocol
    family,    ///< meta nfproto, meta protocol
    connection_state,
    connection_status,
    source,
    destination,
    destination_port,
    destination_type,  ///< fib daddr type
    other,
  };
  Kind kind = Kind::other;
  /// It is met by packets of this protocol alone: tcp for "tcp dport"; 0: of every one.
  std::uint8_t needs_protocol = 0;
  bool needs_ipv6 = false;
};

/// One value, or several of a range, that a condition compares with.
struct Element {
  enum class Kind : std::uint8_t {
    text,    ///< a name; one of an interface may end with "*"
    number,  ///< from first to last: ports, protocols, IPv4 addresses in host order
    other,
  };
  Kind kind = Kind::other;
  std::string text{};
  std::uint64_t first = 0, last = 0;
};
using Elements = std::vector<Element>;

struct Match {
  Key key{};
  enum class Operation : std::uint8_t { equal, not_equal, other };
  Operation operation = Operation::other;
  std::shared_ptr<const Elements> elements{};  ///< null: a set that is not known
};

struct Verdict {
  enum class Kind : std::uint8_t {
    accept,
    drop,  ///< and reject
    jump,
    go_to,
    leave,    ///< return
    proceed,  ///< continue
    unknown,  ///< queue: whoever reads it decides
  };
  Kind kind = Kind::unknown;
  std::string target{};  ///< a chain of the same table, of jump and go_to
};

struct VerdictMap {
  Key key{};
  struct Entry {
    Element element{};
    Verdict verdict{};
  };
  std::shared_ptr<const std::vector<Entry>> entries{};  ///< null: a map that is not known
};

/// A condition that is not understood: it may hold.
struct Unknown {};
/// An extension of iptables by its name, "" where nft does not tell it: a condition, or at the end of a rule what it does.
struct Extension {
  std::string name{};
};

using Statement = std::variant<Match, VerdictMap, Verdict, Unknown, Extension>;

struct Rule {
  std::uint64_t handle = 0;
  std::string comment{};
  std::vector<Statement> statements{};  ///< without those that neither test nor decide
};

struct Chain {
  std::string family{};  ///< "ip", "inet", ...
  std::string table{};
  std::string name{};
  std::string hook{};    ///< "input", "forward", ...; empty: only jumped to
  std::string device{};  ///< of an ingress chain, where nft tells it
  std::int64_t priority = 0;
  bool drops_by_policy = false;
  std::vector<Rule> rules{};
};

struct Ruleset {
  /// By "FAMILY TABLE NAME".
  std::map<std::string, Chain> chains{};
};
[[nodiscard]] std::string chain_key(const std::string& family, const std::string& table,
                                    const std::string& name);

/// As /etc/protocols and nft call it.
[[nodiscard]] std::optional<std::uint8_t> protocol_number(std::string_view name);

/// Error: malformed, with what is wrong.
[[nodiscard]] Result<Ruleset> parse_ruleset(std::string_view json);

}  // namespace wgospf::daemon::firewall
