#include "cli/session.h"

namespace wgospf::cli {

void Session::print_json(const google::protobuf::Message& response) const {
  terminal.out << to_json(response).dump(2) << '\n';
}

Failure with_session(const Options& options, const Terminal& terminal,
                     grpc::Status (*ask)(const Session& session)) {
  const auto connected = Client::connect(options.connect);
  if (!connected.client) return connected.error;
  const auto status = ask({*connected.client, options, terminal});
  return status.ok() ? Failure() : failure_text(status, options.connect.socket);
}

std::vector<std::string> value_names(const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 1; i < type.value_count(); ++i) names.push_back(enum_text(*type.value(i)));
  return names;
}

int value_number(const google::protobuf::EnumDescriptor& type, const std::string& text) {
  for (int i = 1; i < type.value_count(); ++i) {
    if (enum_text(*type.value(i)) == text) return type.value(i)->number();
  }
  return 0;
}

}  // namespace wgospf::cli
