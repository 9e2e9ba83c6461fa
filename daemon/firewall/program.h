#pragma once
// What another program prints.

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "net/result.h"

namespace wgospf::daemon::firewall {

struct ProgramLimits {
  std::chrono::milliseconds time{5000};
  std::size_t bytes = std::size_t{64} << 20;
};

/// Runs the program with its arguments and gives what it prints on standard output. Waits for it, at most for
/// the time; call it off the loop. Its standard error is what the error says where it fails. Errors: not_found,
/// timed_out, too_large, rejected (another status than 0), system.
[[nodiscard]] Result<std::string> output_of(const std::vector<std::string>& program,
                                            const ProgramLimits& limits = {});

/// The first of some usual places where there is a program of this name; "" when there is none.
[[nodiscard]] std::string find_program(const std::string& name);

}  // namespace wgospf::daemon::firewall
