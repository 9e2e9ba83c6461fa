#pragma once
// What is remembered from one run to the next, in a file of the state directory that is written anew when something
// has changed. On the loop; the file is written on the jobs' thread, one text at a time.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/kernel_jobs.h"
#include "net/result.h"

namespace wgospf::daemon {

class NotedFile {
 public:
  /// `jobs` must outlive it.
  explicit NotedFile(KernelJobs& jobs) : jobs_(jobs) {}
  ~NotedFile() { *alive_ = false; }
  NotedFile(const NotedFile&) = delete;
  NotedFile& operator=(const NotedFile&) = delete;

  /// Once, before anything else; nothing is written before. As take_state_file().
  [[nodiscard]] std::string read(std::string file, const std::function<Result<void>(std::string_view)>& take);
  /// What stands in the file is not what is to be remembered any more.
  void change() { is_due_ = true; }
  /// If something has changed since, and nothing is being written: `to_text` says what the file is to hold.
  void write(const std::function<std::string()>& to_text);
  /// Why the file could not be written; empty when it could.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  KernelJobs& jobs_;
  std::string file_{};
  bool is_due_ = false;
  bool is_writing_ = false;
  std::string problem_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace wgospf::daemon
