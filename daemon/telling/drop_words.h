#pragma once
// Why something that was received is not used, for people: what is behind each reason, and what to do.

#include <cstdint>
#include <string>

#include "ospf/drop_reason.h"

namespace wgospf::daemon {

struct DropWords {
  std::string cause{};  ///< with the offending value in words, where there is one
  std::string cure{};   ///< or that nothing is to be done
};
/// Of every reason. `value` as in ospf::Dropped.
[[nodiscard]] DropWords words_of(ospf::DropReason reason, std::uint32_t value);

}  // namespace wgospf::daemon
