#include "daemon/config/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace wgospf::daemon {

namespace {

/// The length of the well-formed sequence of UTF-8 at the beginning of `text` (RFC 3629 section 4), 0 when
/// there is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto first = byte(0);
  const std::size_t length = first < 0x80    ? 1
                             : first < 0xc2  ? 0
                             : first < 0xe0  ? 2
                             : first < 0xf0  ? 3
                             : first <= 0xf4 ? 4
                                             : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  // Too long for what it says, a surrogate, or beyond the last character.
  const bool wrong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) >= 0xa0) ||
                     (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) >= 0x90);
  return wrong ? 0 : length;
}

/// C0, DEL, and C1, which terminals take for commands too.
bool is_control(std::string_view sequence) {
  const auto first = static_cast<std::uint8_t>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7f;
  return sequence.size() == 2 && first == 0xc2 && static_cast<std::uint8_t>(sequence[1]) < 0xa0;
}

}  // namespace

std::string printable(std::string_view text) {
  const auto is_plain = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (std::all_of(text.begin(), text.end(), is_plain)) return std::string(text);
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto length = sequence_length(text);
    const auto taken = text.substr(0, std::max<std::size_t>(length, 1));
    if (length != 0 && !is_control(taken)) {
      result += taken;
    } else {
      for (const char c : taken) result += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(c));
    }
    text.remove_prefix(taken.size());
  }
  return result;
}

std::string shortened(std::string_view value) {
  if (value.size() <= kEchoed) return printable(value);
  std::size_t length = kEchoed;
  while (length > 0 && (static_cast<std::uint8_t>(value[length]) & 0xc0) == 0x80) --length;
  return fmt::format("{}... ({} bytes)", printable(value.substr(0, length)), value.size());
}

}  // namespace wgospf::daemon
