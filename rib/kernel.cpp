#include "rib/kernel.h"

#include "rib/worker.h"

namespace wgospf::rib {

Result<std::unique_ptr<RibThread>> RibThread::start(Config config, Callback callback) {
  auto worker = Worker::create(std::move(config), std::move(callback));
  if (!worker) return worker.error();
  worker.value()->start();
  return std::unique_ptr<RibThread>(new RibThread(std::move(worker.value())));
}

RibThread::RibThread(std::unique_ptr<Worker> worker) : worker_(std::move(worker)) {}

RibThread::~RibThread() {
  worker_->post(Worker::Stop{OnStop::keep_routes});
  worker_->join();
}

void RibThread::submit(Batch batch) {
  worker_->post(std::move(batch));
}
void RibThread::open(Gate gate) {
  worker_->post(Worker::Opened{gate});
}
void RibThread::set_usable(Tag tag, bool usable) {
  worker_->post(Worker::Usable{tag, usable});
}
void RibThread::set_connected(std::vector<IpPrefix> prefixes) {
  worker_->post(Worker::Connected{std::move(prefixes)});
}
void RibThread::claim() {
  worker_->post(Worker::Claim{});
}
void RibThread::watch(RedistributionWatch watch) {
  worker_->post(std::move(watch));
}
void RibThread::flush_and_stop(OnStop on_stop) {
  worker_->post(Worker::Stop{on_stop});
}
Counters RibThread::counters() const {
  return worker_->counters();
}

}  // namespace wgospf::rib
