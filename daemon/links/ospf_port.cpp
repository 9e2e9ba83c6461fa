#include "daemon/links/ospf_port.h"

#include <fmt/format.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
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
/// Datagrams handed out in one turn of the loop: a burst on one interface must not hold up the others' hellos.
constexpr int kDatagramsPerTurn = 32;
/// Datagrams taken from the socket in one turn. What costs time is to hand them out, so that a sender who floods fills
/// its own queue and not the socket's, which is everybody's.
constexpr int kTakenPerTurn = 1024;
/// Bytes that wait on an interface, beside the socket's buffer.
constexpr std::size_t kRoom = 4 << 20;
/// Groups of sources where nobody tells senders apart.
constexpr std::uint32_t kGroups = 64;
/// A sender that has lost datagrams is told of for this time.
constexpr std::chrono::seconds kFloodTold{10};
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
               self->joined_at = *result ? std::optional(std::chrono::steady_clock::now()) : std::nullopt;
               self->callbacks.joined(*result);
             });
  }

  void wait() {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& error) {
                            if (!error && !self->closed) self->on_readable();
                          });
  }

  [[nodiscard]] wg::FairQueue::Sender sender_of(Ipv4Address source) const {
    return callbacks.sender ? callbacks.sender(source) : source.value % kGroups;
  }

  /// From the socket into the queue; false when no more are there.
  bool take() {
    for (int i = 0; i < kTakenPerTurn; ++i) {
      auto datagram = socket->receive(buffer);
      // That the link is down is known from elsewhere.
      if (datagram || datagram.error().code != ErrorCode::link_down)
        receiving = datagram ? std::string() : "receiving fails: " + datagram.error().text;
      if (!datagram || !*datagram) return false;
      queue.push(sender_of((*datagram)->source), **datagram);
    }
    return true;
  }

  /// One turn's datagrams; false when no more are there.
  bool read() {
    const bool may_be_more = take();
    note_flood();
    tell_trouble();
    for (int i = 0; i < kDatagramsPerTurn && !closed; ++i) {
      const auto datagram = queue.pop();
      if (!datagram) break;
      callbacks.datagram(*datagram);
    }
    return !closed && (may_be_more || !queue.empty());
  }

  void on_readable() {
    const bool is_more = read();
    if (closed) return;
    callbacks.turn_end();
    if (closed) return;
    if (!is_more) return wait();
    asio::post(descriptor.get_executor(), [self = shared_from_this()] {
      if (!self->closed) self->on_readable();
    });
  }

  void note_flood() {
    const auto now = std::chrono::steady_clock::now();
    if (queue.dropped() != dropped) {
      dropped = queue.dropped();
      dropped_at = now;
    } else if (flooding.empty() || now - dropped_at < kFloodTold) {
      return;
    }
    flooding = now - dropped_at >= kFloodTold
                   ? std::string()
                   : fmt::format(
                         "{} sends more OSPF packets than can be handled; what is too much is dropped, "
                         "look for what sends them there",
                         queue.dropped_source().to_string());
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
    if (!flooding.empty()) texts.push_back(flooding);
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
  wg::FairQueue queue{kRoom};
  std::string receiving;  ///< what keeps it from receiving; empty when nothing does
  std::string flooding;   ///< who has lost datagrams of late
  std::uint64_t dropped = 0;
  std::chrono::steady_clock::time_point dropped_at{};
  std::map<Ipv4Address, Trouble> sending;
  std::string told;
  bool closed = false;
  std::optional<std::chrono::steady_clock::time_point> joined_at{};
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
  return state_->joined_at.has_value();
}

std::optional<std::chrono::steady_clock::time_point> OspfPort::hears_since() const {
  return state_->joined_at;
}

std::uint32_t OspfPort::ifindex() const {
  return state_->socket->ifindex();
}

}  // namespace wgospf::daemon
