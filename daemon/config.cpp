// From YAML to Config. One function a section, in the order of the file's schema; each takes a node and gives
// values, errors go to the collector. A section that is wrong leaves its defaults: nobody uses the result
// then.

#include "daemon/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "daemon/tls_files.h"
#include "daemon/words.h"
#include "daemon/yaml_reader.h"

namespace wgospf::daemon {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr NumberRange kSeconds16{1, 65535, "seconds"};
constexpr NumberRange kMilliseconds{0, 600'000, "milliseconds"};
constexpr std::uint64_t kMaxExternalMetric = ospf::kLsInfinity - 1;
constexpr std::uint32_t kLocalTable = 255;
constexpr std::size_t kMaxInterfaceName = 127;   // ALTIFNAMSIZ without its end
constexpr std::size_t kMaxUnixSocketPath = 107;  // sockaddr_un.sun_path without its end
/// The socket is bound in a directory of its own beside its place: "/.wgospf-XXXXXX/s"
/// (api/socket_place.cpp).
constexpr std::size_t kMaxUnixSocketDirectory = kMaxUnixSocketPath - 17;
constexpr PrefixFilter kEveryPrefix{Ipv4Prefix{}, 0, 32};

/// Why a file that the configuration names cannot be used, in words that follow its name; nullopt when it
/// can.
using FileCheck = std::optional<std::string> (*)(const std::string& name);

/// What the kernel allows (dev_valid_name(), whose white space has 0xa0 in it), and no control characters.
bool is_interface_name(const std::string& name) {
  return name.size() <= kMaxInterfaceName && name != "." && name != ".." &&
         std::none_of(name.begin(), name.end(), [](unsigned char c) {
           return c <= ' ' || c == 0x7f || c == 0xa0 || c == '/' || c == ':';
         });
}

std::optional<std::string> read_interface_name(MapReader& map, std::string_view key, ConfigErrors& errors) {
  const auto name = map.text(key);
  if (!name || is_interface_name(*name)) return name;
  errors.add(
      map.value_mark(key),
      fmt::format("{} must be an interface's name: 1 to {} bytes without white space, \"/\" or \":\", not "
                  "\"{}\"",
                  key, kMaxInterfaceName, *name));
  return std::nullopt;
}

std::string problem_of_unix_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.back() == '/')
    return "the path must be absolute, like unix:/run/wgospf/wgospfd.sock";
  if (path.size() > kMaxUnixSocketPath || path.rfind('/') > kMaxUnixSocketDirectory)
    return fmt::format("the path is too long; a socket's may have at most {} characters, its directory {}",
                       kMaxUnixSocketPath, kMaxUnixSocketDirectory);
  return {};
}

std::string problem_of_tcp_address(std::string_view listen) {
  static constexpr std::string_view kForm = "use unix:/PATH, or HOST:PORT with a port from 1 to 65535";
  const auto colon = listen.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::string(kForm);
  unsigned port = 0;
  const char* end = listen.data() + listen.size();
  const bool parsed = std::from_chars(listen.data() + colon + 1, end, port).ptr == end;
  if (!parsed || port == 0 || port > 65535) return std::string(kForm);
  const auto host = listen.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') {
    const auto address = host.substr(1, host.size() - 2);
    if (Ipv6Address::parse(address.substr(0, address.find('%')))) return {};
    return fmt::format("\"{}\" is no IPv6 address; write it like [::1]:{}", address, port);
  }
  if (host.find(':') != std::string_view::npos)
    return fmt::format("an IPv6 address stands in brackets, like [::1]:{}", port);
  if (host.find_first_of("[]/ ") != std::string_view::npos) return std::string(kForm);
  return {};
}

/// Does one of two filters let through a prefix that the other lets through too? Gives the shortest one.
std::optional<Ipv4Prefix> common_prefix(const PrefixFilter& a, const PrefixFilter& b) {
  const PrefixFilter& longer = a.prefix.length >= b.prefix.length ? a : b;
  const PrefixFilter& shorter = &longer == &a ? b : a;
  const auto length = std::max(a.ge, b.ge);
  if (!shorter.prefix.covers(longer.prefix) || length > std::min(a.le, b.le)) return std::nullopt;
  return Ipv4Prefix{longer.prefix.address, length};
}

