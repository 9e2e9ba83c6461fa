#pragma once
// The messages' own JSON (proto/json.h), by its names here.

#include "proto/json.h"

namespace wgospf::cli {

using json::enum_text;
using json::Json;
using json::json_text;
using json::to_json;

}  // namespace wgospf::cli
