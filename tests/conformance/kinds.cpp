#include "tests/conformance/kinds.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace wgospf::conformance {

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {packets_kind(), malformed_kind(), steps_kind(), rib_kind(),
                                        graphs_kind()};
  return all;
}

std::size_t Report::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::count_if(
      results_.begin(), results_.end(), [verdict](const CaseResult& r) { return r.verdict == verdict; }));
}

std::vector<std::byte> from_hex(std::string_view text) {
  const auto digit = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    throw std::invalid_argument("not a hexadecimal digit in \"hex\"");
  };
  if (text.size() % 2 != 0) throw std::invalid_argument("an odd number of digits in \"hex\"");
  std::vector<std::byte> bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit(text[i]) << 4 | digit(text[i + 1])));
  }
  return bytes;
}

std::string to_hex(std::span<const std::byte> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    text += digits[static_cast<unsigned>(b) >> 4];
    text += digits[static_cast<unsigned>(b) & 0xf];
  }
  return text;
}

std::string first_difference(std::span<const std::byte> expected, std::span<const std::byte> got) {
  const auto [a, b] = std::mismatch(expected.begin(), expected.end(), got.begin(), got.end());
  if (a == expected.end() && b == got.end()) return {};
  std::ostringstream out;
  const auto offset = static_cast<std::size_t>(a - expected.begin());
  if (a == expected.end() || b == got.end()) {
    out << expected.size() << " bytes expected, " << got.size() << " came";
  } else {
    out << "differs at offset " << offset << ": expected " << to_hex(expected.subspan(offset, 1)) << ", got "
        << to_hex(got.subspan(offset, 1));
  }
  return out.str();
}

}  // namespace wgospf::conformance
