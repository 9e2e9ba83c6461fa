#include "daemon/telling/journal.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace wgospf::daemon {

namespace {

/// syslog(3)'s.
char priority_of(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return '7';
    case Severity::info:
      return '6';
    case Severity::warning:
      return '4';
    case Severity::error:
      break;
  }
  return '3';
}

/// NAME=VALUE, or where the value has several lines NAME, its length in 64 bits, little-endian, and the value.
void add_field(std::string_view name, std::string_view value, std::string& entry) {
  if (value.empty()) return;
  entry += name;
  if (value.find('\n') == std::string_view::npos) {
    entry += '=';
  } else {
    entry += '\n';
    for (unsigned shift = 0; shift < 64; shift += 8)
      entry += static_cast<char>((value.size() >> shift) & 0xff);
  }
  entry += value;
  entry += '\n';
}

}  // namespace

std::string journal_fields(const JournalFields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) add_field(name, value, text);
  return text;
}

std::string journal_entry(Severity severity, std::string_view text, const JournalFields& fields) {
  std::string entry = fmt::format("PRIORITY={}\nSYSLOG_IDENTIFIER=wgospfd\n", priority_of(severity));
  add_field("MESSAGE", text, entry);
  return entry + journal_fields(fields);
}

std::optional<Journal> Journal::open(const char* socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string_view path(socket);
  if (path.size() >= sizeof address.sun_path) return std::nullopt;
  std::copy(path.begin(), path.end(), address.sun_path);
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::nullopt;
  Journal journal(fd);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return std::nullopt;
  return journal;
}

Journal::~Journal() {
  if (fd_ >= 0) ::close(fd_);
}

bool Journal::send(std::string_view entry) const {
  ssize_t sent = -1;
  do {
    sent = ::send(fd_, entry.data(), entry.size(), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(entry.size());
}

}  // namespace wgospf::daemon
