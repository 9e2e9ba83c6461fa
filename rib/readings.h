#pragma once
// What is to be read of the kernel, and when.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/result.h"
#include "rib/reconciler.h"
#include "rib/report.h"

namespace wgospf::rib {

inline void sooner(std::optional<Instant>& due, Instant when) {
  if (!due || when < *due) due = when;
}

/// Readings in the order in which they come when several are due.
class Readings {
 public:
  using Read = std::function<std::optional<Error>()>;
  using Index = std::size_t;

  Index add(Read read);
  void want(Index reading, Instant when) { sooner(readings_[reading].due, when); }
  /// It has just been done by other ways.
  void done(Index reading) { readings_[reading].due.reset(); }

  /// Does the first that is due, and none after one that failed for a second. False when there was none.
  [[nodiscard]] bool read_one(Instant now, Reports& reports);
  /// Told once until a reading succeeds.
  void failed(const Error& error, Reports& reports);
  /// When the next one is to be done.
  [[nodiscard]] std::optional<Instant> next() const;

 private:
  struct Reading {
    Read read;
    std::optional<Instant> due{};
  };
  std::vector<Reading> readings_;
  /// The last one failed, and what asks for it may lie in the past.
  Instant not_before_{};
  std::string told_;
};

}  // namespace wgospf::rib
