#pragma once
// The daemon's API: the gRPC service wgospf.v1.Routing on a unix socket, or on TCP with TLS.
//
// gRPC's own threads serve the clients (callback API). Nothing here runs the protocol: what a call needs of
// the router is read in a closure on the protocol strand, in batches of some hundred entries, and turned into
// messages on a worker thread. The protocol thread therefore never waits for a client, however slow.
//
// Order of start: take the table lock, ApiServer::start, start the router, then say that the daemon is ready.
// The server comes before the router's first packet, so that a second daemon at the same address, or one
// whose certificate cannot be read, has not disturbed anybody when it gives up. When start() has returned,
// the socket stands at its place with its final permissions; calls wait until the strand runs.

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "daemon/config/api_options.h"
#include "net/result.h"

namespace wgospf::daemon {

class RouterView;

class ApiServer {
 public:
  /// Listens and serves at once. `router` must outlive the server. The error names the address and the cure.
  [[nodiscard]] static Result<std::unique_ptr<ApiServer>> start(const ApiOptions& options,
                                                                RouterView& router);
  /// The same as stop() with no time for clients.
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  /// Ends all Watch streams with UNAVAILABLE, lets other calls finish until `deadline`, then cancels them,
  /// and removes the socket. From any thread; does not need the strand to run. A second call does nothing.
  void stop(std::chrono::system_clock::time_point deadline);

  /// What keeps clients from reaching it, which only a new server mends; empty when nothing does. Stays true
  /// to what happened once: the socket was removed or replaced, or accepting failed. From any thread.
  [[nodiscard]] std::string problem() const;

  /// Calls that clients have open, or whose end they have not taken yet. From any thread.
  [[nodiscard]] std::size_t call_count() const;
  /// Of them Watch streams.
  [[nodiscard]] std::size_t watcher_count() const;

  /// What clients connect to: "unix:/path" or "HOST:PORT" with the real port.
  [[nodiscard]] const std::string& address() const;

 private:
  struct Impl;
  explicit ApiServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wgospf::daemon
