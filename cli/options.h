#pragma once
// What the command line of wgospfctl says.

#include <cstdint>
#include <string>
#include <vector>

namespace wgospf::cli {

inline constexpr const char* kDefaultSocket = "/run/wgospf/wgospfd.sock";

struct ConnectOptions {
  /// A path, "unix:PATH", or "HOST:PORT" (TLS).
  std::string socket = kDefaultSocket;
  std::string ca;  ///< PEM file of the authority that signed the daemon's certificate; "": the system's
  std::string certificate;  ///< PEM files of our own, where the daemon asks for one
  std::string key;
};

struct Options {
  ConnectOptions connect;
  bool json = false;
  std::string prefix;                               // of routes and path
  std::uint32_t limit = 64;                         // paths
  std::string area, type;                           // database
  std::string router, lsa_id;                       // database
  bool detail = false;                              // database
  bool wide = false;                                // peers
  std::string peer;                                 // of forget-key
  std::uint32_t confirm_seconds = 0;                // reload; 0: not asked for
  bool dry_run = false;                             // reload
  std::vector<std::string> topics;                  // watch
  bool nft = false, iptables = false, uci = false;  // firewall
};

}  // namespace wgospf::cli
