// The commands: each is a line of kShowCommands or kOtherCommands: a name, what it says in the help, the options of its
// own, and what it does (requests.h). The same request serves people and machines; `--json` only chooses how the answer
// is written. `config` needs no daemon: config_commands.h.
#include "cli/commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "cli/checks.h"
#include "cli/client.h"
#include "cli/config_commands.h"
#include "cli/json.h"
#include "cli/json_schema.h"
#include "cli/repeat.h"
#include "cli/requests.h"
#include "cli/routers.h"
#include "cli/words.h"
#include "daemon/config/printable.h"

namespace wgospf::cli {
namespace {

/// Seconds between repetitions, where nothing else is said.
constexpr const char* kEvery = "2";

/// Whether `-w` repeats it.
enum class Repeats : std::uint8_t { never, with_watch, by_itself };

struct Command {
  const char* name;
  const char* help;
  void (*add_options)(CLI::App& app, Options& options);
  Failure (*run)(const Options& options, const Terminal& terminal);
  /// What is printed of it with --json; null where it is no such message.
  const google::protobuf::Descriptor* (*answer)() = nullptr;
  Repeats repeats = Repeats::never;
};

template <class Message>
const google::protobuf::Descriptor* answer() {
  return Message::descriptor();
}

void no_options(CLI::App&, Options&) {}

void interface_option(CLI::App& app, Options& options) {
  app.add_option("--interface", options.interface, "only what is on this interface")->check(not_empty());
}
void neighbor_option(CLI::App& app, Options& options, const char* help) {
  app.add_option("--neighbor", options.neighbor, help)->check(not_empty());
}
void prefix_argument(CLI::App& app, Options& options, const char* help) {
  app.add_option("PREFIX", options.prefix, help)->check(prefix_or_address());
}

void interfaces_options(CLI::App& app, Options& options) {
  prefix_argument(app, options, "only those with an address in this prefix, or a network with this address");
  interface_option(app, options);
  app.add_option("--type", options.type, "only interfaces of this type")
      ->check(one_of(interface_type_names()));
}

void neighbors_options(CLI::App& app, Options& options) {
  prefix_argument(app, options, "only those with an address in this prefix");
  interface_option(app, options);
  neighbor_option(app, options, "only the one with this router id or address");
  app.add_option("--state", options.state, "only those in this state")->check(one_of(neighbor_state_names()));
}

void clients_options(CLI::App& app, Options& options) {
  prefix_argument(app, options, "only those with an address in this prefix");
  interface_option(app, options);
  neighbor_option(app, options, "only those at the router with this id; or a client's name or key");
}

void bfd_options(CLI::App& app, Options& options) {
  interface_option(app, options);
  neighbor_option(app, options, "only the one with this router id or address");
}

void path_options(CLI::App& app, Options& options) {
  app.add_option("PREFIX", options.prefix, "as the routing table has it: 192.168.37.0/24; or an address")
      ->required()
      ->check(not_empty());
  // How many the daemon finds at most is its own to say; see wgospfctl(8).
  app.add_option("--limit", options.limit, "show at most so many paths, up to 1000; else 64")
      ->check(whole_number());
}

void routes_options(CLI::App& app, Options& options) {
  app.add_option("PREFIX", options.prefix,
                 "only this prefix and those within it; or an address: the route that is taken to it")
      ->check(not_empty());
  interface_option(app, options);
  neighbor_option(app, options, "only those over the neighbor with this router id or address");
  app.add_option("--type", options.type, "only routes of this type")->check(one_of(path_type_names()));
}

void database_options(CLI::App& app, Options& options) {
  app.add_option("--area", options.area, "only LSAs of this area: 0.0.0.0, or a number")->check(not_empty());
  app.add_option("--type", options.type, "only LSAs of this type")->check(one_of(lsa_type_names()));
  app.add_option("--adv-router", options.adv_router, "only LSAs of this advertising router")
      ->check(not_empty());
  app.add_option("--id", options.lsa_id, "only LSAs with this Link State ID")->check(not_empty());
  app.add_flag("--detail", options.detail, "with what the LSAs say");
}

void peers_options(CLI::App& app, Options& options) {
  prefix_argument(app, options, "only those whose allowed-ips have to do with this prefix or address");
  interface_option(app, options);
  neighbor_option(app, options, "only the one with this router id, name or key");
  app.add_option("--type", options.type, "only peers of this role")->check(one_of(role_names()));
}

void log_options(CLI::App& app, Options& options) {
  app.add_option("--level", options.level, "only lines that are at least so severe")
      ->check(one_of(severity_names()));
  app.add_option("--limit", options.limit, "only the last so many of these; else 100")->check(whole_number());
}

void log_level_options(CLI::App& app, Options& options) {
  auto names = severity_names();
  names.emplace_back(kConfiguredLevel);
  app.add_option("LEVEL", options.level, "debug, info, warning or error; configured: as it is configured")
      ->required()
      ->check(one_of(names));
}

void top_options(CLI::App& app, Options& options) {
  app.add_flag("--once", options.is_once, "print what there is once, without taking the place of anything");
}

void hosts_options(CLI::App& app, Options& options) {
  app.add_option("FILE", options.file, "write it there, at once as a whole; else to standard output")
      ->check(not_empty());
  app.add_option("--domain", options.domain, "names have this domain, too")->check(not_empty());
}

void forget_key_options(CLI::App& app, Options& options) {
  app.add_option("PEER", options.peer, "a public key, or the name of a peer or of its link")
      ->required()
      ->check(not_empty());
}

void reload_options(CLI::App& app, Options& options) {
  auto* time =
      app.add_option("--confirm", options.confirm_seconds,
                     "say what would be lost, and go back without \"wgospfctl confirm\" within this time")
          ->transform(short_time())
          ->type_name("TIME");
  app.add_flag("--dry-run", options.dry_run, "say what would change and be lost, and take nothing over")
      ->excludes(time);
}

void watch_options(CLI::App& app, Options& options) {
  app.add_option("--only", options.topics, "only these topics, separated by commas")
      ->delimiter(',')
      ->check(one_of(topic_names()));
  app.add_option("--since", options.since, "what has happened since this cursor, in place of a snapshot")
      ->check(not_empty())
      ->type_name("CURSOR");
  app.add_flag("--no-follow", options.no_follow, "end when all is told that there is now");
}

void firewall_options(CLI::App& app, Options& options) {
  interface_option(app, options);
  auto* nft = app.add_flag("--nft", options.nft, "a script of nft's commands that opens it");
  auto* iptables =
      app.add_flag("--iptables", options.iptables, "a script of iptables' commands")->excludes(nft);
  app.add_flag("--uci", options.uci, "a script for OpenWrt")->excludes(nft)->excludes(iptables);
}

constexpr std::array kShowCommands{
    Command{"status", "the daemon at a glance", no_options, show_status, answer<v1::GetStatusResponse>,
            Repeats::with_watch},
    Command{"interfaces", "interfaces, and whether allowed-ips let OSPF through", interfaces_options,
            show_interfaces, answer<v1::ListInterfacesResponse>, Repeats::with_watch},
    Command{"neighbors", "neighbors and adjacencies", neighbors_options, show_neighbors,
            answer<v1::ListNeighborsResponse>, Repeats::with_watch},
    Command{"database", "the link-state database", database_options, show_database,
            answer<v1::ListDatabaseResponse>, Repeats::with_watch},
    Command{"routes", "the routing table, and what the kernel has of it", routes_options, show_routes,
            answer<v1::ListRoutesResponse>, Repeats::with_watch},
    Command{"path", "all equal-cost paths to a prefix, hop by hop", path_options, show_path,
            answer<v1::GetPathsResponse>, Repeats::with_watch},
    Command{"peers", "WireGuard peers, and what OSPF has to do with each", peers_options, show_peers,
            answer<v1::ListPeersResponse>, Repeats::with_watch},
    Command{"clients", "clients: stock WireGuard peers, and where each is", clients_options, show_clients,
            answer<v1::ListClientsResponse>, Repeats::with_watch},
    Command{"bfd", "BFD sessions with neighbors", bfd_options, show_bfd, answer<v1::GetBfdResponse>,
            Repeats::with_watch},
    Command{"underlay", "the ways of the tunnels' own packets, and what is kept from them", interface_option,
            show_underlay, answer<v1::GetUnderlayResponse>, Repeats::with_watch},
    Command{"log", "what the daemon has said last", log_options, show_log, answer<v1::GetLogResponse>,
            Repeats::with_watch},
};
constexpr std::array kOtherCommands{
    Command{"top", "neighbors, their rates and what changes, live", top_options, top, nullptr,
            Repeats::by_itself},
    Command{"firewall", "what a packet filter must let pass, whether it does, and what opens it",
            firewall_options, show_firewall, answer<v1::GetFirewallResponse>, Repeats::with_watch},
    Command{"reload", "have the configuration read again, and say what has changed", reload_options, reload,
            answer<v1::ReloadResponse>},
    Command{"confirm", "keep the configuration that a reload has taken over for a trial", no_options, confirm,
            answer<v1::ConfirmResponse>},
    Command{"watch", "a snapshot, then what changes, until interrupted", watch_options, watch},
    Command{"forget-key", "learn anew which router id a peer's key speaks for", forget_key_options,
            forget_key, answer<v1::ForgetKeyResponse>},
    Command{"log-level", "how much is logged, while the daemon runs", log_level_options, set_log_level,
            answer<v1::SetLogLevelResponse>},
    Command{"hosts", "a hosts file of routers and clients", hosts_options, write_hosts, nullptr,
            Repeats::by_itself},
};

/// What a bare `wgospfctl` or `wgospfctl show` does.
constexpr const Command& kDefault = kShowCommands[0];

void add_command(CLI::App& parent, const Command& command, Options& options, const Command*& chosen) {
  auto* app = parent.add_subcommand(command.name, command.help);
  app->fallthrough();
  command.add_options(*app, options);
  app->callback([&command, &chosen] { chosen = &command; });
}

void add_common_options(CLI::App& app, Options& options) {
  app.add_flag("--json", options.json, "one JSON document (watch, top: one object a line) instead of tables");
  app.add_flag("--json-schema", options.is_schema,
               "print the JSON Schema of what --json prints, and ask no daemon");
  app.add_flag("--wide", options.wide,
               "tables as wide as they are, not as the terminal is; peers with whole keys and prefixes");
  // Its number is there when the words are complete.
  app.add_option("-w,--watch", options.repeat, "again and again, every so many seconds (2)")
      ->check(seconds())
      ->type_name("[SECONDS]");
  app.add_option("--count", options.count, "with --watch and top: so many times")->check(whole_number());
  auto* socket = app.add_option("--socket", options.connect.socket, "a path, unix:PATH, or HOST:PORT for TLS")
                     ->check(not_empty())
                     ->capture_default_str();
  auto* ca = app.add_option("--ca", options.connect.ca, "PEM file: who vouches for a daemon at HOST:PORT");
  auto* certificate =
      app.add_option("--cert", options.connect.certificate, "PEM file: our certificate for it");
  auto* key = app.add_option("--key", options.connect.key, "PEM file: the key of --cert");
  app.add_option("--router", options.router, "another router, by its name in routers.yaml")
      ->check(not_empty())
      ->excludes(socket)
      ->excludes(ca)
      ->excludes(certificate)
      ->excludes(key);
}

/// What did not get out was no answer.
Failure finish(const Terminal& terminal) {
  errno = 0;
  terminal.out.flush();
  if (terminal.out.good()) return std::nullopt;
  // Without an error of this last write it was an earlier one, whose reason is not known any more.
  return Trouble{Code::output, fmt::format("The answer could not be written{}.",
                                           errno != 0 ? fmt::format(": {}", std::strerror(errno)) : "")};
}

/// What is left over when everything that has a place has taken it, with what there is instead.
std::string unknown_words_text(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto& command : kShowCommands) names.emplace_back(command.name);
  std::vector<std::string> others;
  for (const auto& command : kOtherCommands) others.emplace_back(command.name);
  return fmt::format("\"{}\" means nothing here; there are show {}, {}, and config; --help tells more.",
                     daemon::shortened(fmt::format("{}", fmt::join(app.remaining(true), " "))),
                     fmt::join(names, "|"), fmt::join(others, ", "));
}

/// nullopt for help and version, which are answers when they are asked for.
Failure usage_error(const CLI::App& app, const CLI::ParseError& error, const Terminal& terminal) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr)
    return Trouble{Code::usage, unknown_words_text(app)};
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) {
    // "--limit: must be ...", of which our checks make the second half.
    std::string sentence = error.what();
    if (const auto colon = sentence.find(": must "); colon != std::string::npos) sentence.erase(colon, 1);
    return Trouble{Code::usage, sentence + '.'};
  }
  std::ostringstream text, ignored;
  if (app.exit(error, text, ignored) != 0)
    return Trouble{Code::usage, fmt::format("{}; --help tells more.", daemon::printable(error.what()))};
  terminal.out << text.str();
  return finish(terminal);
}

