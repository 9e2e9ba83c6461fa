#include <fmt/format.h>

#include "cli/json.h"
#include "cli/render.h"

namespace wgospf::cli {
namespace {

/// "50 ms", or nothing for what is not known.
std::string milliseconds_text(bool is_there, const google::protobuf::Duration& duration) {
  if (!is_there) return {};
  return fmt::format("{:.6g} ms", static_cast<double>(duration.seconds()) * 1e3 +
                                      static_cast<double>(duration.nanos()) / 1e6);
}

/// Why it is as it is: what keeps it from sending or hearing, else why it went down.
std::string reason_text(const v1::BfdSession& session) {
  if (!session.problem().empty()) return session.problem();
  return session.state() == v1::BFD_STATE_UP || session.diagnostic() == "no diagnostic"
             ? std::string()
             : session.diagnostic();
}

}  // namespace

Colour colour_of(v1::BfdState state) {
  if (state == v1::BFD_STATE_UP) return Colour::good;
  return state == v1::BFD_STATE_DOWN ? Colour::bad : Colour::attention;
}

std::string render(const v1::GetBfdResponse& bfd, const Look& look) {
  if (bfd.sessions().empty()) return "No BFD sessions.\n";
  Table table({{"INTERFACE"},
               {"NEIGHBOR"},
               {"ADDRESS", Align::left, 2},
               {"STATE"},
               {"REMOTE", Align::left, 4},
               {"SINCE", Align::right, 3},
               {"SENDS EVERY", Align::right, 5},
               {"DETECTS IN", Align::right, 6},
               {"DOWN", Align::right, 1},
               {"REASON"}});
  for (const auto& session : bfd.sessions()) {
    table.row({session.interface(),
               session.neighbor_router_id(),
               session.address(),
               {enum_text(session.state()), colour_of(session.state())},
               session.remote_state() == v1::BFD_STATE_UNSPECIFIED ? std::string()
                                                                   : enum_text(session.remote_state()),
               seconds_text(session.state_age()),
               milliseconds_text(session.has_transmit_interval(), session.transmit_interval()),
               milliseconds_text(session.has_detection_time(), session.detection_time()),
               std::to_string(session.down_count()),
               {reason_text(session), Colour::attention}});
  }
  std::string out = table.text(look);
  for (const auto& discard : bfd.discards())
    out += fmt::format("{} discarded: {}\n", count_text(discard.packets(), "packet"), discard.reason());
  if (!bfd.real_time()) out += fmt::format("without real-time scheduling: {}\n", bfd.scheduling());
  return out;
}

}  // namespace wgospf::cli
