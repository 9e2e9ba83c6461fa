// The stream of what changes.
#include "cli/render.h"
#include "cli/session.h"

namespace wgospf::cli {
namespace {

/// False when nobody reads any more.
bool print(const Session& session, v1::WatchItem& item) {
  auto& out = session.terminal.out;
  if (session.options.json) {
    out << json_text(watch_json(item)) << '\n';
  } else {
    make_printable(item);
    out << render(item, session.look());
  }
  return out.good();
}

grpc::Status ask_watch(const Session& session) {
  const auto& options = session.options;
  v1::WatchRequest request;
  for (const auto& topic : options.topics) {
    request.add_topics(static_cast<v1::WatchTopic>(value_number(*v1::WatchTopic_descriptor(), topic)));
  }
  request.set_since(options.since);
  bool has_gap = false, is_through = false;
  auto status = session.client.watch(request, [&](v1::WatchResponse& part) {
    for (auto& item : *part.mutable_items()) {
      if (!print(session, item)) return false;
      has_gap = has_gap || item.has_gap();
      is_through = is_through || item.has_snapshot_end();
      if (is_through && options.no_follow) break;
    }
    session.terminal.out.flush();
    return session.terminal.out.good() && !(is_through && options.no_follow);
  });
  if (status.ok() && is_through && has_gap)
    return {grpc::StatusCode::DATA_LOSS,
            "What has happened since the cursor is not known any more: this was a snapshot."};
  return status;
}

}  // namespace

Json watch_json(const v1::WatchItem& item) {
  return json::watch_item(item);
}

Failure watch(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, ask_watch);
}

std::vector<std::string> topic_names() {
  return value_names(*v1::WatchTopic_descriptor());
}

}  // namespace wgospf::cli
