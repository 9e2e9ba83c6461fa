#pragma once
// What waits for the kernel, off the loop: joining and leaving groups, which takes the lock that the kernel
// holds through anybody's bulk change of links, addresses or routes. And walks through long tables of routes,
// which would hold up hellos.

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace wgospf::daemon {

class KernelJobs {
 public:
  explicit KernelJobs(boost::asio::io_context& loop) : loop_(loop) {}
  /// What is queued is still done; its `done` is not called any more.
  ~KernelJobs() {
    *alive_ = false;
    thread_.join();
  }
  KernelJobs(const KernelJobs&) = delete;
  KernelJobs& operator=(const KernelJobs&) = delete;

  /// On the loop. `work` on the thread, one after the other in the order of these calls, and ended there;
  /// then `done` on the loop.
  void run(std::function<void()> work, std::function<void()> done = {}) {
    boost::asio::post(
        thread_, [&loop = loop_, alive = alive_, work = std::move(work), done = std::move(done)]() mutable {
          work();
          work = nullptr;
          boost::asio::post(loop, [alive = std::move(alive), done = std::move(done)] {
            if (*alive && done) done();
          });
        });
  }

 private:
  boost::asio::io_context& loop_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< read on the loop only
  boost::asio::thread_pool thread_{1};
};

}  // namespace wgospf::daemon
