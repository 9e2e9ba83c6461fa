#include "daemon/config/import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <sstream>

#include "daemon/config/print.h"
#include "daemon/config/printable.h"
#include "daemon/config/wg_quick.h"
#include "net/ip.h"

namespace wgospf::daemon {

namespace {

constexpr std::string_view kHead =
    "# From wg-quick's files by \"wgospfctl config import\". Add the LANs that others shall reach, like\n"
    "# \"- { name: br-lan, passive: true }\", and see wgospfd.yaml(5).\n";
/// Where hellos go (RFC 2328 A.1).
constexpr Ipv4Address kAllSpfRouters{0xe0000005};

std::optional<Ipv4Prefix> ipv4_prefix(const std::string& text) {
  const auto slash = std::min(text.find('/'), text.size());
  const auto address = Ipv4Address::parse(text.substr(0, slash));
  unsigned length = Ipv4Address::kBits;
  if (slash < text.size()) {
    const auto parsed = std::from_chars(text.data() + slash + 1, text.data() + text.size(), length);
    if (parsed.ptr != text.data() + text.size()) return std::nullopt;
  }
  if (!address || length > Ipv4Address::kBits) return std::nullopt;
  return Ipv4Prefix::make(*address, static_cast<std::uint8_t>(length));
}

std::vector<Ipv4Prefix> ipv4_prefixes(const std::vector<WgQuickValue>& values) {
  std::vector<Ipv4Prefix> prefixes;
  for (const auto& value : values)
    if (const auto prefix = ipv4_prefix(value.text)) prefixes.push_back(*prefix);
  return prefixes;
}

bool is_default(const Ipv4Prefix& prefix) {
  return prefix.length == 0;
}

std::vector<std::string> words_of(const std::string& command) {
  std::istringstream in(command);
  std::vector<std::string> words;
  for (std::string word; in >> word;) {
    // Commands in a row are one hook: their ends are words of their own.
    const bool ends = word.size() > 1 && word.back() == ';';
    if (ends) word.pop_back();
    words.push_back(word);
    if (ends) words.emplace_back(";");
  }
  return words;
}

/// A route that a hook adds; gateway and device are empty where it names none.
struct HookRoute {
  std::string prefix{};
  std::string gateway{};
  std::string device{};  ///< "%i" for the interface itself
};

/// Of "ip [-4|-6] route add|replace|append PREFIX ... dev NAME", wherever it stands in the command.
std::vector<HookRoute> routes_of(const std::string& command) {
  const auto words = words_of(command);
  std::vector<HookRoute> routes;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "ip" && words[i] != "/sbin/ip" && words[i] != "/usr/sbin/ip") continue;
    std::size_t at = i + 1;
    while (at < words.size() && words[at].front() == '-') ++at;
    static const std::set<std::string> kRoute{"r", "ro", "rou", "rout", "route"};
    static const std::set<std::string> kAdd{"a", "add", "replace", "append"};
    if (at + 2 >= words.size() || !kRoute.contains(words[at]) || !kAdd.contains(words[at + 1])) continue;
    HookRoute route{words[at + 2], {}, {}};
    for (at += 3; at < words.size(); ++at) {
      if (words[at] == ";" || words[at] == "&&" || words[at] == "||") break;
      if (at + 1 == words.size()) break;
      if (words[at] == "dev") route.device = words[at + 1];
      if (words[at] == "via") route.gateway = words[at + 1];
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

class Import {
 public:
  explicit Import(const ImportedFile& file)
      : name_(file.name),
        interface_(std::filesystem::path(file.name).stem().string()),
        file_(parse_wg_quick(file.text)) {
    for (const auto& line : file_.unknown)
      remark(line.line, fmt::format("\"{}\" means nothing to wg-quick", line.text));
    look_at_addresses();
    is_hub() ? look_at_hub() : look_at_tunnel();
    look_at_hooks();
    if (file_.save_config && file_.save_config->text == "true")
      remark(file_.save_config->line,
             "with SaveConfig = true wg-quick writes the file anew when it goes down: change it while it is "
             "down");
  }

  [[nodiscard]] const std::vector<std::string>& remarks() const { return remarks_; }
  [[nodiscard]] const std::set<Ipv4Prefix>& behind() const { return behind_; }
  [[nodiscard]] std::string entry() const {
    std::string text = fmt::format("  - name: {}\n", yaml_scalar(interface_));
    if (is_hub()) text += "    passive: true\n";
    return text;
  }

 private:
  [[nodiscard]] bool is_hub() const { return file_.peers.size() != 1; }
  [[nodiscard]] bool is_table_off() const { return file_.table && file_.table->text == "off"; }

  void remark(int line, const std::string& text) {
    remarks_.push_back(line == 0 ? fmt::format("{}: {}", name_, text)
                                 : fmt::format("{}:{}: {}", name_, line, text));
  }

  void look_at_addresses() {
    own_ = ipv4_prefixes(file_.addresses);
    if (!own_.empty()) return;
    remark(0, is_hub() ? "there is no IPv4 address, so nothing of it is announced"
                       : "there is no IPv4 address: the loopback's is borrowed, or that of \"unnumbered\"");
  }

  /// Several routers on one interface cannot be told apart, clients need no OSPF.
  void look_at_hub() {
    if (file_.peers.empty()) {
      remark(0, "there are no peers: the interface is announced, and OSPF is not run on it");
      return;
    }
    remark(0,
           fmt::format(
               "there are {} peers on one interface: it is announced with what is behind them, and OSPF is "
               "not run on it; a peer that is a router gets an interface of its own for that",
               file_.peers.size()));
    if (is_table_off()) {
      remark(file_.table->line,
             "with Table = off wg-quick makes no routes to what is behind the peers: none are announced but "
             "those of "
             "PostUp");
      return;
    }
    for (const auto& peer : file_.peers)
      for (const auto& prefix : ipv4_prefixes(peer.allowed_ips)) announce(prefix);
  }

  void look_at_tunnel() {
    const auto& peer = file_.peers.front();
    const auto allowed = ipv4_prefixes(peer.allowed_ips);
    const bool is_open = std::any_of(allowed.begin(), allowed.end(), is_default);
    const bool takes_hellos = std::any_of(allowed.begin(), allowed.end(), [](const Ipv4Prefix& prefix) {
      return prefix.contains(kAllSpfRouters);
    });
    const int line = peer.allowed_ips.empty() ? peer.line : peer.allowed_ips.front().line;
    if (!is_open)
      remark(line,
             fmt::format(
                 "AllowedIPs take {}: write \"AllowedIPs = 0.0.0.0/0, ::/0\" and \"Table = off\", so that "
                 "the routes decide",
                 takes_hellos ? "OSPF's packets, but not what will be routed"
                              : "neither OSPF's packets (224.0.0.5) nor what will be routed"));
    look_at_table(is_open);
  }

  void look_at_table(bool is_open) {
    if (is_table_off()) return;
    if (file_.table && file_.table->text != "auto")
      remark(
          file_.table->line,
          fmt::format(
              "Table = {} has wg-quick make routes of AllowedIPs there: write \"Table = off\", for wgospfd "
              "makes them (rib.table says where)",
              file_.table->text));
    else
      remark(file_.table ? file_.table->line : 0,
             is_open ? "without \"Table = off\" wg-quick sends everything into this tunnel: write it; a "
                       "default route "
                       "that is wanted is announced by the router that has one"
                     : "without \"Table = off\" wg-quick makes routes of AllowedIPs, which come before "
                       "wgospfd's: write "
                       "it");
  }

  void look_at_hooks() {
    for (const auto& hook : file_.hooks) {
      if (hook.key != "PreUp" && hook.key != "PostUp") continue;
      const auto& [text, line] = hook.command;
      for (const auto& route : routes_of(text)) look_at_route(route, hook);
      if (text.find("MASQUERADE") != std::string::npos)
        remark(line, fmt::format("{} masquerades: not needed for what both sides have routes to", hook.key));
      if (text.find("ip rule") != std::string::npos)
        remark(line,
               fmt::format("{} makes a rule: wgospfd's routes are in the main table unless rib.table says "
                           "otherwise",
                           hook.key));
    }
  }

  void look_at_route(const HookRoute& route, const WgQuickHook& hook) {
    if (!is_into_this(route)) {
      remark(hook.command.line,
             fmt::format("the route to {} of {} is this machine's own: \"redistribute\" with "
                         "source static announces it",
                         route.prefix, hook.key));
    } else if (is_hub()) {
      announce(ipv4_prefix(route.prefix));
    } else {
      remark(hook.command.line,
             fmt::format("the route to {} of {} becomes superfluous, if a neighbor announces it: "
                         "remove it, and its removal",
                         route.prefix, hook.key));
    }
  }

  [[nodiscard]] bool is_into_this(const HookRoute& route) const {
    if (!route.device.empty()) return route.device == "%i" || route.device == interface_;
    const auto gateway = Ipv4Address::parse(route.gateway);
    return gateway && is_own(Ipv4Prefix::host(*gateway));
  }

  [[nodiscard]] bool is_own(const Ipv4Prefix& prefix) const {
    return std::any_of(own_.begin(), own_.end(), [&](const Ipv4Prefix& own) { return own.covers(prefix); });
  }

  /// A route that wg-quick or its hooks make; that to the interface's own subnet is announced with it.
  void announce(const std::optional<Ipv4Prefix>& prefix) {
    if (prefix && !is_own(*prefix) && !is_default(*prefix)) behind_.insert(*prefix);
  }

  std::string name_;
  std::string interface_;
  WgQuickFile file_;
  std::vector<Ipv4Prefix> own_;
  std::set<Ipv4Prefix> behind_;
  std::vector<std::string> remarks_;
};

}  // namespace

std::string import_wg_quick(const std::vector<ImportedFile>& files) {
  std::string remarks, interfaces;
  std::set<Ipv4Prefix> behind;
  for (const auto& file : files) {
    const Import import(file);
    for (const auto& remark : import.remarks()) remarks += fmt::format("# {}\n", printable(remark));
    interfaces += import.entry();
    behind.insert(import.behind().begin(), import.behind().end());
  }
  std::string text(kHead);
  if (!remarks.empty()) text += "#\n" + remarks;
  text += "interfaces:\n" + interfaces;
  if (behind.empty()) return text;
  text +=
      "# Routes that wg-quick makes to what is behind peers.\nredistribute:\n  - source: static\n    "
      "prefixes:\n";
  for (const auto& prefix : behind) text += fmt::format("      - {}\n", prefix.to_string());
  return text;
}

}  // namespace wgospf::daemon
