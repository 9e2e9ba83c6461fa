#pragma once
// The addresses that clients have by hand, which may be with other peers for a while: by device and key, in a file of the
// state directory, so that a run that follows knows whose they are. On the loop; the file is written on the jobs' thread.
//
// What no device has had for a month is forgotten at the next start, as routers are (known_routers.h).

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/kernel_jobs.h"
#include "daemon/links/known_routers.h"
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
  explicit ClientNotes(KernelJobs& jobs) : jobs_(jobs) {}
  ~ClientNotes() { *alive_ = false; }
  ClientNotes(const ClientNotes&) = delete;
  ClientNotes& operator=(const ClientNotes&) = delete;

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
  KernelJobs& jobs_;
  std::string file_{};
  NotedClients noted_{};
  bool is_due_ = false;
  bool is_writing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
