#pragma once
// What each command asks of the daemon, and prints of the answer.

#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/trouble.h"

namespace wgospf::cli {

[[nodiscard]] Failure show_status(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure show_interfaces(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure show_neighbors(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure show_clients(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure show_peers(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure show_bfd(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure show_underlay(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure show_path(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure show_routes(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure show_database(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure show_firewall(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure show_log(const Options& options, const Terminal& terminal);
/// Until interrupted, or Options::count times.
[[nodiscard]] Failure top(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure write_hosts(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure set_log_level(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure forget_key(const Options& options, const Terminal& terminal);
/// What has changed; a failure says why it is refused.
[[nodiscard]] Failure reload(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure confirm(const Options& options, const Terminal& terminal);
/// Without end, until the daemon ends it or nobody reads any more.
[[nodiscard]] Failure watch(const Options& options, const Terminal& terminal);

/// What Options::type may be of each list, Options::state of neighbors, and Options::topics.
[[nodiscard]] std::vector<std::string> lsa_type_names();
[[nodiscard]] std::vector<std::string> path_type_names();
[[nodiscard]] std::vector<std::string> interface_type_names();
[[nodiscard]] std::vector<std::string> role_names();
[[nodiscard]] std::vector<std::string> neighbor_state_names();
[[nodiscard]] std::vector<std::string> topic_names();
[[nodiscard]] std::vector<std::string> severity_names();

}  // namespace wgospf::cli
