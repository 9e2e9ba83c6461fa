#include "daemon/api/reload.h"

#include <algorithm>
#include <utility>

#include "daemon/api/convert.h"
#include "daemon/telling/words.h"

namespace wgospf::daemon::api {
namespace {

v1::ConfigChangeKind change_kind(ConfigChange::Kind kind) {
  switch (kind) {
    case ConfigChange::Kind::added:
      return v1::CONFIG_CHANGE_KIND_ADDED;
    case ConfigChange::Kind::removed:
      return v1::CONFIG_CHANGE_KIND_REMOVED;
    case ConfigChange::Kind::changed:
      return v1::CONFIG_CHANGE_KIND_CHANGED;
  }
  return v1::CONFIG_CHANGE_KIND_UNSPECIFIED;
}

grpc::StatusCode code_of_refusal(ErrorCode code) {
  if (code == ErrorCode::unsupported) return grpc::StatusCode::UNIMPLEMENTED;
  return code == ErrorCode::would_block ? grpc::StatusCode::RESOURCE_EXHAUSTED
                                        : grpc::StatusCode::FAILED_PRECONDITION;
}

/// Lines stay lines: only what stands in them may hold any bytes.
std::string printable_lines(const std::string& text) {
  std::string lines;
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = text.find('\n', begin);
    if (begin > 0) lines += '\n';
    lines += printable(text.substr(begin, end == std::string::npos ? end : end - begin));
  }
  return lines;
}

/// Prefixes listed; the rest is counted.
constexpr std::size_t kPrefixesListed = 1000;

template <class List>
void list_some(const std::vector<Ipv4Prefix>& prefixes, List& list) {
  for (std::size_t i = 0; i < std::min(prefixes.size(), kPrefixesListed); ++i)
    *list.Add() = prefixes[i].to_string();
}

void write_preview(const Preview& preview, v1::ReloadPreview& out) {
  for (const auto& neighbor : preview.lost_neighbors) {
    auto* added = out.add_lost_neighbors();
    added->set_interface(printable(neighbor.interface));
    added->set_neighbor_router_id(neighbor.router_id.to_string());
    added->set_reason(neighbor.reason);
  }
  list_some(preview.lost_prefixes, *out.mutable_lost_prefixes());
  out.set_lost_prefix_count(preview.lost_prefixes.size());
  list_some(preview.withdrawn_prefixes, *out.mutable_withdrawn_prefixes());
  out.set_withdrawn_prefix_count(preview.withdrawn_prefixes.size());
}

grpc::Status status_of(const Error& error) {
  return {code_of_refusal(error.code), printable_lines(error.text)};
}

}  // namespace

UnaryCall<v1::ConfirmResponse>::Write write_confirm(const Result<void>& done) {
  return
      [status = done ? grpc::Status::OK : status_of(done.error())](v1::ConfirmResponse&) { return status; };
}

UnaryCall<v1::ReloadResponse>::Write write_reload(const Result<ReloadAnswer>& done) {
  if (!done) {
    return [status = status_of(done.error())](v1::ReloadResponse&) { return status; };
  }
  return [answer = done.value()](v1::ReloadResponse& response) {
    for (const auto& change : answer.changes) {
      auto* added = response.add_changes();
      added->set_path(printable(change.path));
      added->set_kind(change_kind(change.kind));
      added->set_before(printable(change.before));
      added->set_after(printable(change.after));
    }
    response.set_taken_over(answer.is_taken_over);
    response.set_confirm_seconds(static_cast<std::uint32_t>(answer.confirm_within.count()));
    if (answer.preview) write_preview(*answer.preview, *response.mutable_preview());
    return grpc::Status::OK;
  };
}

}  // namespace wgospf::daemon::api
