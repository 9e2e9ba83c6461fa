#include "daemon/api/call.h"

#include <fmt/format.h>

#include <vector>

namespace wgospf::daemon::api {
namespace {

grpc::Status stopping() {
  return {grpc::StatusCode::UNAVAILABLE, "wgospfd is stopping"};
}

/// Notices that a closure was thrown away without having run.
class RunGuard {
 public:
  explicit RunGuard(std::shared_ptr<Call> call) : call_(std::move(call)) {}
  ~RunGuard() {
    if (call_) call_->end(stopping());
  }
  RunGuard(const RunGuard&) = delete;
  RunGuard& operator=(const RunGuard&) = delete;
  void ran() { call_.reset(); }

 private:
  std::shared_ptr<Call> call_;
};

}  // namespace

void Context::add(const std::shared_ptr<Call>& call) {
  grpc::Status refusal;
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) {
      refusal = stopping();
    } else if (calls_.size() >= limits_.max_calls) {
      refusal = {grpc::StatusCode::RESOURCE_EXHAUSTED,
                 fmt::format("{} calls are open, and no more are served; try again later", calls_.size())};
    } else {
      calls_[call.get()] = call;
      return;
    }
  }
  call->is_refused_ = true;
  call->end(refusal);
}

bool Context::admit_watcher() {
  if (++watchers_ <= limits_.max_watchers) return true;
  --watchers_;
  return false;
}

void Context::remove(const Call* call) {
  const std::scoped_lock lock(mutex_);
  calls_.erase(call);
}

std::size_t Context::call_count() {
  const std::scoped_lock lock(mutex_);
  return calls_.size();
}

void Context::stop() {
  std::vector<std::shared_ptr<Call>> calls;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (const auto& [key, weak] : calls_) {
      if (auto call = weak.lock()) calls.push_back(std::move(call));
    }
  }
  for (const auto& call : calls) call->end(stopping());
}

void Context::join() {
  {
    const std::scoped_lock lock(mutex_);
    joined_ = true;
  }
  worker_.join();
}

void Call::on_strand(std::function<void(RouterView&)> task, Needs needs) {
  if (is_refused_) return;
  auto guard = std::make_shared<RunGuard>(shared_from_this());
  context_->router().post(
      [guard, self = shared_from_this(), task = std::move(task), needs, &router = context_->router()] {
        const auto waits_for = needs == Needs::nothing ? std::nullopt : router.waits_for();
        if (waits_for) {
          self->end_waiting(*waits_for);
        } else {
          task(router);
        }
        guard->ran();
      });
}

// Not on the strand: what gRPC does when a call ends is no work for it.
void Call::end_waiting(const std::string& what) {
  on_worker([this, what] {
    end({grpc::StatusCode::FAILED_PRECONDITION, "the router does not run yet: it waits for " + what,
         "not-ready"});
  });
}

}  // namespace wgospf::daemon::api