/// Is everything that `inner` lets through let through by `outer` too?
bool contains(const PrefixFilter& outer, const PrefixFilter& inner) {
  return outer.prefix.covers(inner.prefix) && outer.ge <= inner.ge && inner.le <= outer.le;
}

/// Sets `target` when the value is there and right.
template <class Target>
void read_number(MapReader& map, std::string_view key, const NumberRange& range, Target& target) {
  if (const auto value = map.number(key, range)) target = static_cast<Target>(*value);
}

class ConfigParser {
 public:
  /// Without `check_file` files are not looked at.
  explicit ConfigParser(ConfigErrors& errors, FileCheck check_file)
      : errors_(errors), check_file_(check_file) {}

  Config parse(const YAML::Node& root) {
    refuse_tags(root);
    MapReader map(root, "the configuration",
                  {.known = {"router-id", "areas", "redistribute", "api", "rib", "spf-control",
                             "database-control", "ls-refresh-time", "log"},
                   .not_built = {"stub-router", "graceful-restart", "auto-cost", "nsr", "ospf-bfd",
                                 "preference", "address-family", "max-ecmp"}},
                  errors_);
    Config config;
    if (!map.valid()) return config;
    read_router_id(map, config);
    note_place(map, "api", "api", config);
    map.require("areas", "areas: [{area-id: 0.0.0.0, interfaces: [{name: wg0}]}]");
    for (const auto& node : map.list("areas")) read_area(node, config);
    for (const auto& node : map.list("redistribute")) read_redistribute(node, config);
    if (const auto node = map.node("api")) read_api(*node, config.api);
    if (const auto node = map.node("rib")) read_rib(*node, config);
    if (const auto node = map.node("spf-control")) read_spf_control(*node, config.spf_delay);
    if (const auto node = map.node("database-control")) read_database_control(*node, config);
    if (const auto value = map.number("ls-refresh-time", {2, 1800, "seconds"}))
      config.ls_refresh_time = seconds{*value};
    if (const auto node = map.node("log")) read_log(*node, config);
    return config;
  }

 private:
  /// yaml-cpp tags plain scalars with "?" and quoted ones with "!"; any other tag stands in the file.
  void refuse_tags(const YAML::Node& node) {
    const auto mark = node.Mark();
    if (!node.IsDefined() || !seen_.emplace(mark.line, mark.column).second) return;  // an alias
    const std::string& tag = node.Tag();
    if (!tag.empty() && tag != "?" && tag != "!") {
      errors_.add(mark, fmt::format("the tag \"{}\" means nothing here; remove it", short_tag(tag)));
    }
    if (node.IsSequence()) {
      for (const auto& item : node) refuse_tags(item);
    } else if (node.IsMap()) {
      for (const auto& pair : node) {
        refuse_tags(pair.first);
        refuse_tags(pair.second);
      }
    }
  }

  /// As people write it.
  static std::string short_tag(const std::string& tag) {
    static constexpr std::string_view kYaml = "tag:yaml.org,2002:";
    return tag.compare(0, kYaml.size(), kYaml) == 0 ? "!!" + tag.substr(kYaml.size()) : tag;
  }

  static void note_place(const MapReader& map, std::string_view key, std::string name, Config& config) {
    if (!map.has(key)) return;
    const auto mark = map.mark(key);
    config.places[std::move(name)] = {mark.line + 1, mark.column + 1};
  }

  void read_router_id(MapReader& map, Config& config) {
    note_place(map, "router-id", "router-id", config);
    const auto text = map.text("router-id");
    if (!text) return;
    config.router_id = ospf::RouterId::parse(*text);
    if (!config.router_id || config.router_id->value == 0) {
      errors_.add(
          map.value_mark("router-id"),
          fmt::format("router-id must be a dotted quad other than 0.0.0.0, like 10.0.32.1, not \"{}\"",
                      *text));
    }
  }

