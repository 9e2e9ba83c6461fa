#pragma once
// A unix socket at its place, with its final permissions from the first moment.
//
// bind() makes the file with the permissions of the umask, and changing them afterwards leaves a moment in
// which anybody may connect; the umask belongs to the whole process and all its threads. So the socket is
// bound in a new directory that only we may enter, gets its permissions there, and is then renamed to its
// place. rename() replaces the file that a dead daemon left, in one step.
//
// A daemon that is killed meanwhile leaves its private directory; the next one that starts in the same place
// removes it. A lock on it tells a living one's from a dead one's.

#include <sys/types.h>

#include <optional>
#include <string>

#include "net/result.h"

namespace wgospf::daemon::api {

inline constexpr mode_t kSocketMode = 0660;
inline constexpr mode_t kDirectoryMode = 0750;

class SocketPlace {
 public:
  /// Makes the directory of `path` (0750) if there is none, and a private one in it. `group` is to own the
  /// socket, and its directory where nobody else could enter it; empty: that of the process. An error when
  /// somebody listens at `path`, something that is no socket is there, or there is no such group.
  [[nodiscard]] static Result<SocketPlace> prepare(std::string path, const std::string& group = {});
  SocketPlace(SocketPlace&& other) noexcept;
  SocketPlace& operator=(SocketPlace&&) = delete;
  /// Removes what prepare() made, and the socket if it is still ours.
  ~SocketPlace();

  /// Where to bind.
  [[nodiscard]] const std::string& private_path() const { return private_path_; }
  /// Gives the bound socket its permissions and its place; the reason when that failed.
  [[nodiscard]] std::optional<Error> publish();
  /// Whether the socket stands at its place.
  [[nodiscard]] bool published() const;
  /// Removes the socket at its place, unless another one has taken it.
  void withdraw();

 private:
  SocketPlace() = default;
  void remove_private();
  [[nodiscard]] std::optional<Error> make_private(const std::string& directory);
  [[nodiscard]] std::optional<Error> give_directory(const std::string& directory) const;

  std::string path_;
  std::optional<gid_t> group_;
  std::string private_directory_;  ///< empty when removed
  std::string private_path_;
  int private_lock_ = -1;  ///< open while the private directory is ours
  std::optional<ino_t> published_;
};

}  // namespace wgospf::daemon::api
