#pragma once
// What a reload has done, as an answer.

#include "daemon/api/call.h"
#include "wgospf/v1/reload.pb.h"

namespace wgospf::daemon::api {

[[nodiscard]] UnaryCall<v1::ReloadResponse>::Write write_reload(const Result<ReloadAnswer>& done);
[[nodiscard]] UnaryCall<v1::ConfirmResponse>::Write write_confirm(const Result<void>& done);

}  // namespace wgospf::daemon::api
