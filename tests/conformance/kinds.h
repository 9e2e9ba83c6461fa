#pragma once
// What a kind of test vector is to the runner. A file tells its kind by its keys: the runner asks each kind
// in turn whether it reads documents of this shape, and lets the first that does run the whole file.
//
// To add a kind: write NAME_kind.cpp with a function `Kind NAME_kind()`, declare it below, and name it in
// kinds.cpp. Nothing else changes, and a new set of files of a known shape needs no rebuild.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ospf/base/bytes.h"

namespace wgospf::conformance {

using nlohmann::json;

enum class Verdict { passed, failed, skipped };

struct CaseResult {
  std::string name;  ///< within the file; empty where the file is one case
  Verdict verdict{};
  std::string detail;  ///< why it failed or was skipped
};

/// What came of one file: a verdict for each case in it, and remarks.
class Report {
 public:
  void pass(std::string name) { results_.push_back({std::move(name), Verdict::passed, {}}); }
  void fail(std::string name, std::string why) {
    results_.push_back({std::move(name), Verdict::failed, std::move(why)});
  }
  /// Not covered. Skips with the same reason are printed as one line with their count.
  void skip(std::string name, std::string why) {
    results_.push_back({std::move(name), Verdict::skipped, std::move(why)});
  }
  /// Passed when `difference` is empty, else failed with it.
  void result(std::string name, std::string difference) {
    if (difference.empty()) {
      pass(std::move(name));
    } else {
      fail(std::move(name), std::move(difference));
    }
  }
  /// Said with the file's line whatever came of it ("3 prefixes of the root's own ignored").
  void note(std::string text) { notes_.push_back(std::move(text)); }

  [[nodiscard]] const std::vector<CaseResult>& results() const { return results_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  [[nodiscard]] std::size_t count(Verdict verdict) const;

 private:
  std::vector<CaseResult> results_;
  std::vector<std::string> notes_;
};

/// A parsed file. A .jsonl file is an array of its lines.
struct Document {
  std::filesystem::path path;
  json content;
};

struct Kind {
  std::string_view name;
  /// Does a document of this kind look like `sample`: the document, or the first element of an array of
  /// cases?
  bool (*recognises)(const json& sample);
  /// Runs all cases of the document. May throw json::exception for a missing key: the file then fails with
  /// the exception's text.
  void (*run)(const Document& document, Report& report);
};

[[nodiscard]] Kind packets_kind();
[[nodiscard]] Kind malformed_kind();
[[nodiscard]] Kind steps_kind();
[[nodiscard]] Kind rib_kind();
[[nodiscard]] Kind graphs_kind();

/// All kinds, in the order in which they are asked.
[[nodiscard]] const std::vector<Kind>& kinds();

/// Bytes of a string of hexadecimal digits. Throws std::invalid_argument for anything else.
[[nodiscard]] std::vector<std::byte> from_hex(std::string_view text);
[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);
/// Where two byte strings first differ, for people; empty when they are equal.
[[nodiscard]] std::string first_difference(std::span<const std::byte> expected,
                                           std::span<const std::byte> got);

}  // namespace wgospf::conformance
