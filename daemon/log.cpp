#include "daemon/log.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

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

}  // namespace

bool is_journal(const char* journal_stream, int descriptor) {
  struct stat status {};
  if (journal_stream == nullptr || ::fstat(descriptor, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == journal_stream;
}

void start_log(Severity level) {
  auto logger =
      std::make_shared<spdlog::logger>("wgospfd", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (is_journal(std::getenv("JOURNAL_STREAM"), STDERR_FILENO)) {
    formatter->add_flag<JournalPrefix>('*').set_pattern("%*%v");
  } else {
    formatter->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v");
  }
  logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::move(logger));
  set_log_level(level);
}

void set_log_level(Severity level) {
  spdlog::set_level(to_spdlog(level));
}

void log(Severity severity, std::string_view text) {
  // As an argument: text of peers and of the kernel is no format string.
  spdlog::log(to_spdlog(severity), "{}", text);
}

}  // namespace wgospf::daemon
