// The stream of what changes.
#include "cli/render.h"
#include "cli/session.h"

namespace wgospf::cli {
namespace {

grpc::Status ask_watch(const Session& session) {
  v1::WatchRequest request;
  for (const auto& topic : session.options.topics) {
    request.add_topics(static_cast<v1::WatchTopic>(value_number(*v1::WatchTopic_descriptor(), topic)));
  }
  return session.client.watch(request, [&](v1::WatchResponse& part) {
    for (auto& item : *part.mutable_items()) {
      if (session.options.json) {
        session.terminal.out << json_text(watch_json(item)) << '\n';
      } else {
        make_printable(item);
        session.terminal.out << render(item, session.look());
      }
    }
    session.terminal.out.flush();
    return session.terminal.out.good();
  });
}

}  // namespace

Json watch_json(const v1::WatchItem& item) {
  const Json all = to_json(item);
  Json line;
  line["kind"] = nullptr;
  line["generation"] = all["generation"];
  line["time"] = all["time"];
  for (const auto& [name, value] : all.items()) {
    if (name == "generation" || name == "time") continue;
    line["kind"] = name;
    line["data"] = value;
  }
  return line;
}

Failure watch(const Options& options, const Terminal& terminal) {
  return with_session(options, terminal, ask_watch);
}

std::vector<std::string> topic_names() {
  return value_names(*v1::WatchTopic_descriptor());
}

}  // namespace wgospf::cli
