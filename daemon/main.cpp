// wgospfd: its command line, and what it does without running; else the process (process.h).
//
// Exit status: 0 after an orderly end; 1 when something failed; 2 for a wrong command line or configuration.

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "daemon/config/print.h"
#include "daemon/config/schema.h"
#include "daemon/links/auto_facts.h"
#include "daemon/links/clean_up.h"
#include "daemon/process.h"
#include "daemon/telling/log.h"
#include "daemon/telling/words.h"
#include "daemon/unconfirmed.h"
#include "rib/leftovers.h"

namespace {

using namespace wgospf;
using namespace wgospf::daemon;

/// How long the end waits for who reads the log.
constexpr std::chrono::seconds kLogPatience{1};

struct Options : ProcessOptions {
  bool check = false;
  bool print_schema = false;
  bool print_config = false;
  bool cleanup = false;
};

int print_choice() {
  const auto chosen = choose_now();
  if (chosen)
    std::cout << print_auto_config(*chosen);
  else
    std::cerr << chosen.error().text << '\n';
  return chosen ? 0 : kFailed;
}

/// Says what is chosen and why, and whether it would be taken as a file.
int check_choice() {
  const auto chosen = choose_now();
  if (!chosen) {
    std::cerr << "--auto: " << chosen.error().text << '\n';
    return kFailed;
  }
  for (const auto& reason : chosen->reasons) std::cout << reason << '\n';
  const auto result = parse_config(print_config(chosen->config), "--auto");
  if (const auto* errors = std::get_if<1>(&result)) {
    for (const auto& error : *errors) std::cerr << error.to_string() << '\n';
    return kWrongInput;
  }
  std::cout << "--auto: the configuration is sound\n";
  return 0;
}

std::optional<Config> read_config(const Options& options) {
  auto result = options.is_auto ? choose_config_now() : load_config(options.config_file);
  if (const auto* errors = std::get_if<1>(&result)) {
    for (const auto& error : *errors) std::cerr << error.to_string() << '\n';
    return std::nullopt;
  }
  return std::get<0>(std::move(result));
}

/// A file that waits for its confirmation, or did not get it, is not what runs.
void choose_former(Options& options, Config& config) {
  auto former = former_instead_of(config);
  if (!former) log(Severity::error, former.error().text);
  if (!former || !former.value()) return;
  config = *std::move(former).value();
  options.is_former = true;
}

int parse_options(int argc, char** argv, Options& options) {
  CLI::App app("wgospfd: OSPF over WireGuard tunnels and ordinary links", "wgospfd");
  std::string level;
  auto* config = app.add_option("--config", options.config_file, "Configuration file, see wgospfd.yaml(5)")
                     ->capture_default_str()
                     ->type_name("FILE");
  app.add_flag("--auto", options.is_auto,
               "Without a configuration: run every WireGuard interface, announce every LAN, and say so")
      ->excludes(config);
  app.add_flag("--check", options.check, "Check the configuration, say what is wrong with it, and exit");
  app.add_flag("--print-config", options.print_config,
               "Print the configuration that is in force with every leaf's value, and exit");
  app.add_flag("--print-schema", options.print_schema,
               "Print a JSON Schema of the configuration, for editors, and exit");
  app.add_flag(
      "--cleanup", options.cleanup,
      "Remove what a daemon that was killed left in the kernel, whatever its table, say what, and exit");
  app.add_flag("--keep-routes", options.keep_routes, "Leave the routes in the kernel at the end");
  app.add_option("--log-level", level, "Overrides the configuration's log.level")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->type_name("LEVEL");
  app.set_version_flag("--version", std::string("wgospfd ") + WGOSPF_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongInput;
  }
  if (!level.empty()) options.log_level = parse_severity(level);
  return -1;
}

// Needs no configuration: what is ours is known by its protocol and ids. If there is one it says where a
// daemon has its lock.
int clean_up(const Options& options) {
  const auto loaded = load_config(options.config_file);
  const auto* config = std::get_if<0>(&loaded);
  const auto result = rib::clean_up((config != nullptr ? config->rib : Config{}.rib).lock_directory);
  if (!result) {
    std::cerr << result.error().text << '\n';
    return kFailed;
  }
  auto lines = result->lines;
  bool is_complete = result->complete;
  if (result->has_no_daemon) is_complete = clean_up_devices(lines) && is_complete;
  if (lines.empty()) lines.emplace_back("nothing of wgospfd is in the kernel");
  for (const auto& line : lines) std::cout << line << '\n';
  return is_complete ? 0 : kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  // Who reads the log may end before us ("wgospfd | tee" and Ctrl-C): that must not prevent an orderly end.
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  if (const int status = parse_options(argc, argv, options); status >= 0) return status;
  if (options.cleanup) return clean_up(options);
  if (options.print_schema) {
    std::cout << config_schema();
    return 0;
  }
  if (options.is_auto && options.print_config) return print_choice();
  if (options.is_auto && options.check) return check_choice();
  if (options.is_auto) start_log(options.log_level.value_or(Config{}.log_level));
  auto config = read_config(options);
  if (!config) return kWrongInput;
  if (options.print_config) {
    std::cout << print_config(*config);
    return 0;
  }
  if (options.check) {
    std::cout << options.config_file << ": the configuration is sound\n";
    return 0;
  }
  if (!options.is_auto) {
    start_log(options.log_level.value_or(config->log_level));
    choose_former(options, *config);
  }
  const int status = Process(std::move(options), std::move(*config)).run();
  if (!finish_log(kLogPatience)) std::_Exit(status);  // nothing is left to do but the log
  return status;
}
