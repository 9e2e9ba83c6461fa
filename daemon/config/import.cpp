#include "daemon/config/import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <utility>

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

/// Of "10.0.0.1/24" the prefix; the length may be absent. wg(8) and ip(8) take no other form.
template <class Address>
std::optional<Prefix<Address>> prefix_of(const std::string& text) {
  const auto slash = std::min(text.find('/'), text.size());
  const auto address = Address::parse(text.substr(0, slash));
  unsigned length = Address::kBits;
  if (slash < text.size()) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + slash + 1, end, length);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  }
  if (!address || length > Address::kBits) return std::nullopt;
  return Prefix<Address>::make(*address, static_cast<std::uint8_t>(length));
}

std::optional<Ipv4Prefix> ipv4_prefix(const std::string& text) {
  return prefix_of<Ipv4Address>(text);
}

/// The interface that wg-quick takes from the name of its file: what is before ".conf", if it is one.
std::optional<std::string> interface_of(const std::string& file) {
  constexpr std::size_t kLongest = 15;
  const std::filesystem::path path(file);
  const auto name = path.stem().string();
  const bool is_name =
      !name.empty() && name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view("_=+.-").find(static_cast<char>(c)) != std::string_view::npos;
      });
  if (path.extension() != ".conf" || !is_name) return std::nullopt;
  return name;
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
  Import(const ImportedFile& file, std::string interface, WgQuickFile parsed)
      : name_(file.name), interface_(std::move(interface)), file_(std::move(parsed)) {
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
    if (is_hub()) text += has_links() ? "    peers: auto\n" : "    passive: true\n";
    return text;
  }

 private:
  [[nodiscard]] bool is_hub() const { return file_.peers.size() != 1; }
  /// Peers are told apart by their addresses, so the interface needs one.
  [[nodiscard]] bool has_links() const { return file_.peers.size() > 1 && !own_.empty(); }
  [[nodiscard]] bool is_table_off() const { return file_.table && file_.table->text == "off"; }

  void remark(int line, const std::string& text) {
    remarks_.push_back(line == 0 ? fmt::format("{}: {}", name_, text)
                                 : fmt::format("{}:{}: {}", name_, line, text));
  }

  /// wg-quick and wg refuse the whole file for one of these.
  void check(const std::vector<WgQuickValue>& values, const char* key) {
    for (const auto& value : values)
      if (!prefix_of<Ipv4Address>(value.text) && !prefix_of<Ipv6Address>(value.text))
        remark(value.line,
               fmt::format("{}: \"{}\" is no address with a length, like 10.0.0.1/24; it is left out here",
                           key, shortened(value.text)));
  }

  void look_at_addresses() {
    check(file_.addresses, "Address");
    for (const auto& peer : file_.peers) check(peer.allowed_ips, "AllowedIPs");
    own_ = ipv4_prefixes(file_.addresses);
    if (!own_.empty()) return;
    remark(0, is_hub() ? "there is no IPv4 address, so nothing of it is announced"
                       : "there is no IPv4 address: the loopback's is borrowed, or that of \"unnumbered\"");
  }

  /// Which of the peers are routers the file does not say; it turns out by itself.
  void look_at_hub() {
    if (file_.peers.empty()) {
      remark(0, "there are no peers: the interface is announced, and OSPF is not run on it");
      return;
    }
    remark(0, has_links()
                  ? fmt::format("there are {} peers on one interface: those that speak OSPF become "
                                "neighbors, the others are left alone after a few hellos",
                                file_.peers.size())
                  : fmt::format("there are {} peers on one interface, and no IPv4 address that they could "
                                "be told apart by: OSPF is not run on it",
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
    if (has_links() && !behind_.empty())
      remark(file_.table ? file_.table->line : 0,
             "what wg-quick makes routes to behind the peers is announced; once a router speaks for it, take "
             "it out of "
             "that peer's AllowedIPs, and when that is so of all, write \"Table = off\" and remove "
             "\"redistribute\"");
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

Imported import_wg_quick(const std::vector<ImportedFile>& files) {
  Imported result;
  std::string remarks, interfaces;
  std::set<Ipv4Prefix> behind;
  std::map<std::string, std::string> names;  // of interfaces, with their files
  const auto refuse = [&result](const ImportedFile& file, const std::string& why) {
    result.refused.push_back(printable(fmt::format("{}: {}", file.name, why)));
  };
  for (const auto& file : files) {
    const auto interface = interface_of(file.name);
    auto parsed = parse_wg_quick(file.text);
    if (!interface) {
      refuse(file,
             "wg-quick takes the interface's name from the file's, NAME.conf with at most 15 letters, digits "
             "and any "
             "of _=+.-; call it so");
      continue;
    }
    if (!parsed.has_interface) {
      refuse(file, "there is no [Interface] in it: it is no file of wg-quick; leave it away");
      continue;
    }
    if (const auto [first, is_new] = names.emplace(*interface, file.name); !is_new) {
      refuse(file, fmt::format("{} has an interface {} already; leave one of them away", first->second,
                               *interface));
      continue;
    }
    const Import import(file, *interface, std::move(parsed));
    for (const auto& remark : import.remarks()) remarks += fmt::format("# {}\n", printable(remark));
    interfaces += import.entry();
    behind.insert(import.behind().begin(), import.behind().end());
  }
  if (interfaces.empty()) return result;
  std::string& text = result.text;
  text = kHead;
  if (!remarks.empty()) text += "#\n" + remarks;
  text += "interfaces:\n" + interfaces;
  if (behind.empty()) return result;
  text +=
      "# Routes that wg-quick makes to what is behind peers.\nredistribute:\n  - source: static\n    "
      "prefixes:\n";
  for (const auto& prefix : behind) text += fmt::format("      - {}\n", prefix.to_string());
  return result;
}

}  // namespace wgospf::daemon
