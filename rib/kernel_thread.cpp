#include "rib/kernel_thread.h"

#include "rib/kernel_worker.h"

namespace wgospf::rib {

Result<std::unique_ptr<KernelThread>> KernelThread::start(KernelConfig config, Callback callback) {
  auto monitor = LinkMonitor::open();
  if (!monitor) return monitor.error();
  return start(std::move(config), std::move(callback), {*std::move(monitor)});
}

Result<std::unique_ptr<KernelThread>> KernelThread::start(KernelConfig config, Callback callback,
                                                          LinkListener links) {
  auto worker = KernelWorker::create(std::move(config), std::move(callback), std::move(links));
  if (!worker) return worker.error();
  worker.value()->start();
  return std::unique_ptr<KernelThread>(new KernelThread(std::move(worker.value())));
}

KernelThread::~KernelThread() {
  worker_->post(KernelWorker::End{});
  worker_->join();
}

Result<std::unique_ptr<Table>> KernelThread::attach(TableConfig config, Callback callback) {
  const std::uint32_t id = worker_->new_id();
  auto published = std::make_shared<Table::Published>();
  KernelWorker::Attach attach{{.id = id,
                               .config = std::move(config),
                               .callback = std::move(callback),
                               .published = published,
                               .batch = worker_->config().batch,
                               .audit_interval = worker_->config().audit_interval},
                              {}};
  auto done = attach.done.get_future();
  worker_->post(std::move(attach));
  if (auto error = done.get()) return *error;
  return std::make_unique<Table>(worker_, id, std::move(published));
}

void KernelThread::watch(RedistributionWatch watch) {
  worker_->post(std::move(watch));
}

void KernelThread::set_rules(WantedRules rules) {
  worker_->post(std::move(rules));
}

Table::Table(std::shared_ptr<KernelWorker> worker, std::uint32_t id, std::shared_ptr<Published> published)
    : worker_(std::move(worker)), id_(id), published_(std::move(published)) {}

Table::~Table() {
  LetGo let_go;
  const auto done = let_go.done.get_future();
  worker_->post(KernelWorker::ForTable{id_, std::move(let_go)});
  done.wait();  // also when the thread has ended before
}

void Table::submit(Batch batch) {
  worker_->post(KernelWorker::ForTable{id_, std::move(batch)});
}
void Table::open(Gate gate) {
  worker_->post(KernelWorker::ForTable{id_, Opened{gate}});
}
void Table::set_usable(Tag tag, bool usable) {
  worker_->post(KernelWorker::ForTable{id_, Usable{tag, usable}});
}
void Table::set_connected(std::vector<IpPrefix> prefixes) {
  worker_->post(KernelWorker::ForTable{id_, Connected{std::move(prefixes)}});
}
void Table::claim() {
  worker_->post(KernelWorker::ForTable{id_, Claim{}});
}
void Table::flush_and_stop(OnStop on_stop) {
  worker_->post(KernelWorker::ForTable{id_, Stop{on_stop}});
}
Counters Table::counters() const {
  const std::lock_guard lock(published_->mutex);
  return published_->counters;
}

}  // namespace wgospf::rib
