#include "cli/trouble.h"

#include <array>

namespace wgospf::cli {
namespace {

struct Row {
  const char* text;
  int status;
};
/// In the order of Code.
constexpr std::array kRows{Row{"failed", 1},   Row{"not-found", 1},   Row{"output", 1},
                           Row{"usage", 2},    Row{"unreachable", 3}, Row{"not-permitted", 4},
                           Row{"refused", 5},  Row{"busy", 5},        Row{"unsupported", 5},
                           Row{"deadline", 6}, Row{"not-ready", 7}};

}  // namespace

const char* code_text(Code code) {
  return kRows[static_cast<std::size_t>(code)].text;
}

int exit_status(Code code) {
  return kRows[static_cast<std::size_t>(code)].status;
}

}  // namespace wgospf::cli
