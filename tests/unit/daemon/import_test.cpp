// Files of wg-quick(8) of real shapes in import_cases/: NAME.conf, and NAME.yaml with what is made of it. With
// WGOSPF_WRITE_CASES=1 in the environment the second files are written anew, to be read before they are checked in.

#include "daemon/config/import.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/config/config.h"

namespace wgospf::daemon {
namespace {

const std::filesystem::path kCases = WGOSPF_SOURCE_DIR "/tests/unit/daemon/import_cases";

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kCases))
    if (entry.path().extension() == ".conf") names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

ImportedFile file_of(const std::string& name) {
  return {"/etc/wireguard/" + name + ".conf", content_of(kCases / (name + ".conf"))};
}

void expect_sound(const std::string& text) {
  const auto result = parse_config(text, "imported.yaml");
  if (const auto* errors = std::get_if<1>(&result))
    for (const auto& error : *errors) ADD_FAILURE() << error.to_string() << '\n' << text;
}

class ImportCases : public ::testing::TestWithParam<std::string> {};

TEST_P(ImportCases, GiveASoundConfigurationWithTheRemarksThatItNeeds) {
  const auto text = import_wg_quick({file_of(GetParam())});
  const auto beside = kCases / (GetParam() + ".yaml");
  if (std::getenv("WGOSPF_WRITE_CASES") != nullptr) std::ofstream(beside) << text;
  EXPECT_EQ(content_of(beside), text);
  expect_sound(text);
}

std::string name_of(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Files, ImportCases, ::testing::ValuesIn(case_names()), name_of);

TEST(Import, AllFilesTogetherGiveOneConfiguration) {
  std::vector<ImportedFile> files;
  for (const auto& name : case_names()) files.push_back(file_of(name));
  ASSERT_GE(files.size(), 12U);
  const auto text = import_wg_quick(files);
  expect_sound(text);
  const auto config = std::get<0>(parse_config(text, "imported.yaml"));
  EXPECT_EQ(config.areas.at(0).interfaces.size(), files.size());
}

}  // namespace
}  // namespace wgospf::daemon
