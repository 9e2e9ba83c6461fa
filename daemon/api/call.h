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

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "daemon/router_view.h"

namespace wgospf::daemon::api {

class Call;

/// What all calls share. Outlives the server while closures of ended calls are still queued at the router.
class Context {
 public:
  Context(RouterView& router, std::size_t watch_queue_limit)
      : router_(router), watch_queue_limit_(watch_queue_limit) {}

  [[nodiscard]] RouterView& router() { return router_; }
  [[nodiscard]] std::size_t watch_queue_limit() const { return watch_queue_limit_; }
  /// After join() the task is dropped: all calls have ended by then.
  template <class Task>
  void on_worker(Task task) {
    const std::scoped_lock lock(mutex_);
    if (!joined_) boost::asio::post(worker_, std::move(task));
  }
  /// From now on until remove(), stop() ends it; at once if stop() was called before.
  void add(const std::shared_ptr<Call>& call);
  void remove(const Call* call);
  /// Ends all calls, those that come later too.
  void stop();
  /// Waits for the worker.
  void join();

 private:
  RouterView& router_;
  const std::size_t watch_queue_limit_;
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

  /// Ends the call unless it has ended. Any thread; the caller holds a reference.
  virtual void end(grpc::Status status) = 0;

 protected:
  /// Runs `task` on the strand soon. If the router ends first, the call ends with UNAVAILABLE.
  void on_strand(std::function<void(RouterView&)> task);
  void on_worker(std::function<void()> task) {
    context_->on_worker([self = shared_from_this(), task = std::move(task)] { task(); });
  }
  [[nodiscard]] Context& context() { return *context_; }

 private:
  std::shared_ptr<Context> context_;
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
                                                       Response* response, Gather gather) {
    auto call = std::make_shared<UnaryCall>(context, response);
    auto* reactor = new Reactor(call);
    call->reactor_ = reactor;
    context->add(call);
    call->on_strand([call, gather = std::move(gather)](RouterView& router) {
      call->on_worker([call, write = gather(router)] { call->answer(write); });
    });
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
template <class Response>
class StreamCall : public Call {
 public:
  using Call::Call;

  void end(grpc::Status status) override {
    bool finish_here = false;
    {
      const std::scoped_lock lock(mutex_);
      if (ended_) return;
      ended_ = true;
      finish_here = !starting_write_;
      if (!finish_here) deferred_ = status;  // write() finishes when gRPC has taken the part
    }
    if (finish_here) reactor_->Finish(std::move(status));
    on_ended();
  }

 protected:
  /// To be called once, before anything else; give the result to gRPC.
  [[nodiscard]] grpc::ServerWriteReactor<Response>* open() {
    auto self = std::static_pointer_cast<StreamCall>(shared_from_this());
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
      starting_write_ = true;
    }
    // Without the lock: gRPC may run callbacks of this and other calls in here. Finish() waits for us, and
    // the reactor lives until Finish().
    part_ = std::move(part);
    reactor_->StartWrite(&part_);
    std::optional<grpc::Status> status;
    {
      const std::scoped_lock lock(mutex_);
      starting_write_ = false;
      status.swap(deferred_);
    }
    if (status) reactor_->Finish(*std::move(status));
  }

 private:
  class Reactor final : public grpc::ServerWriteReactor<Response> {
   public:
    explicit Reactor(std::shared_ptr<StreamCall> call) : call_(std::move(call)) {}
    void OnWriteDone(bool ok) override {
      const auto call = call_;
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

  std::mutex mutex_;
  bool ended_ = false;
  bool starting_write_ = false;
  std::optional<grpc::Status> deferred_;
  Reactor* reactor_ = nullptr;  ///< alive until Finish
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
