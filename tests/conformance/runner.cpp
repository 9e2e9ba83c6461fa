// conformance [DIR|FILE]...: runs test vectors against this implementation.
//
// Takes folders (searched to the bottom for *.json and *.jsonl) and files, in any number; without arguments
// the repository's own vectors and ../shared/vectors beside it. A file tells its kind by its keys (kinds.h).
// Prints a line for each file with the failing cases and the reasons of skips below it, and closes with the
// reasons of all skips, "N skipped: REASON", and "N passed, N failed, N skipped", counted in cases. Exit
// status: 0 nothing failed, 1 something failed or a folder holds no case, 2 wrong usage, 77 nothing could be
// run at all (all skipped).

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>

#include "tests/conformance/kinds.h"

namespace wgospf::conformance {
namespace {

namespace fs = std::filesystem;

constexpr int kExitFailed = 1, kExitUsage = 2, kExitAllSkipped = 77;

struct Totals {
  std::size_t passed = 0, failed = 0, skipped = 0;
  std::map<std::string, std::size_t> reasons;  ///< of skips

  [[nodiscard]] std::size_t cases() const { return passed + failed + skipped; }
};

Document load(const fs::path& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot be read");
  if (path.extension() != ".jsonl") return {path, json::parse(in)};
  json lines = json::array();
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(json::parse(line));
  }
  return {path, std::move(lines)};
}

void run_file(const fs::path& path, Report& report) {
  try {
    const Document document = load(path);
    const json& content = document.content;
    const json& sample = content.is_array() && !content.empty() ? content.front() : content;
    const auto kind = std::find_if(kinds().begin(), kinds().end(),
                                   [&sample](const Kind& k) { return k.recognises(sample); });
    if (kind == kinds().end()) {
      report.skip("", "no kind reads a file of this shape");
    } else {
      kind->run(document, report);
    }
  } catch (const std::exception& error) {
    report.fail("", error.what());
  }
}

void print(const fs::path& path, const Report& report) {
  const std::size_t failed = report.count(Verdict::failed);
  const std::size_t passed = report.count(Verdict::passed);
  const std::size_t skipped = report.count(Verdict::skipped);
  std::cout << (failed > 0 ? "FAIL " : passed > 0 ? "ok   " : "skip ") << path.string();
  if (report.results().size() > 1) {
    std::cout << ": " << passed << " passed, " << failed << " failed, " << skipped << " skipped";
  }
  if (report.results().size() == 1 && skipped == 1) {
    std::cout << ": " << report.results().front().detail << '\n';
    return;
  }
  std::cout << '\n';
  std::map<std::string, std::size_t> reasons;
  for (const CaseResult& result : report.results()) {
    if (result.verdict == Verdict::skipped) ++reasons[result.detail];
    if (result.verdict != Verdict::failed) continue;
    std::cout << "       FAIL " << result.name << (result.name.empty() ? "" : ": ") << result.detail << '\n';
  }
  for (const auto& [reason, count] : reasons) {
    std::cout << "       " << count << " skipped: " << reason << '\n';
  }
  for (const std::string& note : report.notes()) std::cout << "       note: " << note << '\n';
}

void run(const fs::path& path, Totals& totals) {
  Report report;
  run_file(path, report);
  print(path, report);
  totals.passed += report.count(Verdict::passed);
  totals.failed += report.count(Verdict::failed);
  totals.skipped += report.count(Verdict::skipped);
  for (const CaseResult& result : report.results())
    if (result.verdict == Verdict::skipped) ++totals.reasons[result.detail];
}

std::vector<fs::path> files_below(const fs::path& root) {
  if (!fs::is_directory(root)) return {root};
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    const fs::path extension = entry.path().extension();
    if (entry.is_regular_file() && (extension == ".json" || extension == ".jsonl")) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

int main_program(const std::vector<std::string>& arguments) {
  std::vector<fs::path> roots(arguments.begin(), arguments.end());
  Totals totals;
  if (roots.empty()) {
    const fs::path repository = WGOSPF_SOURCE_DIR;
    for (const fs::path& standard :
         {repository / "tests/vectors", (repository / "../shared/vectors").lexically_normal()}) {
      if (fs::exists(standard)) {
        roots.push_back(standard);
      } else {
        std::cout << "skip " << standard.string() << "\n       1 skipped: the folder is not there\n";
        ++totals.skipped;
        ++totals.reasons["the folder is not there"];
      }
    }
  }
  for (const fs::path& root : roots) {
    if (fs::exists(root)) continue;
    std::cerr << "conformance: " << root.string() << " does not exist; name a folder or file of vectors\n";
    return kExitUsage;
  }
  for (const fs::path& root : roots) {
    const std::size_t before = totals.cases();
    for (const fs::path& file : files_below(root)) run(file, totals);
    if (totals.cases() > before) continue;
    std::cout << "FAIL " << root.string() << ": no case in it\n";
    ++totals.failed;
  }
  for (const auto& [reason, count] : totals.reasons) std::cout << count << " skipped: " << reason << '\n';
  std::cout << totals.passed << " passed, " << totals.failed << " failed, " << totals.skipped << " skipped\n";
  if (totals.failed > 0) return kExitFailed;
  return totals.passed == 0 && totals.skipped > 0 ? kExitAllSkipped : 0;
}

}  // namespace
}  // namespace wgospf::conformance

int main(int argc, char** argv) {
  return wgospf::conformance::main_program(std::vector<std::string>(argv + 1, argv + argc));
}
