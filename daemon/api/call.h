#pragma once
// A call of a client, from gRPC's side and from ours.
//
// gRPC deletes its reactor when the call is over, at any moment and in any thread; closures on the protocol
// strand and on the worker may still come. So what is ours lives in a Call of its own that all of them share,
// and the reactor only points to it. A Call ends once: with its answer, because the client went away, because
// it was too slow, or because the daemon stops; whoever is first wins and the others do nothing.
//
// Three places where code runs:
//   on the strand   short: takes values of the router, never waits           (on_strand)
//   on the worker   turns values into messages, one thread for all calls      (on_worker)
//   in gRPC         reactors' callbacks: hand over to the worker, nothing else

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "daemon/config/api_options.h"
#include "daemon/router_view.h"

namespace wgospf::daemon::api {

class Call;

/// What all calls share. Outlives the server while closures of ended calls are still queued at the router.
class Context {
 public:
  Context(RouterView& router, const ApiOptions& options) : router_(router), limits_(options) {}

  [[nodiscard]] RouterView& router() { return router_; }
  [[nodiscard]] std::size_t watch_queue_limit() const { return limits_.watch_queue_limit; }
  /// How long an ended call waits for its client to take what is on its way.
  [[nodiscard]] std::chrono::milliseconds slow_client_grace() const { return limits_.slow_client_grace; }
  /// Its handlers run on the worker; it must be gone before join(), which would wait for it.
  [[nodiscard]] std::unique_ptr<boost::asio::steady_timer> make_timer() {
    return std::make_unique<boost::asio::steady_timer>(worker_.get_executor());
  }
  /// After join() the task is dropped: all calls have ended by then.
  template <class Task>
  void on_worker(Task task) {
    const std::scoped_lock lock(mutex_);
    if (!joined_) boost::asio::post(worker_, std::move(task));
  }
  /// From now on until remove(), stop() ends it. It ends at once, and is refused, if stop() was called before or
  /// too many calls are open.
  void add(const std::shared_ptr<Call>& call);
  void remove(const Call* call);
  /// How many there are of them.
  [[nodiscard]] std::size_t call_count();
  /// One more Watch client until leave_watcher(); false when there are too many.
  [[nodiscard]] bool admit_watcher();
  void leave_watcher() { --watchers_; }
  [[nodiscard]] std::size_t watcher_count() const { return watchers_; }
  /// Ends all calls, those that come later too.
  void stop();
  /// Waits for the worker.
  void join();

 private:
  RouterView& router_;
  const ApiOptions limits_;
  std::atomic<std::size_t> watchers_ = 0;
  boost::asio::thread_pool worker_{1};
  std::mutex mutex_;
  bool stopping_ = false;
  bool joined_ = false;
  std::unordered_map<const Call*, std::weak_ptr<Call>> calls_;
};

class Call : public std::enable_shared_from_this<Call> {
 public:
  explicit Call(std::shared_ptr<Context> context) : context_(std::move(context)) {}
  virtual ~Call() { context_->remove(this); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Of the router: whether it must have started.
  enum class Needs : std::uint8_t { running_router, nothing };

  /// Ends the call unless it has ended. Any thread; the caller holds a reference.
  virtual void end(grpc::Status status) = 0;

 protected:
  /// Runs `task` on the strand soon. If the router ends first, the call ends with UNAVAILABLE; while it waits
  /// for its start, with FAILED_PRECONDITION, unless the task can do without it.
  void on_strand(std::function<void(RouterView&)> task, Needs needs = Needs::running_router);
  void on_worker(std::function<void()> task) {
    context_->on_worker([self = shared_from_this(), task = std::move(task)] { task(); });
  }
  [[nodiscard]] Context& context() { return *context_; }

 private:
  friend class Context;
  void end_waiting(const std::string& what);

  std::shared_ptr<Context> context_;
  std::atomic<bool> is_refused_ = false;  ///< nothing is done for it
};

/// One question, one answer.
template <class Response>
class UnaryCall final : public Call {
 public:
  /// On the worker: writes the answer, or says why there is none.
  using Write = std::function<grpc::Status(Response&)>;
  /// On the strand: takes what the answer needs.
  using Gather = std::function<Write(RouterView&)>;

  [[nodiscard]] static grpc::ServerUnaryReactor* start(const std::shared_ptr<Context>& context,
                                                       Response* response, Gather gather,
                                                       Needs needs = Needs::running_router) {
    auto call = std::make_shared<UnaryCall>(context, response);
    auto* reactor = new Reactor(call);
    call->reactor_ = reactor;
    context->add(call);
    call->on_strand(
        [call, gather = std::move(gather)](RouterView& router) {
          call->on_worker([call, write = gather(router)] { call->answer(write); });
        },
        needs);
    return reactor;
  }

  /// On the strand: begins what takes time; `Write` follows there later, once.
  using Begin = std::function<void(RouterView&, std::function<void(Write)>)>;
  [[nodiscard]] static grpc::ServerUnaryReactor* begin(const std::shared_ptr<Context>& context,
                                                       Response* response, Begin begin) {
    auto call = std::make_shared<UnaryCall>(context, response);
    auto* reactor = new Reactor(call);
    call->reactor_ = reactor;
    context->add(call);
    call->on_strand(
        [call, begin = std::move(begin)](RouterView& router) {
          begin(router, [call](Write write) { call->on_worker([call, write] { call->answer(write); }); });
        },
        Needs::nothing);
    return reactor;
  }

  UnaryCall(std::shared_ptr<Context> context, Response* response)
      : Call(std::move(context)), response_(response) {}

