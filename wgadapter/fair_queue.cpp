#include "wgadapter/fair_queue.h"

#include <algorithm>

namespace wgospf::wg {

void FairQueue::resize(Sender sender, Waiting& waiting, std::size_t bytes) {
  by_length_.erase({waiting.bytes, sender});
  bytes_ = bytes_ - waiting.bytes + bytes;
  waiting.bytes = bytes;
  if (bytes != 0) by_length_.emplace(bytes, sender);
}

void FairQueue::push(Sender sender, const Datagram& datagram) {
  const auto [found, is_new] = waiting_.try_emplace(sender);
  if (is_new) turns_.push_back(sender);
  Waiting& waiting = found->second;
  waiting.kept.push_back({datagram, {datagram.payload.begin(), datagram.payload.end()}});
  resize(sender, waiting, waiting.bytes + waiting.kept.back().size());
  while (bytes_ > room_) drop_last_of_longest();
}

void FairQueue::drop_last_of_longest() {
  const Sender sender = by_length_.rbegin()->second;
  Waiting& waiting = waiting_.at(sender);
  ++dropped_;
  dropped_source_ = waiting.kept.back().datagram.source;
  resize(sender, waiting, waiting.bytes - waiting.kept.back().size());
  waiting.kept.pop_back();
  if (!waiting.kept.empty()) return;
  waiting_.erase(sender);
  turns_.erase(std::find(turns_.begin(), turns_.end(), sender));
}

std::optional<Datagram> FairQueue::pop() {
  if (turns_.empty()) return std::nullopt;
  const Sender sender = turns_.front();
  turns_.pop_front();
  Waiting& waiting = waiting_.at(sender);
  Kept first = std::move(waiting.kept.front());
  resize(sender, waiting, waiting.bytes - first.size());
  waiting.kept.pop_front();
  if (waiting.kept.empty())
    waiting_.erase(sender);
  else
    turns_.push_back(sender);
  handed_out_ = std::move(first.payload);
  first.datagram.payload = handed_out_;
  return first.datagram;
}

}  // namespace wgospf::wg
