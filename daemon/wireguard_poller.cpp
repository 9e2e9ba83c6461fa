#include "daemon/wireguard_poller.h"

#include <boost/asio/post.hpp>

namespace wgospf::daemon {

namespace asio = boost::asio;

WireguardPoller::WireguardPoller(asio::io_context& loop, Callback callback)
    : loop_(loop),
      callback_(std::make_shared<Callback>(std::move(callback))),
      devices_(std::make_unique<wg::Devices>()) {}

WireguardPoller::~WireguardPoller() {
  *callback_ = nullptr;
  stop_ = true;
  thread_.join();
}

void WireguardPoller::request(std::vector<std::string> names) {
  if (*busy_ || names.empty()) return;
  *busy_ = true;
  asio::post(thread_, [devices = devices_.get(), &loop = loop_, &stop = stop_, callback = callback_,
                       busy = busy_, names = std::move(names)] {
    std::vector<WireguardReading> readings;
    for (const auto& name : names) {
      if (stop) return;
      auto device = devices->read(name);
      if (device) {
        readings.push_back({name, std::move(device).value(), {}});
      } else if (device.error().code != wg::ErrorCode::not_wireguard &&
                 device.error().code != wg::ErrorCode::not_found) {
        readings.push_back({name, std::nullopt, device.error().text});
      }
    }
    asio::post(loop, [callback, busy, readings = std::move(readings)]() mutable {
      *busy = false;
      if (*callback) (*callback)(std::move(readings));
    });
  });
}

}  // namespace wgospf::daemon