  void read_area(const YAML::Node& node, Config& config) {
    MapReader map(node, "an area",
                  {.known = {"area-id", "interfaces"},
                   .not_built = {"area-type", "summary", "default-cost", "ranges", "virtual-links",
                                 "sham-links", "fast-reroute"}},
                  errors_);
    if (!map.valid()) return;
    AreaSettings area;
    map.require("area-id", "area-id: 0.0.0.0");
    map.require("interfaces", "interfaces: [{name: wg0}]");
    if (const auto id = read_area_id(map)) {
      area.id = *id;
      check_area(map, area.id, config);
    }
    for (const auto& item : map.list("interfaces")) {
      if (auto interface = read_interface(item)) area.interfaces.push_back(std::move(*interface));
    }
    config.areas.push_back(std::move(area));
  }

  std::optional<ospf::AreaId> read_area_id(MapReader& map) {
    const auto node = map.node("area-id");
    if (!node) return std::nullopt;
    if (const auto number = parse_whole_number(*node); number && *number <= 0xffffffffU)
      return ospf::AreaId{static_cast<std::uint32_t>(*number)};
    if (node->IsScalar()) {
      if (const auto id = ospf::AreaId::parse(node->Scalar())) return id;
    }
    errors_.add(map.value_mark("area-id"),
                fmt::format("area-id must be a dotted quad like 0.0.0.0, or a number, not {}{}",
                            describe_node(*node), number_hint(*node)));
    return std::nullopt;
  }

  void check_area(const MapReader& map, ospf::AreaId id, const Config& config) {
    if (config.areas.empty()) return;
    const bool twice = std::any_of(config.areas.begin(), config.areas.end(),
                                   [&](const AreaSettings& other) { return other.id == id; });
    errors_.add(
        map.value_mark("area-id"),
        twice
            ? fmt::format("area {} is configured twice; put all its interfaces into one list", id.to_string())
            : fmt::format("several areas are not built yet; put the interfaces of area {} into area {}",
                          id.to_string(), config.areas.front().id.to_string()));
  }

  std::optional<InterfaceSettings> read_interface(const YAML::Node& node) {
    MapReader map(node, "an interface",
                  {.known = {"name", "interface-type", "cost", "hello-interval", "dead-interval",
                             "retransmit-interval", "transmit-delay", "passive", "mtu-ignore", "unnumbered"},
                   .not_built = {"authentication", "bfd", "priority", "demand-circuit", "prefix-suppression",
                                 "two-part-metric", "static-neighbors", "multi-areas", "node-flag",
                                 "ttl-security", "enabled", "lls", "fast-reroute"}},
                  errors_);
    if (!map.valid()) return std::nullopt;
    InterfaceSettings interface;
    map.require("name", "name: wg0");
    if (const auto name = read_interface_name(map, "name", errors_)) {
      interface.name = *name;
      const auto [former, is_new] = interface_lines_.emplace(*name, map.value_mark("name").line + 1);
      if (!is_new) {
        errors_.add(map.value_mark("name"),
                    fmt::format("interface \"{}\" is configured twice; it stands in line {} already", *name,
                                former->second));
      }
    }
    interface.passive = map.boolean("passive").value_or(false);
    read_interface_type(map, interface);
    read_number(map, "cost", {1, 65535}, interface.cost);
    read_intervals(map, interface);
    interface.mtu_ignore = map.boolean("mtu-ignore");
    interface.unnumbered = read_interface_name(map, "unnumbered", errors_);
    if (interface.unnumbered && *interface.unnumbered == interface.name) {
      errors_.add(map.value_mark("unnumbered"),
                  "unnumbered must name another interface, whose address this one borrows");
    }
    return interface;
  }

  void read_interface_type(MapReader& map, InterfaceSettings& interface) {
    static constexpr std::array<std::string_view, 5> kTypes{"point-to-point", "broadcast", "non-broadcast",
                                                            "point-to-multipoint", "hybrid"};
    const auto type = map.choice("interface-type", kTypes);
    if (!type) return;
    interface.type_given = *type == 0;
    if (*type == 0 || interface.passive) return;
    errors_.add(map.value_mark("interface-type"),
                fmt::format("interface-type {} is not built yet; use point-to-point, or \"passive: true\" to "
                            "advertise the interface's prefixes only",
                            kTypes[*type]));
  }

