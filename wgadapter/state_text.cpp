#include "wgadapter/state_text.h"

#include <cstdint>

namespace wgospf::wg {
namespace {

constexpr std::string_view kEnd = "end ";
constexpr std::size_t kChecksumDigits = 16;

Error malformed(const char* what) {
  return {ErrorCode::malformed, what};
}

std::string first_line(std::string_view kind) {
  return "wgospf " + std::string(kind) + " 1\n";
}

/// FNV-1a of 64 bits, as hexadecimal digits: against accidents, not against malice.
std::string checksum(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  std::string digits(kChecksumDigits, '0');
  for (std::size_t i = kChecksumDigits; i-- > 0; hash >>= 4) digits[i] = "0123456789abcdef"[hash & 0xf];
  return digits;
}

}  // namespace

std::string state_text(std::string_view kind, const std::vector<std::string>& records) {
  std::string text = first_line(kind);
  for (const std::string& record : records) text += record + '\n';
  return text + std::string(kEnd) + checksum(text) + '\n';
}

Result<std::vector<std::string_view>> parse_state_text(std::string_view kind, std::string_view text) {
  const std::string first = first_line(kind);
  const std::size_t end_size = kEnd.size() + kChecksumDigits + 1;
  if (text.size() > kMaxStateText) return malformed("it is too long");
  if (text.substr(0, first.size()) != first) return malformed("its first line is not of this version");
  if (text.size() < first.size() + end_size) return malformed("its end is missing");
  const std::string_view body = text.substr(0, text.size() - end_size);
  if (text.substr(body.size()) != std::string(kEnd) + checksum(body) + '\n' || body.back() != '\n')
    return malformed("its end is missing, or its checksum is another");
  std::vector<std::string_view> records;
  for (std::size_t at = first.size(); at < body.size();) {
    const std::size_t end = body.find('\n', at);
    records.push_back(body.substr(at, end - at));
    at = end + 1;
  }
  return records;
}

}  // namespace wgospf::wg
