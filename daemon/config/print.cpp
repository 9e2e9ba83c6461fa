#include "daemon/config/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "daemon/config/leaves.h"

namespace wgospf::daemon {

namespace {

class Printer {
 public:
  std::string print(const Config& config) {
    namespace keys = leaf::configuration;
    if (config.router_id) line(0, keys::router_id, config.router_id->to_string());
    if (!config.hostname.empty()) line(0, keys::hostname, yaml_scalar(config.hostname));
    head(0, keys::areas);
    for (const auto& area : config.areas) print(area);
    if (!config.redistribute.empty()) head(0, keys::redistribute);
    for (const auto& rule : config.redistribute) print(rule);
    print(config.api);
    if (!config.metrics_listen.empty()) {
      head(0, keys::metrics);
      line(1, leaf::metrics::listen, yaml_scalar(config.metrics_listen));
    }
    if (!config.on_event.empty()) head(0, keys::on_event);
    for (const auto& hook : config.on_event) print(hook);
    print(config.rib);
    print(config.spf_delay);
    head(0, keys::database_control);
    line(1, leaf::database_control::max_lsa, config.max_lsa);
    line(1, leaf::database_control::max_lsa_bytes, config.max_lsa_bytes);
    line(0, keys::underlay, keys::underlay_values[static_cast<std::size_t>(config.underlay)]);
    line(0, keys::rfc1583_compatibility, config.rfc1583_compatibility);
    line(0, keys::ls_refresh_time, config.ls_refresh_time / std::chrono::seconds{1});
    line(0, keys::state_directory, yaml_scalar(config.state_directory));
    head(0, keys::log);
    line(1, leaf::log::level, to_string(config.log_level));
    return std::move(text_);
  }

 private:
  void print(const AreaSettings& area) {
    item(1, leaf::area::area_id, area.id.to_string());
    line(2, leaf::area::area_type, leaf::area::area_type_values[static_cast<std::size_t>(area.type)]);
    if (area.type != ospf::AreaType::normal) {
      line(2, leaf::area::summary, area.summary);
      line(2, leaf::area::default_cost, area.default_cost);
    }
    if (area.type == ospf::AreaType::nssa) print_nssa(area);
    if (!area.ranges.empty()) head(2, leaf::area::ranges);
    for (const auto& range : area.ranges) print(range);
    head(2, leaf::area::interfaces);
    for (const auto& interface : area.interfaces) print(interface);
  }

  void print_nssa(const AreaSettings& area) {
    namespace keys = leaf::area;
    line(2, keys::nssa_translator_role,
         keys::nssa_translator_role_values[static_cast<std::size_t>(area.translator_role)]);
    line(2, keys::nssa_translator_stability_interval, area.translator_stability_interval);
    if (!area.nssa_ranges.empty()) head(2, keys::nssa_ranges);
    for (const auto& range : area.nssa_ranges) {
      item(3, leaf::nssa_range::prefix, to_string(range.prefix));
      line(4, leaf::nssa_range::advertise, range.advertise);
      line(4, leaf::nssa_range::tag, range.tag);
    }
  }

  void print(const ospf::AreaRange& range) {
    item(3, leaf::area_range::prefix, to_string(range.prefix));
    line(4, leaf::area_range::advertise, range.advertise);
    if (range.cost) line(4, leaf::area_range::cost, *range.cost);
  }

  void print(const InterfaceSettings& interface) {
    namespace keys = leaf::interface;
    item(3, keys::name, yaml_scalar(interface.name));
    if (interface.kind != InterfaceKind::any)
      line(4, keys::kind, keys::kind_values[static_cast<std::size_t>(interface.kind)]);
    line(4, keys::enabled, interface.enabled);
    if (interface.type_given) line(4, keys::interface_type, keys::interface_type_values[0]);
    print_link(4, interface);
    print_bfd(4, interface.bfd, {});
    line(4, keys::passive, interface.passive);
    line(4, keys::mtu, keys::mtu_values[interface.sets_mtu ? 1 : 0]);
    if (interface.unnumbered) line(4, keys::unnumbered, yaml_scalar(*interface.unnumbered));
    if (interface.peer_router_id) line(4, keys::peer_router_id, interface.peer_router_id->to_string());
    print_endpoints(4, interface.endpoints);
    print_announce_settings(4, interface);
    line(4, keys::allowed_ips, keys::allowed_ips_values[interface.manages_allowed_ips ? 1 : 0]);
    line(4, keys::ipv6_link_local, keys::ipv6_link_local_values[interface.has_link_local ? 1 : 0]);
    line(4, keys::peers, keys::peers_values[interface.has_peers ? 1 : 0]);
    if (!interface.has_peers) return;
    line(4, keys::clients, keys::clients_values[interface.finds_clients ? 1 : 0]);
    line(4, keys::client_hold, interface.client_hold);
    head(4, keys::peer_defaults);
    print_announce_settings(5, interface.peer_defaults);
    if (interface.peer_defaults.role != ConfiguredRole::router)
      line(5, leaf::peer_defaults::role, role_of(interface.peer_defaults));
    print_link(5, interface.peer_defaults);
    print_bfd(5, interface.peer_defaults.bfd, interface.bfd);
    if (!interface.peers.empty()) head(4, keys::peer);
    for (const auto& peer : interface.peers) {
      print(peer);
      print_bfd(6, peer.bfd, interface.peer_defaults.bfd);
    }
  }