  void read_intervals(MapReader& map, InterfaceSettings& interface) {
    read_number(map, "hello-interval", kSeconds16, interface.hello_interval);
    interface.dead_interval = std::min<std::uint32_t>(4U * interface.hello_interval, 65535);
    read_number(map, "dead-interval", kSeconds16, interface.dead_interval);
    read_number(map, "retransmit-interval", {1, 3600, "seconds"}, interface.retransmit_interval);
    // Above MaxAgeDiff what is sent looks like another instance, and no acknowledgement of it would match.
    read_number(map, "transmit-delay", {1, ospf::kMaxAgeDiff, "seconds"}, interface.transmit_delay);
    if (interface.dead_interval > interface.hello_interval) return;
    errors_.add(map.has("dead-interval") ? map.value_mark("dead-interval") : map.value_mark("hello-interval"),
                fmt::format("dead-interval must be longer than hello-interval: {} is not more than {}; four "
                            "times the hello-interval is usual",
                            interface.dead_interval, interface.hello_interval));
  }

  void read_redistribute(const YAML::Node& node, Config& config) {
    static constexpr std::array<std::string_view, 3> kSources{"connected", "static", "table"};
    MapReader map(node, "a redistribution",
                  {.known = {"source", "table", "metric-type", "metric", "prefixes"}}, errors_);
    if (!map.valid()) return;
    RedistributeRule rule;
    map.require("source", "source: connected");
    const auto source = map.choice("source", kSources);
    if (source) rule.source = static_cast<rib::RouteOrigin>(*source);
    read_number(map, "table", {1, 0xffffffffU}, rule.table);
    if (source && (rule.source == rib::RouteOrigin::table) != map.has("table")) {
      errors_.add(map.mark(map.has("table") ? "table" : "source"),
                  map.has("table")
                      ? fmt::format("table is for \"source: table\" only; remove it from source {}",
                                    kSources[*source])
                      : std::string("source table lacks the kernel table's number; add for "
                                    "instance \"table: 100\""));
    }
    if (const auto type = map.number("metric-type", {1, 2})) rule.type2 = *type == 2;
    read_number(map, "metric", {0, kMaxExternalMetric}, rule.metric);
    const bool source_known = source && (rule.source != rib::RouteOrigin::table || rule.table != 0);
    read_prefixes(map, source_known ? source_name(rule) : "", config.redistribute.size(), rule);
    config.redistribute.push_back(std::move(rule));
  }

  static std::string source_name(const RedistributeRule& rule) {
    if (rule.source == rib::RouteOrigin::table) return fmt::format("table {}", rule.table);
    return rule.source == rib::RouteOrigin::static_route ? "static" : "connected";
  }

  /// `source` is empty when it is not known what the entry is about: then nothing can overlap.
  void read_prefixes(MapReader& map, const std::string& source, std::size_t entry, RedistributeRule& rule) {
    if (!map.has("prefixes") && !source.empty())
      check_overlap({kEveryPrefix, entry, map.mark("source")}, source);
    for (const auto& item : map.list("prefixes")) {
      const auto filter = read_prefix_filter(item);
      if (!filter) continue;
      if (!source.empty()) check_overlap({*filter, entry, item.Mark()}, source);
      rule.prefixes.push_back(*filter);
    }
  }

  struct PlacedFilter {
    PrefixFilter filter;
    std::size_t entry;  ///< of redistribute
    YAML::Mark mark;
  };

  /// Between two entries an overlap leaves open which metric and type a prefix is announced with. Within one
  /// entry nothing is open, but a filter that lets through nothing new was hardly meant.
  void check_overlap(const PlacedFilter& added, const std::string& source) {
    auto& seen = redistributed_[source];
    for (const PlacedFilter& other : seen) {
      if (other.entry != added.entry) {
        const auto common = common_prefix(other.filter, added.filter);
        if (!common) continue;
        errors_.add(added.mark, fmt::format("{} of source {} overlaps with {} in line {}: two entries would "
                                            "announce for instance {}; give each entry prefixes of its own, "
                                            "which ge and le can narrow",
                                            added.filter.to_string(), source, other.filter.to_string(),
                                            other.mark.line + 1, common->to_string()));
        break;
      }
      const bool adds_nothing = contains(other.filter, added.filter);
      if (!adds_nothing && !contains(added.filter, other.filter)) continue;
      const PlacedFilter& idle = adds_nothing ? added : other;
      const PlacedFilter& enough = adds_nothing ? other : added;
      errors_.add(idle.mark,
                  fmt::format("{} adds nothing to {} in line {}; remove it", idle.filter.to_string(),
                              enough.filter.to_string(), enough.mark.line + 1));
      break;
    }
    seen.push_back(added);
  }

