#include "daemon/api/log_lines.h"

#include <fmt/format.h>

#include <chrono>

#include "daemon/api/convert.h"
#include "daemon/telling/log.h"

namespace wgospf::daemon::api {
namespace {

/// nullopt where none is given.
Checked<std::optional<Severity>> check_severity(const char* field, v1::Severity asked) {
  if (asked == v1::SEVERITY_UNSPECIFIED) return std::optional<Severity>();
  for (const auto severity : {Severity::debug, Severity::info, Severity::warning, Severity::error})
    if (convert(severity) == asked) return std::optional(severity);
  return grpc::Status(
      grpc::StatusCode::INVALID_ARGUMENT,
      fmt::format("{}: {} is no severity that this daemon knows; take debug, info, warning or error", field,
                  static_cast<int>(asked)));
}

void convert_time(std::chrono::system_clock::time_point time, google::protobuf::Timestamp& out) {
  const auto since = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(since - seconds).count()));
}

}  // namespace

Checked<LogQuestion> check(const v1::GetLogRequest& request) {
  const auto severity = check_severity("severity", request.severity());
  if (const auto* error = std::get_if<grpc::Status>(&severity)) return *error;
  return LogQuestion{std::get<0>(severity).value_or(Severity::debug), request.limit()};
}

Checked<std::optional<Severity>> check(const v1::SetLogLevelRequest& request) {
  return check_severity("level", request.level());
}

UnaryCall<v1::GetLogResponse>::Write gather_log(const LogQuestion& question) {
  return [question](v1::GetLogResponse& response) {
    for (const auto& line : log_lines(question.least, question.limit)) {
      auto* added = response.add_lines();
      convert_time(line.time, *added->mutable_time());
      added->set_severity(convert(line.severity));
      added->set_text(line.text);
    }
    response.set_level(convert(log_level()));
    return grpc::Status::OK;
  };
}

UnaryCall<v1::SetLogLevelResponse>::Write set_log_level(RouterView& router, std::optional<Severity> level) {
  return [former = log_level(), done = router.set_log_level(level)](v1::SetLogLevelResponse& response) {
    if (!done) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, done.error().text);
    response.set_former(convert(former));
    response.set_level(convert(done.value()));
    return grpc::Status::OK;
  };
}

}  // namespace wgospf::daemon::api
