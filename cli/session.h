#pragma once
// A command at work: connected, with what was asked for and where the answer goes.

#include <google/protobuf/message.h>

#include <ostream>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/json.h"
#include "cli/requests.h"

namespace wgospf::cli {

/// Every text in it, so that no part of it is a command to a terminal.
void make_printable(google::protobuf::Message& message);

struct Session {
  Client& client;
  const Options& options;
  const Terminal& terminal;

  [[nodiscard]] Look look() const { return {terminal.colours, options.wide ? 0 : terminal.size().columns}; }
  /// The answer in the form asked for; `as_text` is only called when people read it. The answer's texts may
  /// have been made printable afterwards.
  template <class Response, class AsText>
  void print(Response& response, AsText as_text) const {
    if (options.json) {
      print_json(response);
    } else {
      make_printable(response);
      terminal.out << as_text(response);
    }
  }
  /// A list that filters may have left nothing of: `before` is how many there were.
  template <class Response, class AsText>
  [[nodiscard]] grpc::Status print_filtered(Response& response, int before, int left, const char* noun,
                                            AsText as_text) const {
    if (left == 0 && !options.interface.empty()) {
      if (auto status = check_interface(); !status.ok()) return status;
    }
    if (left == 0 && before > 0 && !options.json)
      terminal.out << "None of " << count_text(static_cast<std::uint64_t>(before), noun) << " matches.\n";
    else
      print(response, as_text);
    return grpc::Status::OK;
  }
  /// NOT_FOUND, with what there is, where `--interface` names none of the daemon's.
  [[nodiscard]] grpc::Status check_interface() const;

 private:
  void print_json(const google::protobuf::Message& response) const;
};

/// Of a Watch stream: {"kind": ..., "generation": ..., "time": ..., "data": {...}}.
[[nodiscard]] Json watch_json(const v1::WatchItem& item);

/// Runs `ask` with a client that is connected.
[[nodiscard]] Failure with_session(const Options& options, const Terminal& terminal,
                                   grpc::Status (*ask)(const Session& session));

/// An enumeration's values by their texts, but for the unspecified one.
[[nodiscard]] std::vector<std::string> value_names(const google::protobuf::EnumDescriptor& type);
/// The number of the value with this text; 0, which is "unspecified", for "".
[[nodiscard]] int value_number(const google::protobuf::EnumDescriptor& type, const std::string& text);

}  // namespace wgospf::cli
