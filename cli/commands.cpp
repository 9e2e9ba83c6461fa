// wgospfctl show ...|watch: each command is a line of kShowCommands or kWatch: a name, what it says in the
// help, the options of its own, and what it does. The same request serves people and machines; `--json` only
// chooses how the answer is written.
#include "cli/commands.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/json.h"
#include "cli/render.h"

namespace wgospf::cli {
namespace {

using v1::Routing;

struct Options {
  ConnectOptions connect;
  bool json = false;
  std::string prefix;               // of routes and path
  std::uint32_t limit = 64;         // paths
  std::string area, type;           // database
  std::string router, lsa_id;       // database
  bool detail = false;              // database
  std::vector<std::string> topics;  // watch
};

/// What a command has to work with.
struct Session {
  Client& client;
  const Options& options;
  const Terminal& terminal;

  /// The answer in the form asked for; `as_text` is only called when people read it.
  template <class Response, class AsText>
  void print(const Response& response, AsText as_text) const {
    if (options.json) {
      terminal.out << to_json(response).dump(2) << '\n';
    } else {
      terminal.out << as_text(response);
    }
  }
  template <class Response>
  void print(const Response& response) const {
    print(response, [this](const Response& r) { return render(r, terminal.colours); });
  }
};

struct Command {
  const char* name;
  const char* help;
  void (*add_options)(CLI::App& app, Options& options);
  grpc::Status (*run)(const Session& session);
};

void no_options(CLI::App&, Options&) {}

/// An enumeration's values by their texts, but for the unspecified one.
std::vector<std::string> value_names(const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 1; i < type.value_count(); ++i) names.push_back(enum_text(*type.value(i)));
  return names;
}
/// The number of the value with this text; 0, which is "unspecified", for "".
int value_number(const google::protobuf::EnumDescriptor& type, const std::string& text) {
  for (int i = 1; i < type.value_count(); ++i) {
    if (enum_text(*type.value(i)) == text) return type.value(i)->number();
  }
  return 0;
}

// Checks of what stands behind an option; each gives the rest of a sentence that begins with the option.

std::string one_of_text(const std::vector<std::string>& names, const std::string& text) {
  return std::find(names.begin(), names.end(), text) != names.end()
             ? std::string()
             : fmt::format("must be one of {}, not \"{}\"", fmt::join(names, ", "), text);
}
auto one_of(std::vector<std::string> names) {
  return [names = std::move(names)](const std::string& text) { return one_of_text(names, text); };
}
auto not_empty() {
  return [](const std::string& text) {
    return text.empty() ? std::string("must not be empty; leave it away if it is not meant") : std::string();
  };
}
auto whole_number() {
  return [](const std::string& text) {
    std::uint32_t value = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec == std::errc{} && parsed.ptr == end && value > 0) return std::string();
    return fmt::format("must be a whole number from 1 on, not \"{}\"", text);
  };
}

template <class Request, class Response, class Method>
grpc::Status ask(const Session& session, Method method, const Request& request) {
  Response response;
  auto status = session.client.call(method, request, response);
  if (status.ok()) session.print(response);
  return status;
}

grpc::Status show_status(const Session& session) {
  return ask<v1::GetStatusRequest, v1::GetStatusResponse>(session, &Routing::Stub::GetStatus, {});
}
grpc::Status show_interfaces(const Session& session) {
  return ask<v1::ListInterfacesRequest, v1::ListInterfacesResponse>(session, &Routing::Stub::ListInterfaces,
                                                                    {});
}
grpc::Status show_neighbors(const Session& session) {
  return ask<v1::ListNeighborsRequest, v1::ListNeighborsResponse>(session, &Routing::Stub::ListNeighbors, {});
}
grpc::Status show_peers(const Session& session) {
  return ask<v1::ListPeersRequest, v1::ListPeersResponse>(session, &Routing::Stub::ListPeers, {});
}

