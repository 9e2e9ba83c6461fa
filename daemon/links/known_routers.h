#pragma once
// Which WireGuard peers have turned out to be routers, and from which address: by their keys, in a file of the
// state directory. So a router that is started again says hello to them at once and always, and leaves the
// others asleep. On the loop; the file is written on the jobs' thread.
//
// A key that no device has had for a month is forgotten at the next start: a peer that is added again then is one that
// has not been seen, and says hello first. Not while a run goes on: the clock may be set, and who is there now is noted
// as being there.

#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>

#include "daemon/noted_file.h"
#include "net/ip.h"
#include "net/result.h"
#include "wgadapter/device.h"

namespace wgospf::daemon {

/// As they spoke OSPF last.
using RouterAddresses = std::unordered_map<wg::Key, Ipv4Address>;

using Day = std::chrono::sys_days;
[[nodiscard]] inline Day today() {
  return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
}
/// What the file says.
struct NotedRouters {
  RouterAddresses addresses{};
  std::unordered_map<wg::Key, Day> last_there{};  ///< when a device had the key last; of each in `addresses`
  bool operator==(const NotedRouters&) const = default;
};
/// So long a key that no device has is remembered.
inline constexpr std::chrono::days kRememberRouters{30};

[[nodiscard]] std::string to_text(const NotedRouters& routers);
/// Exactly what to_text() makes. Error: malformed, with what is wrong, to stand behind a colon.
[[nodiscard]] Result<NotedRouters> parse_noted_routers(std::string_view text);

class KnownRouters {
 public:
  /// `jobs` must outlive it.
  explicit KnownRouters(KernelJobs& jobs) : file_(jobs) {}

  /// What a former run has noted, but for what has not been there for long. Once, before anything else. Why it cannot
  /// be read; empty when it can, or when there is none.
  [[nodiscard]] std::string read(const std::string& state_directory, Day today);
  [[nodiscard]] bool contains(const wg::Key& key) const { return noted_.addresses.contains(key); }
  [[nodiscard]] const RouterAddresses& addresses() const { return noted_.addresses; }
  /// It has said hello from this address. True when that is news; then write() is due.
  bool note(const wg::Key& key, const Ipv4Address& address, Day today);
  /// The device has these peers.
  void saw(const wg::Device& device, Day today);
  /// What has been noted since, if anything and nothing is being written.
  void write();
  /// Why the file could not be written; empty when it could.
  [[nodiscard]] const std::string& problem() const { return file_.problem(); }

 private:
  NotedFile file_;
  NotedRouters noted_{};
};

}  // namespace wgospf::daemon
