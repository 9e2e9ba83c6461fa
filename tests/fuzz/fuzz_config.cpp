// Any text is a configuration or a list of errors; a configuration that is printed and read again is the same.
// Whatever wg-quick's file holds, what is made of it is a sound configuration.

#include <string>

#include "daemon/config/config.h"
#include "daemon/config/import.h"
#include "daemon/config/print.h"
#include "tests/fuzz/fuzz.h"

namespace wgospf::fuzz {
namespace {

using daemon::Config;

void check_config(const std::string& text) {
  const auto result = daemon::parse_config(text, "fuzz");
  const auto* config = std::get_if<Config>(&result);
  if (config == nullptr) {
    const auto& errors = std::get<1>(result);
    require(!errors.empty(), "what is refused has an error");
    for (const auto& error : errors)
      require(!error.text.empty() && error.line >= 0, "an error says what and where");
    return;
  }
  auto again = daemon::parse_config(daemon::print_config(*config), "printed");
  auto* same = std::get_if<Config>(&again);
  require(same != nullptr, "what is printed is sound");
  same->places = config->places;
  require(*same == *config, "what is printed gives the same");
}

void check_import(const std::string& text) {
  const auto imported = daemon::import_wg_quick({{"/etc/wireguard/wg0.conf", text}});
  require(imported.text.empty() == (imported.refused.size() == 1), "a file is imported or refused");
  if (imported.text.empty()) return;
  const auto result = daemon::parse_config(imported.text, "imported");
  require(std::holds_alternative<Config>(result), "what is imported is sound");
}

}  // namespace
}  // namespace wgospf::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  wgospf::fuzz::check_config(text);
  wgospf::fuzz::check_import(text);
  return 0;
}
