#pragma once
// A netlink route socket, used in one of two ways: requests with their answers, or notifications.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "net/result.h"
#include "rib/message.h"
#include "rib/operation.h"

namespace wgospf::rib {

class NetlinkSocket {
 public:
  /// 8 MiB of receive buffer where the process may have it (SO_RCVBUFFORCE), else what the system allows;
  /// acknowledgements without the request (NETLINK_CAP_ACK) but with extended text (NETLINK_EXT_ACK); dumps
  /// are filtered by the kernel (NETLINK_GET_STRICT_CHK).
  [[nodiscard]] static Result<NetlinkSocket> open();

  NetlinkSocket(NetlinkSocket&& other) noexcept;
  NetlinkSocket& operator=(NetlinkSocket&& other) noexcept;
  NetlinkSocket(const NetlinkSocket&) = delete;
  NetlinkSocket& operator=(const NetlinkSocket&) = delete;
  ~NetlinkSocket();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// The kernel puts it into notifications of what this socket asked for.
  [[nodiscard]] std::uint32_t port() const { return port_; }

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
  explicit NetlinkSocket(int descriptor) : descriptor_(descriptor), buffer_(kDatagram) {}
  static constexpr std::size_t kDatagram = 256 * 1024;

  /// One datagram; its size, 0 when there is none (EAGAIN), or a negative errno.
  [[nodiscard]] std::ptrdiff_t receive(int flags);
  [[nodiscard]] int send(std::span<const std::byte> bytes) const;
  /// One attempt: errno, or -1 for "interrupted, begin again". `text` is of an error.
  [[nodiscard]] int dump_once(std::span<const std::byte> request, std::uint32_t sequence,
                              const Reader& reader, std::string& text);

  int descriptor_ = -1;
  std::uint32_t port_ = 0;
  std::uint32_t sequence_ = 1;
  std::vector<std::byte> buffer_;
  MessageBuffer request_;
};

}  // namespace wgospf::rib