void path_options(CLI::App& app, Options& options) {
  app.add_option("PREFIX", options.prefix, "as the routing table has it: 192.168.37.0/24; or an address")
      ->required()
      ->check(not_empty());
  // How many the daemon finds at most is its own to say; see wgospfctl(8).
  app.add_option("--limit", options.limit, "show at most so many paths, up to 1000")
      ->check(whole_number())
      ->capture_default_str();
}
grpc::Status show_path(const Session& session) {
  v1::GetPathsRequest request;
  request.set_prefix(session.options.prefix);
  request.set_limit(session.options.limit);
  return ask<v1::GetPathsRequest, v1::GetPathsResponse>(session, &Routing::Stub::GetPaths, request);
}

void routes_options(CLI::App& app, Options& options) {
  app.add_option("PREFIX", options.prefix, "only this prefix and those within it")->check(not_empty());
}
grpc::Status show_routes(const Session& session) {
  v1::ListRoutesRequest request;
  if (!session.options.prefix.empty()) request.set_prefix(session.options.prefix);
  v1::ListRoutesResponse whole;
  auto status = session.client.list<v1::ListRoutesResponse>(
      &Routing::Stub::ListRoutes, request, [&](v1::ListRoutesResponse& part) { whole.MergeFrom(part); });
  if (status.ok()) session.print(whole);
  return status;
}

void database_options(CLI::App& app, Options& options) {
  app.add_option("--area", options.area, "only LSAs of this area: 0.0.0.0")->check(not_empty());
  app.add_option("--type", options.type, "only LSAs of this type")
      ->check(one_of(value_names(*v1::LsaType_descriptor())));
  app.add_option("--router", options.router, "only LSAs of this advertising router")->check(not_empty());
  app.add_option("--id", options.lsa_id, "only LSAs with this Link State ID")->check(not_empty());
  app.add_flag("--detail", options.detail, "with what the LSAs say");
}
grpc::Status show_database(const Session& session) {
  const auto& options = session.options;
  v1::ListDatabaseRequest request;
  if (!options.area.empty()) request.set_area_id(options.area);
  if (!options.router.empty()) request.set_adv_router(options.router);
  if (!options.lsa_id.empty()) request.set_lsa_id(options.lsa_id);
  request.set_type(static_cast<v1::LsaType>(value_number(*v1::LsaType_descriptor(), options.type)));
  request.set_headers_only(!options.detail && !options.json);
  v1::ListDatabaseResponse whole;
  auto status = session.client.list<v1::ListDatabaseResponse>(
      &Routing::Stub::ListDatabase, request, [&](v1::ListDatabaseResponse& part) { whole.MergeFrom(part); });
  if (!status.ok()) return status;
  const auto view = options.detail ? DatabaseView::detail : DatabaseView::headers;
  session.print(whole, [&](const auto& list) { return render(list, view, session.terminal.colours); });
  return status;
}

void watch_options(CLI::App& app, Options& options) {
  app.add_option("--only", options.topics, "only these topics, separated by commas")
      ->delimiter(',')
      ->check(one_of(value_names(*v1::WatchTopic_descriptor())));
}

/// One line of JSON: {"kind": ..., "generation": ..., "time": ..., "data": {...}}.
Json watch_json(const v1::WatchItem& item) {
  const Json all = to_json(item);
  Json line;
  line["kind"] = nullptr;
  line["generation"] = all["generation"];
  line["time"] = all["time"];
  for (const auto& [name, value] : all.items()) {
    if (name == "generation" || name == "time") continue;
    line["kind"] = name;
    line["data"] = value;
  }
  return line;
}
grpc::Status watch(const Session& session) {
  v1::WatchRequest request;
  for (const auto& topic : session.options.topics) {
    request.add_topics(static_cast<v1::WatchTopic>(value_number(*v1::WatchTopic_descriptor(), topic)));
  }
  return session.client.watch(request, [&](v1::WatchResponse& part) {
    for (const auto& item : part.items()) {
      if (session.options.json) {
        session.terminal.out << watch_json(item).dump() << '\n';
      } else {
        session.terminal.out << render(item, session.terminal.colours);
      }
    }
    session.terminal.out.flush();
    return session.terminal.out.good();
  });
}

