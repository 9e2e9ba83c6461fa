#pragma once
// What the command line of wgospfctl says.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace wgospf::cli {

inline constexpr const char* kDefaultSocket = "/run/wgospf/wgospfd.sock";

/// Instead of a level of the log: what command line and configuration of the daemon say.
inline constexpr const char* kConfiguredLevel = "configured";

struct ConnectOptions {
  /// A path, "unix:PATH", or "HOST:PORT" (TLS).
  std::string socket = kDefaultSocket;
  std::string ca;  ///< PEM file of the authority that signed the daemon's certificate; "": the system's
  std::string certificate;  ///< PEM files of our own, where the daemon asks for one
  std::string key;
};

struct Options {
  ConnectOptions connect;
  std::string router;  // by its name, instead of connect
  bool json = false;
  bool is_schema = false;                           // of the JSON, instead of it
  bool wide = false;                                // tables of any width
  std::optional<double> repeat;                     // every so many seconds
  std::uint32_t count = 0;                          // so many times; 0: until interrupted
  std::string interface;                            // filters of lists; "": none
  std::string neighbor;                             // a router id or an address
  std::string type, state;                          // of interface, LSA, path or peer; of neighbors
  std::string prefix;                               // of lists and path; or an address
  std::uint32_t limit = 0;                          // paths, lines of the log; 0: the command's own
  std::string level;                                // of the log; "": all of it, or the configuration's
  std::string area;                                 // database
  std::string adv_router, lsa_id;                   // database
  bool detail = false;                              // database
  std::string peer;                                 // of forget-key
  bool is_once = false;                             // top
  std::string file, domain;                         // hosts
  std::uint32_t confirm_seconds = 0;                // reload; 0: not asked for
  bool dry_run = false;                             // reload
  std::vector<std::string> topics;                  // watch
  std::string since;                                // watch: a cursor
  bool no_follow = false;                           // watch: ends where changes would follow
  bool nft = false, iptables = false, uci = false;  // firewall
};

}  // namespace wgospf::cli
