#pragma once
// One daemon a routing table. The lock is a file that stays open, so the kernel releases it whatever ends the
// process. Take it before anything else that two daemons could fight over (the API socket), hold it until
// exit.

#include <cstdint>
#include <string>

#include "rib/result.h"

namespace wgospf::rib {

class TableLock {
 public:
  /// Locks DIRECTORY/table-N.lock, making the directory (0750) when it is missing. The error says who holds
  /// it.
  [[nodiscard]] static Result<TableLock> acquire(const std::string& directory, std::uint32_t table);

  TableLock(TableLock&& other) noexcept;
  TableLock& operator=(TableLock&& other) noexcept;
  TableLock(const TableLock&) = delete;
  TableLock& operator=(const TableLock&) = delete;
  ~TableLock();

 private:
  explicit TableLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace wgospf::rib
