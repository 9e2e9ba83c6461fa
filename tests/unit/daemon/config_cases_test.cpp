// Configurations as pairs of files in config_cases/: NAME.yaml, and NAME.ok with the configuration that it gives,
// every leaf with its value, or NAME.error with each error, its place and its cure. With WGOSPF_WRITE_CASES=1 in
// the environment the second files are written anew, to be read before they are checked in.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/config/leaves.h"
#include "daemon/config/print.h"
#include "daemon/config/sources.h"

namespace wgospf::daemon {
namespace {

const std::filesystem::path kCases = WGOSPF_SOURCE_DIR "/tests/unit/daemon/config_cases";

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kCases))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class ConfigCases : public ::testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] static std::filesystem::path beside(const char* extension) {
    return kCases / (GetParam() + extension);
  }
  /// What one of the two files beside the case is to be.
  static void expect_file(const char* extension, const std::string& text) {
    if (std::getenv("WGOSPF_WRITE_CASES") != nullptr) std::ofstream(beside(extension)) << text;
    EXPECT_EQ(content_of(beside(extension)), text);
  }
  /// With the files that it includes, which are in the folder, too. Errors name files from there.
  static ConfigResult parsed() {
    FileAccess access;
    access.read = [](const std::string& name) { return read_text_file(kCases / name, Pipes::refuse); };
    access.find = [](const std::string& directory, const std::string& pattern) {
      auto files = file_access(Pipes::refuse).find((kCases / directory).string(), pattern);
      for (auto& name : files.names)
        name = std::filesystem::path(name).lexically_relative(kCases.lexically_normal()).string();
      return files;
    };
    return parse_config(content_of(beside(".yaml")), GetParam() + ".yaml", access);
  }
};

TEST_P(ConfigCases, GivesWhatStandsBesideIt) {
  const auto result = parsed();
  if (const auto* errors = std::get_if<1>(&result)) {
    std::string text;
    for (const auto& error : *errors) text += error.to_string() + "\n";
    expect_file(".error", text);
    EXPECT_FALSE(std::filesystem::exists(beside(".ok")));
  } else {
    expect_file(".ok", print_config(std::get<0>(result)));
    EXPECT_FALSE(std::filesystem::exists(beside(".error")));
  }
}

TEST_P(ConfigCases, WhatIsPrintedGivesTheSame) {
  const auto result = parsed();
  const auto* config = std::get_if<0>(&result);
  if (config == nullptr) return;
  const auto printed = print_config(*config);
  auto again = parse_config(printed, "printed");
  ASSERT_TRUE(std::holds_alternative<Config>(again)) << std::get<1>(again).front().to_string() << '\n'
                                                     << printed;
  std::get<0>(again).places = config->places;  // but for these
  EXPECT_EQ(std::get<0>(again), *config) << printed;
}

/// In: a leaf that is defined. Out: some case prints it, so print_config() knows it.
TEST(ConfigPrinted, HasEveryLeaf) {
  std::string printed;
  for (const auto& name : case_names()) printed += content_of(kCases / (name + ".ok"));
  for (const auto& section :
       {leaf::area::section, leaf::area_range::section, leaf::interface::section,
        leaf::redistribution::section, leaf::prefix_filter::section, leaf::api::section, leaf::tls::section,
        leaf::rib::section, leaf::spf_control::section, leaf::ietf_spf_delay::section,
        leaf::database_control::section, leaf::log::section, leaf::bfd::section, leaf::metrics::section}) {
    for (const auto leaf : section.known)
      EXPECT_NE(printed.find(" " + std::string(leaf) + ":"), std::string::npos)
          << section.what << ": " << leaf;
  }
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Files, ConfigCases, ::testing::ValuesIn(case_names()), name_of);

}  // namespace
}  // namespace wgospf::daemon
