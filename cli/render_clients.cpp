// Clients.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "cli/json.h"
#include "cli/render.h"

namespace wgospf::cli {
namespace {

Cell location_cell(const v1::Client& client) {
  switch (client.location()) {
    case v1::CLIENT_LOCATION_HERE:
      return {"here", Colour::good};
    case v1::CLIENT_LOCATION_ELSEWHERE:
      return {client.router_id().empty() ? "another router" : client.router_id()};
    default:
      return {"nowhere", Colour::dim};
  }
}

}  // namespace

std::string render(const v1::ListClientsResponse& list, const Look& look) {
  if (list.clients().empty()) return "No clients.\n";
  Table table({{"CLIENT"},
               {"ADDRESS"},
               {"WHERE"},
               {"SINCE", Align::left, 1},
               {"LAST SEEN HERE", Align::left, 2},
               {"INTERFACE", Align::left, 3}});
  for (const auto& client : list.clients())
    table.row({client.name(), fmt::format("{}", fmt::join(client.addresses(), ", ")), location_cell(client),
               client.has_since() ? seconds_text(client.since()) : std::string(),
               client.has_last_seen() ? seconds_text(client.last_seen()) + " ago" : std::string("never"),
               client.interface()});
  return table.text(look);
}

}  // namespace wgospf::cli