  std::optional<PrefixFilter> read_prefix_filter(const YAML::Node& node) {
    if (!node.IsMap()) {
      const auto prefix = read_prefix(node, node.Mark());
      if (!prefix) return std::nullopt;
      return PrefixFilter{*prefix, prefix->length, prefix->length};
    }
    MapReader map(node, "a prefix filter", {.known = {"prefix", "ge", "le"}}, errors_);
    map.require("prefix", "prefix: 198.51.100.0/24");
    const auto value = map.node("prefix");
    const auto prefix = value ? read_prefix(*value, map.value_mark("prefix")) : std::nullopt;
    if (!prefix) return std::nullopt;
    PrefixFilter filter{*prefix, prefix->length,
                        map.has("ge") && !map.has("le") ? std::uint8_t{32} : prefix->length};
    read_number(map, "ge", {prefix->length, 32}, filter.ge);
    read_number(map, "le", {filter.ge, 32}, filter.le);
    return filter;
  }

  std::optional<Ipv4Prefix> read_prefix(const YAML::Node& node, const YAML::Mark& mark) {
    if (node.IsScalar()) {
      const std::string& text = node.Scalar();
      if (const auto prefix = Ipv4Prefix::parse(text)) return prefix;
      if (const auto fixed = without_host_bits(text)) {
        errors_.add(mark, fmt::format("prefix {} has bits set past its length; the network is {}", text,
                                      fixed->to_string()));
        return std::nullopt;
      }
    }
    errors_.add(mark, fmt::format("a prefix must look like 198.51.100.0/24, not {}", describe_node(node)));
    return std::nullopt;
  }

