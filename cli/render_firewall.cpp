// What a packet filter must let pass: as a table, or as the commands that open it.

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "cli/json.h"
#include "cli/render.h"

namespace wgospf::cli {
namespace {

constexpr const char* kTable = "wgospf";

std::string what(const v1::Opening& opening) {
  switch (opening.kind()) {
    case v1::OPENING_KIND_WIREGUARD:
      return fmt::format("UDP port {} in on {} (WireGuard, {})", opening.udp_port(),
                         opening.in_interface().empty() ? "the uplink" : opening.in_interface(),
                         opening.tunnel());
    case v1::OPENING_KIND_OSPF:
      return opening.way() == v1::OPENING_WAY_OUT
                 ? fmt::format("protocol 89 out on {} (OSPF)", opening.out_interface())
                 : fmt::format("protocol 89 in on {} (OSPF)", opening.in_interface());
    case v1::OPENING_KIND_BFD:
      return fmt::format("UDP port {} in on {} (BFD, where it is used)", opening.udp_port(),
                         opening.in_interface());
    case v1::OPENING_KIND_FORWARDING:
      return fmt::format("forwarding from {} to {}", opening.in_interface(), opening.out_interface());
    default:
      return "something newer than this wgospfctl";
  }
}

Colour colour_of_opening(const v1::Opening& opening) {
  if (opening.state() == v1::OPENING_STATE_OPEN) return Colour::good;
  if (opening.state() == v1::OPENING_STATE_UNKNOWN) return Colour::attention;
  return opening.needed_now() ? Colour::bad : Colour::attention;
}

/// For a shell: nothing in it means anything.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::vector<std::string> tunnels_of(const v1::GetFirewallResponse& answer) {
  std::vector<std::string> tunnels;
  for (const auto& opening : answer.openings())
    if (std::find(tunnels.begin(), tunnels.end(), opening.tunnel()) == tunnels.end())
      tunnels.push_back(opening.tunnel());
  return tunnels;
}

/// A comment that is one line whatever is in it: names are printable (the API sees to that).
std::string comment_of(const v1::Opening& opening) {
  auto text = fmt::format("# {}: {}", what(opening), enum_text(opening.state()));
  if (!opening.dropped_by().empty() && opening.state() != v1::OPENING_STATE_OPEN)
    text += ", " + opening.dropped_by();
  return text + '\n';
}

std::string head(const v1::GetFirewallResponse& answer, const char* more) {
  std::string text = "#!/bin/sh\n";
  if (!answer.problem().empty()) text += fmt::format("# {}\n", answer.problem());
  return text + more;
}

// nft
// -----------------------------------------------------------------------------------------------------

std::string nft_rule(const v1::Opening& opening) {
  std::string rule;
  if (!opening.in_interface().empty()) rule += fmt::format("iifname \"{}\" ", opening.in_interface());
  if (!opening.out_interface().empty()) rule += fmt::format("oifname \"{}\" ", opening.out_interface());
  if (opening.udp_port() != 0) rule += fmt::format("udp dport {} ", opening.udp_port());
  if (opening.kind() == v1::OPENING_KIND_OSPF) rule += "meta l4proto 89 ";
  return rule + "accept";
}

const char* usual_chain(const v1::Opening& opening) {
  if (opening.way() == v1::OPENING_WAY_IN) return "input";
  return opening.way() == v1::OPENING_WAY_OUT ? "output" : "forward";
}

std::string nft_insert(const std::string& chain, const v1::Opening& opening) {
  return fmt::format("nft {}\n", quoted(fmt::format("insert rule {} {}", chain, nft_rule(opening))));
}

std::string nft_commands(const v1::GetFirewallResponse& answer) {
  std::string text =
      head(answer,
           "# In front of the rules that are there; write them into their file (/etc/nftables.conf), too, "
           "or they go with the next load.\n");
  for (const auto& opening : answer.openings()) {
    text += comment_of(opening);
    if (opening.state() == v1::OPENING_STATE_OPEN) continue;
    for (const auto& chain : opening.chains()) {
      if (chain.family() == "iptables")  // the old one, which nft does not know
        text += "# for that: wgospfctl firewall --iptables\n";
      else
        text += nft_insert(chain.family() + ' ' + chain.table() + ' ' + chain.name(), opening);
    }
    if (opening.chains().empty())
      text += nft_insert(fmt::format("inet filter {}", usual_chain(opening)), opening);
  }
  text += "# TCP's segments no larger than the tunnel takes\n";
  text += fmt::format("nft {}\n", quoted(fmt::format("add table inet {}", kTable)));
  text += fmt::format("nft {}\n",
                      quoted(fmt::format("add chain inet {} forward {{ type filter hook forward priority "
                                         "mangle; }}",
                                         kTable)));
  text += fmt::format("nft {}\n", quoted(fmt::format("flush chain inet {} forward", kTable)));
  for (const auto& tunnel : tunnels_of(answer))
    text += fmt::format("nft {}\n",
                        quoted(fmt::format("add rule inet {} forward oifname \"{}\" tcp flags syn tcp option "
                                           "maxseg size set rt mtu",
                                           kTable, tunnel)));
  return text;
}

// iptables
// ------------------------------------------------------------------------------------------------

std::string iptables_commands(const v1::GetFirewallResponse& answer) {
  std::string text = head(answer, "# In front of the rules that are there.\n");
  for (const auto& opening : answer.openings()) {
    text += comment_of(opening);
    if (opening.state() == v1::OPENING_STATE_OPEN) continue;
    std::string chain = usual_chain(opening);
    std::transform(chain.begin(), chain.end(), chain.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    text += "iptables -I " + chain;
    if (!opening.in_interface().empty()) text += " -i " + quoted(opening.in_interface());
    if (!opening.out_interface().empty()) text += " -o " + quoted(opening.out_interface());
    if (opening.udp_port() != 0) text += fmt::format(" -p udp --dport {}", opening.udp_port());
    if (opening.kind() == v1::OPENING_KIND_OSPF) text += " -p 89";
    text += " -j ACCEPT\n";
  }
  text += "# TCP's segments no larger than the tunnel takes\n";
  for (const auto& tunnel : tunnels_of(answer))
    text += fmt::format(
        "iptables -t mangle -A FORWARD -o {} -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu\n",
        quoted(tunnel));
  return text;
}

// OpenWrt
// -------------------------------------------------------------------------------------------------

/// A section of /etc/config/firewall under a name of ours, so that to run it twice changes nothing.
class UciSection {
 public:
  UciSection(std::string& text, const std::string& name, const char* type)
      : text_(text), name_("firewall." + name) {
    text_ += fmt::format("uci -q delete {}\nuci set {}={}\n", name_, name_, type);
  }
  void set(const char* option, const std::string& value) {
    text_ += fmt::format("uci set {}.{}={}\n", name_, option, quoted(value));
  }
  void add(const char* option, const std::string& value) {
    text_ += fmt::format("uci add_list {}.{}={}\n", name_, option, quoted(value));
  }

 private:
  std::string& text_;
  std::string name_;
};

std::string uci_commands(const v1::GetFirewallResponse& answer) {
  std::string text =
      head(answer, "# The tunnels are a zone of their own; \"lan\" is the zone of the LANs.\n");
  UciSection zone(text, "wgospf_tunnels", "zone");
  zone.set("name", "tunnels");
  for (const auto& tunnel : tunnels_of(answer)) zone.add("device", tunnel);
  zone.set("input", "REJECT");
  zone.set("output", "ACCEPT");
  zone.set("forward", "ACCEPT");
  zone.set("mtu_fix", "1");
  std::set<std::uint32_t> ports;
  for (const auto& opening : answer.openings())
    if (opening.kind() == v1::OPENING_KIND_WIREGUARD) ports.insert(opening.udp_port());
  for (const auto port : ports) {
    UciSection rule(text, fmt::format("wgospf_port_{}", port), "rule");
    rule.set("name", fmt::format("Allow-WireGuard-{}", port));
    rule.set("src", "wan");
    rule.set("proto", "udp");
    rule.set("dest_port", std::to_string(port));
    rule.set("target", "ACCEPT");
  }
  const auto add_rule = [&](const std::string& name, const std::string& title, const std::string& protocol,
                            const std::string& port) {
    UciSection rule(text, name, "rule");
    rule.set("name", title);
    rule.set("src", "tunnels");
    rule.set("proto", protocol);
    if (!port.empty()) rule.set("dest_port", port);
    rule.set("target", "ACCEPT");
  };
  add_rule("wgospf_ospf", "Allow-OSPF", "89", "");
  add_rule("wgospf_bfd", "Allow-BFD", "udp", "3784");
  const auto add_forwarding = [&](const std::string& name, const std::string& from, const std::string& to) {
    UciSection forwarding(text, name, "forwarding");
    forwarding.set("src", from);
    forwarding.set("dest", to);
  };
  add_forwarding("wgospf_out", "lan", "tunnels");
  add_forwarding("wgospf_in", "tunnels", "lan");
  return text + "uci commit firewall\n/etc/init.d/firewall reload\n";
}

}  // namespace

std::string render(const v1::GetFirewallResponse& answer, FirewallView view, const Look& look) {
  if (view == FirewallView::nft) return nft_commands(answer);
  if (view == FirewallView::iptables) return iptables_commands(answer);
  if (view == FirewallView::uci) return uci_commands(answer);
  if (answer.openings().empty()) return "No tunnels, so there is nothing to open.\n";
  Table table({{"MUST PASS"}, {"STATE"}, {"DROPPED BY"}});
  for (const auto& opening : answer.openings())
    table.row({what(opening),
               {enum_text(opening.state()), colour_of_opening(opening)},
               opening.state() == v1::OPENING_STATE_OPEN ? std::string() : opening.dropped_by()});
  std::string text = table.text(look);
  if (!answer.problem().empty()) text += paint(answer.problem(), Colour::attention, look) + '\n';
  return text + "--nft, --iptables and --uci print the commands that open it.\n";
}

}  // namespace wgospf::cli
