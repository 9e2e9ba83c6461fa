#pragma once
// Metrics over HTTP, for Prometheus: GET /metrics. On a thread of its own; the strand is asked for one closure, twice a
// second at most however many scrape, and what comes of it is made into text here. Whoever reaches the port reads all of it, so it is on the loopback unless
// the configuration says otherwise, and little is believed: few connections, short requests, and no patience.

#include <cstdint>
#include <memory>
#include <string>

#include "net/result.h"

namespace wgospf::daemon {
class RouterView;
}

namespace wgospf::daemon::metrics {

class Server {
 public:
  /// Listens on HOST:PORT (a literal address; port 0 takes a free one) at once. `router` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(const std::string& listen, RouterView& router);
  /// Ends all connections.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wgospf::daemon::metrics
