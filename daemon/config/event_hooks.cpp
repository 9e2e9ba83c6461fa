#include "daemon/config/event_hooks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "daemon/config/printable.h"
#include "net/ip.h"

namespace wgospf::daemon {

namespace {

namespace keys = leaf::on_event;

constexpr std::array<std::string_view, kEventKinds> kKindNames{"neighbor-state-change",
                                                               "interface-state-change", "notice"};
constexpr std::string_view kScheme = "http://";
/// Of a command with its arguments, and of a URL.
constexpr std::size_t kLongestTarget = 4096;
static_assert(keys::min_severity_values.size() == 4 && keys::min_severity_values[2] == "warning");

/// A scalar, or a list of scalars; nullopt for anything else.
std::optional<std::vector<std::string>> texts(const YAML::Node& node) {
  std::vector<std::string> result;
  if (node.IsScalar()) return std::vector{node.Scalar()};
  if (!node.IsSequence() || node.size() == 0) return std::nullopt;
  for (const auto& item : node) {
    if (!item.IsScalar()) return std::nullopt;
    result.push_back(item.Scalar());
  }
  return result;
}

}  // namespace

std::string_view to_string(EventKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

bool EventHook::has(EventKind kind) const {
  return kinds.empty() || std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

std::optional<HttpUrl> parse_http_url(std::string_view url) {
  const auto is_printable = [](char c) { return c > ' ' && c < 0x7f; };
  if (!url.starts_with(kScheme) || !std::all_of(url.begin(), url.end(), is_printable)) return std::nullopt;
  const std::string_view rest = url.substr(kScheme.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  HttpUrl result;
  result.host = rest.substr(0, slash);
  result.path = slash < rest.size() ? rest.substr(slash) : "/";
  const bool has_port =
      !result.host.empty() && result.host.back() != ']' && result.host.find(':') != std::string_view::npos;
  if (has_port) {
    const auto place = parse_host_port(result.host);
    if (!place || place->port == 0) return std::nullopt;
    result.place = *place;
  } else {
    result.place = {result.host, 80};
  }
  const bool is_address = result.place.bracketed() ? Ipv6Address::parse(result.place.bare_host()).has_value()
                                                   : Ipv4Address::parse(result.place.host).has_value();
  return is_address ? std::optional(result) : std::nullopt;
}

void EventHookReader::read(const YAML::Node& node, std::vector<EventHook>& hooks) {
  MapReader map(node, keys::section, errors_);
  if (!map.valid()) return;
  EventHook hook;
  read_kinds(map, hook);
  if (const auto severity = map.choice(keys::min_severity))
    hook.min_severity = static_cast<Severity>(*severity);
  if (map.has(keys::min_severity) && !hook.has(EventKind::notice))
    errors_.add(map.mark(keys::min_severity),
                "min-severity is of notices, and \"kinds\" does not name them; add \"notice\" or remove it");
  read_command(map, hook);
  read_url(map, hook);
  map.read(keys::time_limit, hook.time_limit);
  map.read(keys::max_per_minute, hook.max_per_minute);
  if (map.has(keys::command) == map.has(keys::url))
    errors_.add(node.Mark(), map.has(keys::url)
                                 ? "command and url exclude each other; make two entries of it"
                                 : "neither command nor url is there; add for instance \"command: "
                                   "/usr/local/bin/on-event\"");
  if (hooks.size() == kMaxEventHooks)
    errors_.add(node.Mark(), fmt::format("on-event has more than {} entries; have one command do the work of "
                                         "several",
                                         kMaxEventHooks));
  hooks.push_back(std::move(hook));
}

void EventHookReader::read_kinds(const MapReader& map, EventHook& hook) {
  const auto node = map.node(keys::kinds);
  if (!node) return;
  const auto names = texts(*node);
  if (!names)
    return errors_.add(map.value_mark(keys::kinds),
                       fmt::format("kinds must be a list of {}; leave it away for all of them",
                                   fmt::join(kKindNames, ", ")));
  for (const auto& name : *names) {
    const auto* found = std::find(kKindNames.begin(), kKindNames.end(), name);
    if (found == kKindNames.end()) {
      errors_.add(map.value_mark(keys::kinds), fmt::format("\"{}\" is no kind of event; there are {}",
                                                           shortened(name), fmt::join(kKindNames, ", ")));
      continue;
    }
    const auto kind = static_cast<EventKind>(found - kKindNames.begin());
    if (std::find(hook.kinds.begin(), hook.kinds.end(), kind) != hook.kinds.end())
      errors_.add(map.value_mark(keys::kinds), fmt::format("\"{}\" is named twice; remove one", name));
    hook.kinds.push_back(kind);
  }
}

void EventHookReader::read_command(const MapReader& map, EventHook& hook) {
  const auto node = map.node(keys::command);
  if (!node) return;
  const auto words = texts(*node);
  std::size_t length = 0;
  if (words)
    for (const auto& word : *words) length += word.size() + 1;
  const bool has_nul = words && std::any_of(words->begin(), words->end(), [](const std::string& word) {
                         return word.find('\0') != std::string::npos;
                       });
  if (!words || words->front().size() < 2 || words->front().front() != '/' || has_nul) {
    errors_.add(map.value_mark(keys::command),
                "command must be an absolute path, or a list of one and its arguments, like "
                "[/usr/local/bin/on-event, --all]; for a shell's words write [/bin/sh, -c, ...]");
  } else if (length > kLongestTarget) {
    errors_.add(
        map.value_mark(keys::command),
        fmt::format("command has {} bytes, and {} are the most; put it into a file", length, kLongestTarget));
  } else {
    hook.command = *words;
  }
}

void EventHookReader::read_url(MapReader& map, EventHook& hook) {
  const auto url = map.text(keys::url);
  if (!url) return;
  if (url->starts_with("https://"))
    errors_.add(
        map.value_mark(keys::url),
        "https is not built; post to a proxy on this machine that speaks it, like http://127.0.0.1:8080/");
  else if (url->size() > kLongestTarget || !parse_http_url(*url))
    errors_.add(
        map.value_mark(keys::url),
        fmt::format("cannot post to \"{}\": use http://ADDRESS:PORT/PATH, like "
                    "http://127.0.0.1:8080/events; an address, for names may not be known when routes "
                    "are lost",
                    shortened(*url)));
  else
    hook.url = *url;
}

}  // namespace wgospf::daemon
