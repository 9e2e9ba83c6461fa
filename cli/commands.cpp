// wgospfctl show ...|firewall|reload|watch|forget-key: each command is a line of kShowCommands or kOtherCommands: a name, what it says in the
// help, the options of its own, and what it does (requests.h). The same request serves people and machines;
// `--json` only chooses how the answer is written. `config` needs no daemon: config_commands.h.
#include "cli/commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "cli/config_commands.h"
#include "cli/requests.h"
#include "cli/table.h"
#include "daemon/config/printable.h"

namespace wgospf::cli {
namespace {

struct Command {
  const char* name;
  const char* help;
  void (*add_options)(CLI::App& app, Options& options);
  Failure (*run)(const Options& options, const Terminal& terminal);
};

void no_options(CLI::App&, Options&) {}

// Checks of what stands behind an option; each gives the rest of a sentence that begins with the option.

std::string one_of_text(const std::vector<std::string>& names, const std::string& text) {
  return std::find(names.begin(), names.end(), text) != names.end()
             ? std::string()
             : fmt::format("must be one of {}, not \"{}\"", fmt::join(names, ", "), daemon::shortened(text));
}
auto one_of(std::vector<std::string> names) {
  return [names = std::move(names)](const std::string& text) { return one_of_text(names, text); };
}
auto not_empty() {
  return [](const std::string& text) {
    return text.empty() ? std::string("must not be empty; leave it away if it is not meant") : std::string();
  };
}
auto whole_number() {
  return [](const std::string& text) {
    std::uint32_t value = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec == std::errc{} && parsed.ptr == end && value > 0) return std::string();
    return fmt::format("must be a whole number from 1 on, not \"{}\"", daemon::shortened(text));
  };
}

void path_options(CLI::App& app, Options& options) {
  app.add_option("PREFIX", options.prefix, "as the routing table has it: 192.168.37.0/24; or an address")
      ->required()
      ->check(not_empty());
  // How many the daemon finds at most is its own to say; see wgospfctl(8).
  app.add_option("--limit", options.limit, "show at most so many paths, up to 1000")
      ->check(whole_number())
      ->capture_default_str();
}

void routes_options(CLI::App& app, Options& options) {
  app.add_option("PREFIX", options.prefix, "only this prefix and those within it")->check(not_empty());
}

void database_options(CLI::App& app, Options& options) {
  app.add_option("--area", options.area, "only LSAs of this area: 0.0.0.0, or a number")->check(not_empty());
  app.add_option("--type", options.type, "only LSAs of this type")->check(one_of(lsa_type_names()));
  app.add_option("--router", options.router, "only LSAs of this advertising router")->check(not_empty());
  app.add_option("--id", options.lsa_id, "only LSAs with this Link State ID")->check(not_empty());
  app.add_flag("--detail", options.detail, "with what the LSAs say");
}

void peers_options(CLI::App& app, Options& options) {
  app.add_flag("--wide", options.wide, "with whole keys, and the prefixes one by one");
}

void forget_key_options(CLI::App& app, Options& options) {
  app.add_option("PEER", options.peer, "a public key, or the name of a peer or of its link")
      ->required()
      ->check(not_empty());
}

/// "60s", "5m" or "1h", as seconds in the text's place.
auto short_time() {
  return CLI::Validator(
      [](std::string& text) {
        std::uint32_t value = 0;
        const char* end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data(), end, value);
        const std::string unit(parsed.ptr, end);
        const std::uint32_t factor = unit == "h" ? 3600 : unit == "m" ? 60 : 1;
        const bool is_known = unit.empty() || unit == "s" || unit == "m" || unit == "h";
        if (parsed.ec != std::errc{} || value == 0 || !is_known || value > 86'400 / factor)
          return fmt::format("must be a time like 60s or 5m, of at most a day, not \"{}\"",
                             daemon::shortened(text));
        text = std::to_string(value * factor);
        return std::string();
      },
      "");
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
}

void firewall_options(CLI::App& app, Options& options) {
  auto* nft = app.add_flag("--nft", options.nft, "a script of nft's commands that opens it");
  auto* iptables =
      app.add_flag("--iptables", options.iptables, "a script of iptables' commands")->excludes(nft);
  app.add_flag("--uci", options.uci, "a script for OpenWrt")->excludes(nft)->excludes(iptables);
}

constexpr std::array kShowCommands{
    Command{"status", "the daemon at a glance", no_options, show_status},
    Command{"interfaces", "interfaces, and whether allowed-ips let OSPF through", no_options,
            show_interfaces},
    Command{"neighbors", "neighbors and adjacencies", no_options, show_neighbors},
    Command{"database", "the link-state database", database_options, show_database},
    Command{"routes", "the routing table, and what the kernel has of it", routes_options, show_routes},
    Command{"path", "all equal-cost paths to a prefix, hop by hop", path_options, show_path},
    Command{"peers", "WireGuard peers, and what OSPF has to do with each", peers_options, show_peers},
    Command{"clients", "clients: stock WireGuard peers, and where each is", no_options, show_clients},
    Command{"bfd", "BFD sessions with neighbors", no_options, show_bfd},
    Command{"underlay", "the ways of the tunnels' own packets, and what is kept from them", no_options,
            show_underlay},
};
constexpr std::array kOtherCommands{
    Command{"firewall", "what a packet filter must let pass, whether it does, and what opens it",
            firewall_options, show_firewall},
    Command{"reload", "have the configuration read again, and say what has changed", reload_options, reload},
    Command{"confirm", "keep the configuration that a reload has taken over for a trial", no_options,
            confirm},
    Command{"watch", "a snapshot, then what changes, until interrupted", watch_options, watch},
    Command{"forget-key", "learn anew which router id a peer's key speaks for", forget_key_options,
            forget_key},
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
  app.add_flag("--json", options.json, "one JSON document (watch: one object a line) instead of tables");
  app.add_option("--socket", options.connect.socket, "a path, unix:PATH, or HOST:PORT for TLS")
      ->check(not_empty())
      ->capture_default_str();
  app.add_option("--ca", options.connect.ca, "PEM file: who vouches for a daemon at HOST:PORT");
  app.add_option("--cert", options.connect.certificate, "PEM file: our certificate for it");
  app.add_option("--key", options.connect.key, "PEM file: the key of --cert");
}

/// The status to end with after everything is printed: what did not get out was no answer.
int finish(int status, const Terminal& terminal) {
  errno = 0;
  terminal.out.flush();
  if (terminal.out.good()) return status;
  // Without an error of this last write it was an earlier one, whose reason is not known any more.
  terminal.err << "wgospfctl: The answer could not be written"
               << (errno != 0 ? fmt::format(": {}.\n", std::strerror(errno)) : ".\n");
  return 1;
}

/// What is left over when everything that has a place has taken it, with what there is instead.
std::string unknown_words_text(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto& command : kShowCommands) names.emplace_back(command.name);
  std::vector<std::string> others;
  for (const auto& command : kOtherCommands) others.emplace_back(command.name);
  return fmt::format(
      "wgospfctl: \"{}\" means nothing here; there are show {}, {}, and config; --help tells more.\n",
      daemon::shortened(fmt::format("{}", fmt::join(app.remaining(true), " "))), fmt::join(names, "|"),
      fmt::join(others, ", "));
}

int usage_error(const CLI::App& app, const CLI::ParseError& error, const Terminal& terminal) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    terminal.err << unknown_words_text(app);
    return 2;
  }
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) {
    // "--limit: must be ...", of which our checks make the second half.
    std::string sentence = error.what();
    if (const auto colon = sentence.find(": must "); colon != std::string::npos) sentence.erase(colon, 1);
    terminal.err << "wgospfctl: " << sentence << ".\n";
    return 2;
  }
  std::ostringstream text;
  if (app.exit(error, text, terminal.err) != 0) return 2;
  // Help and version, which are answers when they are asked for.
  terminal.out << text.str();
  return finish(0, terminal);
}

}  // namespace

int run(int argc, const char* const* argv, const Terminal& terminal) {
  Options options;
  const Command* chosen = &kDefault;
  CLI::App app("Shows what wgospfd is doing.", "wgospfctl");
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, terminal);
  }
  if (config.is_chosen()) return finish(config.run(terminal), terminal);
  const auto failure = chosen->run(options, terminal);
  if (!failure) return finish(0, terminal);
  terminal.err << "wgospfctl: " << *failure << '\n';
  return 1;
}

}  // namespace wgospf::cli
