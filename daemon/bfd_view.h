#pragma once
// BFD sessions as those see them who only look.

#include <memory>
#include <string>
#include <vector>

#include "bfd/engine.h"
#include "ospf/types.h"

namespace wgospf::daemon {

struct BfdSessionView {
  ospf::LinkId link{};
  ospf::RouterId router{};
  bfd::EngineSession state{};
};

struct BfdView {
  std::vector<BfdSessionView> sessions{};           ///< in the order of interfaces and addresses
  std::shared_ptr<const bfd::EngineView> engine{};  ///< null while BFD runs nowhere
};

}  // namespace wgospf::daemon