constexpr std::array kShowCommands{
    Command{"status", "the daemon at a glance", no_options, show_status},
    Command{"interfaces", "interfaces, and whether allowed-ips let OSPF through", no_options,
            show_interfaces},
    Command{"neighbors", "neighbors and adjacencies", no_options, show_neighbors},
    Command{"database", "the link-state database", database_options, show_database},
    Command{"routes", "the routing table, and what the kernel has of it", routes_options, show_routes},
    Command{"path", "all equal-cost paths to a prefix, hop by hop", path_options, show_path},
    Command{"peers", "WireGuard peers", no_options, show_peers},
};
constexpr Command kWatch{"watch", "a snapshot, then what changes, until interrupted", watch_options, watch};

/// What a bare `wgospfctl` or `wgospfctl show` does.
constexpr const Command& kDefault = kShowCommands[0];

void add_command(CLI::App& parent, const Command& command, Options& options, const Command*& chosen) {
  auto* app = parent.add_subcommand(command.name, command.help);
  app->fallthrough();
  command.add_options(*app, options);
  app->callback([&command, &chosen] { chosen = &command; });
}

void add_common_options(CLI::App& app, Options& options) {
  app.add_flag("--json", options.json, "one JSON document (watch: one object a line) instead of tables");
  app.add_option("--socket", options.connect.socket, "a path, unix:PATH, or HOST:PORT for TLS")
      ->check(not_empty())
      ->capture_default_str();
  app.add_option("--ca", options.connect.ca, "PEM file: who vouches for a daemon at HOST:PORT");
  app.add_option("--cert", options.connect.certificate, "PEM file: our certificate for it");
  app.add_option("--key", options.connect.key, "PEM file: the key of --cert");
}

/// The status to end with after everything is printed: what did not get out was no answer.
int finish(int status, const Terminal& terminal) {
  errno = 0;
  terminal.out.flush();
  if (terminal.out.good()) return status;
  // Without an error of this last write it was an earlier one, whose reason is not known any more.
  terminal.err << "wgospfctl: The answer could not be written"
               << (errno != 0 ? fmt::format(": {}.\n", std::strerror(errno)) : ".\n");
  return 1;
}

/// What is left over when everything that has a place has taken it, with what there is instead.
std::string unknown_words_text(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto& command : kShowCommands) names.emplace_back(command.name);
  return fmt::format("wgospfctl: \"{}\" means nothing here; there are show {}, and {}; --help tells more.\n",
                     fmt::join(app.remaining(true), " "), fmt::join(names, "|"), kWatch.name);
}

int usage_error(const CLI::App& app, const CLI::ParseError& error, const Terminal& terminal) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    terminal.err << unknown_words_text(app);
    return 2;
  }
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) {
    // "--limit: must be ...", of which our checks make the second half.
    std::string sentence = error.what();
    if (const auto colon = sentence.find(": must "); colon != std::string::npos) sentence.erase(colon, 1);
    terminal.err << "wgospfctl: " << sentence << ".\n";
    return 2;
  }
  std::ostringstream text;
  if (app.exit(error, text, terminal.err) != 0) return 2;
  // Help and version, which are answers when they are asked for.
  terminal.out << text.str();
  return finish(0, terminal);
}

}  // namespace

int run(int argc, const char* const* argv, const Terminal& terminal) {
  Options options;
  const Command* chosen = &kDefault;
  CLI::App app("Shows what wgospfd is doing.", "wgospfctl");
  app.set_version_flag("--version", "wgospfctl " WGOSPF_VERSION);
  add_common_options(app, options);
  app.require_subcommand(0, 1);
  auto* show = app.add_subcommand("show", "status unless something else is named");
  show->fallthrough();
  show->require_subcommand(0, 1);
  for (const auto& command : kShowCommands) add_command(*show, command, options, chosen);
  add_command(app, kWatch, options, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, terminal);
  }
  const auto connected = Client::connect(options.connect);
  if (!connected.client) {
    terminal.err << "wgospfctl: " << connected.error << '\n';
    return 1;
  }
  const auto status = chosen->run({*connected.client, options, terminal});
  if (status.ok()) return finish(0, terminal);
  terminal.err << "wgospfctl: " << failure_text(status, options.connect.socket) << '\n';
  return 1;
}

}  // namespace wgospf::cli
