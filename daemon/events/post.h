#pragma once
// Events by HTTP.

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>

namespace wgospf::daemon::events {

/// Posts `body`, a JSON document, to the URL (parse_http_url takes it), and waits for the answer. Gives why it was not
/// taken, in the rest of a sentence that begins with the URL; empty when it was, which any status of 200 to 299 says. Ends
/// when the time is over, or when another thread stops `io`, which nobody else runs. Not on the loop.
[[nodiscard]] std::string post_event(boost::asio::io_context& io, const std::string& url, std::string body,
                                     std::chrono::milliseconds time);

}  // namespace wgospf::daemon::events
