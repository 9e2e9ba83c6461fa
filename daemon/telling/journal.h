#pragma once
// Messages to systemd's journal with fields of their own, which `journalctl WGOSPF_EVENT=... -o json` and collectors
// find: a datagram for each to the journal's socket, in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL).

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config/severity.h"

namespace wgospf::daemon {

/// Names are WGOSPF_ and capital letters; empty values are left out.
using JournalFields = std::vector<std::pair<std::string_view, std::string>>;

inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

/// As they stand in a datagram. A value may hold any bytes.
[[nodiscard]] std::string journal_fields(const JournalFields& fields);
/// The datagram's text.
[[nodiscard]] std::string journal_entry(Severity severity, std::string_view text,
                                        const JournalFields& fields);

class Journal {
 public:
  /// Connected to the socket; nullopt where nobody listens there.
  [[nodiscard]] static std::optional<Journal> open(const char* socket);
  ~Journal();
  Journal(Journal&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Journal& operator=(Journal&&) = delete;

  /// False when it was not taken: the journal has gone, or the entry is too long for it.
  [[nodiscard]] bool send(std::string_view entry) const;

 private:
  explicit Journal(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace wgospf::daemon
