#include "ui/models/run_text.h"

#include <QDateTime>
#include <cmath>

#include "engine/base/text.h"
#include "engine/store/run_labels.h"

namespace weft::ui {

using store::RunState;

namespace {
const QString kNone = QStringLiteral("–");
}

QStringList runLabels(const std::vector<store::RunSummary>& shown) {
  QStringList labels;
  labels.reserve(static_cast<qsizetype>(shown.size()));
  for (const std::string& label : store::runLabels(shown)) labels << QString::fromStdString(label);
  return labels;
}

QString fieldText(const store::RunField& field, const store::RunSummary& run) {
  if (field.isFlag()) return store::numberOf(field, run) == 1.0 ? QStringLiteral("yes") : QString();
  if (!field.isNumber()) return QString::fromStdString(store::textOf(field, run));
  const std::optional<double> value = store::numberOf(field, run);
  if (!value || !std::isfinite(*value)) return kNone;
  switch (field.style) {
    case store::FieldStyle::Count:
      return countText(*value);
    case store::FieldStyle::Bytes:
      return bytesPerTokenText(value);
    case store::FieldStyle::Perplexity:
      return perplexityText(value);
    case store::FieldStyle::Loss:
      return QString::number(*value, 'f', 3);
    case store::FieldStyle::Rate:
      return rateText(value);
    case store::FieldStyle::Share:
      return QStringLiteral("%1%").arg(std::floor(*value * 100));
    case store::FieldStyle::Time:
      return *value > 0
                 ? QDateTime::fromSecsSinceEpoch(std::llround(*value)).toString(QStringLiteral("yyyy-MM-dd hh:mm"))
                 : kNone;
    case store::FieldStyle::Plain:
      break;
  }
  return *value == std::floor(*value) ? QString::number(static_cast<qlonglong>(*value))
                                      : QString::number(*value, 'f', 2);
}

QString stateLabel(RunState state) {
  switch (state) {
    case RunState::Draft:
      return QStringLiteral("Draft");
    case RunState::Queued:
      return QStringLiteral("Queued");
    case RunState::Held:
      return QStringLiteral("Held");
    case RunState::Starting:
      return QStringLiteral("Starting");
    case RunState::Running:
      return QStringLiteral("Running");
    case RunState::Stopping:
      return QStringLiteral("Stopping");
    case RunState::Paused:
      return QStringLiteral("Paused");
    case RunState::Stopped:
      return QStringLiteral("Stopped");
    case RunState::Finished:
      return QStringLiteral("Finished");
    case RunState::Failed:
      return QStringLiteral("Failed");
    case RunState::Killed:
      return QStringLiteral("Killed");
    case RunState::Lost:
      return QStringLiteral("Lost");
  }
  return {};
}

QString stateIconName(RunState state) {
  switch (state) {
    case RunState::Draft:
      return QStringLiteral("draft");
    case RunState::Queued:
      return QStringLiteral("queued");
    case RunState::Held:
      return QStringLiteral("held");
    case RunState::Starting:
      return QStringLiteral("starting");
    case RunState::Running:
      return QStringLiteral("play");
    case RunState::Stopping:
      return QStringLiteral("clock");
    case RunState::Paused:
      return QStringLiteral("pause");
    case RunState::Stopped:
      return QStringLiteral("stop");
    case RunState::Finished:
      return QStringLiteral("check");
    case RunState::Failed:
      return QStringLiteral("failed");
    case RunState::Killed:
      return QStringLiteral("kill");
    case RunState::Lost:
      return QStringLiteral("lost");
  }
  return {};
}

int stateOrder(RunState state) {
  switch (state) {
    case RunState::Running:
      return 0;
    case RunState::Starting:
      return 1;
    case RunState::Stopping:
      return 2;
    case RunState::Paused:
      return 3;
    case RunState::Queued:
      return 4;
    case RunState::Held:
      return 5;
    case RunState::Draft:
      return 6;
    case RunState::Finished:
      return 7;
    case RunState::Stopped:
      return 8;
    case RunState::Killed:
      return 9;
    case RunState::Failed:
      return 10;
    case RunState::Lost:
      return 11;
  }
  return 12;
}

QString headsText(const store::RunSummary& run) {
  if (run.queryHeads == 0) return kNone;
  return QStringLiteral("%1 / %2 × %3").arg(run.queryHeads).arg(run.kvHeads).arg(run.headWidth);
}

QString countText(double count) { return count > 0 ? QString::fromStdString(formatCount(count)) : kNone; }

QString rateText(std::optional<double> perSecond) {
  if (!perSecond || !std::isfinite(*perSecond)) return kNone;
  if (*perSecond >= 1e6) return QStringLiteral("%1 M").arg(*perSecond / 1e6, 0, 'f', 1);
  if (*perSecond >= 1e4) return QStringLiteral("%1 k").arg(*perSecond / 1e3, 0, 'f', 1);
  if (*perSecond >= 100) return QString::fromStdString(groupDigits(std::llround(*perSecond)));
  return QString::number(*perSecond, 'f', 1);
}

QString perplexityText(std::optional<double> value) {
  return value && std::isfinite(*value) ? QString::fromStdString(formatPerplexity(*value)) : kNone;
}

QString bytesPerTokenText(std::optional<double> bytes) {
  if (!bytes || !std::isfinite(*bytes) || *bytes <= 0) return kNone;
  const double rounded = std::round(*bytes);
  if (std::abs(*bytes - rounded) < 0.005)
    return QString::fromStdString(groupDigits(static_cast<std::int64_t>(rounded)));
  return QString::number(*bytes, 'f', *bytes < 100 ? 2 : 1);
}

QString kvBytesText(const store::RunSummary& run) {
  const QString bytes = bytesPerTokenText(run.kvBytesPerToken) + QStringLiteral(" B"),
                type = QString::fromStdString(run.kvType);
  if (type.isEmpty()) return bytes;
  return run.cache.empty() ? QStringLiteral("%1 in %2").arg(bytes, type)
                           : QStringLiteral("%1 with %2").arg(bytes, type);
}

QString progressText(const store::RunSummary& run) {
  const auto steps = [](std::int64_t n) { return QString::fromStdString(groupDigits(n)); };
  const QString percent = QStringLiteral("%1%").arg(std::floor(qBound(0.0, run.progress, 1.0) * 100), 0, 'f', 0);
  switch (run.state) {
    case RunState::Finished:
      return run.steps > 0 ? QStringLiteral("%1 steps").arg(steps(run.steps)) : QStringLiteral("done");
    case RunState::Failed:
    case RunState::Lost:
      if (!run.failure.empty()) return QString::fromStdString(run.failure);
      return QStringLiteral("at step %1").arg(steps(run.step));
    case RunState::Stopped:
    case RunState::Paused:
    case RunState::Killed:
      return QStringLiteral("at %1, resumable").arg(percent);
    case RunState::Queued:
      return run.step > 0 ? QStringLiteral("waits at %1").arg(percent) : QStringLiteral("waits");
    case RunState::Held:
      return QStringLiteral("held");
    case RunState::Draft:
      return {};
    default:
      return percent;
  }
}

QString ageText(double time_s, double now_s) {
  if (time_s <= 0) return {};
  const double age = now_s - time_s;
  if (age < 60) return QStringLiteral("now");
  if (age < 3600) return QStringLiteral("%1 min").arg(static_cast<int>(age / 60));
  if (age < 86400) return QStringLiteral("%1 h").arg(static_cast<int>(age / 3600));
  return QStringLiteral("%1 d").arg(static_cast<int>(age / 86400));
}

QString durationText(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return kNone;
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole < 60) return QStringLiteral("%1 s").arg(whole);
  if (whole < 3600) return QStringLiteral("%1 min").arg(whole / 60);
  if (whole < 86400) return QStringLiteral("%1 h %2 min").arg(whole / 3600).arg(whole % 3600 / 60);
  return QStringLiteral("%1 d %2 h").arg(whole / 86400).arg(whole % 86400 / 3600);
}

double now_s() { return static_cast<double>(QDateTime::currentMSecsSinceEpoch()) / 1000; }

std::optional<double> timeLeft_s(const store::RunSummary& run, double now_s) {
  if (!store::isActive(run.state) || run.progress <= 0.001 || run.started <= 0 || now_s <= run.started)
    return std::nullopt;
  return (now_s - run.started) * (1 - run.progress) / run.progress;
}

QString deviceName(const std::string& device) {
  const QString name = QString::fromStdString(device.substr(0, device.find(' ')));
  return name == u"cpu" ? QStringLiteral("CPU") : name;
}

QString deviceDetail(const std::string& device) {
  const std::size_t space = device.find(' ');
  return space == std::string::npos ? QString() : QString::fromStdString(device.substr(space + 1));
}

}  // namespace weft::ui
