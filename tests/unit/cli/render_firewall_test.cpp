// What a packet filter must let pass, as a table and as commands.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/render.h"

namespace wgospf::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

v1::Opening opening(v1::OpeningKind kind, v1::OpeningWay way, v1::OpeningState state) {
  v1::Opening opening;
  opening.set_kind(kind);
  opening.set_way(way);
  opening.set_state(state);
  opening.set_tunnel("wg0");
  opening.set_needed_now(true);
  return opening;
}

/// An open port, OSPF that a chain drops, and forwarding of which nothing is known.
v1::GetFirewallResponse answer() {
  v1::GetFirewallResponse answer;
  auto* port = answer.add_openings();
  *port = opening(v1::OPENING_KIND_WIREGUARD, v1::OPENING_WAY_IN, v1::OPENING_STATE_OPEN);
  port->set_in_interface("eth0");
  port->set_udp_port(51820);
  auto* ospf = answer.add_openings();
  *ospf = opening(v1::OPENING_KIND_OSPF, v1::OPENING_WAY_IN, v1::OPENING_STATE_CLOSED);
  ospf->set_in_interface("wg0");
  ospf->set_dropped_by("chain input of table inet filter (policy)");
  auto* chain = ospf->add_chains();
  chain->set_family("inet");
  chain->set_table("filter");
  chain->set_name("input");
  auto* forwarding = answer.add_openings();
  *forwarding = opening(v1::OPENING_KIND_FORWARDING, v1::OPENING_WAY_THROUGH, v1::OPENING_STATE_UNKNOWN);
  forwarding->set_in_interface("l'an");
  forwarding->set_out_interface("wg0");
  return answer;
}

TEST(RenderFirewall, SaysWhatMustPassAndWhetherItDoes) {
  EXPECT_EQ(render(answer(), FirewallView::table, Colours::off),
            "MUST PASS                                   STATE    DROPPED BY\n"
            "UDP port 51820 in on eth0 (WireGuard, wg0)  open     -\n"
            "protocol 89 in on wg0 (OSPF)                closed   chain input of table inet filter (policy)\n"
            "forwarding from l'an to wg0                 unknown  -\n"
            "--nft, --iptables and --uci print the commands that open it.\n");
  EXPECT_THAT(render(v1::GetFirewallResponse(), FirewallView::table, Colours::off), HasSubstr("No tunnels"));
  auto unread = answer();
  unread.set_problem("nft is not installed");
  EXPECT_THAT(render(unread, FirewallView::table, Colours::off), HasSubstr("\nnft is not installed\n"));
}

TEST(RenderFirewall, NftsCommandsOpenWhatIsNotOpenInTheChainsThatDropIt) {
  const auto text = render(answer(), FirewallView::nft, Colours::off);
  EXPECT_THAT(text,
              HasSubstr("nft 'insert rule inet filter input iifname \"wg0\" meta l4proto 89 accept'\n"));
  EXPECT_THAT(
      text, HasSubstr("nft 'insert rule inet filter forward iifname \"l'\\''an\" oifname \"wg0\" accept'\n"));
  EXPECT_THAT(text, Not(HasSubstr("udp dport 51820 accept")));
  EXPECT_THAT(text, HasSubstr("oifname \"wg0\" tcp flags syn tcp option maxseg size set rt mtu'\n"));
}

TEST(RenderFirewall, IptablesCommands) {
  const auto text = render(answer(), FirewallView::iptables, Colours::off);
  EXPECT_THAT(text, HasSubstr("\niptables -I INPUT -i 'wg0' -p 89 -j ACCEPT\n"));
  EXPECT_THAT(text, HasSubstr("\niptables -I FORWARD -i 'l'\\''an' -o 'wg0' -j ACCEPT\n"));
  EXPECT_THAT(text, HasSubstr("-o 'wg0' -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu\n"));
}

TEST(RenderFirewall, CommandsForOpenWrt) {
  const auto text = render(answer(), FirewallView::uci, Colours::off);
  EXPECT_THAT(text, HasSubstr("uci set firewall.wgospf_tunnels=zone\n"));
  EXPECT_THAT(text, HasSubstr("uci add_list firewall.wgospf_tunnels.device='wg0'\n"));
  EXPECT_THAT(text, HasSubstr("uci set firewall.wgospf_tunnels.mtu_fix='1'\n"));
  EXPECT_THAT(text, HasSubstr("uci set firewall.wgospf_port_51820.dest_port='51820'\n"));
  EXPECT_THAT(text, HasSubstr("uci set firewall.wgospf_ospf.proto='89'\n"));
  EXPECT_THAT(text, HasSubstr("uci set firewall.wgospf_bfd.dest_port='3784'\n"));
}

}  // namespace
}  // namespace wgospf::cli
