#pragma once
// The JSON Schema (draft 2020-12) of what json.h makes of a message.

#include <google/protobuf/descriptor.h>

#include <string>

#include "cli/json.h"

namespace wgospf::cli {

/// `title`: whose answer it is.
[[nodiscard]] Json json_schema(const google::protobuf::Descriptor& type, const std::string& title);

}  // namespace wgospf::cli
