#pragma once
// A command of the operator's, run with what a router has to lose kept from it: no capabilities, none to be had again
// (no_new_privs, and the bounding and ambient sets are empty), no descriptor of ours, no signal handling of ours, a
// session and process group of its own. When it has taken too long the group is killed, and so is what is left of the
// group when the command itself has ended.
//
// The process has threads, so between fork and exec nothing may be done that could need a lock. The child borrows our
// memory (clone(2) with CLONE_VM and CLONE_VFORK, as posix_spawn(3) does it) and makes system calls only; what went
// wrong it leaves in that memory.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace wgospf::daemon::events {

struct CommandLimits {
  std::chrono::milliseconds time{10'000};
  std::size_t output = 4096;  ///< bytes that are kept of what it prints; the rest is read and dropped
};

struct CommandEnd {
  enum class Kind : std::uint8_t {
    exited,     ///< `value`: its status
    signalled,  ///< `value`: by this signal
    timed_out,
    stopped,  ///< by us, for the daemon ends
    not_run,  ///< `value`: errno; `step`: what could not be done
  };
  Kind kind = Kind::not_run;
  int value = 0;
  std::string step{};
  std::string output{};  ///< standard output and error
  bool is_cut = false;   ///< it has printed more
};

/// Runs the program (an absolute path) with its arguments and `input` on standard input, and waits for its end. Ends it
/// when the time is over, or when `stop`, a descriptor, becomes readable. Not on the loop.
[[nodiscard]] CommandEnd run_command(const std::vector<std::string>& command, const std::string& input,
                                     const CommandLimits& limits, int stop);

}  // namespace wgospf::daemon::events
