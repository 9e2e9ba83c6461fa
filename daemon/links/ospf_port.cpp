#include "daemon/links/ospf_port.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace asio = boost::asio;

namespace {
/// A destination that nothing failed at for this long is in no trouble: its neighbor may have another
/// address.
constexpr std::chrono::seconds kTroubleLife{60};
/// Destinations whose troubles are kept apart; a link has few.
constexpr std::size_t kTroubledDestinations = 16;
/// Datagrams taken in one turn of the loop: a burst on one interface must not hold up the others' hellos.
constexpr int kDatagramsPerTurn = 32;
}  // namespace

struct OspfPort::State : std::enable_shared_from_this<State> {
  State(Place place, wg::OspfSocket opened, Callbacks calls)
      : jobs(place.jobs),
        socket(std::make_shared<wg::OspfSocket>(std::move(opened))),
        descriptor(place.loop, socket->fd()),
        callbacks(std::move(calls)),
        buffer(wg::kMaxIpDatagram) {}

  /// When the port goes, not when the last handler has gone: what closes after another interface has come
  /// under the same ifindex takes the membership of that one's socket with it. Jobs are done in order, so
  /// that this is before that one joins.
  void close() {
    closed = true;
    descriptor.release();  // the socket closes it
    jobs.run([last = std::move(socket)]() mutable { last.reset(); });
  }

  void join() {
    auto result = std::make_shared<Result<void>>();
    jobs.run([socket = socket, result] { *result = socket->rejoin(); },
             [self = shared_from_this(), result] {
               if (self->closed) return;
               self->joined = static_cast<bool>(*result);
               self->callbacks.joined(*result);
             });
  }

  void wait() {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            if (!error && !self->closed) self->on_readable();
                          });
  }

  /// One turn's datagrams; false when no more are there.
  bool read() {
    for (int i = 0; i < kDatagramsPerTurn && !closed; ++i) {
      auto datagram = socket->receive(buffer);
      if (!datagram) {
        // That the link is down is known from elsewhere.
        if (datagram.error().code != ErrorCode::link_down) {
          receiving = "receiving fails: " + datagram.error().text;
          tell_trouble();
        }
        return false;
      }
      if (!receiving.empty()) {
        receiving.clear();
        tell_trouble();
      }
      if (!*datagram) return false;
      callbacks.datagram(**datagram);
    }
    return !closed;
  }

  void on_readable() {
    read();
    if (closed) return;
    callbacks.turn_end();
    if (!closed) wait();
  }

  /// Each destination has a trouble of its own: hellos to the group may pass while what is sent to the
  /// neighbor fails.
  void sent(Ipv4Address destination, const Result<void>& result) {
    if (result) {
      if (sending.empty()) return;
      sending.erase(destination);
    } else if (result.error().code == ErrorCode::would_block || result.error().code == ErrorCode::link_down) {
      return;
    } else if (sending.size() < kTroubledDestinations || sending.contains(destination)) {
      sending[destination] = {"sending fails: " + result.error().text, std::chrono::steady_clock::now()};
    }
    const auto old = std::chrono::steady_clock::now() - kTroubleLife;
    std::erase_if(sending, [&](const auto& entry) { return entry.second.last < old; });
    tell_trouble();
  }

  void tell_trouble() {
    std::vector<std::string> texts;
    if (!receiving.empty()) texts.push_back(receiving);
    for (const auto& [destination, trouble] : sending) texts.push_back(trouble.text);
    auto text = join_few(texts, "; ");
    if (text == told) return;
    told = std::move(text);
    callbacks.trouble(told);
  }

  struct Trouble {
    std::string text;
    std::chrono::steady_clock::time_point last;
  };

  KernelJobs& jobs;
  std::shared_ptr<wg::OspfSocket> socket;
  asio::posix::stream_descriptor descriptor;
  Callbacks callbacks;
  std::vector<std::uint8_t> buffer;
  std::string receiving;  ///< what keeps it from receiving; empty when nothing does
  std::map<Ipv4Address, Trouble> sending;
  std::string told;
  bool closed = false;
  bool joined = false;
};

Result<std::unique_ptr<OspfPort>> OspfPort::open(Place place, const std::string& interface,
                                                 std::uint32_t ifindex, Callbacks callbacks) {
  wg::OspfSocketOptions options;
  options.joining = wg::Joining::later;
  auto socket = wg::OspfSocket::open(interface, ifindex, options);
  if (!socket) return socket.error();
  auto state = std::make_shared<State>(place, std::move(socket).value(), std::move(callbacks));
  state->wait();
  state->join();
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
  state_->sent(destination, state_->socket->send(destination, bytes, source));
}

bool OspfPort::read_now() {
  const auto state = state_;
  return state->read();
}

bool OspfPort::is_joined() const {
  return state_->joined;
}

std::uint32_t OspfPort::ifindex() const {
  return state_->socket->ifindex();
}

}  // namespace wgospf::daemon
