// What changes the daemon's configuration.
#include "cli/render.h"
#include "cli/session.h"

namespace wgospf::cli {

Failure reload(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    v1::ReloadResponse response;
    v1::ReloadRequest request;
    request.set_confirm_seconds(session.options.confirm_seconds);
    request.set_dry_run(session.options.dry_run);
    auto status = session.client.call(&v1::Routing::Stub::Reload, request, response);
    if (status.ok()) session.print(response, [](const auto& answer) { return render(answer); });
    return status;
  });
}

Failure confirm(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, [](const Session& session) {
    v1::ConfirmResponse response;
    auto status = session.client.call(&v1::Routing::Stub::Confirm, v1::ConfirmRequest(), response);
    if (status.ok())
      session.print(response, [](const auto&) { return "The configuration is confirmed, and stays.\n"; });
    return status;
  });
}

}  // namespace wgospf::cli
