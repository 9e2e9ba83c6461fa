#include "daemon/reloader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/unconfirmed.h"

namespace wgospf::daemon {

namespace {

/// Of a configuration that is wrong so many errors are told, and of one that is right so many changes.
constexpr std::size_t kErrorsTold = 20, kChangesLogged = 10;
/// Who asks while so many wait is refused.
constexpr std::size_t kMostWaiting = 16;
constexpr const char* kNotConfirmed =
    "the configuration was not confirmed, and the former one is in force; \"wgospfctl reload\" takes it over";
constexpr const char* kStopping = "wgospfd is stopping";

}  // namespace

void Reloader::reload(const ReloadOrder& order, Done done) {
  if (is_stopped_) return done(Error{ErrorCode::rejected, kStopping});
  if (waiting_.size() >= kMostWaiting)
    return done(
        Error{ErrorCode::would_block, "too many reloads are under way; try again when they have ended"});
  if (order.confirm_within.count() > 0 && !hooks_.has_file)
    return done(Error{ErrorCode::rejected, "--auto follows the machine: there is no file to be confirmed"});
  waiting_.push_back({order, std::move(done)});
  if (waiting_.size() == 1) begin();
}

void Reloader::stop() {
  is_stopped_ = true;
  timer_.cancel();
}

void Reloader::begin() {
  hooks_.busy(true);
  const auto& order = waiting_.front().order;
  const bool is_plain = order.confirm_within.count() == 0 && !order.is_dry_run;
  if (former_ && is_plain)
    return end(
        refused({"a configuration waits for \"wgospfctl confirm\""}, "nothing is taken over meanwhile"));
  load();
}

/// To be compared, both are printed and parsed: with a thousand interfaces that takes longer than a hello may be late.
void Reloader::load() {
  auto before = std::make_shared<const Config>(hooks_.in_force());
  auto result = std::make_shared<ConfigResult>();
  auto changes = std::make_shared<std::vector<ConfigChange>>();
  jobs_.run(
      [before, result, changes, load = hooks_.load] {
        *result = load();
        if (const auto* config = std::get_if<Config>(result.get()))
          *changes = changes_between(*before, *config);
      },
      [this, before, result, changes] {
        // Another one may be in force by now: --auto has chosen again, or one came back that was not confirmed.
        if (!is_stopped_ && *before != hooks_.in_force()) return load();
        waiting_.front().answer.changes = std::move(*changes);
        loaded(std::move(*result));
      });
}

void Reloader::loaded(ConfigResult result) {
  if (is_stopped_) return end(Error{ErrorCode::rejected, kStopping});
  if (const auto* errors = std::get_if<1>(&result)) {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < std::min(errors->size(), kErrorsTold); ++i)
      lines.push_back((*errors)[i].to_string());
    if (errors->size() > kErrorsTold)
      lines.push_back(fmt::format("and {} more errors in it", errors->size() - kErrorsTold));
    return end(refused(lines, "the configuration is not taken over; the former one stays in force"));
  }
  Item& item = waiting_.front();
  item.config = std::get<0>(std::move(result));
  if (const auto reasons = hooks_.obstacles(*item.config); !reasons.empty())
    return end(
        refused(reasons, "the configuration needs a restart; the former one stays in force until then"));
  look_ahead();
}

/// A plain reload is one that goes at once.
void Reloader::look_ahead() {
  const Item& item = waiting_.front();
  const bool is_plain = item.order.confirm_within.count() == 0 && !item.order.is_dry_run;
  if (is_plain) return take();
  if (!hooks_.gather(*item.config, [this](PreviewFacts facts) { calculate(std::move(facts)); }))
    end(refused({"there is no router yet that it could be tried on"}, "the configuration is not taken over"));
}

void Reloader::calculate(PreviewFacts facts) {
  auto shared = std::make_shared<PreviewFacts>(std::move(facts));
  auto result = std::make_shared<Preview>();
  jobs_.run([shared, result] { *result = preview(*shared); },
            [this, result] {
              Item& item = waiting_.front();
              item.answer.preview = std::move(*result);
              if (!item.order.is_dry_run) return note_former();
              item.answer.is_taken_over = false;
              end(std::move(item.answer));
            });
}

