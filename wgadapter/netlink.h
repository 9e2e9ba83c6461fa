#pragma once
// Internal: a netlink socket, non-blocking, whose buffer the owner may have wiped. libnl builds and parses
// the messages; it does not own the socket, since its receive buffers are freed without being wiped and a
// WireGuard dump carries the private key.

#include <linux/netlink.h>
#include <netlink/msg.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/result.h"

namespace wgospf::wg {

using Deadline = std::chrono::steady_clock::time_point;

/// A libnl message that is wiped when it goes, whatever it carried.
struct MessageDeleter {
  void operator()(nl_msg* message) const;
};
using Message = std::unique_ptr<nl_msg, MessageDeleter>;
/// A message of at most `bytes` with its netlink header put.
[[nodiscard]] Message make_message(std::uint16_t type, std::uint16_t flags, std::size_t bytes = 4096);

class NetlinkSocket {
 public:
  /// `place` begins the text of every error: "the link inventory", say.
  [[nodiscard]] static Result<NetlinkSocket> open(int protocol, std::string place, int receive_buffer);
  NetlinkSocket(NetlinkSocket&& other) noexcept;
  NetlinkSocket& operator=(NetlinkSocket&& other) noexcept;
  ~NetlinkSocket();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] Result<void> subscribe(int group);

  /// One datagram of notifications; nullopt when there is none now. ENOBUFS is would_block: some were lost.
  [[nodiscard]] Result<std::optional<std::span<const std::byte>>> receive();

  using Handler = std::function<Result<void>(const nlmsghdr&)>;
  /// Sends a request and calls `handler` for each message of the answer, until the acknowledgement or the end
  /// of the dump. Errors: the kernel's own, as Error with its errno; interrupted when the dump was (read
  /// again); timed_out. The buffer is wiped.
  [[nodiscard]] Result<void> transact(nl_msg& request, Deadline deadline, const Handler& handler);

 private:
  NetlinkSocket(int fd, std::string place);
  [[nodiscard]] Result<void> wait(Deadline deadline);
  [[nodiscard]] Result<bool> consume(std::span<const std::byte> data, std::uint32_t sequence,
                                     bool& interrupted, const Handler& handler);

  int fd_ = -1;
  std::string place_;
  std::uint32_t sequence_ = 0;
  std::vector<std::byte> buffer_;
};

template <std::size_t N>
using Attributes = std::array<nlattr*, N>;

/// The attributes after a fixed header of type Header; false when the message is too short for it or broken.
template <class Header, std::size_t N>
bool parse_attributes(const nlmsghdr& message, Attributes<N>& table) {
  if (message.nlmsg_len < NLMSG_LENGTH(sizeof(Header))) return false;
  auto* header = const_cast<nlmsghdr*>(&message);
  return nlmsg_parse(header, sizeof(Header), table.data(), static_cast<int>(N - 1), nullptr) >= 0;
}

/// Every message of a datagram, in order; false when the last one is cut short.
[[nodiscard]] bool for_each_message(std::span<const std::byte> data,
                                    const std::function<void(const nlmsghdr&)>& handler);

}  // namespace wgospf::wg
