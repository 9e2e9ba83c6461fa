// Routers by name.
#include "cli/routers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace wgospf::cli {
namespace {

using ::testing::HasSubstr;

class RoutersFile : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/wgospfctl-routers-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    directory_ = pattern;
    file_ = directory_ + "/routers.yaml";
  }
  void TearDown() override {
    std::filesystem::remove_all(directory_);
    unsetenv("WGOSPF_ROUTERS");
  }
  void write(const std::string& text) { std::ofstream(file_) << text; }
  Failure find(const std::string& name) {
    return find_router(name, {directory_ + "/absent.yaml", file_}, found_);
  }
  /// What is said of the file; "" when the router is found.
  std::string error_of(const std::string& text) {
    write(text);
    const auto failure = find("hub");
    return failure ? failure->text : "";
  }

  std::string directory_, file_;
  ConnectOptions found_;
};

TEST_F(RoutersFile, HasNamesAddressesAndTheFilesOfTls) {
  write(
      "routers:\n"
      "  - {name: hub, address: '10.0.0.1:50051', ca: tls/ca.pem, certificate: /etc/me.pem, key: "
      "/etc/me.key}\n"
      "  - {name: here, address: /run/wgospf/wgospfd.sock}\n");
  EXPECT_FALSE(find("hub"));
  EXPECT_EQ(found_.socket, "10.0.0.1:50051");
  EXPECT_EQ(found_.ca, directory_ + "/tls/ca.pem") << "beside the file";
  EXPECT_EQ(found_.certificate, "/etc/me.pem");
  EXPECT_EQ(found_.key, "/etc/me.key");
  EXPECT_FALSE(find("here"));
  EXPECT_EQ(found_.socket, "/run/wgospf/wgospfd.sock");
  EXPECT_EQ(found_.ca, "");
}

TEST_F(RoutersFile, ThatDoesNotHaveTheNameSaysWhatItHas) {
  write("routers: [{name: hub, address: 'a:1'}, {name: spoke, address: 'b:1'}]\n");
  const auto failure = find("10.0.0.1");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code, Code::not_found);
  EXPECT_THAT(failure->text, HasSubstr("There is no router \"10.0.0.1\" in "));
  EXPECT_THAT(failure->text,
              HasSubstr("there are hub, spoke. The advertising router of an LSA is --adv-router."));
}

TEST_F(RoutersFile, ThatIsNotThereIsNamed) {
  const auto failure = find("hub");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->code, Code::not_found);
  EXPECT_THAT(failure->text, HasSubstr(file_ + ", and there is no such file"));
}

TEST_F(RoutersFile, ThatIsWrongIsToldWithPlaceAndCure) {
  EXPECT_THAT(error_of("routers: [{nme: hub, address: 'a:1'}]\n"),
              HasSubstr(file_ + ":1:12: unknown key \"nme\" in a router; did you mean \"name\"?"));
  EXPECT_THAT(error_of("routers: [{name: hub}]\n"), HasSubstr(":1:11: a router lacks the key \"address\""));
  EXPECT_THAT(error_of("routers:\n  - {name: hub, address: x}\n"),
              HasSubstr(":2:26: address: \"x\" is neither a path"));
  EXPECT_THAT(error_of("routers: [{name: hub, address: 'a:1', key: k}]\n"),
              HasSubstr("certificate and key, or neither"));
  EXPECT_THAT(error_of("routers: [{name: hub, address: 'a:1'}, {name: hub, address: 'b:1'}]\n"),
              HasSubstr("there is a router \"hub\" already"));
  EXPECT_THAT(error_of("routers: {"), HasSubstr("not valid YAML"));
  EXPECT_THAT(error_of(""), HasSubstr("the file is empty; it needs \"routers\""));
  EXPECT_THAT(error_of("- 1\n"), HasSubstr("must be a mapping"));
}

TEST_F(RoutersFile, IsThePersonsOwnFirst) {
  setenv("XDG_CONFIG_HOME", "/home/x/.config", 1);
  EXPECT_EQ(router_files(),
            (std::vector<std::string>{"/home/x/.config/wgospf/routers.yaml", "/etc/wgospf/routers.yaml"}));
  setenv("WGOSPF_ROUTERS", file_.c_str(), 1);
  EXPECT_EQ(router_files(), std::vector{file_});
  unsetenv("XDG_CONFIG_HOME");
}

}  // namespace
}  // namespace wgospf::cli
