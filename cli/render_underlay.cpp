#include <fmt/format.h>

#include "cli/json.h"
#include "cli/render.h"

namespace wgospf::cli {
namespace {

/// "up0 via 198.51.100.1".
std::string way_text(const v1::UnderlayEndpoint& endpoint) {
  const auto devices = fmt::format("{}", fmt::join(endpoint.devices(), ", "));
  return endpoint.gateway().empty() ? devices : fmt::format("{} via {}", devices, endpoint.gateway());
}

std::string table_text(std::uint32_t table) {
  constexpr std::uint32_t kMain = 254, kLocal = 255;
  if (table == kMain) return "main";
  return table == kLocal ? "local" : std::to_string(table);
}

std::string endpoints_text(const v1::GetUnderlayResponse& underlay, const Look& look) {
  if (underlay.endpoints().empty()) return "No WireGuard peer has an endpoint.\n";
  Table table({{"INTERFACE"},
               {"ENDPOINT"},
               {"WAY"},
               {"TABLE", Align::left, 2},
               {"RULE", Align::right, 3},
               {"ROUTE", Align::left, 1},
               {"HELD BACK"}});
  for (const auto& endpoint : underlay.endpoints()) {
    const auto held = fmt::format("{}", fmt::join(endpoint.held_back(), ", "));
    if (endpoint.devices().empty()) {
      table.row({endpoint.interface(),
                 endpoint.endpoint(),
                 {"none", Colour::bad},
                 "",
                 "",
                 "",
                 {held, Colour::attention}});
      continue;
    }
    table.row({endpoint.interface(),
               endpoint.endpoint(),
               way_text(endpoint),
               table_text(endpoint.table()),
               endpoint.has_rule() ? std::to_string(endpoint.rule()) : std::string(),
               fmt::format("/{} metric {}{}", endpoint.prefix_length(), endpoint.metric(),
                           endpoint.own() ? ", of wgospfd" : ""),
               {held, Colour::attention}});
  }
  return table.text(look);
}

}  // namespace

std::string render(const v1::GetUnderlayResponse& underlay, const Look& look) {
  std::string out = endpoints_text(underlay, look);
  out += fmt::format("underlay: {}\n", enum_text(underlay.mode()));
  for (const auto& route : underlay.routes()) {
    out += route.held_back()
               ? fmt::format("{} is held back: {}\n", route.prefix(),
                             paint(route.reason(), Colour::attention, look))
               : fmt::format("{} stands apart, in table {}\n", route.prefix(), underlay.table());
  }
  for (const auto& mark : underlay.marks()) {
    if (mark.fwmark() == 0) continue;
    out += fmt::format("fwmark of {}: {:#x}\n", mark.interface(), mark.fwmark());
  }
  for (const auto& rule : underlay.rules())
    out += fmt::format("rule: {}{}\n", rule.rule(),
                       rule.in_place() ? "" : paint(", not in place", Colour::bad, look));
  if (!underlay.problem().empty())
    out += fmt::format("problem: {}\n", paint(underlay.problem(), Colour::bad, look));
  return out;
}

}  // namespace wgospf::cli
