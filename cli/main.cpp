#include <unistd.h>

#include <csignal>
#include <iostream>

#include "cli/commands.h"

int main(int argc, char** argv) {
  // `wgospfctl watch | head` ends quietly when head has seen enough: SIGPIPE's default is what is wanted,
  // even where a parent ignored it.
  std::signal(SIGPIPE, SIG_DFL);
  return wgospf::cli::run(argc, argv, {std::cout, std::cerr, wgospf::cli::colours_of(STDOUT_FILENO), [] {
                                         return wgospf::cli::size_of_terminal(STDOUT_FILENO);
                                       }});
}
