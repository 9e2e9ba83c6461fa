#include "net/netlink_socket.h"

#include <linux/filter.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace wgospf::netlink {
namespace {

/// The kernel cuts dumps to 32 KiB; nothing that it notifies is as long.
constexpr std::size_t kDatagram = 128 << 10;

void set_buffer(int fd, int forced, int plain, int bytes) {
  if (::setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)) != 0)
    (void)::setsockopt(fd, SOL_SOCKET, plain, &bytes, sizeof(bytes));
}

}  // namespace

Socket::Socket(int fd, SocketOptions options) : fd_(fd), options_(std::move(options)), buffer_(kDatagram) {}

Socket::Socket(Socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      port_(other.port_),
      sequence_(other.sequence_),
      options_(std::move(other.options_)),
      buffer_(std::move(other.buffer_)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(port_, other.port_);
  std::swap(sequence_, other.sequence_);
  std::swap(options_, other.options_);
  std::swap(buffer_, other.buffer_);
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Socket> Socket::open(SocketOptions options) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, options.protocol);
  if (fd < 0) return system_error(errno, options.place + ": cannot open a netlink socket");
  Socket socket(fd, std::move(options));
  if (auto done = socket.configure(); !done) return done.error();
  return socket;
}

Result<void> Socket::configure() {
  set_buffer(fd_, SO_RCVBUFFORCE, SO_RCVBUF, options_.receive_buffer);
  if (options_.send_buffer) set_buffer(fd_, SO_SNDBUFFORCE, SO_SNDBUF, *options_.send_buffer);
  const int on = 1;
  (void)::setsockopt(fd_, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
  (void)::setsockopt(fd_, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
  if (options_.is_strict && ::setsockopt(fd_, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)) != 0)
    return failure(options_.place + ": cannot have the kernel filter dumps (Linux 5.3 or later is needed)",
                   errno);
  sockaddr_nl self{};
  self.nl_family = AF_NETLINK;
  socklen_t length = sizeof(self);
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&self), length) != 0 ||
      ::getsockname(fd_, reinterpret_cast<sockaddr*>(&self), &length) != 0)
    return system_error(errno, options_.place + ": cannot bind a netlink socket");
  port_ = self.nl_pid;
  return {};
}

std::uint32_t Socket::take_sequences(std::uint32_t count) {
  return std::exchange(sequence_, sequence_ + count);
}

Result<void> Socket::subscribe(std::span<const int> groups) {
  for (const int group : groups) {
    if (::setsockopt(fd_, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0)
      return system_error(errno,
                          options_.place + ": cannot subscribe to netlink group " + std::to_string(group));
  }
  return {};
}

Result<void> Socket::attach(std::span<const sock_filter> program) {
  const sock_fprog attached{static_cast<unsigned short>(program.size()),
                            const_cast<sock_filter*>(program.data())};
  if (::setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached)) == 0) return {};
  return failure(options_.place + ": cannot filter netlink notifications", errno);
}

int Socket::send(Bytes messages) const {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  while (::sendto(fd_, messages.data(), messages.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
                  sizeof(kernel)) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

Socket::Received Socket::receive() {
  for (;;) {
    sockaddr_nl from{};
    iovec data{buffer_.data(), buffer_.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof(from);
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    const ssize_t got = ::recvmsg(fd_, &message, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {{}, errno == EAGAIN ? 0 : errno};
    if (from.nl_pid != 0) continue;  // only the kernel is believed
    if ((message.msg_flags & MSG_TRUNC) != 0) return {{}, EMSGSIZE};
    return {Bytes(buffer_).first(static_cast<std::size_t>(got)), 0};
  }
}

Error Socket::error_of(const Received& received) const {
  if (received.error == EMSGSIZE)
    return {ErrorCode::malformed,
            options_.place + ": a netlink message exceeds " + std::to_string(buffer_.size()) +
                " bytes; please report it",
            EMSGSIZE};
  return system_error(received.error, options_.place + ": cannot read from netlink");
}

Result<void> Socket::wait(Deadline deadline) const {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return Error{ErrorCode::timed_out,
                   options_.place + ": the kernel did not answer in time; it is asked again later",
                   ETIMEDOUT};
    pollfd ready{fd_, POLLIN, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::min<long long>(left.count(), 60'000)));
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return system_error(errno, options_.place + ": cannot wait for netlink");
  }
}

/// An answer as it comes in.
struct Socket::Answer {
  std::uint32_t sequence = 0;
  bool is_interrupted = false;
  bool is_whole = false;
  Result<void> outcome{};
};

void Socket::consume(Bytes datagram, Answer& answer, const Take& take) const {
  const bool whole = for_each_message(datagram, [&](Bytes message) {
    const nlmsghdr header = header_of(message);
    if (header.nlmsg_seq != answer.sequence || answer.is_whole || !answer.outcome)
      return;  // of one that timed out
    if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) answer.is_interrupted = true;
    if (const auto reply = decode_reply(message)) {
      answer.is_whole = true;
      if (reply->error == 0) return;
      const std::string why = reply->text.empty() ? std::string() : " (" + reply->text + ")";
      answer.outcome = system_error(reply->error, options_.place + ": the kernel refused" + why);
    } else if (header.nlmsg_type >= NLMSG_MIN_TYPE) {
      answer.outcome = take(message);
    }
  });
  if (answer.outcome && !whole)
    answer.outcome = Error{ErrorCode::malformed,
                           options_.place + ": a netlink message from the kernel is cut short", EBADMSG};
}

Result<void> Socket::request(std::span<std::byte> message, Deadline deadline, const Take& take) {
  Answer answer{take_sequences(1)};
  std::memcpy(message.data() + offsetof(nlmsghdr, nlmsg_seq), &answer.sequence, sizeof(answer.sequence));
  if (const int error = send(message); error != 0)
    return system_error(error, options_.place + ": cannot send to netlink");
  while (answer.outcome && !answer.is_whole) {
    const Received received = receive();
    if (received.error != 0) return error_of(received);
    if (received.bytes.empty()) {
      if (auto ready = wait(deadline); !ready) return ready;
      continue;
    }
    consume(received.bytes, answer, take);
    if (options_.secrecy == Secrecy::wiped) explicit_bzero(buffer_.data(), received.bytes.size());
  }
  if (answer.outcome && answer.is_interrupted)
    return Error{ErrorCode::interrupted, options_.place + ": changed while it was being read", EINTR};
  return answer.outcome;
}

}  // namespace wgospf::netlink