  static std::optional<Ipv4Prefix> without_host_bits(const std::string& text) {
    const auto slash = text.find('/');
    if (slash == std::string::npos) return std::nullopt;
    const auto address = Ipv4Address::parse(text.substr(0, slash));
    unsigned length = 33;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + slash + 1, end, length);
    if (!address || parsed.ptr != end || length > 32) return std::nullopt;
    return Ipv4Prefix::make(*address, static_cast<std::uint8_t>(length));
  }

  void read_api(const YAML::Node& node, ApiOptions& api) {
    MapReader map(node, "api", {.known = {"listen", "tls"}}, errors_);
    if (!map.valid()) return;
    if (const auto listen = map.text("listen")) {
      api.listen = *listen;
      check_listen(map, api.listen);
    }
    if (const auto tls = map.node("tls")) api.tls = read_tls(*tls);
    const bool tcp = api.listen.rfind("unix:", 0) != 0;
    if (tcp && !map.has("tls")) {
      errors_.add(
          map.value_mark("listen"),
          "listening on TCP needs tls with certificate and key; or listen on unix:/run/wgospf/wgospfd.sock");
    }
    if (!tcp && map.has("tls")) {
      errors_.add(map.mark("tls"), "tls is for TCP only; a unix socket is guarded by its permissions");
    }
  }

  void check_listen(const MapReader& map, const std::string& listen) {
    const bool is_unix = listen.rfind("unix:", 0) == 0;
    const auto problem =
        is_unix ? problem_of_unix_path(std::string_view(listen).substr(5)) : problem_of_tcp_address(listen);
    if (!problem.empty())
      errors_.add(map.value_mark("listen"), fmt::format("cannot listen on \"{}\": {}", listen, problem));
  }

  ApiTls read_tls(const YAML::Node& node) {
    MapReader map(node, "tls", {.known = {"certificate", "key", "client-ca"}}, errors_);
    ApiTls tls;
    map.require("certificate", "certificate: /etc/wgospf/api.pem");
    map.require("key", "key: /etc/wgospf/api.key");
    tls.certificate = read_file_name(map, "certificate");
    tls.key = read_file_name(map, "key");
    tls.client_ca = read_file_name(map, "client-ca");
    if (check_file_ && tls_files_usable_ && !tls.certificate.empty() && !tls.key.empty()) check_tls(map, tls);
    return tls;
  }

  /// Files that can be read may still be none that TLS can use.
  void check_tls(const MapReader& map, const ApiTls& tls) {
    if (const auto problem = problem_of_tls(tls))
      errors_.add(map.value_mark(problem->field), fmt::format("{} {}", problem->field, problem->text));
  }

  std::string read_file_name(MapReader& map, std::string_view key) {
    const auto name = map.text(key);
    if (!name) return {};
    if (const auto problem = check_file_ ? check_file_(*name) : std::nullopt) {
      tls_files_usable_ = false;
      errors_.add(map.value_mark(key), fmt::format("{} {} {}; name a file in PEM form that wgospfd may read",
                                                   key, *name, *problem));
    }
    return *name;
  }

  void read_rib(const YAML::Node& node, Config& config) {
    MapReader map(node, "rib", {.known = {"table", "metric", "lock-directory"}}, errors_);
    if (!map.valid()) return;
    RibSettings& rib = config.rib;
    for (const char* key : {"table", "metric", "lock-directory"})
      note_place(map, key, fmt::format("rib.{}", key), config);
    read_number(map, "table", {1, 0xffffffffU}, rib.table);
    if (rib.table == kLocalTable)
      errors_.add(map.value_mark("table"),
                  "table 255 is the kernel's own table of local addresses; use 254 (main)");
    read_number(map, "metric", {1, 0xffffffffU}, rib.metric);
    if (const auto directory = map.text("lock-directory")) {
      rib.lock_directory = *directory;
      if (directory->front() != '/')
        errors_.add(map.value_mark("lock-directory"),
                    fmt::format("lock-directory must be an absolute path, not \"{}\"", *directory));
    }
  }

  void read_spf_control(const YAML::Node& node, ospf::SpfDelay& delay) {
    MapReader map(node, "spf-control", {.known = {"ietf-spf-delay"}, .not_built = {"paths"}}, errors_);
    const auto inner = map.node("ietf-spf-delay");
    if (!inner) return;
    MapReader values(*inner, "ietf-spf-delay",
                     {.known = {"initial-delay", "short-delay", "long-delay", "hold-down", "time-to-learn"}},
                     errors_);
    if (!values.valid()) return;
    const auto read = [&](std::string_view key, ospf::Duration& target) {
      if (const auto value = values.number(key, kMilliseconds)) target = milliseconds{*value};
    };
    read("initial-delay", delay.initial_delay);
    read("short-delay", delay.short_delay);
    read("long-delay", delay.long_delay);
    read("hold-down", delay.hold_down);
    read("time-to-learn", delay.time_to_learn);
    if (delay.initial_delay > delay.short_delay || delay.short_delay > delay.long_delay)
      errors_.add(inner->Mark(), "initial-delay, short-delay and long-delay must not decrease in this order");
    if (delay.hold_down <= delay.time_to_learn)
      errors_.add(inner->Mark(), "hold-down must be longer than time-to-learn (RFC 8405 section 3)");
  }

  void read_database_control(const YAML::Node& node, Config& config) {
    MapReader map(node, "database-control", {.known = {"max-lsa", "max-lsa-bytes"}}, errors_);
    if (!map.valid()) return;
    read_number(map, "max-lsa", {1, 4294967294U, "LSAs"}, config.max_lsa);
    read_number(map, "max-lsa-bytes", {65536, 4294967294U, "bytes"}, config.max_lsa_bytes);
  }

  void read_log(const YAML::Node& node, Config& config) {
    static constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};
    MapReader map(node, "log", {.known = {"level"}}, errors_);
    if (const auto level = map.choice("level", kLevels)) config.log_level = static_cast<Severity>(*level);
  }

  ConfigErrors& errors_;
  FileCheck check_file_;
  bool tls_files_usable_ = true;
  std::set<std::pair<int, int>> seen_;  ///< by refuse_tags
  std::map<std::string, int> interface_lines_;
  std::map<std::string, std::vector<PlacedFilter>> redistributed_;  ///< by source
};

struct FileContent {
  std::string text{};
  std::optional<std::string> problem{};  ///< why it cannot be read
};

