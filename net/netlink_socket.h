#pragma once
// A netlink socket: requests with their answers, or notifications. It never waits but in `request`.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/netlink.h"
#include "net/result.h"

struct sock_filter;

namespace wgospf::netlink {

using Deadline = std::chrono::steady_clock::time_point;

/// Whether answers carry keys: the buffer is then wiped after each.
enum class Secrecy : std::uint8_t { none, wiped };

struct SocketOptions {
  int protocol = NETLINK_ROUTE;
  std::string place{};  ///< Begins the text of every error: "the link inventory", say
  /// Bytes of kernel buffer: so much where the process may have it (SO_RCVBUFFORCE), else what the system allows.
  int receive_buffer = 1 << 20;
  std::optional<int> send_buffer{};
  /// Dumps are filtered by the kernel as their requests say (NETLINK_GET_STRICT_CHK, Linux 4.20), else an error.
  bool is_strict = false;
  Secrecy secrecy = Secrecy::none;
};

class Socket {
 public:
  /// Acknowledgements come without the request (NETLINK_CAP_ACK) but with extended text (NETLINK_EXT_ACK).
  [[nodiscard]] static Result<Socket> open(SocketOptions options);
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  [[nodiscard]] int fd() const { return fd_; }
  /// The kernel puts it into notifications of what this socket asked for.
  [[nodiscard]] std::uint32_t port() const { return port_; }
  /// For so many requests, in order; the first of them.
  [[nodiscard]] std::uint32_t take_sequences(std::uint32_t count);

  /// Joins RTNLGRP_* groups.
  [[nodiscard]] Result<void> subscribe(std::span<const int> groups);
  /// Classic BPF in the place of a former one: what does not pass never reaches the socket.
  [[nodiscard]] Result<void> attach(std::span<const sock_filter> program);

  /// The kernel carries out what is sent before this returns. 0 or an errno.
  [[nodiscard]] int send(Bytes messages) const;

  /// One datagram from the kernel, empty when there is none now; valid until the next call. `error` is an errno:
  /// ENOBUFS when some were lost, EMSGSIZE when one was longer than any is.
  struct Received {
    Bytes bytes{};
    int error = 0;
  };
  [[nodiscard]] Received receive();

  /// Sends one request, numbered here, and calls `take` with each message of the answer until the acknowledgement or
  /// the end of the dump. Errors: the kernel's own, with its errno; EINTR when a dump was interrupted (ask again);
  /// ETIMEDOUT; ENOBUFS when answers were lost; those of `take`, which ends the reading.
  using Take = std::function<Result<void>(Bytes)>;
  [[nodiscard]] Result<void> request(std::span<std::byte> message, Deadline deadline, const Take& take);

  /// Of `receive`, as `request` would tell it.
  [[nodiscard]] Error error_of(const Received& received) const;

 private:
  Socket(int fd, SocketOptions options);
  [[nodiscard]] Result<void> configure();
  [[nodiscard]] Result<void> wait(Deadline deadline) const;
  struct Answer;
  void consume(Bytes datagram, Answer& answer, const Take& take) const;

  int fd_ = -1;
  std::uint32_t port_ = 0;
  std::uint32_t sequence_ = 1;
  SocketOptions options_;
  std::vector<std::byte> buffer_;
};

}  // namespace wgospf::netlink
