#include "daemon/config/sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "daemon/config/leaves.h"
#include "daemon/config/names.h"
#include "daemon/config/printable.h"

namespace wgospf::daemon {

namespace {

/// The first tab before anything else in a line up to `last`, counted from 0: what yaml-cpp says of it
/// depends on what follows.
std::optional<YAML::Mark> tab_in_indentation(const std::string& text, int last) {
  YAML::Mark mark;
  std::size_t begin = 0;
  for (mark.line = 0; mark.line <= last && begin <= text.size(); ++mark.line) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto indentation = std::min(text.find_first_not_of(" \t", begin), end);
    const auto tab = text.find('\t', begin);
    if (tab < indentation) {
      mark.pos = static_cast<int>(tab);
      mark.column = static_cast<int>(tab - begin);
      return mark;
    }
    begin = end + 1;
  }
  return std::nullopt;
}

/// YAML's references begin with what a pattern may begin with.
std::string_view hint_of(const YAML::Exception& error) {
  const bool is_reference =
      error.msg.find("anchor") != std::string::npos || error.msg.find("alias") != std::string::npos;
  return is_reference ? "; a pattern that begins with \"*\" stands in quotes" : "";
}

/// A name in which no character stands for others.
std::string escaped(const std::string& name) {
  std::string text;
  for (const char c : name) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

FoundFiles find_files(const std::string& directory, const std::string& pattern) {
  const auto in = [&](const std::string& place) { return (std::filesystem::path(place) / pattern).string(); };
  if (!is_pattern(pattern)) return {{in(directory)}, std::nullopt};
  FoundFiles files;
  glob_t found{};
  errno = 0;
  const int status = ::glob(in(escaped(directory)).c_str(), GLOB_ERR, nullptr, &found);
  if (status == 0)
    files.names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  else if (status != GLOB_NOMATCH && errno != ENOENT)
    files.problem = errno != 0 ? std::strerror(errno) : "out of memory";
  ::globfree(&found);
  return files;
}

}  // namespace

FileAccess file_access(Pipes pipes) {
  return {[pipes](const std::string& name) { return read_text_file(name, pipes); }, find_files};
}

std::vector<ConfigSource> SourceReader::read(const std::string& text, const std::string& file) {
  read_file(text, file);
  return std::move(sources_);
}

void SourceReader::read_file(const std::string& text, const std::string& file) {
  const auto entered = errors_.enter(file);
  const auto root = parse(text);
  if (!root) return;
  sources_.push_back({entered, *root});
  open_.push_back(file);
  follow(*root, file);
  open_.pop_back();
}

std::optional<YAML::Node> SourceReader::parse(const std::string& text) {
  try {
    const auto documents = find_documents(text);
    if (documents.stuck) {
      errors_.add(*documents.stuck, "this is not valid YAML: nothing can begin with what stands here");
      return std::nullopt;
    }
    if (documents.count == 1) return YAML::Load(text);
    // An included file may wait for its first line.
    if (documents.count > 1)
      errors_.add_whole("the file holds several YAML documents; keep one");
    else if (open_.empty())
      errors_.add_whole("the configuration is empty; it needs at least \"interfaces\"");
  } catch (const YAML::Exception& error) {
    if (const auto tab = tab_in_indentation(text, error.mark.line))
      errors_.add(*tab, "there is a tab in the indentation; YAML is indented with spaces only");
    else
      errors_.add(error.mark,
                  fmt::format("this is not valid YAML: {}{}", shortened(error.msg), hint_of(error)));
  }
  return std::nullopt;
}

void SourceReader::follow(const YAML::Node& root, const std::string& file) {
  if (!root.IsMap()) return;  // told when it is read
  const YAML::Node value = root[std::string(leaf::configuration::include.name)];
  if (!value.IsDefined()) return;
  const auto items =
      value.IsSequence() ? std::vector<YAML::Node>(value.begin(), value.end()) : std::vector{value};
  if (items.empty()) errors_.add(value.Mark(), "include is an empty list; fill it or remove it");
  for (const auto& item : items) {
    const auto entered = errors_.current();
    if (item.IsScalar() && !item.Scalar().empty())
      follow(item, item.Scalar(), file);
    else
      errors_.add(item.Mark(), fmt::format("include must name a file, or be a list of names, not {}",
                                           describe_node(item)));
    errors_.enter(entered);
  }
}

void SourceReader::follow(const YAML::Node& value, const std::string& name, const std::string& from) {
  const auto mark = value.Mark();
  if (!access_.read) return errors_.add(mark, "include is followed in files only");
  if (open_.size() > kMaxIncludeDepth)
    return errors_.add(mark,
                       fmt::format("files include each other more than {} deep here; bring what {} names "
                                   "into one of them",
                                   kMaxIncludeDepth, shortened(name)));
  const auto entered = errors_.current();
  // A name in a file is relative to the directory that the file is in.
  const auto found = access_.find(std::filesystem::path(from).parent_path().string(), name);
  if (found.problem)
    errors_.add(mark,
                fmt::format("the directory of {} cannot be read: {}; let wgospfd read it, or name the files",
                            shortened(name), *found.problem));
  for (const auto& file : found.names) {
    errors_.enter(entered);
    const auto former = std::find_if(open_.begin(), open_.end(), [&](const std::string& other) {
      return std::filesystem::path(other).lexically_normal() ==
             std::filesystem::path(file).lexically_normal();
    });
    if (former != open_.end()) {
      errors_.add(mark, fmt::format("{} is included by what it includes: {}; remove one of these includes",
                                    file, fmt::join(former, open_.end(), ", ")));
      continue;
    }
    const auto content = access_.read(file);
    if (content.problem)
      errors_.add(mark, fmt::format("{} cannot be read: {}", shortened(file), *content.problem));
    else
      read_file(content.text, file);
  }
}

}  // namespace wgospf::daemon
