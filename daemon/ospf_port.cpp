#include "daemon/ospf_port.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <optional>
#include <vector>

namespace wgospf::daemon {

namespace asio = boost::asio;

namespace {
/// Datagrams taken in one turn of the loop: a burst on one interface must not hold up the others' hellos.
constexpr int kDatagramsPerTurn = 32;
}  // namespace

struct OspfPort::State : std::enable_shared_from_this<State> {
  State(asio::io_context& loop, wg::OspfSocket opened, Callbacks calls)
      : socket(std::move(opened)),
        descriptor(loop, socket->fd()),
        callbacks(std::move(calls)),
        buffer(wg::kMaxIpDatagram) {}
  ~State() { close(); }

  /// At once, not when the last handler has gone: what closes after another interface has come under the same
  /// ifindex takes the membership of that one's socket with it.
  void close() {
    if (!socket) return;
    closed = true;
    descriptor.release();  // the socket closes it
    socket.reset();
  }

  void wait() {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            if (!error && !self->closed) self->on_readable();
                          });
  }

  void on_readable() {
    for (int i = 0; i < kDatagramsPerTurn && !closed; ++i) {
      auto datagram = socket->receive(buffer);
      if (!datagram) {
        // That the link is down is known from elsewhere.
        if (datagram.error().code != wg::ErrorCode::link_down)
          set_trouble("receiving fails: " + datagram.error().text);
        break;
      }
      if (!*datagram) break;
      callbacks.datagram(**datagram);
    }
    if (closed) return;
    callbacks.turn_end();
    if (!closed) wait();
  }

  void set_trouble(std::string text) {
    if (text == trouble) return;
    trouble = std::move(text);
    callbacks.trouble(trouble);
  }

  std::optional<wg::OspfSocket> socket;
  asio::posix::stream_descriptor descriptor;
  Callbacks callbacks;
  std::vector<std::uint8_t> buffer;
  std::string trouble;
  bool closed = false;
};

wg::Result<std::unique_ptr<OspfPort>> OspfPort::open(asio::io_context& loop, const std::string& interface,
                                                     std::uint32_t ifindex, Callbacks callbacks) {
  auto socket = wg::OspfSocket::open(interface, ifindex);
  if (!socket) return socket.error();
  auto state = std::make_shared<State>(loop, std::move(socket).value(), std::move(callbacks));
  state->wait();
  return std::unique_ptr<OspfPort>(new OspfPort(std::move(state)));
}

OspfPort::OspfPort(std::shared_ptr<State> state) : state_(std::move(state)) {}

OspfPort::~OspfPort() {
  state_->close();
}

void OspfPort::send(Ipv4Address destination, std::span<const std::byte> packet,
                    std::optional<Ipv4Address> source) {
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(packet.data()),
                                            packet.size());
  const auto sent = state_->socket->send(destination, bytes, source);
  if (sent) {
    state_->set_trouble({});
  } else if (sent.error().code != wg::ErrorCode::would_block &&
             sent.error().code != wg::ErrorCode::link_down) {
    state_->set_trouble("sending fails: " + sent.error().text);
  }
}

std::uint32_t OspfPort::ifindex() const {
  return state_->socket->ifindex();
}

}  // namespace wgospf::daemon
