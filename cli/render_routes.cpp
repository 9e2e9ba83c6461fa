// Routes and paths.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/json.h"
#include "cli/render.h"

namespace wgospf::cli {
namespace {

Cell kernel_cell(const v1::Route& route) {
  switch (route.kernel_state()) {
    case v1::KERNEL_STATE_INSTALLED:
      return {"installed", Colour::good};
    case v1::KERNEL_STATE_PENDING:
      return {"pending", Colour::attention};
    case v1::KERNEL_STATE_FAILED:
      return {"failed: " + route.kernel_error(), Colour::bad};
    case v1::KERNEL_STATE_MISSING:
      return {"missing: " + route.kernel_error(), Colour::bad};
    case v1::KERNEL_STATE_HIDDEN:
      return {"hidden: " + route.kernel_error(), Colour::attention};
    case v1::KERNEL_STATE_HELD_BACK:
      return {"held back: " + route.kernel_error(), Colour::bad};
    case v1::KERNEL_STATE_WITHHELD:
      return {"withheld: " + route.kernel_error(), Colour::attention};
    default:
      return {enum_text(route.kernel_state()), Colour::dim};
  }
}

/// With what is wrong with its way: "installed, not covered by ...".
Cell state_cell(const v1::Route& route) {
  Cell cell = kernel_cell(route);
  if (route.findings().empty()) return cell;
  return {fmt::format("{}, {}", cell.text, fmt::join(route.findings(), ", ")), Colour::bad};
}

std::string metric_text(const v1::Route& route) {
  if (route.path_type() != v1::PATH_TYPE_EXTERNAL_2) return std::to_string(route.metric());
  return fmt::format("{}+{}", route.metric(), route.type2_metric());
}

std::string via_text(const v1::Route& route, int index) {
  if (index < route.next_hops_size()) return next_hop_text(route.next_hops(index));
  return index == 0 && route.next_hop_set() == 0 ? "directly attached" : "";
}

std::string hop_link_text(const v1::PathHop& hop) {
  if (!hop.interface().empty()) return "dev " + hop.interface();
  std::string text;
  if (hop.has_link_if_index()) {
    text = fmt::format("ifindex {}", hop.link_if_index());
  } else {
    text = hop.link_address();
  }
  if (hop.via_network()) text += " (network)";
  return text;
}

std::string advertised_text(const v1::Path& path) {
  return fmt::format("advertised by {}-LSA {} of {}, cost {}", enum_text(path.advertised_by()), path.lsa_id(),
                     path.adv_router(), path.advertised_cost());
}

std::string path_text(const v1::Path& path, const Look& look) {
  Table table({{"ROUTER"}, {"COST", Align::right}, {"LINK"}});
  for (const auto& hop : path.hops()) {
    const std::string link = hop_link_text(hop);
    if (link.empty()) {
      table.continued(
          {router_text(hop.router_id(), hop.hostname()), "", {advertised_text(path), Colour::dim}});
    } else {
      table.row({router_text(hop.router_id(), hop.hostname()), std::to_string(hop.cost()), link});
    }
  }
  return table.text(look, 2);
}

}  // namespace

std::string no_path_text(const std::string& target) {
  if (target.find('/') == std::string::npos) return fmt::format("No route of OSPF covers {}.", target);
  return fmt::format("No path to {} (exactly this prefix).", target);
}

std::string router_text(const std::string& router_id, const std::string& hostname) {
  return hostname.empty() ? router_id : fmt::format("{} ({})", router_id, hostname);
}

std::string next_hop_text(const v1::NextHop& next_hop) {
  if (next_hop.address().empty()) return "dev " + next_hop.interface();
  return fmt::format("{} dev {}", next_hop.address(), next_hop.interface());
}

std::string render(const v1::ListRoutesResponse& list, const Look& look) {
  const auto summary = fmt::format("{} of generation {}; in the kernel up to generation {}\n",
                                   count_text(static_cast<std::uint64_t>(list.routes_size()), "route"),
                                   list.generation(), list.kernel_generation());
  if (list.routes().empty()) return summary;
  Table table({{"PREFIX"}, {"TYPE", Align::left, 2}, {"METRIC", Align::right, 1}, {"VIA"}, {"KERNEL"}});
  for (const auto& route : list.routes()) {
    table.row({route.prefix(), enum_text(route.path_type()), metric_text(route), via_text(route, 0),
               state_cell(route)});
    for (int i = 1; i < route.next_hops_size(); ++i) table.continued({"", "", "", via_text(route, i)});
  }
  return table.text(look) + summary;
}

std::string render(const v1::GetPathsResponse& response, const Look& look) {
  if (response.paths().empty()) return no_path_text(response.prefix()) + '\n';
  const auto& first = response.paths(0);
  const auto count = static_cast<std::uint64_t>(response.paths_size());
  std::string out = fmt::format("{}: {}, {}, metric {}\n", response.prefix(),
                                count == 1 ? "1 path" : fmt::format("{} equal-cost paths", count),
                                enum_text(first.path_type()), first.metric());
  for (int i = 0; i < response.paths_size(); ++i) {
    out += fmt::format("path {}\n", i + 1);
    out += path_text(response.paths(i), look);
  }
  if (response.truncated()) out += "There may be more paths; --limit raises the number shown, up to 1000.\n";
  return out;
}

}  // namespace wgospf::cli