FileContent read_file(const std::string& name) {
  errno = 0;
  std::ifstream in(name, std::ios::binary);
  FileContent content;
  std::array<char, 4096> part{};
  while (in.read(part.data(), part.size()) || in.gcount() > 0)
    content.text.append(part.data(), static_cast<std::size_t>(in.gcount()));
  // A directory opens, and fails at the first byte; the end of the file is no failure.
  if (!in.eof()) content.problem = fmt::format("cannot be read: {}", std::strerror(errno != 0 ? errno : EIO));
  return content;
}

std::optional<std::string> problem_of_pem_file(const std::string& name) {
  auto content = read_file(name);
  if (content.problem) return content.problem;
  if (content.text.empty()) return "is empty";
  if (content.text.find("-----BEGIN ") == std::string::npos) return "is not in PEM form";
  return std::nullopt;
}

/// The first tab before anything else in a line up to `last`, counted from 0: what yaml-cpp says of it
/// depends on what follows.
std::optional<YAML::Mark> tab_in_indentation(const std::string& text, int last) {
  YAML::Mark mark;
  std::size_t begin = 0;
  for (mark.line = 0; mark.line <= last && begin <= text.size(); ++mark.line) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto indentation = std::min(text.find_first_not_of(" \t", begin), end);
    const auto tab = text.find('\t', begin);
    if (tab < indentation) {
      mark.pos = static_cast<int>(tab);
      mark.column = static_cast<int>(tab - begin);
      return mark;
    }
    begin = end + 1;
  }
  return std::nullopt;
}

ConfigResult parse(const std::string& text, const std::string& file, FileCheck check_file) {
  ConfigErrors errors(file);
  try {
    const auto documents = YAML::LoadAll(text);
    if (documents.size() != 1) {
      return std::vector<ConfigError>{{file, 0, 0,
                                       documents.empty()
                                           ? "the configuration is empty; it needs at least \"areas\""
                                           : "the file holds several YAML documents; keep one"}};
    }
    Config config = ConfigParser(errors, check_file).parse(documents.front());
    if (errors.empty()) return config;
  } catch (const YAML::Exception& error) {
    const auto tab = tab_in_indentation(text, error.mark.line);
    if (tab) {
      errors.add(*tab, "there is a tab in the indentation; YAML is indented with spaces only");
    } else {
      errors.add(error.mark, fmt::format("this is not valid YAML: {}", error.msg));
    }
  }
  return errors.take();
}

}  // namespace

std::string PrefixFilter::to_string() const {
  if (*this == kEveryPrefix) return "every prefix";
  if (ge == prefix.length && le == prefix.length) return prefix.to_string();
  return fmt::format("{} ge {} le {}", prefix.to_string(), ge, le);
}

std::string ConfigError::to_string() const {
  return line == 0 ? fmt::format("{}: {}", file, text)
                   : fmt::format("{}:{}:{}: {}", file, line, column, text);
}

ConfigResult parse_config(const std::string& text, const std::string& file) {
  return parse(text, file, nullptr);
}

ConfigResult load_config(const std::string& file) {
  const auto content = read_file(file);
  if (content.problem) return std::vector<ConfigError>{{file, 0, 0, *content.problem}};
  return parse(content.text, file, problem_of_pem_file);
}

std::optional<Severity> parse_severity(std::string_view text) {
  for (const auto severity : {Severity::debug, Severity::info, Severity::warning, Severity::error}) {
    if (to_string(severity) == text) return severity;
  }
  return std::nullopt;
}

std::vector<std::string> needs_restart(const Config& running, const Config& wanted,
                                       ospf::RouterId router_id) {
  std::vector<std::string> differences;
  const auto check = [&](bool differs, std::string_view key) {
    if (!differs) return;
    const auto place = wanted.places.find(key);
    differences.push_back(
        place == wanted.places.end()
            ? fmt::format("{} cannot be changed while running, and is no longer in the file", key)
            : fmt::format("line {}, column {}: {} cannot be changed while running", place->second.line,
                          place->second.column, key));
  };
  check(wanted.router_id && *wanted.router_id != router_id, "router-id");
  check(wanted.rib.table != running.rib.table, "rib.table");
  check(wanted.rib.metric != running.rib.metric, "rib.metric");
  check(wanted.rib.lock_directory != running.rib.lock_directory, "rib.lock-directory");
  check(wanted.api != running.api, "api");
  return differences;
}

}  // namespace wgospf::daemon
