#pragma once
// The addresses that clients have by hand, which may be with other peers for a while: by device and key, in a file of the
// state directory, so that a run that follows knows whose they are. On the loop; the file is written on the jobs' thread.
//
// What no device has had for a month is forgotten at the next start, as routers are (known_routers.h).

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/links/known_routers.h"
#include "daemon/noted_file.h"
#include "net/ip.h"
#include "net/result.h"
#include "wgadapter/device.h"

namespace wgospf::daemon {

/// The one that the client is known by first.
using ClientAddresses = std::unordered_map<wg::Key, std::vector<Ipv4Address>>;

/// What the file says, by the kernel's name of the device.
struct NotedClients {
  std::map<std::string, ClientAddresses> addresses{};
  /// When the device had the key last; of each in `addresses`.
  std::map<std::string, std::unordered_map<wg::Key, Day>> last_there{};
  bool operator==(const NotedClients&) const = default;
};

[[nodiscard]] std::string to_text(const NotedClients& clients);
/// Exactly what to_text() makes. Error: malformed, with what is wrong, to stand behind a colon.
[[nodiscard]] Result<NotedClients> parse_noted_clients(std::string_view text);

class ClientNotes {
 public:
  /// `jobs` must outlive it.
  explicit ClientNotes(KernelJobs& jobs) : file_(jobs) {}

  /// What a former run has noted, but for what has not been there for long. Once, before anything else. Why it cannot
  /// be read; empty when it can, or when there is none.
  [[nodiscard]] std::string read(const std::string& state_directory, Day today);
  /// Of the device; nullptr: none.
  [[nodiscard]] const ClientAddresses* of(const std::string& device) const;
  /// The client has these on the device; not empty.
  void note(const std::string& device, const wg::Key& key, const std::vector<Ipv4Address>& addresses,
            Day today);
  /// The device has these peers.
  void saw(const wg::Device& device, Day today);
  /// What has been noted since, if anything and nothing is being written.
  void write();

 private:
  NotedFile file_;
  NotedClients noted_{};
};

}  // namespace wgospf::daemon