  void end(grpc::Status status) override {
    if (auto* reactor = take_reactor()) reactor->Finish(std::move(status));
  }

 private:
  class Reactor final : public grpc::ServerUnaryReactor {
   public:
    explicit Reactor(std::shared_ptr<UnaryCall> call) : call_(std::move(call)) {}
    void OnCancel() override {
      const auto call = call_;  // Finish may delete this reactor
      call->end(grpc::Status::CANCELLED);
    }
    void OnDone() override { delete this; }

   private:
    std::shared_ptr<UnaryCall> call_;
  };

  void answer(const Write& write) {
    Response answer;
    grpc::Status status = write(answer);
    // Only who holds the reactor may touch the response: gRPC frees it after Finish.
    if (auto* reactor = take_reactor()) {
      if (status.ok()) response_->Swap(&answer);
      reactor->Finish(std::move(status));
    }
  }
  [[nodiscard]] Reactor* take_reactor() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(reactor_, nullptr);
  }

  Response* response_;
  std::mutex mutex_;
  Reactor* reactor_ = nullptr;  ///< null when the call has ended
};

/// An answer in parts. At most one part is on its way at a time, so a slow client slows only its own call.
///
/// The status goes behind the part that is on its way. A client that does not take that part would keep the
/// call for as long as it stays connected; so when the grace time is over the call is cancelled.
template <class Response>
class StreamCall : public Call {
 public:
  using Call::Call;

  void end(grpc::Status status) override {
    bool waits = false;
    {
      const std::scoped_lock lock(mutex_);
      if (ended_) return;
      ended_ = true;
      status_ = std::move(status);
      waits = part_pending_;
    }
    finish_if_due();
    if (waits) on_worker([this] { start_grace(); });
    on_ended();
  }

 protected:
  /// To be called once, before anything else; give the result to gRPC.
  [[nodiscard]] grpc::ServerWriteReactor<Response>* open(grpc::CallbackServerContext& server_context) {
    auto self = std::static_pointer_cast<StreamCall>(shared_from_this());
    server_context_ = &server_context;
    reactor_ = new Reactor(self);
    context().add(self);
    return reactor_;
  }
  /// On the worker, when the part before has gone out: prepare the next, then write() or end().
  virtual void next() = 0;
  /// Once, after the end.
  virtual void on_ended() {}

  [[nodiscard]] bool ended() {
    const std::scoped_lock lock(mutex_);
    return ended_;
  }
  /// On the worker, when nothing is on its way.
  void write(Response&& part) {
    {
      const std::scoped_lock lock(mutex_);
      if (ended_) return;
      part_pending_ = true;
      inside_grpc_ = true;
    }
    part_ = std::move(part);
    reactor_->StartWrite(&part_);
    leave_grpc();
  }

 private:
  class Reactor final : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Reactor(std::shared_ptr<StreamCall> call) : call_(std::move(call)) {}
    void OnWriteDone(bool ok) override {
      const auto call = call_;
      call->part_done();
      if (!ok) {
        call->end(grpc::Status::CANCELLED);
      } else {
        call->on_worker([call] { call->next(); });
      }
    }
    void OnCancel() override {
      const auto call = call_;
      call->end(grpc::Status::CANCELLED);
    }
    void OnDone() override { delete this; }

   private:
    std::shared_ptr<StreamCall> call_;
  };

  void part_done() {
    {
      const std::scoped_lock lock(mutex_);
      part_pending_ = false;
    }
    finish_if_due();
  }
  void leave_grpc() {
    {
      const std::scoped_lock lock(mutex_);
      inside_grpc_ = false;
    }
    finish_if_due();
  }
  /// Reactor and context live until Finish(), and gRPC may run callbacks of this and other calls inside of
  /// what we call there. So such calls are made without the lock, and Finish() waits for them.
  void finish_if_due() {
    std::optional<grpc::Status> status;
    {
      const std::scoped_lock lock(mutex_);
      if (part_pending_ || inside_grpc_) return;
      status.swap(status_);
    }
    if (!status) return;
    reactor_->Finish(*std::move(status));
    on_worker([this] { grace_.reset(); });
  }
  /// On the worker.
  void start_grace() {
    {
      const std::scoped_lock lock(mutex_);
      if (!part_pending_) return;
    }
    grace_ = context().make_timer();
    grace_->expires_after(context().slow_client_grace());
    grace_->async_wait([self = shared_from_this(), this](const boost::system::error_code& error) {
      if (!error) cancel();
    });
  }
  void cancel() {
    {
      const std::scoped_lock lock(mutex_);
      if (!part_pending_) return;
      inside_grpc_ = true;
    }
    server_context_->TryCancel();
    leave_grpc();
  }

  std::mutex mutex_;
  bool ended_ = false;
  bool part_pending_ = false;           ///< given to gRPC, OnWriteDone has not come
  bool inside_grpc_ = false;            ///< the worker is in a call of reactor_ or server_context_
  std::optional<grpc::Status> status_;  ///< of the end, until Finish
  Reactor* reactor_ = nullptr;          ///< alive until Finish
  grpc::CallbackServerContext* server_context_ = nullptr;  ///< alive until Finish
  std::unique_ptr<boost::asio::steady_timer> grace_;       ///< of the worker
  Response part_;
};

/// A stream that only says why there is none.
template <class Response>
[[nodiscard]] grpc::ServerWriteReactor<Response>* refused(grpc::Status status) {
  class Refusal final : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Refusal(grpc::Status status) { this->Finish(std::move(status)); }
    void OnDone() override { delete this; }
  };
  return new Refusal(std::move(status));
}

}  // namespace wgospf::daemon::api