  void print(const PeerSettings& peer) {
    namespace keys = leaf::peer;
    item(5, keys::public_key, yaml_scalar(peer.public_key));
    if (!peer.name.empty()) line(6, keys::name, yaml_scalar(peer.name));
    if (peer.address) line(6, keys::address, peer.address->to_string());
    if (peer.router_id) line(6, keys::router_id, peer.router_id->to_string());
    print_endpoints(6, peer.endpoints);
    print_announce_settings(6, peer);
    line(6, keys::role, role_of(peer));
    print_link(6, peer);
  }

  [[nodiscard]] static std::string_view role_of(const PeerDefaults& peer) {
    return leaf::peer::role_values[static_cast<std::size_t>(peer.role)];
  }

  void print_endpoints(std::size_t depth, const std::vector<EndpointName>& endpoints) {
    if (!endpoints.empty()) head(depth, leaf::peer::endpoints);
    for (const auto& endpoint : endpoints)
      fmt::format_to(std::back_inserter(text_), "{:{}}- {}\n", "", 2 * (depth + 1),
                     yaml_scalar(to_string(endpoint)));
  }

  void print_announce_settings(std::size_t depth, const AnnounceSettings& settings) {
    if (settings.announces) print(*settings.announces, depth);
    if (settings.transit) line(depth, leaf::interface::transit, *settings.transit);
  }

  void print_link(std::size_t depth, const LinkSettings& settings) {
    namespace keys = leaf::interface;
    line(depth, keys::cost, settings.cost);
    line(depth, keys::hello_interval, settings.hello_interval);
    line(depth, keys::dead_interval, settings.dead_interval);
    if (settings.patience == 0)
      line(depth, keys::patience, "off");
    else
      line(depth, keys::patience, settings.patience);
    line(depth, keys::retransmit_interval, settings.retransmit_interval);
    line(depth, keys::transmit_delay, settings.transmit_delay);
    if (settings.mtu_ignore) line(depth, keys::mtu_ignore, *settings.mtu_ignore);
  }

  /// Where it is not as inherited.
  void print_bfd(std::size_t depth, const BfdSettings& bfd, const BfdSettings& inherited) {
    namespace keys = leaf::bfd;
    if (bfd == inherited) return;
    head(depth, leaf::interface::bfd);
    line(depth + 1, keys::enabled, bfd.enabled);
    line(depth + 1, keys::local_multiplier, bfd.local_multiplier);
    if (bfd.desired_min_tx_interval == bfd.required_min_rx_interval) {
      line(depth + 1, keys::min_interval, bfd.desired_min_tx_interval);
      return;
    }
    line(depth + 1, keys::desired_min_tx_interval, bfd.desired_min_tx_interval);
    line(depth + 1, keys::required_min_rx_interval, bfd.required_min_rx_interval);
  }

  void print(const AnnouncePolicy& policy, std::size_t depth) {
    namespace keys = leaf::announces;
    head(depth, leaf::interface::announces);
    if (!policy.prefixes.empty()) head(depth + 1, keys::prefixes);
    for (const auto& filter : policy.prefixes) print(filter, depth + 2);
    line(depth + 1, keys::min_metric, policy.min_metric);
    line(depth + 1, keys::max_metric, policy.max_metric);
  }

  void print(const RedistributeRule& rule) {
    namespace keys = leaf::redistribution;
    item(1, keys::source, keys::source_values[static_cast<std::size_t>(rule.source)]);
    if (rule.source == rib::RouteOrigin::table) line(2, keys::table, rule.table);
    line(2, keys::metric_type, rule.type2 ? 2 : 1);
    line(2, keys::metric, rule.metric);
    if (!rule.prefixes.empty()) head(2, keys::prefixes);
    for (const auto& filter : rule.prefixes) print(filter, 3);
  }

  void print(const PrefixFilter& filter, std::size_t depth) {
    namespace keys = leaf::prefix_filter;
    item(depth, keys::prefix, filter.prefix.to_string());
    line(depth + 1, keys::ge, filter.ge);
    line(depth + 1, keys::le, filter.le);
  }

