#pragma once
// The log: lines with time and level on a terminal; under systemd the journal's own level prefixes, since the
// journal keeps the time itself.

#include <string_view>

#include "daemon/router_view.h"

namespace wgospf::daemon {

/// Standard error, in the form that suits what it is connected to (sd-daemon(3), systemd.exec(5)).
void start_log(Severity level);
void set_log_level(Severity level);
void log(Severity severity, std::string_view text);
inline void log(const Notice& notice) {
  log(notice.severity, notice.text);
}

/// Whether `journal_stream` ("DEVICE:INODE", the variable JOURNAL_STREAM) names the file behind `descriptor`.
[[nodiscard]] bool is_journal(const char* journal_stream, int descriptor);

}  // namespace wgospf::daemon
