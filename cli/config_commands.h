#pragma once
// `wgospfctl config check|show|import`: they look at files and need no daemon.

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"

namespace wgospf::cli {

class ConfigCommands {
 public:
  ConfigCommands();
  /// Adds the command to the command line. This must outlive `app`.
  void add_to(CLI::App& app);
  /// Whether one of them is on the command line.
  [[nodiscard]] bool is_chosen() const { return chosen_ != nullptr; }
  /// Carries out the one that is: the exit status, as run() gives it; a configuration that is wrong is 1.
  [[nodiscard]] int run(const Terminal& terminal) const { return (this->*chosen_)(terminal); }

 private:
  using Run = int (ConfigCommands::*)(const Terminal& terminal) const;

  CLI::App* add(CLI::App& parent, const char* name, const char* help, Run run);
  void add_file(CLI::App& command);
  [[nodiscard]] int check(const Terminal& terminal) const;
  [[nodiscard]] int show(const Terminal& terminal) const;
  [[nodiscard]] int import(const Terminal& terminal) const;

  std::string file_;
  bool is_effective_ = false;
  std::vector<std::string> wg_quick_files_;
  Run chosen_ = nullptr;
};

}  // namespace wgospf::cli
