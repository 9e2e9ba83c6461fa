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
    head(0, keys::areas);
    for (const auto& area : config.areas) print(area);
    if (!config.redistribute.empty()) head(0, keys::redistribute);
    for (const auto& rule : config.redistribute) print(rule);
    print(config.api);
    print(config.rib);
    print(config.spf_delay);
    head(0, keys::database_control);
    line(1, leaf::database_control::max_lsa, config.max_lsa);
    line(1, leaf::database_control::max_lsa_bytes, config.max_lsa_bytes);
    line(0, keys::ls_refresh_time, config.ls_refresh_time / std::chrono::seconds{1});
    line(0, keys::state_directory, yaml_scalar(config.state_directory));
    head(0, keys::log);
    line(1, leaf::log::level, to_string(config.log_level));
    return std::move(text_);
  }

 private:
  void print(const AreaSettings& area) {
    item(1, leaf::area::area_id, area.id.to_string());
    head(2, leaf::area::interfaces);
    for (const auto& interface : area.interfaces) print(interface);
  }

  void print(const InterfaceSettings& interface) {
    namespace keys = leaf::interface;
    item(3, keys::name, yaml_scalar(interface.name));
    if (interface.kind != InterfaceKind::any)
      line(4, keys::kind, keys::kind_values[static_cast<std::size_t>(interface.kind)]);
    line(4, keys::enabled, interface.enabled);
    if (interface.type_given) line(4, keys::interface_type, keys::interface_type_values[0]);
    line(4, keys::cost, interface.cost);
    line(4, keys::hello_interval, interface.hello_interval);
    line(4, keys::dead_interval, interface.dead_interval);
    line(4, keys::retransmit_interval, interface.retransmit_interval);
    line(4, keys::transmit_delay, interface.transmit_delay);
    line(4, keys::passive, interface.passive);
    if (interface.mtu_ignore) line(4, keys::mtu_ignore, *interface.mtu_ignore);
    if (interface.unnumbered) line(4, keys::unnumbered, yaml_scalar(*interface.unnumbered));
    line(4, keys::allowed_ips, keys::allowed_ips_values[interface.manages_allowed_ips ? 1 : 0]);
  }

  void print(const RedistributeRule& rule) {
    namespace keys = leaf::redistribution;
    item(1, keys::source, keys::source_values[static_cast<std::size_t>(rule.source)]);
    if (rule.source == rib::RouteOrigin::table) line(2, keys::table, rule.table);
    line(2, keys::metric_type, rule.type2 ? 2 : 1);
    line(2, keys::metric, rule.metric);
    if (!rule.prefixes.empty()) head(2, keys::prefixes);
    for (const auto& filter : rule.prefixes) print(filter);
  }

  void print(const PrefixFilter& filter) {
    namespace keys = leaf::prefix_filter;
    item(3, keys::prefix, filter.prefix.to_string());
    line(4, keys::ge, filter.ge);
    line(4, keys::le, filter.le);
  }

  void print(const ApiOptions& api) {
    head(0, leaf::configuration::api);
    line(1, leaf::api::listen, yaml_scalar(api.listen));
    if (!api.group.empty()) line(1, leaf::api::group, yaml_scalar(api.group));
    if (!api.tls) return;
    head(1, leaf::api::tls);
    line(2, leaf::tls::certificate, yaml_scalar(api.tls->certificate));
    line(2, leaf::tls::key, yaml_scalar(api.tls->key));
    if (!api.tls->client_ca.empty()) line(2, leaf::tls::client_ca, yaml_scalar(api.tls->client_ca));
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
