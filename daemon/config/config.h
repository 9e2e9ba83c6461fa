#pragma once
// The configuration file as typed values. Leaves bear the names of the IETF OSPF YANG model (RFC 9129) where
// it has them. Reading is strict: what is unknown, repeated, of the wrong type, out of range or contradictory
// is an error that names file, line, column and what would be right; a configuration with an error is never
// used in part. leaves.yaml defines the leaves, with their ranges and defaults.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/config/api_options.h"
#include "daemon/config/event_hook.h"
#include "daemon/config/leaves.h"
#include "daemon/config/severity.h"
#include "daemon/config/text_file.h"
#include "net/endpoint_name.h"
#include "ospf/config.h"
#include "rib/report.h"

namespace wgospf::daemon {

inline constexpr const char* kDefaultConfigFile = "/etc/wgospf/wgospfd.yaml";

/// Prefixes within `prefix` whose length is from `ge` to `le`.
struct PrefixFilter {
  Ipv4Prefix prefix{};
  std::uint8_t ge = 0;
  std::uint8_t le = 0;
  [[nodiscard]] bool matches(const Ipv4Prefix& other) const {
    return other.length >= ge && other.length <= le && prefix.covers(other);
  }
  /// "10.0.0.0/8", "10.0.0.0/8 ge 16 le 24" or "every prefix".
  [[nodiscard]] std::string to_string() const;
  bool operator==(const PrefixFilter&) const = default;
};

/// What the router at the other end may announce.
struct AnnouncePolicy {
  std::vector<PrefixFilter> prefixes{};  ///< empty: every prefix
  std::uint32_t min_metric = leaf::announces::min_metric.value;
  std::uint32_t max_metric = leaf::announces::max_metric.value;
  bool operator==(const AnnouncePolicy&) const = default;
};

/// Of the interfaces that a pattern matches, those that are meant.
enum class InterfaceKind : std::uint8_t { any, wireguard };

/// Bidirectional Forwarding Detection with the neighbours of a link. Intervals in microseconds.
struct BfdSettings {
  bool enabled = leaf::bfd::enabled.value;
  std::uint8_t local_multiplier = leaf::bfd::local_multiplier.value;
  std::uint32_t desired_min_tx_interval = leaf::bfd::desired_min_tx_interval.value;
  std::uint32_t required_min_rx_interval = leaf::bfd::required_min_rx_interval.value;
  bool operator==(const BfdSettings&) const = default;
};

/// What an interface has, and each of its peers where these are links of their own.
struct LinkSettings {
  std::uint16_t cost = leaf::interface::cost.value;
  std::uint16_t hello_interval = leaf::interface::hello_interval.value;  ///< seconds
  std::uint32_t dead_interval =
      leaf::interface::dead_interval.value;                  ///< seconds; four hello intervals if not given
  std::uint16_t patience = leaf::interface::patience.value;  ///< milliseconds; 0: off
  std::uint16_t retransmit_interval = leaf::interface::retransmit_interval.value;  ///< seconds
  std::uint16_t transmit_delay = leaf::interface::transmit_delay.value;            ///< seconds
  std::optional<bool> mtu_ignore{};  ///< if not given: on for WireGuard devices
  BfdSettings bfd{};
  bool operator==(const LinkSettings&) const = default;
};

/// What a WireGuard peer is to us. With a client there never is an adjacency.
enum class ConfiguredRole : std::uint8_t { router, client };

/// What may be said over a link.
struct AnnounceSettings {
  std::optional<AnnouncePolicy> announces{};  ///< by the router at the other end
  std::optional<bool> transit{};              ///< whether routers behind it are believed
  /// Without `announces` the other end is trusted, and so is who is behind it.
  [[nodiscard]] bool is_transit() const { return transit.value_or(!announces.has_value()); }
  /// Nothing is to be held against anybody.
  [[nodiscard]] bool is_open() const { return !announces && is_transit(); }
  bool operator==(const AnnounceSettings&) const = default;
};

/// What peers have that have no entry of their own.
struct PeerDefaults : LinkSettings, AnnounceSettings {
  ConfiguredRole role = ConfiguredRole::router;
  bool operator==(const PeerDefaults&) const = default;
};

struct PeerSettings : PeerDefaults {
  std::string public_key{};                   ///< in base64
  std::string name{};                         ///< empty: it goes by its key
  std::optional<Ipv4Address> address{};       ///< that it speaks OSPF from
  std::optional<ospf::RouterId> router_id{};  ///< that its key speaks for
  std::vector<EndpointName> endpoints{};      ///< where it can be reached; empty: as the device has it
  bool operator==(const PeerSettings&) const = default;
};

struct InterfaceSettings : LinkSettings, AnnounceSettings {
  std::string name{};  ///< or a pattern, see names.h
  InterfaceKind kind = InterfaceKind::any;
  bool enabled = leaf::interface::enabled.value;
  bool type_given = false;  ///< `interface-type: point-to-point` stands in the file
  bool passive = leaf::interface::passive.value;
  std::optional<std::string> unnumbered{};         ///< the interface whose address an unnumbered link borrows
  std::optional<ospf::RouterId> peer_router_id{};  ///< of the router at the other end
  std::vector<EndpointName> endpoints{};           ///< of the only peer
  bool manages_allowed_ips = leaf::interface::allowed_ips.value == 1;  ///< they follow the routes
  bool has_peers = leaf::interface::peers.value == 1;                  ///< each is a link of its own
  bool finds_clients = leaf::interface::clients.value == 1;            ///< not only those with an entry
  std::uint16_t client_hold = leaf::interface::client_hold.value;      ///< seconds
  PeerDefaults peer_defaults{};                                        ///< of peers without an entry
  std::vector<PeerSettings> peers{};                                   ///< those with one
  bool sets_mtu = leaf::interface::mtu.value == 1;  ///< the device's MTU follows what passes
  /// The device, and its peers where allowed-ips are managed, are given the IPv6 link-local addresses of their keys.
  bool has_link_local = leaf::interface::ipv6_link_local.value == 1;
  bool operator==(const InterfaceSettings&) const = default;
};

struct AreaSettings {
  ospf::AreaId id{};
  std::vector<InterfaceSettings> interfaces{};
  ospf::AreaType type = ospf::AreaType::normal;
  bool summary = leaf::area::summary.value;
  std::uint32_t default_cost = leaf::area::default_cost.value;
  std::vector<ospf::AreaRange> ranges{};
  std::vector<ospf::NssaRange> nssa_ranges{};
  ospf::TranslatorRole translator_role = ospf::TranslatorRole::candidate;
  std::uint16_t translator_stability_interval = leaf::area::nssa_translator_stability_interval.value;
  bool operator==(const AreaSettings&) const = default;
};

struct RedistributeRule {
  rib::RouteOrigin source = rib::RouteOrigin::connected;
  std::uint32_t table = 0;  ///< of source `table`
  bool type2 = leaf::redistribution::metric_type.value == 2;
  std::uint32_t metric = leaf::redistribution::metric.value;
  std::vector<PrefixFilter> prefixes{};  ///< empty: every prefix
  bool operator==(const RedistributeRule&) const = default;
};

/// What becomes of a route that would carry a tunnel's own packets into it.
enum class UnderlayMode : std::uint8_t {
  automatic,  ///< it stands apart: marks, rules and a table of its own keep the packets from it
  off,        ///< it is held back
};

struct RibSettings {
  std::uint32_t table = leaf::rib::table.value;
  std::uint32_t metric = leaf::rib::metric.value;
  std::string lock_directory{leaf::rib::lock_directory.value};
  bool operator==(const RibSettings&) const = default;
};

/// RFC 8405 with its machinery and other numbers: it proposes 50, 200 and 5000 ms. Routers of a lab or after
/// a power cut start over seconds, so the later ones would find the earlier ones in LONG_WAIT, and a failure
/// within ten seconds of another would heal five seconds late. A calculation costs microseconds to
/// milliseconds here: twenty in a second are no burden.
[[nodiscard]] constexpr ospf::SpfDelay default_spf_delay() {
  using Milliseconds = std::chrono::milliseconds;
  namespace keys = leaf::ietf_spf_delay;
  return {Milliseconds{keys::initial_delay.value}, Milliseconds{keys::short_delay.value},
          Milliseconds{keys::long_delay.value}, Milliseconds{keys::hold_down.value},
          Milliseconds{keys::time_to_learn.value}};
}

/// A place in a file, line and column counted from 1.
struct ConfigPlace {
  std::string file{};
  int line = 0;
  int column = 0;
  bool operator==(const ConfigPlace&) const = default;
};

struct Config {
  std::optional<ospf::RouterId> router_id{};
  std::vector<AreaSettings> areas{};
  std::vector<RedistributeRule> redistribute{};
  ApiOptions api{};
  std::string metrics_listen{};  ///< ADDRESS:PORT; empty: no metrics
  std::vector<EventHook> on_event{};
  std::string hostname{};  ///< empty: the system's
  RibSettings rib{};
  UnderlayMode underlay = static_cast<UnderlayMode>(leaf::configuration::underlay.value);
  ospf::SpfDelay spf_delay = default_spf_delay();
  bool rfc1583_compatibility = leaf::configuration::rfc1583_compatibility.value;
  ospf::Duration ls_refresh_time = std::chrono::seconds{leaf::configuration::ls_refresh_time.value};
  std::size_t max_lsa = leaf::database_control::max_lsa.value;
  std::size_t max_lsa_bytes = leaf::database_control::max_lsa_bytes.value;
  std::string state_directory{leaf::configuration::state_directory.value};
  Severity log_level = static_cast<Severity>(leaf::log::level.value);
  /// Where the files have what can only be set at the start, by the names that needs_restart uses.
  std::map<std::string, ConfigPlace, std::less<>> places{};
  bool operator==(const Config&) const = default;
};

/// Where in the file, both counted from 1; 0 where the whole file is meant.
struct ConfigError {
  std::string file{};
  int line = 0;
  int column = 0;
  std::string text{};
  /// "FILE:LINE:COLUMN: TEXT".
  [[nodiscard]] std::string to_string() const;
};

/// A configuration, or everything that is wrong with it in the order of the files (never empty then).
using ConfigResult = std::variant<Config, std::vector<ConfigError>>;

struct FileAccess;
/// `file` is the name used in errors. Looks at the text alone: files that it names need not exist, and it
/// cannot include any.
[[nodiscard]] ConfigResult parse_config(const std::string& text, const std::string& file);
/// The same with the files that it includes, which are found beside `file`.
[[nodiscard]] ConfigResult parse_config(const std::string& text, const std::string& file,
                                        const FileAccess& access);
/// Reads the file and those that it includes, and looks whether what it names can be used: the files of TLS,
/// the group of the API's socket. A pipe is waited for if asked.
[[nodiscard]] ConfigResult load_config(const std::string& file, Pipes pipes = Pipes::wait);

/// What differs between a running configuration and a new one although it can only be set at the start, in
/// words and with its place in the new one, which was read from `file`; empty when it can be taken over.
/// `router_id` is the one in use.
[[nodiscard]] std::vector<std::string> needs_restart(const Config& running, const Config& wanted,
                                                     ospf::RouterId router_id, const std::string& file);

}  // namespace wgospf::daemon
