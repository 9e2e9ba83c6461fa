#pragma once
// From the files of wg-quick(8) to a configuration. Pure.

#include <string>
#include <vector>

namespace wgospf::daemon {

struct ImportedFile {
  std::string name{};  ///< "/etc/wireguard/wg0.conf": the interface is wg0
  std::string text{};
};

/// A configuration, as text, that runs OSPF on each tunnel with one peer and announces what is behind a hub
/// with several, with remarks at its head: what in the files stands in its way, and what becomes superfluous.
/// `files` are not empty; their order stays.
[[nodiscard]] std::string import_wg_quick(const std::vector<ImportedFile>& files);

}  // namespace wgospf::daemon
