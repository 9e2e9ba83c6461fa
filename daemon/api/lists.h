#pragma once
// Lists that may be long: some hundred entries are read on the strand, made into a part on the worker, and
// the next are read when the client has taken it. Between two parts the protocol runs.

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/api/call.h"
#include "daemon/api/convert.h"
#include "daemon/api/request.h"

namespace wgospf::daemon::api {

/// Entries of one part: read in one closure on the strand.
inline constexpr std::size_t kPartSize = 500;

class DatabaseCall final : public StreamCall<v1::ListDatabaseResponse> {
 public:
  DatabaseCall(std::shared_ptr<Context> context, DatabaseFilter filter)
      : StreamCall(std::move(context)), filter_(filter) {}
  [[nodiscard]] grpc::ServerWriteReactor<v1::ListDatabaseResponse>* start(
      grpc::CallbackServerContext& server_context);

 private:
  void next() override;
  void send(const std::vector<ospf::DatabaseEntry>& entries, const NameMap& names);

  const DatabaseFilter filter_;
  ospf::DatabaseCursor cursor_;  ///< on the strand; read on the worker between two closures
};

class RoutesCall final : public StreamCall<v1::ListRoutesResponse> {
 public:
  RoutesCall(std::shared_ptr<Context> context, RoutesFilter filter)
      : StreamCall(std::move(context)), filter_(std::move(filter)) {}
  [[nodiscard]] grpc::ServerWriteReactor<v1::ListRoutesResponse>* start(
      grpc::CallbackServerContext& server_context);

 private:
  struct State {
    std::size_t position = 0;  ///< in the table
    RouteKernelState kernel{};
    std::vector<std::string> findings{};
  };
  void next() override;
  /// On the strand, once: the table, which does not change any more.
  void take_table(RouterView& router);
  /// On the strand: the kernel's state of the next part's routes, and what is found wrong with them.
  void take_states(RouterView& router);
  void send(const std::vector<State>& states);

  const RoutesFilter filter_;
  std::shared_ptr<const ospf::RouteTable<V2>> table_;
  NameMap names_;
  std::uint64_t kernel_generation_ = 0;
  std::size_t position_ = 0, end_ = 0;  ///< as of cursor_
  bool has_told_ = false;               ///< of the worker
};

}  // namespace wgospf::daemon::api
