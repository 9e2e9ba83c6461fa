#include "daemon/metrics/server.h"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/metrics/facts.h"
#include "net/host_port.h"

namespace wgospf::daemon::metrics {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

constexpr std::size_t kMostConnections = 16;
constexpr std::uint32_t kLongestRequest = 8 * 1024;
/// For a request to come, an answer to be made, and to be taken.
constexpr std::chrono::seconds kPatience{10};
/// Accepting that has failed, for want of descriptors, is tried again after this time.
constexpr std::chrono::milliseconds kRetry{500};
/// A text is served again for so long: half of what the busiest scraper leaves between two.
constexpr std::chrono::milliseconds kFresh{500};
constexpr const char* kTextFormat = "text/plain; version=0.0.4; charset=utf-8";

/// The way back from the strand, until the server ends.
struct Gate {
  std::mutex mutex;
  asio::io_context* loop = nullptr;
};

/// The text of a moment that is not long ago, for whoever asks: however many ask, and however often, the strand is asked
/// once at a time, and only when the last text is older than kFresh. All on the server's thread.
class Texts {
 public:
  using Text = std::shared_ptr<const std::string>;
  using Done = std::function<void(const Text&)>;

  Texts(RouterView& router, asio::io_context& loop) : router_(router) { gate_->loop = &loop; }
  /// No closure at the router comes back any more.
  void close() {
    const std::scoped_lock lock(gate_->mutex);
    gate_->loop = nullptr;
  }
  /// `done` follows at once, or when the router has answered.
  void get(Done done) {
    if (text_ && std::chrono::steady_clock::now() - made_ < kFresh) return done(text_);
    waiting_.push_back(std::move(done));
    if (waiting_.size() > 1) return;
    router_.post([this, gate = gate_, &router = router_] {
      auto facts = std::make_shared<Facts>(gather(router));
      const std::scoped_lock lock(gate->mutex);
      if (gate->loop != nullptr) asio::post(*gate->loop, [this, facts] { made(*facts); });
    });
  }

 private:
  void made(const Facts& facts) {
    text_ = std::make_shared<const std::string>(to_text(facts, std::chrono::system_clock::now()));
    made_ = std::chrono::steady_clock::now();
    for (const auto& done : std::exchange(waiting_, {})) done(text_);
  }

  RouterView& router_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::vector<Done> waiting_;
  Text text_;
  std::chrono::steady_clock::time_point made_;
};

/// One connection. It lives in the handlers of the loop; who waits for a text only knows where it was.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Texts& texts, std::size_t& connections, tcp::socket socket)
      : texts_(texts),
        connections_(connections),
        stream_(std::move(socket)),
        deadline_(stream_.get_executor()) {
    ++connections_;
  }
  ~Session() { --connections_; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void read() {
    parser_.emplace();
    parser_->header_limit(kLongestRequest);
    parser_->body_limit(0);
    stream_.expires_after(kPatience);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](beast::error_code error, std::size_t) {
                       if (!error) self->answer();
                     });
  }

 private:
  void answer() {
    const auto& request = parser_->get();
    const bool is_get = request.method() == http::verb::get || request.method() == http::verb::head;
    if (!is_get) return send(http::status::method_not_allowed, "GET /metrics\n");
    if (request.target() != "/metrics" && !request.target().starts_with("/metrics?"))
      return send(http::status::not_found, "Metrics are at /metrics\n");
    // Keeps this until the answer is there, and no longer than patience lasts.
    deadline_.expires_after(kPatience);
    deadline_.async_wait([self = shared_from_this()](const boost::system::error_code&) {});
    texts_.get([weak = weak_from_this()](const Texts::Text& text) {
      if (const auto self = weak.lock()) self->send(http::status::ok, *text);
    });
  }

  void send(http::status status, std::string body) {
    deadline_.cancel();
    const auto& request = parser_->get();
    response_.emplace(status, request.version());
    response_->set(http::field::content_type, kTextFormat);
    response_->keep_alive(false);  // so that nobody keeps a place
    response_->body() = std::move(body);
    response_->prepare_payload();
    if (request.method() == http::verb::head) response_->body().clear();
    stream_.expires_after(kPatience);
    http::async_write(stream_, *response_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error && self->response_->keep_alive()) self->read();
    });
  }

  Texts& texts_;
  std::size_t& connections_;
  beast::tcp_stream stream_;
  asio::steady_timer deadline_;
  beast::flat_buffer buffer_{kLongestRequest};
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<http::response<http::string_body>> response_;
};

}  // namespace

struct Server::Impl {
  explicit Impl(RouterView& router) : texts(router, loop) {}

  [[nodiscard]] std::optional<Error> listen(const std::string& where);
  void accept();

  std::size_t connections = 0;  ///< on the loop, whose handlers have the sessions
  asio::io_context loop{1};
  Texts texts;
  tcp::acceptor acceptor{loop};
  asio::steady_timer timer{loop};
  std::thread thread;
};

std::optional<Error> Server::Impl::listen(const std::string& where) {
  const auto place = parse_host_port(where);
  boost::system::error_code error;
  const auto address =
      place ? asio::ip::make_address(std::string(place->bare_host()), error) : asio::ip::address();
  if (!place || error)
    return Error{ErrorCode::invalid, fmt::format("metrics.listen: \"{}\" is no ADDRESS:PORT", where)};
  const tcp::endpoint endpoint(address, place->port);
  (void)acceptor.open(endpoint.protocol(), error);
  if (!error) (void)acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) (void)acceptor.bind(endpoint, error);
  if (!error) (void)acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return Error{ErrorCode::system,
                 fmt::format("metrics.listen: cannot listen on {}: {}", where, error.message())};
  return std::nullopt;
}

void Server::Impl::accept() {
  acceptor.async_accept([this](boost::system::error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {
      timer.expires_after(kRetry);
      return timer.async_wait([this](boost::system::error_code stopped) {
        if (!stopped) accept();
      });
    }
    if (connections < kMostConnections)
      std::make_shared<Session>(texts, connections, std::move(socket))->read();
    accept();
  });
}

Result<std::unique_ptr<Server>> Server::start(const std::string& listen, RouterView& router) {
  auto impl = std::make_unique<Impl>(router);
  if (auto error = impl->listen(listen)) return *std::move(error);
  impl->accept();
  impl->thread = std::thread([&loop = impl->loop] { loop.run(); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  impl_->texts.close();
  impl_->loop.stop();
  impl_->thread.join();
}

std::uint16_t Server::port() const {
  boost::system::error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

}  // namespace wgospf::daemon::metrics