/// Gives the exit status.
int tell(const Trouble& trouble, bool as_json, const Terminal& terminal) {
  terminal.err << told(trouble, as_json);
  return exit_status(trouble.code);
}

/// What is wrong with options that are right each by itself.
Failure check_together(const Command& command, const Options& options) {
  if (options.repeat && command.repeats == Repeats::never)
    return Trouble{Code::usage, fmt::format("{} is not repeated: leave --watch away.", command.name)};
  if (options.count > 0 && !options.repeat && command.repeats != Repeats::by_itself)
    return Trouble{Code::usage, "--count is of --watch and top: add --watch, or leave it away."};
  return std::nullopt;
}

Failure print_schema(const Command& command, const Terminal& terminal) {
  if (command.answer == nullptr)
    return Trouble{Code::usage,
                   fmt::format("There is no schema of {}; wgospfctl(8) has its names.", command.name)};
  terminal.out << json_text(json_schema(*command.answer(), fmt::format("wgospfctl, {}", command.name)), 2)
               << '\n';
  return finish(terminal);
}

Failure carry_out(const Command& command, Options& options, const Terminal& terminal) {
  if (options.is_schema) return print_schema(command, terminal);
  if (auto failure = check_together(command, options)) return failure;
  if (!options.router.empty()) {
    if (auto failure = find_router(options.router, router_files(), options.connect)) return failure;
  }
  const auto answer = [&](const Terminal& place) { return command.run(options, place); };
  auto failure = options.repeat && command.repeats == Repeats::with_watch
                     ? repeat(options, terminal, fmt::format("wgospfctl, {}", command.name), answer)
                     : answer(terminal);
  if (!failure) failure = finish(terminal);
  return failure;
}

}  // namespace

