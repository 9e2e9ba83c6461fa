#include "cli/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/filters.h"
#include "daemon/config/printable.h"

namespace wgospf::cli {

void Session::print_json(const google::protobuf::Message& response) const {
  terminal.out << json_text(to_json(response), 2) << '\n';
}

grpc::Status Session::check_interface() const {
  v1::ListInterfacesResponse list;
  auto status = client.call(&v1::Routing::Stub::ListInterfaces, v1::ListInterfacesRequest(), list);
  if (!status.ok()) return status;
  std::vector<std::string> names;
  for (const auto& interface : list.interfaces()) {
    if (is_on(interface.name(), options.interface)) return grpc::Status::OK;
    names.push_back(interface.name());
  }
  return {grpc::StatusCode::NOT_FOUND,
          fmt::format("OSPF is configured on no interface \"{}\"; there {}.",
                      daemon::shortened(options.interface),
                      names.empty() ? "are none" : fmt::format("are {}", fmt::join(names, ", ")))};
}

void make_printable(google::protobuf::Message& message) {
  using google::protobuf::FieldDescriptor;
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    const int size = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        make_printable(field->is_repeated() ? *reflection.MutableRepeatedMessage(&message, field, i)
                                            : *reflection.MutableMessage(&message, field));
      } else if (field->type() == FieldDescriptor::TYPE_STRING && field->is_repeated()) {
        reflection.SetRepeatedString(&message, field, i,
                                     daemon::printable(reflection.GetRepeatedString(message, field, i)));
      } else if (field->type() == FieldDescriptor::TYPE_STRING) {
        reflection.SetString(&message, field, daemon::printable(reflection.GetString(message, field)));
      }
    }
  }
}

Failure with_session(const Options& options, const Terminal& terminal,
                     grpc::Status (*ask)(const Session& session)) {
  const auto connected = Client::connect(options.connect);
  if (!connected.client) return connected.trouble;
  const auto status = ask({*connected.client, options, terminal});
  return status.ok() ? Failure() : trouble_of(status, options.connect.socket);
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