void Reloader::note_former() {
  auto former = std::make_shared<const Config>(former_ ? *former_ : hooks_.in_force());
  auto unconfirmed = std::make_shared<const Config>(*waiting_.front().config);
  auto result = std::make_shared<Result<void>>();
  jobs_.run(
      [former, unconfirmed, result] { *result = write_unconfirmed(*former, *unconfirmed); },
      [this, result] {
        if (*result) return take();
        end(refused({result->error().text}, "the configuration is not taken over: the way back is not safe"));
      });
}

void Reloader::take() {
  if (is_stopped_) return end(Error{ErrorCode::rejected, kStopping});
  Item& item = waiting_.front();
  const auto time = item.order.confirm_within;
  const Config before = former_ ? *former_ : hooks_.in_force();
  if (const auto reasons = hooks_.take_over(*item.config); !reasons.empty()) {
    if (time.count() > 0 && !former_) forget_former();
    return end(
        refused(reasons, "the configuration needs a restart; the former one stays in force until then"));
  }
  tell_changes(item.answer.changes);
  hooks_.tell(Severity::info, "the configuration is taken over");
  if (time.count() > 0) {
    former_ = before;
    wait_for_confirmation(time);
  } else if (std::exchange(is_file_refused_, false)) {
    hooks_.warn({});
    forget_former();
  }
  item.answer.confirm_within = time;
  end(std::move(item.answer));
}

void Reloader::end(Result<ReloadAnswer> answer) {
  hooks_.busy(false);
  const auto done = std::move(waiting_.front().done);
  waiting_.pop_front();
  if (!waiting_.empty()) begin();
  done(std::move(answer));
}

Error Reloader::refused(const std::vector<std::string>& reasons, const char* summary) {
  std::string text = summary;
  for (const auto& reason : reasons) {
    hooks_.tell(Severity::error, reason);
    text += "\n" + reason;
  }
  hooks_.tell(Severity::error, summary);
  return {ErrorCode::rejected, std::move(text)};
}

void Reloader::tell_changes(const std::vector<ConfigChange>& changes) {
  for (std::size_t i = 0; i < std::min(changes.size(), kChangesLogged); ++i)
    hooks_.tell(Severity::info, to_string(changes[i]));
  if (changes.size() > kChangesLogged)
    hooks_.tell(Severity::info, fmt::format("and {} more changes", changes.size() - kChangesLogged));
}

// Until it is confirmed
// -------------------------------------------------------------------------------------

void Reloader::wait_for_confirmation(std::chrono::seconds time) {
  is_file_refused_ = false;
  hooks_.warn(
      fmt::format("the configuration waits for \"wgospfctl confirm\"; without it the former one comes back "
                  "within {} s of the reload",
                  time.count()));
  timer_.expires_after(time);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !is_stopped_ && former_) bring_back();
  });
}

void Reloader::bring_back() {
  const Config former = *std::exchange(former_, std::nullopt);
  is_file_refused_ = true;
  hooks_.tell(Severity::warning, "nobody has confirmed the configuration: the former one comes back");
  for (const auto& reason : hooks_.take_over(former)) hooks_.tell(Severity::error, reason);
  hooks_.warn(kNotConfirmed);
}

void Reloader::started_with_former() {
  is_file_refused_ = true;
  hooks_.warn(kNotConfirmed);
}

void Reloader::confirm(RouterView::Confirmed done) {
  if (!former_)
    return done(
        Error{ErrorCode::rejected, is_file_refused_ ? kNotConfirmed : "no configuration waits for it"});
  // The file that is to go would be the next one's.
  if (!waiting_.empty())
    return done(Error{ErrorCode::would_block, "a reload is under way; confirm again when it has ended"});
  timer_.cancel();
  former_.reset();
  hooks_.warn({});
  hooks_.tell(Severity::info, "the configuration is confirmed");
  auto result = std::make_shared<Result<void>>();
  jobs_.run(
      [result, directory = hooks_.in_force().state_directory] { *result = remove_unconfirmed(directory); },
      [result, done = std::move(done)] { done(std::move(*result)); });
}

void Reloader::forget_former() {
  auto result = std::make_shared<Result<void>>();
  jobs_.run(
      [result, directory = hooks_.in_force().state_directory] { *result = remove_unconfirmed(directory); },
      [this, result] {
        if (!*result) hooks_.tell(Severity::error, result->error().text);
      });
}

}  // namespace wgospf::daemon
