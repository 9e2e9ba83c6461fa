// Status, interfaces, neighbors.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/json.h"
#include "cli/render.h"

namespace wgospf::cli {
namespace {

/// "2/2 full", or "none".
Cell neighbors_cell(const v1::Interface& interface) {
  if (interface.passive()) return {"passive", Colour::dim};
  if (interface.neighbor_count() == 0 && interface.peer_asleep()) return {"asleep", Colour::dim};
  if (interface.neighbor_count() == 0) return {"none", Colour::attention};
  const bool all_full = interface.full_count() == interface.neighbor_count();
  return {fmt::format("{}/{} full", interface.full_count(), interface.neighbor_count()),
          all_full ? Colour::good : Colour::attention};
}

/// What keeps OSPF from passing: "no 224.0.0.5", ...; "ok" on a WireGuard interface without findings.
Cell allowed_ips_cell(const v1::Interface& interface) {
  if (!interface.wireguard()) return {};
  if (interface.allowed_ips_findings().empty()) return {"ok", Colour::good};
  std::string text;
  for (const auto& finding : interface.allowed_ips_findings()) {
    if (!text.empty()) text += ", ";
    switch (finding.problem()) {
      case v1::ALLOWED_IPS_PROBLEM_NOT_COVERED:
        text += "no " + finding.address();
        break;
      case v1::ALLOWED_IPS_PROBLEM_OTHER_PEER:
        text += finding.address() + " at other peer";
        break;
      default:
        text += enum_text(finding.problem());
    }
  }
  return {text, Colour::bad};
}

std::string addresses_text(const v1::Interface& interface) {
  if (!interface.peer_address().empty()) return "peer " + interface.peer_address();
  std::string text = fmt::format("{}", fmt::join(interface.addresses(), ", "));
  if (text.empty() && !interface.unnumbered_source().empty())
    text = "unnumbered " + interface.unnumbered_source();
  if (!interface.link_local_address().empty())
    text += (text.empty() ? "" : ", ") + interface.link_local_address();
  return text;
}

Cell interface_state_cell(const v1::Interface& interface) {
  if (!interface.link_up()) return {"down", Colour::bad};
  const bool down = interface.state() == v1::INTERFACE_STATE_DOWN;
  return {enum_text(interface.state()), down && !interface.passive() ? Colour::bad : Colour::none};
}

void append_line(std::string& out, std::string_view label, std::string_view text) {
  out += fmt::format("{:<12}{}\n", label, text);
}

std::string kernel_text(const v1::KernelStatus& kernel) {
  return fmt::format("up to generation {}, table {}, metric {}", kernel.acknowledged_generation(),
                     kernel.table(), kernel.metric());
}

std::vector<std::string> kernel_notes(const v1::KernelStatus& kernel) {
  std::vector<std::string> notes;
  const auto note = [&notes](std::uint64_t count, std::string_view one, std::string_view many) {
    if (count != 0)
      notes.push_back(fmt::format("{} {}", count_text(count, "route"), count == 1 ? one : many));
  };
  note(kernel.missing(), "is not in the kernel", "are not in the kernel");
  note(kernel.hidden(), "is hidden by another program's", "are hidden by other programs'");
  note(kernel.adopted(), "is a former run's", "are a former run's");
  note(kernel.withheld(), "is withheld", "are withheld");
  return notes;
}

}  // namespace

std::string seconds_text(const google::protobuf::Duration& duration) {
  return seconds_text(static_cast<double>(duration.seconds()) + static_cast<double>(duration.nanos()) / 1e9);
}

Colour colour_of(v1::NeighborState state) {
  switch (state) {
    case v1::NEIGHBOR_STATE_FULL:
      return Colour::good;
    case v1::NEIGHBOR_STATE_DOWN:
      return Colour::bad;
    case v1::NEIGHBOR_STATE_2_WAY:
      return Colour::none;
    default:
      return Colour::attention;
  }
}

std::string render(const v1::GetStatusResponse& status, const Look& look) {
  std::string out = fmt::format(
      "wgospfd {}, router id {}, up {}\n", status.version(),
      status.router_id().empty() ? "none yet" : router_text(status.router_id(), status.hostname()),
      seconds_text(status.uptime()));
  const auto add_warnings = [&] {
    for (const auto& warning : status.warnings())
      append_line(out, "warning", paint(warning, Colour::attention, look));
    return out;
  };
  if (status.router_id().empty()) return add_warnings();  // nothing runs that could have anything else
  std::string areas;
  for (const auto& area : status.areas()) {
    areas += fmt::format("{}{} ({})", areas.empty() ? "" : ", ", area.area_id(),
                         count_text(area.interface_count(), "interface"));
  }
  append_line(out, "areas", areas.empty() ? "none" : areas);
  const bool all_full = status.full_count() == status.neighbor_count() && status.neighbor_count() > 0;
  append_line(out, "neighbors",
              paint(fmt::format("{}, {} full", status.neighbor_count(), status.full_count()),
                    all_full ? Colour::good : Colour::attention, look));
  append_line(out, "database",
              fmt::format("{}, {}; room for {}, {}", count_text(status.lsdb_size(), "LSA"),
                          bytes_text(status.lsdb_bytes()), count_text(status.max_lsa(), "LSA"),
                          bytes_text(status.max_lsa_bytes())));
  append_line(out, "routes",
              fmt::format("{}, generation {}, {}", status.route_count(), status.generation(),
                          status.converged() ? paint("converged", Colour::good, look)
                                             : paint("not converged", Colour::attention, look)));
  append_line(out, "kernel", kernel_text(status.kernel()));
  for (const auto& text : kernel_notes(status.kernel())) {
    append_line(out, "", paint(text, Colour::attention, look));
  }
  for (const auto& failure : status.kernel().failures()) {
    append_line(out, "",
                paint(fmt::format("failed: {}: {}", failure.subject(), failure.text()), Colour::bad, look));
  }
  const auto shown = static_cast<std::uint64_t>(status.kernel().failures_size());
  if (status.kernel().failure_count() > shown) {
    append_line(out, "", fmt::format("and {} more", status.kernel().failure_count() - shown));
  }
  return add_warnings();
}

std::string render(const v1::ListInterfacesResponse& list, const Look& look) {
  if (list.interfaces().empty()) return "No interfaces are configured.\n";
  Table table({{"INTERFACE"},
               {"AREA", Align::left, 2},
               {"TYPE", Align::left, 4},
               {"STATE"},
               {"COST", Align::right, 3},
               {"HELLO/DEAD", Align::left, 5},
               {"MTU", Align::right, 6},
               {"PASSES", Align::right, 1},
               {"ADDRESS"},
               {"NEIGHBORS"},
               {"ALLOWED-IPS"}});
  std::string findings;
  for (const auto& interface : list.interfaces()) {
    const auto timers = interface.passive()
                            ? std::string()
                            : fmt::format("{}/{}", interface.hello_interval(), interface.dead_interval());
    table.row({interface.name(), interface.area_id(), enum_text(interface.interface_type()),
               interface_state_cell(interface), std::to_string(interface.cost()), timers,
               interface.mtu() == 0 ? std::string() : std::to_string(interface.mtu()),
               interface.path_mtu() == 0 ? std::string() : std::to_string(interface.path_mtu()),
               addresses_text(interface), neighbors_cell(interface), allowed_ips_cell(interface)});
    for (const auto& finding : interface.allowed_ips_findings()) {
      findings += fmt::format("{}: {}\n", interface.name(), paint(finding.text(), Colour::attention, look));
    }
    for (const auto& problem : interface.problems())
      findings += fmt::format("{}: {}\n", interface.name(), paint(problem, Colour::attention, look));
  }
  return table.text(look) + findings;
}

std::vector<Cell> liveness_cells(const v1::Liveness& liveness) {
  auto heard = fmt::format("{} ago", seconds_text(liveness.last_sign_age()));
  if (liveness.last_sign() != v1::SIGN_OF_LIFE_OSPF)
    heard += fmt::format(" ({})", enum_text(liveness.last_sign()));
  if (liveness.suspect()) heard += ", suspect";
  const double round_trip =
      static_cast<double>(liveness.round_trip().seconds()) * 1e3 + liveness.round_trip().nanos() / 1e6;
  return {{heard, liveness.suspect() ? Colour::attention : Colour::none},
          liveness.has_round_trip() ? fmt::format("{:.1f}ms", round_trip) : std::string(),
          liveness.loss_samples() > 0 ? fmt::format("{:.0f}%", liveness.loss() * 100) : std::string()};
}

std::string render(const v1::ListNeighborsResponse& list, const Look& look) {
  if (list.neighbors().empty()) return "No neighbors.\n";
  const bool has_bfd =
      std::any_of(list.neighbors().begin(), list.neighbors().end(),
                  [](const auto& neighbor) { return neighbor.bfd_state() != v1::BFD_STATE_UNSPECIFIED; });
  std::vector<Column> columns{{"ROUTER-ID"},
                              {"STATE"},
                              {"FOR", Align::left, 1},
                              {"INTERFACE"},
                              {"ADDRESS", Align::left, 3},
                              {"DEAD-IN", Align::left, 2},
                              {"LAST-EVENT", Align::left, 6},
                              {"REQUESTED", Align::right, 5},
                              {"UNACKED", Align::right, 4}};
  const bool is_any_followed = std::any_of(list.neighbors().begin(), list.neighbors().end(),
                                           [](const auto& neighbor) { return neighbor.has_liveness(); });
  if (is_any_followed)
    columns.insert(columns.end(), {{"HEARD"}, {"RTT", Align::right}, {"LOSS", Align::right, 7}});
  if (has_bfd) columns.push_back({"BFD"});
  const bool has_names = std::any_of(list.neighbors().begin(), list.neighbors().end(),
                                     [](const auto& neighbor) { return !neighbor.hostname().empty(); });
  if (has_names) columns.insert(columns.begin() + 1, {"HOSTNAME"});
  Table table(std::move(columns));
  std::string problems;
  for (const auto& neighbor : list.neighbors()) {
    std::vector<Cell> cells{neighbor.neighbor_router_id(),
                            {enum_text(neighbor.state()), colour_of(neighbor.state())},
                            seconds_text(neighbor.state_age()),
                            neighbor.interface(),
                            neighbor.address(),
                            neighbor.has_dead_timer() ? seconds_text(neighbor.dead_timer()) : std::string(),
                            neighbor.last_event(),
                            std::to_string(neighbor.request_list()),
                            std::to_string(neighbor.retransmission_list())};
    if (has_names) cells.insert(cells.begin() + 1, neighbor.hostname());
    if (neighbor.has_liveness())
      for (auto& cell : liveness_cells(neighbor.liveness())) cells.push_back(std::move(cell));
    else if (is_any_followed && has_bfd)
      cells.resize(cells.size() + 3);
    if (neighbor.bfd_state() != v1::BFD_STATE_UNSPECIFIED)
      cells.emplace_back(enum_text(neighbor.bfd_state()), colour_of(neighbor.bfd_state()));
    table.row(std::move(cells));
    if (!neighbor.problem().empty())
      problems += fmt::format("{} on {}: {}\n", neighbor.neighbor_router_id(), neighbor.interface(),
                              paint(neighbor.problem(), Colour::attention, look));
  }
  return table.text(look) + problems;
}

}  // namespace wgospf::cli
