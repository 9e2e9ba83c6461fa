// The link-state database.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/json.h"
#include "cli/render.h"

namespace wgospf::cli {
namespace {

std::string type_text(const v1::Lsa& lsa) {
  return lsa.type() == v1::LSA_TYPE_UNKNOWN ? fmt::format("type-{}", lsa.type_code()) : enum_text(lsa.type());
}

/// Where it is flooded: the area, the interface of link scope, or "AS".
std::string scope_text(const v1::Lsa& lsa) {
  if (lsa.scope() == v1::FLOODING_SCOPE_AS) return "AS";
  return lsa.scope() == v1::FLOODING_SCOPE_LINK ? lsa.interface() : lsa.area_id();
}

std::string sequence_text(const v1::Lsa& lsa) {
  return fmt::format("0x{:08x}", static_cast<std::uint32_t>(lsa.seq_num()));
}

std::string body_text(const v1::RouterLsaBody& body) {
  std::string out = fmt::format(
      "  flags {}\n", body.flags().empty() ? "none" : fmt::format("{}", fmt::join(body.flags(), " ")));
  for (const auto& link : body.links()) {
    out += fmt::format("  {} link {} data {} metric {}\n", enum_text(link.type()), link.link_id(),
                       link.link_data(), link.metric());
  }
  return out;
}
std::string body_text(const v1::NetworkLsaBody& body) {
  return fmt::format("  network-mask {}\n  attached-routers {}\n", body.network_mask(),
                     fmt::join(body.attached_routers(), " "));
}
std::string body_text(const v1::SummaryLsaBody& body) {
  return fmt::format("  network-mask {} metric {}\n", body.network_mask(), body.metric());
}
std::string body_text(const v1::ExternalLsaBody& body) {
  return fmt::format("  network-mask {} metric {} metric-type {} forwarding-address {} tag {}\n",
                     body.network_mask(), body.metric(), body.metric_type(), body.forwarding_address(),
                     body.external_route_tag());
}
std::string body_text(const v1::OpaqueLsaBody& body) {
  std::string hex;
  for (const char c : body.data()) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return fmt::format("  opaque-type {} opaque-id {} data {}\n", body.opaque_type(), body.opaque_id(),
                     hex.empty() ? "none" : hex);
}

std::string body_text(const v1::Lsa& lsa) {
  switch (lsa.body_case()) {
    case v1::Lsa::kRouter:
      return body_text(lsa.router());
    case v1::Lsa::kNetwork:
      return body_text(lsa.network());
    case v1::Lsa::kSummary:
      return body_text(lsa.summary());
    case v1::Lsa::kExternal:
      return body_text(lsa.external());
    case v1::Lsa::kOpaque:
      return body_text(lsa.opaque());
    case v1::Lsa::BODY_NOT_SET:
      return {};
  }
  return {};
}

std::string detail(const v1::ListDatabaseResponse& list) {
  std::string out;
  for (const auto& lsa : list.lsas()) {
    if (!out.empty()) out += '\n';
    out += fmt::format("{} {} of {} in {}{}\n", type_text(lsa), lsa.lsa_id(),
                       router_text(lsa.adv_router(), lsa.adv_router_hostname()), scope_text(lsa),
                       lsa.self_originated() ? " (self-originated)" : "");
    out += fmt::format("  age {} seq-num {} checksum 0x{:04x} length {} options {}\n", lsa.age(),
                       sequence_text(lsa), lsa.checksum(), lsa.length(),
                       lsa.options().empty() ? "none" : fmt::format("{}", fmt::join(lsa.options(), " ")));
    out += body_text(lsa);
  }
  return out;
}

}  // namespace

std::string render(const v1::ListDatabaseResponse& list, DatabaseView view, const Look& look) {
  if (list.lsas().empty()) return "No LSAs.\n";
  if (view == DatabaseView::detail) return detail(list);
  Table table({{"SCOPE"},
               {"TYPE"},
               {"LSA-ID"},
               {"ADV-ROUTER"},
               {"AGE", Align::right},
               {"SEQ-NUM"},
               {"CHECKSUM", Align::left, 3},
               {"LENGTH", Align::right, 2},
               {"SELF", Align::left, 1}});
  for (const auto& lsa : list.lsas()) {
    table.row({scope_text(lsa), type_text(lsa), lsa.lsa_id(),
               router_text(lsa.adv_router(), lsa.adv_router_hostname()), std::to_string(lsa.age()),
               sequence_text(lsa), fmt::format("0x{:04x}", lsa.checksum()), std::to_string(lsa.length()),
               lsa.self_originated() ? "self" : ""});
  }
  return table.text(look);
}

}  // namespace wgospf::cli
