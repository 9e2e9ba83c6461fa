#include "daemon/events/post.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "daemon/config/event_hook.h"

namespace wgospf::daemon::events {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

/// Of an answer, of which only the status counts.
constexpr std::size_t kLongestHead = 8192, kLongestAnswer = 65536;

/// One exchange. `problem_` stands until it is through.
class Exchange {
 public:
  Exchange(asio::io_context& io, const HttpUrl& url, std::string body) : stream_(io) {
    request_.method(http::verb::post);
    request_.target(std::string(url.path));
    request_.version(11);
    request_.set(http::field::host, std::string(url.host));
    request_.set(http::field::user_agent, "wgospfd/" WGOSPF_VERSION);
    request_.set(http::field::content_type, "application/json");
    request_.keep_alive(false);
    request_.body() = std::move(body);
    request_.prepare_payload();
    parser_.header_limit(kLongestHead);
    parser_.body_limit(kLongestAnswer);
  }

  void start(const tcp::endpoint& to, std::chrono::milliseconds time) {
    stream_.expires_after(time);
    stream_.async_connect(to, [this](beast::error_code error) {
      if (error) return fail("connect", error);
      http::async_write(stream_, request_, [this](beast::error_code failed, std::size_t) {
        if (failed) return fail("write", failed);
        // The rest of the answer is of no interest.
        http::async_read_header(stream_, buffer_, parser_, [this](beast::error_code missing, std::size_t) {
          if (missing) return fail("read the answer", missing);
          const unsigned status = parser_.get().result_int();
          problem_ = status >= 200 && status < 300
                         ? std::string()
                         : fmt::format("does not take events: it answers with status {}", status);
        });
      });
    });
  }
  [[nodiscard]] std::string take_problem() { return std::move(problem_); }

 private:
  void fail(const char* what, const beast::error_code& error) {
    problem_ = error == beast::error::timeout
                   ? "does not answer within the time-limit"
                   : fmt::format("cannot be reached ({}: {})", what, error.message());
  }

  beast::tcp_stream stream_;
  http::request<http::string_body> request_;
  beast::flat_buffer buffer_{kLongestHead + kLongestAnswer};
  http::response_parser<http::string_body> parser_;
  std::string problem_ = "was left, for wgospfd ends";
};

}  // namespace

std::string post_event(asio::io_context& io, const std::string& url, std::string body,
                       std::chrono::milliseconds time) {
  const auto parts = parse_http_url(url);
  boost::system::error_code error;
  const auto address =
      parts ? asio::ip::make_address(std::string(parts->place.bare_host()), error) : asio::ip::address();
  if (!parts || error) return "is no http://ADDRESS:PORT/PATH";
  Exchange exchange(io, *parts, std::move(body));
  exchange.start({address, parts->place.port}, time);
  io.run();
  return exchange.take_problem();
}

}  // namespace wgospf::daemon::events
