#pragma once
// How the API is served: the section `api` of the configuration, and limits that are not in it.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "daemon/config/leaves.h"

namespace wgospf::daemon {

/// Files in PEM form. With `client_ca`, only clients with a certificate of that authority are served; without it
/// everybody is, if the configuration says that this is meant.
struct ApiTls {
  std::string certificate;
  std::string key;
  std::string client_ca;
  bool operator==(const ApiTls&) const = default;
};

struct ApiOptions {
  /// "unix:/path" or "HOST:PORT" ("[::1]:50051" for IPv6; port 0 takes a free one). TCP needs `tls`.
  std::string listen{leaf::api::listen.value};
  std::optional<ApiTls> tls;
  std::string group{};  ///< that owns the unix socket; empty: the process's own
  /// Changes that may wait for one Watch client before it is cut off.
  std::size_t watch_queue_limit = 200'000;
  /// After that, how long it may keep its call without taking what is on its way to it.
  std::chrono::milliseconds slow_client_grace{5'000};
  /// Calls, and Watch clients among them, that may be open at a time; more are refused.
  std::size_t max_calls = 256, max_watchers = 32;
  bool operator==(const ApiOptions&) const = default;
};

}  // namespace wgospf::daemon
