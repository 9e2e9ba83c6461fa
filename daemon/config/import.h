#pragma once
// From the files of wg-quick(8) to a configuration. Pure.

#include <string>
#include <vector>

namespace wgospf::daemon {

struct ImportedFile {
  std::string name{};  ///< "/etc/wireguard/wg0.conf": the interface is wg0
  std::string text{};
};

struct Imported {
  std::string text{};                  ///< a configuration; empty when no file gives anything
  std::vector<std::string> refused{};  ///< files that are left out: name, why, and what to do
};

/// A configuration, as text, that runs OSPF on each tunnel with one peer and announces what is behind a hub
/// with several, with remarks at its head: what in the files stands in its way, and what becomes superfluous.
/// The order of `files` stays. One that wg-quick would not take is left out, and so is a second one of an interface.
[[nodiscard]] Imported import_wg_quick(const std::vector<ImportedFile>& files);

}  // namespace wgospf::daemon