  void print(const ApiOptions& api) {
    head(0, leaf::configuration::api);
    line(1, leaf::api::listen, yaml_scalar(api.listen));
    if (!api.group.empty()) line(1, leaf::api::group, yaml_scalar(api.group));
    if (!api.tls) return;
    head(1, leaf::api::tls);
    line(2, leaf::tls::certificate, yaml_scalar(api.tls->certificate));
    line(2, leaf::tls::key, yaml_scalar(api.tls->key));
    if (api.tls->client_ca.empty()) {
      line(2, leaf::tls::client_authentication, leaf::tls::client_authentication_values[1]);
    } else {
      line(2, leaf::tls::client_ca, yaml_scalar(api.tls->client_ca));
    }
  }

  /// An entry goes by what it runs, or where it posts to.
  void print(const EventHook& hook) {
    namespace keys = leaf::on_event;
    if (hook.command.empty())
      item(1, keys::url, yaml_scalar(hook.url));
    else
      item(1, keys::command, words(hook.command));
    std::vector<std::string> kinds;
    for (const auto kind : hook.kinds) kinds.emplace_back(to_string(kind));
    if (!kinds.empty()) line(2, keys::kinds, words(kinds));
    if (hook.has(EventKind::notice)) line(2, keys::min_severity, to_string(hook.min_severity));
    line(2, keys::time_limit, hook.time_limit);
    line(2, keys::max_per_minute, hook.max_per_minute);
  }

  /// One as it is, several as a list.
  [[nodiscard]] static std::string words(const std::vector<std::string>& of) {
    if (of.size() == 1) return yaml_scalar(of.front());
    std::string text;
    for (const auto& word : of) text += (text.empty() ? "" : ", ") + quoted(word);
    return "[" + text + "]";
  }
  /// In a list that stands in one line a comma or a colon would have a meaning.
  [[nodiscard]] static std::string quoted(const std::string& word) {
    const auto scalar = yaml_scalar(word);
    return scalar.front() == '"' ? scalar : '"' + scalar + '"';
  }

  void print(const RibSettings& rib) {
    head(0, leaf::configuration::rib);
    line(1, leaf::rib::table, rib.table);
    line(1, leaf::rib::metric, rib.metric);
    line(1, leaf::rib::lock_directory, yaml_scalar(rib.lock_directory));
  }

  void print(const ospf::SpfDelay& delay) {
    namespace keys = leaf::ietf_spf_delay;
    const auto milliseconds = [](ospf::Duration duration) { return duration / std::chrono::milliseconds{1}; };
    head(0, leaf::configuration::spf_control);
    head(1, leaf::spf_control::ietf_spf_delay);
    line(2, keys::initial_delay, milliseconds(delay.initial_delay));
    line(2, keys::short_delay, milliseconds(delay.short_delay));
    line(2, keys::long_delay, milliseconds(delay.long_delay));
    line(2, keys::hold_down, milliseconds(delay.hold_down));
    line(2, keys::time_to_learn, milliseconds(delay.time_to_learn));
  }

  void head(std::size_t depth, const leaf::Leaf& leaf) {
    fmt::format_to(std::back_inserter(text_), "{:{}}{}:\n", "", 2 * depth, leaf.name);
  }
  template <class Value>
  void line(std::size_t depth, const leaf::Leaf& leaf, const Value& value) {
    fmt::format_to(std::back_inserter(text_), "{:{}}{}: {}\n", "", 2 * depth, leaf.name, value);
  }
  /// The first line of an item of a list.
  template <class Value>
  void item(std::size_t depth, const leaf::Leaf& leaf, const Value& value) {
    fmt::format_to(std::back_inserter(text_), "{:{}}- {}: {}\n", "", 2 * depth, leaf.name, value);
  }

  std::string text_;
};

}  // namespace

// Bytes that are no ASCII stay as they are, for an escape would name a character.
std::string yaml_scalar(const std::string& text) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '/' || c == '*' || c == '?' ||
           c == '@' || c == '+' || c == ':';
  };
  const bool is_word = !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0;
  const bool is_path = !text.empty() && text[0] == '/';
  static constexpr std::string_view kMeaningful[] = {"true", "false", "null", "yes", "no",
                                                     "on",   "off",   "y",    "n"};
  const bool is_meaningful =
      std::find(std::begin(kMeaningful), std::end(kMeaningful), text) != std::end(kMeaningful);
  if ((is_word || is_path) && !is_meaningful && text.back() != ':' &&
      std::all_of(text.begin(), text.end(), is_plain))
    return text;
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      quoted += fmt::format("\\{}", c);
    else if (byte < 0x20 || byte == 0x7f)
      quoted += fmt::format("\\x{:02x}", byte);
    else
      quoted += c;
  }
  return quoted + '"';
}

std::string print_config(const Config& config) {
  return Printer().print(config);
}

}  // namespace wgospf::daemon
