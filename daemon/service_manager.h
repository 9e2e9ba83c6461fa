#pragma once
// What systemd is told (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names. Without it, or when
// nobody listens, nothing happens.

#include <chrono>
#include <optional>
#include <string>

namespace wgospf::daemon {

/// Lines "VARIABLE=VALUE". False when there is nobody to tell, or it could not be told.
bool notify_service_manager(const std::string& state);

/// "RELOADING=1" with the time that systemd wants to order it against others.
bool notify_reloading();

/// systemd takes the process for hung and ends it when it has not been told "WATCHDOG=1" for so long
/// (WatchdogSec); nullopt when it does not (sd_watchdog_enabled(3)).
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace wgospf::daemon
