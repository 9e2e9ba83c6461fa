#pragma once
// One daemon a routing table. Tables and next hop ids are those of a network namespace, files those of a
// mount namespace, and either may be shared without the other. So the lock is two things, both released by
// the kernel whatever ends the process:
//   - a file whose name carries the network namespace, which tells an administrator who holds the table;
//   - an abstract Unix socket, which exists once in a network namespace, named by the range of next hop ids:
//     so a daemon with another /run is refused too, and one whose table has the same ids (default_id_range).
// Any user may bind that name. One who is neither root nor the daemon's own user holds nothing: the lock is
// then the file alone, with a warning, until the name is free and bound (bind_again).
// A daemon listens on its socket. Who removes what a former run left (IdsLock) binds the name for a moment
// without listening: a daemon that starts meanwhile waits for it.
// Take it before anything else that two daemons could fight over (the API socket), hold it until exit.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "net/result.h"

namespace wgospf::rib {

class TableLock {
 public:
  /// For the network namespace of the calling thread. Locks DIRECTORY/netns-INODE-table-N.lock, making the
  /// directory (0750) when it is missing. The error says who holds it. One that holds the name for a moment
  /// only is waited for, as long as `patience`.
  [[nodiscard]] static Result<TableLock> acquire(const std::string& directory, std::uint32_t table,
                                                 std::chrono::milliseconds patience = std::chrono::seconds{
                                                     5});

  /// What is wrong with a lock that was acquired all the same, with the cure; mostly empty.
  [[nodiscard]] const std::string& warning() const { return warning_; }
  /// Call it now and then while there is a warning: true when the name has become free and is bound; there is
  /// no warning then.
  bool bind_again();

  TableLock(TableLock&& other) noexcept;
  TableLock& operator=(TableLock&& other) noexcept;
  TableLock(const TableLock&) = delete;
  TableLock& operator=(const TableLock&) = delete;
  ~TableLock();

 private:
  TableLock(int file, std::uint32_t table) : file_(file), table_(table) {}
  int file_ = -1;
  int socket_ = -1;
  std::uint32_t table_ = 0;
  std::string warning_;
};

/// The part of the lock that is the network namespace's, by itself: for whoever wants to know whether a
/// daemon still keeps the objects of a range of next hop ids, and to keep one from starting meanwhile. A
/// daemon that had to do without the socket is known by its file.
class IdsLock {
 public:
  /// `first_id` of default_id_range; nullopt when somebody holds it, or the file in `directory` of a table
  /// with these ids. No file is looked for if `directory` is empty.
  [[nodiscard]] static std::optional<IdsLock> try_acquire(std::uint32_t first_id,
                                                          const std::string& directory);

  IdsLock(IdsLock&& other) noexcept;
  IdsLock& operator=(IdsLock&& other) noexcept;
  IdsLock(const IdsLock&) = delete;
  IdsLock& operator=(const IdsLock&) = delete;
  ~IdsLock();

 private:
  explicit IdsLock(int socket) : socket_(socket) {}
  int socket_ = -1;
};

}  // namespace wgospf::rib
