// Files of wg-quick(8) of real shapes in import_cases/: NAME.conf, and NAME.yaml with what is made of it. With
// WGOSPF_WRITE_CASES=1 in the environment the second files are written anew, to be read before they are checked in.

#include "daemon/config/import.h"

#include <gmock/gmock.h>

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
  const auto imported = import_wg_quick({file_of(GetParam())});
  EXPECT_TRUE(imported.refused.empty());
  const auto& text = imported.text;
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
  const auto imported = import_wg_quick(files);
  EXPECT_TRUE(imported.refused.empty());
  const auto& text = imported.text;
  expect_sound(text);
  const auto config = std::get<0>(parse_config(text, "imported.yaml"));
  EXPECT_EQ(config.areas.at(0).interfaces.size(), files.size());
}

const std::string kSpoke =
    "[Interface]\nAddress = 10.0.0.2/24\nTable = off\n[Peer]\nAllowedIPs = 0.0.0.0/0\n";

std::string only_refusal(const std::vector<ImportedFile>& files) {
  const auto imported = import_wg_quick(files);
  return imported.refused.size() == 1 ? imported.refused.front()
                                      : std::to_string(imported.refused.size()) + " refusals";
}

// In: files that wg-quick would not bring up, beside one that is good. Out: the good one's configuration alone, and why.
TEST(Import, AFileThatIsNoneOfWgQuicksIsLeftOutAndNamed) {
  for (const auto* text :
       {"", "\0\1\2", "#!/bin/sh\nwg-quick up wg0\n", "[Peer]\nAllowedIPs = 10.0.0.0/8\n"}) {
    const auto imported =
        import_wg_quick({{"/etc/wireguard/other.conf", text}, {"/etc/wireguard/wg0.conf", kSpoke}});
    ASSERT_EQ(imported.refused.size(), 1U) << text;
    EXPECT_THAT(imported.refused.front(),
                ::testing::StartsWith("/etc/wireguard/other.conf: there is no [Interface]"));
    expect_sound(imported.text);
    EXPECT_THAT(imported.text, ::testing::Not(::testing::HasSubstr("name: other")));
  }
}

TEST(Import, TheFilesNameIsTheInterfaces) {
  for (const auto* name :
       {"wg0.conf.bak", "wg 0.conf", "a-name-of-16-chrs.conf", "wg0", ".conf", "wg*.conf", "w\xc3\xa4.conf"})
    EXPECT_THAT(only_refusal({{std::string("/etc/wireguard/") + name, kSpoke}}),
                ::testing::HasSubstr("NAME.conf"))
        << name;
  EXPECT_TRUE(import_wg_quick({{"/etc/wireguard/exactly-15-char.conf", kSpoke}}).refused.empty());
}

TEST(Import, OfTwoFilesOfOneInterfaceTheFirstCounts) {
  const std::vector<ImportedFile> files{{"/etc/wireguard/wg0.conf", kSpoke}, {"/root/wg0.conf", kSpoke}};
  EXPECT_EQ(only_refusal(files),
            "/root/wg0.conf: /etc/wireguard/wg0.conf has an interface wg0 already; leave one of them away");
  expect_sound(import_wg_quick(files).text);
}

TEST(Import, NothingIsMadeOfNothing) {
  EXPECT_EQ(import_wg_quick({{"notes.txt", "x"}}).text, "");
}

}  // namespace
}  // namespace wgospf::daemon
