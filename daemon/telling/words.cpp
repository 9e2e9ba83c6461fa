#include "daemon/telling/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace wgospf::daemon {

std::string with_names(std::string_view text, const KernelNames& names) {
  const auto a_group = [](std::uint32_t) { return std::string("a group of next hops"); };
  const std::array<std::pair<std::string_view, std::function<std::string(std::uint32_t)>>, 3> kinds{
      {{"interface index ", names.interface}, {"next-hop set ", names.next_hop_set}, {"group ", a_group}}};
  std::string result;
  while (!text.empty()) {
    std::size_t taken = 0;
    for (const auto& [prefix, name] : kinds) {
      std::uint32_t number = 0;
      const char* end = text.data() + text.size();
      if (text.substr(0, prefix.size()) != prefix) continue;
      const auto parsed = std::from_chars(text.data() + prefix.size(), end, number);
      if (parsed.ec != std::errc{}) continue;
      result += name(number);
      taken = static_cast<std::size_t>(parsed.ptr - text.data());
      break;
    }
    if (taken == 0) {
      result += text.front();
      taken = 1;
    }
    text.remove_prefix(taken);
  }
  return result;
}

std::string join_few(std::span<const std::string> names, std::string_view separator) {
  // One more takes no more room than "and 1 more".
  if (names.size() <= kNamesTold + 1) return fmt::format("{}", fmt::join(names, separator));
  return fmt::format("{} and {} more", fmt::join(names.first(kNamesTold), separator),
                     names.size() - kNamesTold);
}

}  // namespace wgospf::daemon
