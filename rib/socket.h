#pragma once
// The kernel's routes over a netlink socket, used in one of two ways: requests with their answers, or notifications.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "net/netlink_socket.h"
#include "net/result.h"
#include "rib/message.h"
#include "rib/operation.h"

namespace wgospf::rib {

class RouteSocket {
 public:
  [[nodiscard]] static Result<RouteSocket> open();

  [[nodiscard]] int fd() const { return socket_.fd(); }
  /// The kernel puts it into notifications of what this socket asked for.
  [[nodiscard]] std::uint32_t port() const { return socket_.port(); }

  /// Joins RTNLGRP_* groups.
  [[nodiscard]] std::optional<Error> subscribe(std::span<const int> groups);
  /// Notifications of what the socket with port `but_for` has caused, and of routes of other tables than
  /// these, are dropped in the kernel: so neither a burst of our own nor a full feed that another program
  /// puts into a table of its own can overrun the buffer. Takes the place of a former filter.
  [[nodiscard]] std::optional<Error> filter(std::uint32_t but_for, const std::set<std::uint32_t>& tables);

  /// Executes the operations in one system call; only the last is acknowledged, the others answer only if
  /// they fail. An outcome for each. `lost` is set when answers were lost (ENOBUFS): then what happened is
  /// unknown.
  struct Batch {
    std::vector<Outcome> outcomes{};
    bool lost = false;
  };
  [[nodiscard]] Batch execute(std::span<const Operation> operations, const RouteContext& context);

  /// Adds or removes a rule; the error is the kernel's.
  [[nodiscard]] std::optional<Error> change(const PolicyRule& rule, RuleChange change);

  /// Runs a dump request from message.h, from the start again if the kernel says that it was interrupted. A
  /// table that does not exist, or a family that the kernel lacks, is an empty dump.
  [[nodiscard]] Result<std::vector<Message>> dump(const std::function<void(MessageBuffer&)>& request);
  /// The same for what may be too much to be kept: `begin`, then `visit` with each message; both again from
  /// the start if the kernel says that it was interrupted.
  struct Reader {
    std::function<void()> begin{};
    std::function<void(Message&&)> visit{};
  };
  [[nodiscard]] std::optional<Error> read(const std::function<void(MessageBuffer&)>& request,
                                          const Reader& reader);

  /// Reads notifications until there are none (`all`), many have been read (`more`, the socket stays
  /// readable) or the kernel says that some were lost; then what is still queued is older than any reading to
  /// come.
  enum class Drained : std::uint8_t { all, more, lost };
  [[nodiscard]] Drained drain(const std::function<void(Message)>& visit);

 private:
  explicit RouteSocket(netlink::Socket socket) : socket_(std::move(socket)) {}
  /// Waits for the answer to the last operation, of which the first is numbered `first`; false when it was lost.
  [[nodiscard]] bool take_outcomes(std::uint32_t first, std::vector<Outcome>& outcomes);

  netlink::Socket socket_;
  MessageBuffer request_;
};

}  // namespace wgospf::rib
