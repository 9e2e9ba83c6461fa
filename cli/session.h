#pragma once
// A command at work: connected, with what was asked for and where the answer goes.

#include <ostream>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/json.h"
#include "cli/requests.h"

namespace wgospf::cli {

struct Session {
  Client& client;
  const Options& options;
  const Terminal& terminal;

  /// The answer in the form asked for; `as_text` is only called when people read it.
  template <class Response, class AsText>
  void print(const Response& response, AsText as_text) const {
    if (options.json) {
      print_json(response);
    } else {
      terminal.out << as_text(response);
    }
  }

 private:
  void print_json(const google::protobuf::Message& response) const;
};

/// Runs `ask` with a client that is connected.
[[nodiscard]] Failure with_session(const Options& options, const Terminal& terminal,
                                   grpc::Status (*ask)(const Session& session));

/// An enumeration's values by their texts, but for the unspecified one.
[[nodiscard]] std::vector<std::string> value_names(const google::protobuf::EnumDescriptor& type);
/// The number of the value with this text; 0, which is "unspecified", for "".
[[nodiscard]] int value_number(const google::protobuf::EnumDescriptor& type, const std::string& text);

}  // namespace wgospf::cli
