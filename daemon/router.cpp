#include "daemon/router.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace wgospf::daemon {

Router::Router(boost::asio::io_context& loop, LinkMonitor monitor, RouterOptions options)
    : facts_{WGOSPF_VERSION, host_name(), std::chrono::steady_clock::now()},
      host_(loop, std::move(monitor)),
      runner_(host_, std::move(options)) {}

std::optional<Error> Router::start() {
  rib::KernelConfig kernel{.watch = Redistribution::watch_for(config().redistribute),
                           .lock_directory = config().rib.lock_directory};
  rib::TableConfig table{.table = config().rib.table, .metric = config().rib.metric};
  Host::Callbacks callbacks;
  callbacks.links_changed = [this](const auto& events) { runner_.on_links_changed(events); };
  callbacks.rib_reported = [this](const auto& report, TableOf table) {
    runner_.on_rib_report(report, table);
  };
  callbacks.devices_reported = [this](const auto& reports) { runner_.on_device_reports(reports); };
  callbacks.turn_end = [this] { runner_.on_turn_end(); };
  if (auto error = host_.start_rib(std::move(kernel), std::move(table), std::move(callbacks))) return error;
  host_.start();
  runner_.start();
  return std::nullopt;
}

// A link behind a peer bears the name of its device before a slash.
std::vector<std::string> Router::interface_problems(ospf::LinkId link) const {
  auto problems = runner_.links().problems(link);
  if (auto problem = runner_.mtus().problem_of(link); !problem.empty())
    problems.push_back(std::move(problem));
  if (auto problem = runner_.firewall().problem_of(link); !problem.empty())
    problems.push_back(std::move(problem));
  const std::string name = host_.names().name_of(link);
  if (auto held = runner_.held_for(host_.links().system_name(name.substr(0, name.find('/')))); !held.empty())
    problems.push_back(std::move(held));
  return problems;
}

void Router::post(std::function<void()> closure) {
  boost::asio::post(host_.loop(), std::move(closure));
}

}  // namespace wgospf::daemon
