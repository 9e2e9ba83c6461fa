#include "rib/readings.h"

#include <algorithm>
#include <utility>

namespace wgospf::rib {

namespace {
constexpr std::chrono::seconds kReadAgain{1};
}  // namespace

Readings::Index Readings::add(Read read) {
  readings_.push_back({std::move(read)});
  return readings_.size() - 1;
}

bool Readings::read_one(Instant now, Reports& reports) {
  if (now < not_before_) return false;
  for (Reading& reading : readings_) {
    if (!reading.due || *reading.due > now) continue;
    if (const auto error = reading.read()) {
      reading.due = now;
      not_before_ = now + kReadAgain;
      failed(*error, reports);
      return true;
    }
    reading.due.reset();
    told_.clear();
    return true;
  }
  return false;
}

void Readings::failed(const Error& error, Reports& reports) {
  if (told_ == error.text) return;
  told_ = error.text;
  reports.emplace_back(Overrun{error.text});
}

std::optional<Instant> Readings::next() const {
  std::optional<Instant> earliest;
  for (const Reading& reading : readings_) {
    if (reading.due) sooner(earliest, *reading.due);
  }
  if (earliest) earliest = std::max(*earliest, not_before_);
  return earliest;
}

}  // namespace wgospf::rib
