#pragma once
// Texts for people: safe to print, and short.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/config/printable.h"

namespace wgospf::daemon {

/// What rib's texts call by number, by its name: "interface index 7", "next-hop set 5" and "group 4711".
struct KernelNames {
  std::function<std::string(std::uint32_t)> interface {};
  std::function<std::string(std::uint32_t)> next_hop_set{};
};
[[nodiscard]] std::string with_names(std::string_view text, const KernelNames& names);

/// How many names of a list are told.
inline constexpr std::size_t kNamesTold = 4;
/// "a, b, c", and "a, b, c, d and 7 more" of a long list.
[[nodiscard]] std::string join_few(std::span<const std::string> names, std::string_view separator = ", ");

}  // namespace wgospf::daemon
