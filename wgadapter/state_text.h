#pragma once
// The text of a file in which something is remembered from one run to the next. Pure.
//
//   wgospf KIND 1
//   RECORD ...
//   end CHECKSUM
//
// The last line has a checksum of all before it, so that what was cut off or spoiled is not taken for what
// was written.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "net/result.h"

namespace wgospf::wg {

/// No such file is longer, in bytes.
inline constexpr std::size_t kMaxStateText = std::size_t{16} << 20;

/// `kind` and the records are single lines; a record does not begin with "end ".
[[nodiscard]] std::string state_text(std::string_view kind, const std::vector<std::string>& records);

/// The records, which point into `text`. Error: malformed, with what is wrong, to stand behind a colon.
[[nodiscard]] Result<std::vector<std::string_view>> parse_state_text(std::string_view kind,
                                                                     std::string_view text);

/// A value that consists of its records: `take` adds one to it, or says false where that is out of place. `text` must be
/// exactly what to_text() makes of the value. Error: as above.
template <class Value>
[[nodiscard]] Result<Value> parse_state(std::string_view kind, std::string_view text,
                                        bool (*take)(std::string_view record, Value& value)) {
  const auto records = parse_state_text(kind, text);
  if (!records) return records.error();
  Value value;
  for (const std::string_view record : *records)
    if (!take(record, value))
      return Error{ErrorCode::malformed, "\"" + std::string(record) + "\" is out of place"};
  if (to_text(value) != text) return Error{ErrorCode::malformed, "it is not in order"};
  return value;
}

}  // namespace wgospf::wg
