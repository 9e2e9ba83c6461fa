#pragma once
// What each command asks of the daemon, and prints of the answer.

#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/options.h"

namespace wgospf::cli {

/// Why there is no answer, in a sentence; nullopt when it was printed.
using Failure = std::optional<std::string>;

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
[[nodiscard]] Failure forget_key(const Options& options, const Terminal& terminal);
/// What has changed; a failure says why it is refused.
[[nodiscard]] Failure reload(const Options& options, const Terminal& terminal);
[[nodiscard]] Failure confirm(const Options& options, const Terminal& terminal);
/// Without end, until the daemon ends it or nobody reads any more.
[[nodiscard]] Failure watch(const Options& options, const Terminal& terminal);

/// What Options::type and Options::topics may be.
[[nodiscard]] std::vector<std::string> lsa_type_names();
[[nodiscard]] std::vector<std::string> topic_names();

}  // namespace wgospf::cli
