#include "proto/json.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <cctype>
#include <ctime>

namespace wgospf::json {
namespace {

using google::protobuf::Duration;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Timestamp;

/// "NeighborState" -> "NEIGHBOR_STATE_": what the names of its values begin with.
std::string value_prefix(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    if (std::isupper(static_cast<unsigned char>(c)) && !prefix.empty()) prefix += '_';
    prefix += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return prefix + '_';
}

std::string hex(const std::string& bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

Json duration(const Message& message) {
  Duration value;
  value.CopyFrom(message);
  return static_cast<double>(value.seconds()) + static_cast<double>(value.nanos()) / 1e9;
}

Json timestamp(const Message& message) {
  Timestamp value;
  value.CopyFrom(message);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(value.seconds())),
                     value.nanos() / 1'000'000);
}

Json nested(const Message& message) {
  const auto& name = message.GetDescriptor()->full_name();
  if (name == Duration::descriptor()->full_name()) return duration(message);
  if (name == Timestamp::descriptor()->full_name()) return timestamp(message);
  return to_json(message);
}

/// The value of a field that is not repeated, or of one element (`index`) of one that is.
class FieldReader {
 public:
  FieldReader(const Message& message, const FieldDescriptor& field)
      : message_(message), reflection_(*message.GetReflection()), field_(field) {}

  [[nodiscard]] Json single() const {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:  // an LS sequence number, and nothing else, as the tables have it
        return fmt::format("0x{:08x}", static_cast<std::uint32_t>(reflection_.GetInt32(message_, &field_)));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection_.GetInt64(message_, &field_);
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection_.GetUInt32(message_, &field_);
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection_.GetUInt64(message_, &field_);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection_.GetDouble(message_, &field_);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return reflection_.GetFloat(message_, &field_);
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection_.GetBool(message_, &field_);
      case FieldDescriptor::CPPTYPE_ENUM:
        return enum_text(*reflection_.GetEnum(message_, &field_));
      case FieldDescriptor::CPPTYPE_STRING:
        return text(reflection_.GetString(message_, &field_));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return nested(reflection_.GetMessage(message_, &field_));
    }
    return nullptr;
  }

  [[nodiscard]] Json list() const {
    Json values = Json::array();
    const int size = reflection_.FieldSize(message_, &field_);
    for (int i = 0; i < size; ++i) values.push_back(element(i));
    return values;
  }

 private:
  /// The API repeats messages, texts, enumerations and unsigned numbers.
  [[nodiscard]] Json element(int index) const {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection_.GetRepeatedUInt32(message_, &field_, index);
      case FieldDescriptor::CPPTYPE_ENUM:
        return enum_text(*reflection_.GetRepeatedEnum(message_, &field_, index));
      case FieldDescriptor::CPPTYPE_STRING:
        return text(reflection_.GetRepeatedString(message_, &field_, index));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return nested(reflection_.GetRepeatedMessage(message_, &field_, index));
      default:
        return nullptr;
    }
  }
  [[nodiscard]] std::string text(const std::string& value) const {
    return field_.type() == FieldDescriptor::TYPE_BYTES ? hex(value) : value;
  }

  const Message& message_;
  const google::protobuf::Reflection& reflection_;
  const FieldDescriptor& field_;
};

}  // namespace

std::string enum_text(const EnumValueDescriptor& value) {
  std::string name = value.name();
  const std::string prefix = value_prefix(*value.type());
  if (name.compare(0, prefix.size(), prefix) == 0) name.erase(0, prefix.size());
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return name;
}

std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', true, Json::error_handler_t::replace);
}

Json to_json(const Message& message) {
  Json object = Json::object();
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor& field = *descriptor->field(i);
    const FieldReader reader(message, field);
    if (field.is_repeated()) {
      object[field.name()] = reader.list();
    } else if (!field.has_presence() || message.GetReflection()->HasField(message, &field)) {
      object[field.name()] = reader.single();
    } else if (!field.real_containing_oneof()) {
      object[field.name()] = nullptr;
    }
  }
  return object;
}

Json watch_item(const v1::WatchItem& item) {
  const Json all = to_json(item);
  Json line;
  line["kind"] = nullptr;
  for (const char* name : {"cursor", "generation", "time"}) line[name] = all[name];
  for (const auto& [name, value] : all.items()) {
    if (line.contains(name)) continue;
    line["kind"] = name;
    line["data"] = value;
  }
  return line;
}

}  // namespace wgospf::json