TerminalSize size_of_terminal(int file_descriptor) {
  winsize size{};
  if (isatty(file_descriptor) == 0 || ioctl(file_descriptor, TIOCGWINSZ, &size) != 0) return {};
  return {size.ws_col, size.ws_row};
}

int run(int argc, const char* const* argv, const Terminal& terminal) {
  Options options;
  const Command* chosen = &kDefault;
  CLI::App app("Shows what wgospfd is doing. Words may be shortened: \"sh nei\".", "wgospfctl");
  app.set_version_flag("--version", "wgospfctl " WGOSPF_VERSION);
  add_common_options(app, options);
  app.require_subcommand(0, 1);
  auto* show = app.add_subcommand("show", "status unless something else is named");
  show->fallthrough();
  show->require_subcommand(0, 1);
  for (const auto& command : kShowCommands) add_command(*show, command, options, chosen);
  for (const auto& command : kOtherCommands) add_command(app, command, options, chosen);
  ConfigCommands config;
  config.add_to(app);
  auto words = complete_words(app, {argv + std::min(argc, 1), argv + argc}, kEvery);
  const bool as_json = std::find(words.words.begin(), words.words.end(), "--json") != words.words.end();
  if (words.error) return tell({Code::usage, *words.error}, as_json, terminal);
  std::reverse(words.words.begin(), words.words.end());  // as parse() takes them
  try {
    app.parse(words.words);
  } catch (const CLI::ParseError& error) {
    const auto failure = usage_error(app, error, terminal);
    return failure ? tell(*failure, as_json, terminal) : 0;
  }
  if (config.is_chosen()) {
    const int status = config.run(terminal);
    const auto failure = finish(terminal);
    return failure ? tell(*failure, as_json, terminal) : status;
  }
  const auto failure = carry_out(*chosen, options, terminal);
  return failure ? tell(*failure, options.json, terminal) : 0;
}

}  // namespace wgospf::cli
