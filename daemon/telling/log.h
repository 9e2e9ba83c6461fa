#pragma once
// The log: lines with time and level on a terminal; under systemd the journal's own level prefixes, since the
// journal keeps the time itself.
//
// At first lines are written by who logs them, so that the reason of a failure to start is always told. Once
// the protocol runs nobody may wait for a terminal that was stopped with Ctrl-S, or for a pipe that nobody
// reads: from detach_log() on, a thread of its own writes them. What it cannot write in time waits in a queue
// of bounded length; when that is full, the oldest lines are lost, which a line tells later.
//
// Under systemd that thread sends messages with fields of their own to the journal's socket (journal.h), and lines to
// standard error only where the socket does not take them. What comes before goes to standard error in any case: there
// the journal knows the unit even of a process that has ended already, which a failure to start is looked up by.

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/router_view.h"
#include "daemon/telling/journal.h"

namespace wgospf::daemon {

/// Standard error, in the form that suits what it is connected to (sd-daemon(3), systemd.exec(5)).
void start_log(Severity level);
void set_log_level(Severity level);
/// From now on log() never waits. After start_log(), and while no other thread logs.
void detach_log(const char* journal_socket = kJournalSocket);
/// Waits until everything has been written, at most `patience`. False when it has not: then the log's thread
/// hangs in a write, and an end of the process that waits for its threads would hang with it.
[[nodiscard]] bool finish_log(std::chrono::milliseconds patience);
void log(Severity severity, std::string_view text, const JournalFields& fields = {});
/// `fields`: beside WGOSPF_EVENT, the notice's name.
void log(const Notice& notice, JournalFields fields = {});
[[nodiscard]] Severity log_level();

// What was logged is kept, too: the last kLinesKept lines, kLineKept bytes of each.
inline constexpr std::size_t kLinesKept = 1000, kLineKept = 2048;
struct LogLine {
  std::chrono::system_clock::time_point time{};
  Severity severity{};
  std::string text{};
};
/// The last `limit` (0: all that are kept) of those that are at least so severe, oldest first. Any thread.
[[nodiscard]] std::vector<LogLine> log_lines(Severity least, std::size_t limit);

/// Whether `journal_stream` ("DEVICE:INODE", the variable JOURNAL_STREAM) names the file behind `descriptor`.
[[nodiscard]] bool is_journal(const char* journal_stream, int descriptor);

}  // namespace wgospf::daemon
