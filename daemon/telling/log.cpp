#include "daemon/telling/log.h"

#include <fmt/format.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "daemon/telling/words.h"

namespace wgospf::daemon {

namespace {

spdlog::level::level_enum to_spdlog(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return spdlog::level::debug;
    case Severity::info:
      return spdlog::level::info;
    case Severity::warning:
      return spdlog::level::warn;
    case Severity::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

/// syslog(3)'s level in angle brackets, which the journal takes off the line.
class JournalPrefix final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    char level = '6';
    if (message.level <= spdlog::level::debug) level = '7';
    if (message.level == spdlog::level::warn) level = '4';
    if (message.level >= spdlog::level::err) level = '3';
    const char prefix[] = {'<', level, '>'};
    out.append(prefix, prefix + sizeof(prefix));
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JournalPrefix>();
  }
};

/// Lines that may wait to be written: at debug level some seconds of a busy router's.
constexpr std::size_t kQueueLength = 8192;

/// Between the text and its fields, on their way through spdlog. No printable text has it.
constexpr char kFieldsFollow = '\x1f';

/// Where the detached log's messages go first; set while no other thread logs.
std::optional<Journal>& journal() {
  static std::optional<Journal> instance;
  return instance;
}

Severity from_spdlog(spdlog::level::level_enum level) {
  if (level <= spdlog::level::debug) return Severity::debug;
  if (level == spdlog::level::warn) return Severity::warning;
  return level >= spdlog::level::err ? Severity::error : Severity::info;
}

/// The journal or standard error, written by one thread: tells what the queue had no room for, and when all is
/// written.
class DetachedSink final : public spdlog::sinks::stderr_color_sink_mt {
 public:
  /// `lost`: lines that have been dropped so far.
  explicit DetachedSink(std::function<std::size_t()> lost) : lost_(std::move(lost)) {}

  void log(const spdlog::details::log_msg& message) override {
    const std::size_t lost = lost_();
    if (lost != told_) {
      const auto text = fmt::format("{} lines of the log were lost: nobody read it in time", lost - told_);
      told_ = lost;
      write({message.logger_name, spdlog::level::warn, text});
    }
    write(message);
  }
  /// Comes through the queue as lines do, so everything before it has been written.
  void flush() override {
    spdlog::sinks::stderr_color_sink_mt::flush();
    const std::scoped_lock lock(mutex_);
    flushed_ = true;
    changed_.notify_all();
  }
  void expect_flush() {
    const std::scoped_lock lock(mutex_);
    flushed_ = false;
  }
  [[nodiscard]] bool wait_for_flush(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [this] { return flushed_; });
  }

 private:
  void write(const spdlog::details::log_msg& message) {
    const std::string_view whole(message.payload.data(), message.payload.size());
    const auto end = std::min(whole.find(kFieldsFollow), whole.size());
    const auto text = whole.substr(0, end);
    if (journal()) {
      auto entry = journal_entry(from_spdlog(message.level), text, {});
      if (end < whole.size()) entry += whole.substr(end + 1);
      if (journal()->send(entry)) return;
    }
    auto line = message;
    line.payload = {text.data(), text.size()};
    spdlog::sinks::stderr_color_sink_mt::log(line);
  }

  const std::function<std::size_t()> lost_;
  std::size_t told_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool flushed_ = false;
};

/// What detach_log() made, for the life of the process.
struct Detached {
  std::shared_ptr<spdlog::details::thread_pool> thread;
  std::shared_ptr<DetachedSink> sink;
};
Detached& detached() {
  static Detached instance;
  return instance;
}

/// What is kept of the log.
class KeptLines {
 public:
  void add(LogLine line) {
    if (line.text.size() > kLineKept) {
      std::size_t length = kLineKept;
      while (length > 0 && (static_cast<unsigned char>(line.text[length]) & 0xc0U) == 0x80U) --length;
      line.text.resize(length);  // at the beginning of a character
    }
    const std::scoped_lock lock(mutex_);
    if (lines_.size() == kLinesKept) lines_.pop_front();
    lines_.push_back(std::move(line));
  }
  [[nodiscard]] std::vector<LogLine> last(Severity least, std::size_t limit) const {
    std::vector<LogLine> found;
    {
      const std::scoped_lock lock(mutex_);
      for (auto line = lines_.rbegin(); line != lines_.rend() && (limit == 0 || found.size() < limit); ++line)
        if (line->severity >= least) found.push_back(*line);
    }
    std::reverse(found.begin(), found.end());
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<LogLine> lines_;
};
/// For the life of the process: threads log until its end.
KeptLines& kept() {
  static KeptLines* const lines = new KeptLines;
  return *lines;
}

std::unique_ptr<spdlog::formatter> make_formatter() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (is_journal(std::getenv("JOURNAL_STREAM"), STDERR_FILENO)) {
    formatter->add_flag<JournalPrefix>('*').set_pattern("%*%v");
  } else {
    formatter->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v");
  }
  return formatter;
}

}  // namespace

bool is_journal(const char* journal_stream, int descriptor) {
  struct stat status {};
  if (journal_stream == nullptr || ::fstat(descriptor, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == journal_stream;
}

void start_log(Severity level) {
  journal().reset();
  auto logger =
      std::make_shared<spdlog::logger>("wgospfd", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_formatter(make_formatter());
  spdlog::set_default_logger(std::move(logger));
  set_log_level(level);
}

void detach_log(const char* journal_socket) {
  auto& made = detached();
  if (is_journal(std::getenv("JOURNAL_STREAM"), STDERR_FILENO)) {
    if (auto opened = Journal::open(journal_socket)) journal().emplace(*std::move(opened));
  }
  if (!made.thread) {
    made.thread = std::make_shared<spdlog::details::thread_pool>(kQueueLength, 1U);
    made.sink =
        std::make_shared<DetachedSink>([thread = made.thread.get()] { return thread->overrun_counter(); });
  }
  auto logger = std::make_shared<spdlog::async_logger>("wgospfd", made.sink, made.thread,
                                                       spdlog::async_overflow_policy::overrun_oldest);
  logger->set_formatter(make_formatter());
  logger->set_level(spdlog::get_level());
  spdlog::set_default_logger(std::move(logger));
}

bool finish_log(std::chrono::milliseconds patience) {
  auto& made = detached();
  if (!made.thread) return true;
  made.sink->expect_flush();
  spdlog::default_logger()->flush();
  return made.sink->wait_for_flush(patience);
}

void set_log_level(Severity level) {
  spdlog::set_level(to_spdlog(level));
}

Severity log_level() {
  for (const auto severity : {Severity::debug, Severity::info, Severity::warning})
    if (spdlog::should_log(to_spdlog(severity))) return severity;
  return Severity::error;
}

void log(Severity severity, std::string_view text, const JournalFields& fields) {
  if (!spdlog::should_log(to_spdlog(severity))) return;
  auto line = printable(text);
  const auto apart = journal() && !fields.empty() ? kFieldsFollow + journal_fields(fields) : std::string();
  // As arguments: text of peers and of the kernel is no format string, and no command to a terminal.
  spdlog::log(to_spdlog(severity), "{}{}", line, apart);
  kept().add({std::chrono::system_clock::now(), severity, std::move(line)});
}

void log(const Notice& notice, JournalFields fields) {
  if (!notice.name.empty()) fields.emplace_back("WGOSPF_EVENT", notice.name);
  log(notice.severity, notice.text, fields);
}

std::vector<LogLine> log_lines(Severity least, std::size_t limit) {
  return kept().last(least, limit);
}

}  // namespace wgospf::daemon
