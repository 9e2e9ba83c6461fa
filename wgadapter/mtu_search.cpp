#include "wgadapter/mtu_search.h"

#include <algorithm>

namespace wgospf::wg {

std::optional<std::uint32_t> MtuSearch::wanted() const {
  if (passed_ == most_) return std::nullopt;
  if (lost_ > most_) return most_;
  if (passed_ == 0) return lost_ > kSmallest ? std::optional(kSmallest) : std::nullopt;
  const std::uint32_t middle = (passed_ + lost_) / 2 / kStep * kStep;
  const std::uint32_t size = middle > passed_ ? middle : (passed_ / kStep + 1) * kStep;
  if (size < lost_) return size;
  return is_confirmed_ ? std::nullopt : std::optional(lost_);
}

std::optional<std::uint32_t> MtuSearch::next() {
  const auto size = packets_ < kPacketsMost ? wanted() : std::nullopt;
  if (!size) return std::nullopt;
  if (size_ != *size) tries_ = 0;
  size_ = *size;
  ++packets_;
  return size;
}

void MtuSearch::passed(std::uint32_t size) {
  passed_ = std::max(passed_, size);
  if (size < lost_) return;
  lost_ = most_ + 1;
  is_confirmed_ = false;
  tries_ = 0;
}

void MtuSearch::lost() {
  if (++tries_ < kTries) return;
  tries_ = 0;
  is_confirmed_ = size_ == lost_;
  lost_ = std::min(lost_, size_);
}

}  // namespace wgospf::wg
