#pragma once
// JSON for machines, made from the messages themselves, so that the names are those of the .proto files.
//
// - Names are the fields' names, in snake_case, in the order of the .proto file; every field is always there.
// - An enumeration's value is its name in lower case without the enumeration's own name, with hyphens:
//   NEIGHBOR_STATE_2_WAY is "2-way", the name RFC 9129 gives it.
// - A duration is a number of seconds, a timestamp a text in RFC 3339 form (UTC), bytes are lower-case hex.
// - What is not set is null; of alternatives (oneof) only the one that is set appears.

#include <google/protobuf/message.h>

#include <nlohmann/json.hpp>
#include <string>

#include "wgospf/v1/watch.pb.h"

namespace wgospf::json {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json to_json(const google::protobuf::Message& message);

/// The name of an enumeration's value as JSON and the tables show it: "point-to-point".
[[nodiscard]] std::string enum_text(const google::protobuf::EnumValueDescriptor& value);

/// The same, from a value of a generated enumeration. A value this build does not know gives its number.
template <class Enum>
[[nodiscard]] std::string enum_text(Enum value) {
  const auto* found = google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value);
  return found ? enum_text(*found) : std::to_string(static_cast<int>(value));
}

/// As it is written: in ASCII, so that nothing in it is a command to a terminal. `indent` -1: in one line.
[[nodiscard]] std::string json_text(const Json& json, int indent = -1);

/// What a Watch stream tells, in the form of `wgospfctl watch --json` and of what `on-event` hands on:
/// {"kind": ..., "cursor": ..., "generation": ..., "time": ..., "data": {...}}.
[[nodiscard]] Json watch_item(const v1::WatchItem& item);

}  // namespace wgospf::json
