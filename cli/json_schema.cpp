#include "cli/json_schema.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

namespace wgospf::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

Json schema_of(const Descriptor& type);

Json text_like(const char* pattern) {
  return Json{{"type", "string"}, {"pattern", pattern}};
}

Json schema_of_enum(const google::protobuf::EnumDescriptor& type) {
  Json names = Json::array();
  for (int i = 0; i < type.value_count(); ++i) names.push_back(enum_text(*type.value(i)));
  return Json{{"enum", names}};
}

/// Of one value.
Json schema_of(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return text_like("^0x[0-9a-f]{8}$");
    case FieldDescriptor::CPPTYPE_INT64:
      return Json{{"type", "integer"}};
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return Json{{"type", "integer"}, {"minimum", 0}};
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Json{{"type", "number"}};
    case FieldDescriptor::CPPTYPE_BOOL:
      return Json{{"type", "boolean"}};
    case FieldDescriptor::CPPTYPE_ENUM:
      return schema_of_enum(*field.enum_type());
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_BYTES ? text_like("^([0-9a-f]{2})*$")
                                                         : Json{{"type", "string"}};
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return schema_of(*field.message_type());
  }
  return Json::object();
}

Json schema_of(const Descriptor& type) {
  if (type.full_name() == google::protobuf::Duration::descriptor()->full_name())
    return Json{{"type", "number"}};
  if (type.full_name() == google::protobuf::Timestamp::descriptor()->full_name())
    return Json{{"type", "string"}, {"format", "date-time"}};
  Json properties = Json::object(), required = Json::array();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const bool is_alternative = field.real_containing_oneof() != nullptr;
    Json value = schema_of(field);
    if (field.is_repeated())
      value = Json{{"type", "array"}, {"items", value}};
    else if (field.has_presence() && !is_alternative)
      value = Json{{"anyOf", Json::array({value, Json{{"type", "null"}}})}};
    properties[field.name()] = std::move(value);
    if (!is_alternative) required.push_back(field.name());
  }
  return Json{{"type", "object"},
              {"properties", properties},
              {"required", required},
              {"additionalProperties", false}};
}

}  // namespace

Json json_schema(const Descriptor& type, const std::string& title) {
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", title}};
  schema.update(schema_of(type));
  return schema;
}

}  // namespace wgospf::cli
