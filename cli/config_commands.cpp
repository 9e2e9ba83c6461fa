#include "cli/config_commands.h"

#include "daemon/config/config.h"
#include "daemon/config/import.h"
#include "daemon/config/print.h"
#include "daemon/config/text_file.h"

namespace wgospf::cli {

namespace {

/// The configuration; without one its errors are told.
std::optional<daemon::Config> load(const std::string& file, const Terminal& terminal) {
  auto result = daemon::load_config(file);
  if (auto* config = std::get_if<daemon::Config>(&result)) return std::move(*config);
  for (const auto& error : std::get<1>(result)) terminal.err << error.to_string() << '\n';
  return std::nullopt;
}

std::optional<std::string> read(const std::string& file, const Terminal& terminal) {
  auto content = daemon::read_text_file(file, daemon::Pipes::wait);
  if (!content.problem) return std::move(content.text);
  terminal.err << "wgospfctl: " << file << ": cannot be read: " << *content.problem << '\n';
  return std::nullopt;
}

}  // namespace

ConfigCommands::ConfigCommands() : file_(daemon::kDefaultConfigFile) {}

void ConfigCommands::add_to(CLI::App& app) {
  auto* config = app.add_subcommand("config", "check, show or make the configuration of a daemon");
  config->require_subcommand(1, 1);
  add_file(
      *add(*config, "check", "tell everything that is wrong in a configuration", &ConfigCommands::check));
  auto* show = add(*config, "show", "print a configuration", &ConfigCommands::show);
  add_file(*show);
  show->add_flag("--effective", is_effective_, "every leaf with its value, with what is included");
  add(*config, "import", "print a configuration made of wg-quick's files", &ConfigCommands::import)
      ->add_option("FILES", wg_quick_files_, "like /etc/wireguard/*.conf")
      ->required();
}

CLI::App* ConfigCommands::add(CLI::App& parent, const char* name, const char* help, Run run) {
  auto* command = parent.add_subcommand(name, help);
  command->callback([this, run] { chosen_ = run; });
  return command;
}

void ConfigCommands::add_file(CLI::App& command) {
  command.add_option("FILE", file_, "the configuration")->capture_default_str();
}

int ConfigCommands::check(const Terminal& terminal) const {
  if (!load(file_, terminal)) return 1;
  terminal.out << file_ << ": the configuration is sound\n";
  return 0;
}

int ConfigCommands::show(const Terminal& terminal) const {
  if (is_effective_) {
    const auto config = load(file_, terminal);
    if (config) terminal.out << daemon::print_config(*config);
    return config ? 0 : 1;
  }
  const auto text = read(file_, terminal);
  if (text) terminal.out << *text;
  return text ? 0 : 1;
}

int ConfigCommands::import(const Terminal& terminal) const {
  std::vector<daemon::ImportedFile> files;
  for (const auto& name : wg_quick_files_) {
    auto text = read(name, terminal);
    if (!text) return 1;
    files.push_back({name, std::move(*text)});
  }
  const auto imported = daemon::import_wg_quick(files);
  for (const auto& refused : imported.refused) terminal.err << "wgospfctl: " << refused << '\n';
  terminal.out << imported.text;
  return imported.refused.empty() ? 0 : 1;
}

}  // namespace wgospf::cli
