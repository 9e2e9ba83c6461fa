// What the daemon has said, and how much it says.
#include "cli/render.h"
#include "cli/session.h"

namespace wgospf::cli {
namespace {

constexpr std::uint32_t kLinesShown = 100;

v1::Severity severity_of(const std::string& text) {
  return static_cast<v1::Severity>(value_number(*v1::Severity_descriptor(), text));
}

}  // namespace

Failure show_log(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    v1::GetLogRequest request;
    request.set_severity(severity_of(session.options.level));
    request.set_limit(session.options.limit == 0 ? kLinesShown : session.options.limit);
    v1::GetLogResponse log;
    auto status = session.client.call(&v1::Routing::Stub::GetLog, request, log);
    if (status.ok()) session.print(log, [&](const auto& l) { return render(l, session.look()); });
    return status;
  });
}

Failure set_log_level(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    v1::SetLogLevelRequest request;
    request.set_level(severity_of(session.options.level));
    v1::SetLogLevelResponse answer;
    auto status = session.client.call(&v1::Routing::Stub::SetLogLevel, request, answer);
    if (status.ok()) session.print(answer, [](const auto& a) { return render(a); });
    return status;
  });
}

std::vector<std::string> severity_names() {
  return value_names(*v1::Severity_descriptor());
}

}  // namespace wgospf::cli
