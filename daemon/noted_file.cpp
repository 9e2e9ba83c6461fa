#include "daemon/noted_file.h"

#include <utility>

#include "daemon/state_file.h"

namespace wgospf::daemon {

std::string NotedFile::read(std::string file, const std::function<Result<void>(std::string_view)>& take) {
  file_ = std::move(file);
  return take_state_file(file_, take);
}

void NotedFile::write(const std::function<std::string()>& to_text) {
  if (!is_due_ || is_writing_ || file_.empty()) return;
  is_due_ = false;
  is_writing_ = true;
  auto result = std::make_shared<Result<void>>();
  jobs_.run([result, file = file_, text = to_text()] { *result = write_state_file(file, text); },
            [this, result, alive = alive_] {
              if (!*alive) return;
              is_writing_ = false;
              is_due_ = is_due_ || !*result;
              problem_ = *result ? std::string() : result->error().text;
            });
}

}  // namespace wgospf::daemon
