#pragma once
// The answers to GetLog and SetLogLevel.

#include <cstddef>
#include <optional>

#include "daemon/api/call.h"
#include "daemon/api/request.h"
#include "wgospf/v1/log.pb.h"

namespace wgospf::daemon::api {

struct LogQuestion {
  Severity least = Severity::debug;
  std::size_t limit = 0;  ///< 0: all
};
[[nodiscard]] Checked<LogQuestion> check(const v1::GetLogRequest& request);
/// nullopt: what the configuration says.
[[nodiscard]] Checked<std::optional<Severity>> check(const v1::SetLogLevelRequest& request);

[[nodiscard]] UnaryCall<v1::GetLogResponse>::Write gather_log(const LogQuestion& question);
/// On the strand.
[[nodiscard]] UnaryCall<v1::SetLogLevelResponse>::Write set_log_level(RouterView& router,
                                                                      std::optional<Severity> level);

}  // namespace wgospf::daemon::api
