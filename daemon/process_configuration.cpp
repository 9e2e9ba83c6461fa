// Another configuration while the process runs: by a reload, or because `--auto` chooses another one.

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "daemon/links/auto_facts.h"
#include "daemon/process.h"
#include "daemon/service_manager.h"
#include "daemon/telling/log.h"

namespace wgospf::daemon {

namespace {
/// What `--auto` goes by is looked at this often.
constexpr std::chrono::seconds kBetweenChoices{10};
}  // namespace

ConfigResult choose_config_now() {
  auto chosen = choose_now();
  if (!chosen) return std::vector<ConfigError>{{"--auto", 0, 0, chosen.error().text}};
  for (const auto& reason : chosen->reasons) log(Severity::info, reason);
  return std::move(chosen->config);
}

void Process::tell(Severity severity, std::string text) {
  place_.notice(severity, "configuration", std::move(text));
}

void Process::reload() {
  reloader_.reload({}, [](const Result<ReloadAnswer>&) {});
}

Reloader::Hooks Process::reload_hooks() {
  return {[this] {
            return options_.is_auto ? choose_config_now()
                                    : load_config(options_.config_file, Pipes::refuse);  // without waiting
          },
          [this]() -> const Config& { return config_; },
          [this](const Config& config) { return obstacles(config); },
          [this](const Config& config) { return take_over(config); },
          [this](const Config& config, std::function<void(PreviewFacts)> done) {
            if (place_.router() != nullptr) place_.router()->gather(config, std::move(done));
            return place_.router() != nullptr;
          },
          [this](Severity severity, std::string text) { tell(severity, std::move(text)); },
          [this](const std::string& warning) { place_.set_warning("unconfirmed", warning); },
          [this](bool is_busy) { notify_of_reload(is_busy); },
          !options_.is_auto};
}

void Process::notify_of_reload(bool is_busy) {
  if (place_.router() == nullptr || stopping_) return;
  if (is_busy) {
    notify_reloading();
  } else {
    notify_service_manager("READY=1");
  }
}

void Process::choose_again_later() {
  choice_timer_.expires_after(kBetweenChoices);
  choice_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopping_) return;
    auto chosen = std::make_shared<std::optional<AutoConfig>>();
    jobs_.run(
        [chosen] {
          if (auto now = choose_now()) *chosen = std::move(now).value();
        },
        [this, chosen] {
          if (stopping_) return;
          if (*chosen && (*chosen)->config != config_) {
            for (const auto& reason : (*chosen)->reasons) tell(Severity::info, reason);
            for (const auto& obstacle : take_over((*chosen)->config)) tell(Severity::error, obstacle);
          }
          choose_again_later();
        });
  });
}

std::vector<std::string> Process::take_over_early(const Config& config) {
  const bool same_lock =
      config.rib.table == config_.rib.table && config.rib.lock_directory == config_.rib.lock_directory;
  if (!same_lock && !take_lock(config)) return {"the lock of its routing table cannot be had"};
  is_api_to_open_ = is_api_to_open_ || config.api != config_.api;
  config_ = config;
  set_log_level(level());
  metrics_.open(config_.metrics_listen);
  hooks_.configure(config_.on_event);
  loop_.stop();  // ends the wait, which looks at it
  return {};
}

std::vector<std::string> Process::obstacles(const Config& config) const {
  const Router* router = place_.router();
  if (router == nullptr) return {};
  return needs_restart(config_, config, router->protocol().router_id(), options_.config_file);
}

std::vector<std::string> Process::take_over(const Config& config) {
  Router* router = place_.router();
  if (router == nullptr) return take_over_early(config);
  if (auto reasons = obstacles(config); !reasons.empty()) return reasons;
  config_ = config;
  set_log_level(level());
  metrics_.open(config_.metrics_listen);
  hooks_.configure(config_.on_event);
  router->reconfigure(config);
  return {};
}

}  // namespace wgospf::daemon
