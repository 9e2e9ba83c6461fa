// Runs a fuzz target without libFuzzer: every file of the folders named, as it is and in a fixed number of
// reproducible mutations. What the fuzzers once found stays found, whatever the compiler.
//
// replay MUTATIONS FOLDER...

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>

#include "tests/fuzz/fuzz.h"

namespace {

namespace fs = std::filesystem;
using Input = std::vector<std::uint8_t>;

void mutate(Input& input, std::mt19937& random) {
  for (unsigned change = 0; change < 1 + random() % 4 && !input.empty(); ++change) {
    const std::size_t at = random() % input.size();
    switch (random() % 5) {
      case 0:
        input[at] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        input[at] = static_cast<std::uint8_t>(input[at] ^ (1U << (random() % 8)));
        break;
      case 2:
        input.resize(at);
        break;
      case 3:
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), 1 + random() % 24,
                     static_cast<std::uint8_t>(random() % 2 == 0 ? 0 : 0xff));
        break;
      default:
        input.erase(
            input.begin() + static_cast<std::ptrdiff_t>(at),
            input.begin() + static_cast<std::ptrdiff_t>(std::min(at + 1 + random() % 8, input.size())));
        break;
    }
  }
}

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: " << argv[0] << " MUTATIONS FOLDER...\n";
    return 2;
  }
  const unsigned long mutations = std::stoul(argv[1]);
  std::size_t inputs = 0;
  std::mt19937 random(1);
  for (int i = 2; i < argc; ++i) {
    for (const fs::path& file : files_of(argv[i])) {
      std::ifstream in(file, std::ios::binary);
      const Input seed{std::istreambuf_iterator<char>(in), {}};
      LLVMFuzzerTestOneInput(seed.data(), seed.size());
      for (unsigned long round = 0; round < mutations; ++round) {
        Input input = seed;
        mutate(input, random);
        LLVMFuzzerTestOneInput(input.data(), input.size());
      }
      ++inputs;
    }
  }
  std::cout << inputs << " inputs, " << mutations << " mutations of each\n";
  return inputs == 0 ? 1 : 0;
}
