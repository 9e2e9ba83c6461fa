#pragma once
// Why there is no answer: for people a sentence, for programs a code and an exit status, all in wgospfctl(8).

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace wgospf::cli {

/// Their texts (code_text()) are promised to programs, and so is the exit status of each.
enum class Code : std::uint8_t {
  failed,         ///< 1: it went wrong, in a way that has no code of its own
  not_found,      ///< 1: what is asked for does not exist
  output,         ///< 1: the answer could not be written
  usage,          ///< 2: the command line is wrong, or the daemon says that of a value
  unreachable,    ///< 3: no daemon is there, or it is stopping
  not_permitted,  ///< 4
  refused,        ///< 5: the daemon does not do it as things stand
  busy,           ///< 5: it has too many clients, or this one is too slow
  unsupported,    ///< 5: it is of another version
  deadline,       ///< 6: it has not answered in time
  not_ready,      ///< 7: its router does not run yet
};
/// "not-found".
[[nodiscard]] const char* code_text(Code code);
[[nodiscard]] int exit_status(Code code);

struct Trouble {
  Code code = Code::failed;
  std::string text{};  ///< a sentence; may have lines
};

/// nullopt when the answer was printed.
using Failure = std::optional<Trouble>;

}  // namespace wgospf::cli
