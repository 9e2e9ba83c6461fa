#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "cli/render.h"

namespace wgospf::cli {
namespace {

std::string config_change_text(const v1::ConfigChange& change) {
  switch (change.kind()) {
    case v1::CONFIG_CHANGE_KIND_ADDED:
      return change.after().empty() ? change.path() + ": added"
                                    : fmt::format("{}: {}, added", change.path(), change.after());
    case v1::CONFIG_CHANGE_KIND_REMOVED:
      return change.before().empty() ? change.path() + ": removed"
                                     : fmt::format("{}: {}, removed", change.path(), change.before());
    default:
      return fmt::format("{}: {} -> {}", change.path(), change.before(), change.after());
  }
}

/// Named, the others counted.
constexpr int kPrefixesNamed = 10;

template <class List>
std::string prefixes_text(const List& prefixes, std::uint64_t count, const char* what) {
  if (count == 0) return {};
  std::string text;
  const int named = std::min(prefixes.size(), kPrefixesNamed);
  for (int i = 0; i < named; ++i) text += (i == 0 ? "" : ", ") + prefixes.Get(i);
  const auto others = count - static_cast<std::uint64_t>(named);
  if (others > 0) text += fmt::format(" and {} more", others);
  return fmt::format("{} {}: {}\n", count, what, text);
}

std::string preview_text(const v1::ReloadPreview& preview) {
  std::string text;
  for (const auto& neighbor : preview.lost_neighbors())
    text += fmt::format("neighbor {} on {} is lost: {}\n", neighbor.neighbor_router_id(),
                        neighbor.interface(), neighbor.reason());
  text +=
      prefixes_text(preview.lost_prefixes(), preview.lost_prefix_count(), "prefixes have no route any more");
  text += prefixes_text(preview.withdrawn_prefixes(), preview.withdrawn_prefix_count(),
                        "prefixes of this router are not announced any more");
  return text.empty() ? "No neighbor and no route is lost, as far as the database tells.\n" : text;
}

}  // namespace

std::string render(const v1::ReloadResponse& answer) {
  if (answer.changes().empty() && answer.confirm_seconds() == 0)
    return "The configuration is what it was; nothing has changed.\n";
  std::string text;
  for (const auto& change : answer.changes()) text += config_change_text(change) + '\n';
  if (answer.has_preview()) text += preview_text(answer.preview());
  if (!answer.taken_over()) return text + "Nothing is taken over.\n";
  text += "The configuration is taken over.\n";
  if (answer.confirm_seconds() > 0)
    text += fmt::format("Without \"wgospfctl confirm\" within {} s the former one comes back.\n",
                        answer.confirm_seconds());
  return text;
}

}  // namespace wgospf::cli
