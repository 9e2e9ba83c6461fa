#include "daemon/unconfirmed.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/config/print.h"
#include "daemon/state_file.h"

namespace wgospf::daemon {

namespace {

/// Between the two, each as print_config() gives it.
constexpr const char* kSeparator = "---\n";

std::string file_in(const std::string& state_directory) {
  return state_directory + "/unconfirmed";
}

/// Who has cut himself off may switch the machine off and on.
Result<void> wait_for_disk(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failure("cannot open " + path, errno);
  const int status = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (status != 0) return failure("cannot write " + path, error);
  return {};
}

}  // namespace

Result<void> write_unconfirmed(const Config& former, const Config& unconfirmed) {
  const auto file = file_in(former.state_directory);
  auto done = write_state_file(file, print_config(former) + kSeparator + print_config(unconfirmed));
  if (done) done = wait_for_disk(file);
  if (done) done = wait_for_disk(former.state_directory);
  return done;
}

Result<void> remove_unconfirmed(const std::string& state_directory) {
  const auto file = file_in(state_directory);
  if (::unlink(file.c_str()) == 0) return wait_for_disk(state_directory);
  if (errno != ENOENT) return failure("cannot remove " + file, errno);
  return {};
}

Result<std::optional<Config>> former_instead_of(const Config& config) {
  const auto file = file_in(config.state_directory);
  const auto read = read_state_file(file);
  if (!read) return read.error();
  if (!read.value()) return std::optional<Config>();
  const std::string& text = *read.value();
  const auto separator = text.find(std::string("\n") + kSeparator);
  if (separator == std::string::npos)
    return Error{ErrorCode::malformed, fmt::format("{} is not what this program writes; remove it", file)};
  const auto unconfirmed = text.substr(separator + 1 + std::string(kSeparator).size());
  if (unconfirmed != print_config(config)) {
    (void)remove_unconfirmed(config.state_directory);
    return std::optional<Config>();
  }
  auto former = parse_config(text.substr(0, separator + 1), file);
  if (const auto* errors = std::get_if<1>(&former))
    return Error{ErrorCode::malformed,
                 "the configuration before the one that was not confirmed cannot be used: " +
                     errors->front().to_string()};
  return std::optional(std::get<0>(std::move(former)));
}

}  // namespace wgospf::daemon
