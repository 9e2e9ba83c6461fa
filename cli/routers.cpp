#include "cli/routers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>

#include "cli/client.h"
#include "daemon/config/printable.h"
#include "daemon/config/text_file.h"
#include "daemon/config/yaml_reader.h"

namespace wgospf::cli {
namespace {

namespace leaf = daemon::leaf;

constexpr leaf::ListLeaf kRouters{{"routers"}};
constexpr leaf::TextLeaf kName{{"name"}, ""}, kAddress{{"address"}, ""}, kCa{{"ca"}, ""},
    kCertificate{{"certificate"}, ""}, kKey{{"key"}, ""};
constexpr std::array<std::string_view, 1> kRootKeys{"routers"};
constexpr std::array<std::string_view, 5> kRouterKeys{"name", "address", "ca", "certificate", "key"};
constexpr std::array kRootRequired{
    leaf::RequiredLeaf{"routers", "routers: [{name: hub, address: \"10.0.0.1:50051\"}]"}};
constexpr std::array kRouterRequired{leaf::RequiredLeaf{"name", "name: hub"},
                                     leaf::RequiredLeaf{"address", "address: \"10.0.0.1:50051\""}};
constexpr leaf::Section kRoot{"the file of routers", kRootKeys, {}, kRootRequired};
constexpr leaf::Section kRouter{"a router", kRouterKeys, {}, kRouterRequired};

using Routers = std::map<std::string, ConnectOptions>;

/// A path that is not absolute is one beside the file.
std::string beside(const std::string& file, const std::string& path) {
  if (path.empty()) return path;
  return (std::filesystem::path(file).parent_path() / path).string();
}

void read_router(const YAML::Node& node, const std::string& file, daemon::ConfigErrors& errors,
                 Routers& routers) {
  daemon::MapReader reader(node, kRouter, errors);
  if (!reader.valid()) return;
  ConnectOptions router;
  const auto name = reader.text(kName), address = reader.text(kAddress);
  router.ca = beside(file, reader.text(kCa).value_or(""));
  router.certificate = beside(file, reader.text(kCertificate).value_or(""));
  router.key = beside(file, reader.text(kKey).value_or(""));
  if (router.certificate.empty() != router.key.empty())
    errors.add(node.Mark(), "a router has certificate and key, or neither; add the other one");
  if (!name || !address) return;
  if (name->empty()) errors.add(reader.value_mark(kName), "name is empty; give the router one");
  router.socket = *address;
  if (!unix_path(*address)) {
    if (const auto error = tcp_address_error(*address))
      errors.add(reader.value_mark(kAddress), fmt::format("address: {}", *error));
  }
  if (!routers.emplace(*name, router).second)
    errors.add(reader.value_mark(kName),
               fmt::format("there is a router \"{}\" already; each needs a name of its own",
                           daemon::shortened(*name)));
}

void read_routers(const std::string& text, const std::string& file, daemon::ConfigErrors& errors,
                  Routers& routers) {
  try {
    const auto documents = daemon::find_documents(text);
    if (documents.stuck) return errors.add(*documents.stuck, "this is not valid YAML");
    if (documents.count != 1)
      return errors.add_whole(documents.count == 0 ? "the file is empty; it needs \"routers\""
                                                   : "the file holds several YAML documents; keep one");
    daemon::MapReader root(YAML::Load(text), kRoot, errors);
    if (!root.valid()) return;
    for (const auto& node : root.list(kRouters)) read_router(node, file, errors, routers);
  } catch (const YAML::Exception& error) {
    errors.add(error.mark, fmt::format("this is not valid YAML: {}", daemon::shortened(error.msg)));
  }
}

/// "~/.config", or what XDG has for it; nullopt for who has no home.
std::optional<std::string> config_home() {
  const char* xdg = std::getenv("XDG_CONFIG_HOME");
  if (xdg != nullptr && *xdg == '/') return xdg;
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return std::nullopt;
  return std::string(home) + "/.config";
}

}  // namespace

std::vector<std::string> router_files() {
  if (const char* file = std::getenv("WGOSPF_ROUTERS"); file != nullptr && *file != '\0') return {file};
  std::vector<std::string> files;
  if (const auto home = config_home()) files.push_back(*home + "/wgospf/routers.yaml");
  files.emplace_back("/etc/wgospf/routers.yaml");
  return files;
}

Failure find_router(const std::string& name, const std::vector<std::string>& files, ConnectOptions& connect) {
  std::vector<std::string> known;
  bool is_there = false;
  for (const auto& file : files) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) continue;
    is_there = true;
    const auto content = daemon::read_text_file(file, daemon::Pipes::wait);
    const auto shown = daemon::printable(file);
    if (content.problem)
      return Trouble{Code::failed, fmt::format("{}: cannot be read: {}.", shown, *content.problem)};
    daemon::ConfigErrors errors;
    errors.enter(shown);
    Routers routers;
    read_routers(content.text, file, errors, routers);
    if (!errors.empty()) {
      std::string text = "The file of routers is wrong:";
      for (const auto& error : errors.take()) text += '\n' + error.to_string();
      return Trouble{Code::failed, text};
    }
    if (const auto found = routers.find(name); found != routers.end()) {
      connect = found->second;
      return std::nullopt;
    }
    for (const auto& [other, options] : routers) known.push_back(daemon::shortened(other));
  }
  if (!is_there)
    return Trouble{Code::not_found,
                   fmt::format("--router takes its names from {}, and there is no such file; "
                               "wgospfctl(8) says what to write into it.",
                               daemon::shortened(fmt::format("{}", fmt::join(files, " or "))))};
  return Trouble{
      Code::not_found,
      fmt::format("There is no router \"{}\" in {}; there {}. The advertising router of an LSA is "
                  "--adv-router.",
                  daemon::shortened(name), daemon::shortened(fmt::format("{}", fmt::join(files, " or "))),
                  known.empty() ? "are none" : fmt::format("are {}", fmt::join(known, ", ")))};
}

}  // namespace wgospf::cli
