#include "ui/queue/lanes_widget.h"

#include <QDateTime>
#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <array>
#include <cmath>

#include "ui/models/run_text.h"
#include "ui/parts/theme.h"
#include "ui/parts/widgets.h"
#include "ui/plot/series_style.h"

namespace weft::ui {
namespace {

constexpr int kDevices = 224, kAxis = 28, kLane = 66;

struct TickStep {
  double seconds;
  const char* format;
};
constexpr std::array<TickStep, 14> kTickSteps{{{10, "HH:mm:ss"},
                                               {30, "HH:mm:ss"},
                                               {60, "HH:mm"},
                                               {120, "HH:mm"},
                                               {300, "HH:mm"},
                                               {600, "HH:mm"},
                                               {1800, "HH:mm"},
                                               {3600, "HH:mm"},
                                               {7200, "HH:mm"},
                                               {21600, "ddd HH:mm"},
                                               {43200, "ddd HH:mm"},
                                               {86400, "ddd d"},
                                               {172800, "ddd d"},
                                               {604800, "d MMM"}}};

QString clockText(double time_s) {
  return QDateTime::fromSecsSinceEpoch(static_cast<qint64>(time_s)).toString(QStringLiteral("HH:mm"));
}

QColor faint(const QColor& color, const QColor& under, double share) {
  return QColor::fromRgbF(static_cast<float>(color.redF() * share + under.redF() * (1 - share)),
                          static_cast<float>(color.greenF() * share + under.greenF() * (1 - share)),
                          static_cast<float>(color.blueF() * share + under.blueF() * (1 - share)));
}

}  // namespace

LanesWidget::LanesWidget(QWidget* parent) : QWidget(parent), m_snapshot(std::make_shared<RunsSnapshot>()) {
  setAccessibleName(QStringLiteral("Devices and their jobs over time"));
  m_plan.lanes = {"CPU"};
}

QSize LanesWidget::sizeHint() const {
  return {900, kAxis + kLane * static_cast<int>(std::min<std::size_t>(m_plan.lanes.size(), 8)) + 1};
}

void LanesWidget::setPlan(std::shared_ptr<const RunsSnapshot> snapshot, QueuePlan plan, double now_s) {
  const bool resized = plan.lanes.size() != m_plan.lanes.size();
  m_snapshot = std::move(snapshot);
  m_plan = std::move(plan);
  m_now_s = now_s;
  double first = now_s, last = now_s + 120;
  for (const PlannedJob& job : m_plan.jobs) {
    first = std::min(first, job.start_s);
    last = std::max(last, job.end_s);
  }
  // A third of the axis is past at most: what comes matters more.
  m_from_s = std::max(first, now_s - (last - now_s) / 2);
  m_from_s -= (last - m_from_s) * 0.03;
  m_to_s = last + (last - m_from_s) * 0.05;
  QStringList spoken;
  for (const PlannedJob& job : m_plan.jobs) {
    QStringList devices;
    for (const int lane : job.lanes) devices << QString::fromStdString(m_plan.lanes[static_cast<std::size_t>(lane)]);
    spoken << QStringLiteral("%1 %2 on %3")
                  .arg(nameOf(job), job.isRunning ? QStringLiteral("running") : QStringLiteral("planned"),
                       devices.join(QStringLiteral(", ")));
  }
  setAccessibleDescription(spoken.join(QStringLiteral("; ")));
  if (resized) updateGeometry();
  update();
}

void LanesWidget::setSelected(store::JobId job) {
  m_selected = job;
  update();
}

double LanesWidget::xOf(double time_s) const {
  return kDevices + (width() - kDevices) * (time_s - m_from_s) / std::max(1.0, m_to_s - m_from_s);
}

QString LanesWidget::nameOf(const PlannedJob& job) const {
  return m_name ? m_name(job.job) : m_snapshot->label(job.run);
}

QRectF LanesWidget::areaOf(const PlannedJob& job, int lane) const {
  const double left = std::max<double>(kDevices + 4, std::round(xOf(job.start_s)));
  const double right = std::max(left + 6, std::round(xOf(job.end_s)) - 3);
  return {left, static_cast<double>(kAxis + lane * kLane + 8), right - left, kLane - 16.0};
}

store::JobId LanesWidget::jobAt(QPointF position) const {
  for (const PlannedJob& job : m_plan.jobs)
    for (const int lane : job.lanes)
      if (areaOf(job, lane).contains(position)) return job.job;
  return {};
}

void LanesWidget::paintAxis(QPainter& painter) const {
  const Theme& theme = Theme::current();
  painter.fillRect(QRect(0, 0, width(), kAxis), theme.header);
  painter.setFont(captionFont());
  painter.setPen(theme.text2);
  painter.drawText(QRect(metrics::pageMargin, 0, kDevices, kAxis), Qt::AlignVCenter, QStringLiteral("Devices"));
  const double perPixel = (m_to_s - m_from_s) / std::max(1, width() - kDevices);
  const auto step =
      std::find_if(kTickSteps.begin(), kTickSteps.end(), [&](const TickStep& s) { return s.seconds / perPixel >= 84; });
  const TickStep& chosen = step == kTickSteps.end() ? kTickSteps.back() : *step;
  const double offset = QDateTime::currentDateTime().offsetFromUtc();
  const int height = this->height();
  for (double tick = std::ceil((m_from_s + offset) / chosen.seconds) * chosen.seconds - offset; tick < m_to_s;
       tick += chosen.seconds) {
    const int x = static_cast<int>(std::round(xOf(tick)));
    if (x < kDevices + 4) continue;
    painter.fillRect(QRect(x, kAxis, 1, height - kAxis), theme.grid);
    const QString label =
        QDateTime::fromSecsSinceEpoch(static_cast<qint64>(tick)).toString(QString::fromLatin1(chosen.format));
    const QRect area(x + 5, 0, painter.fontMetrics().horizontalAdvance(label) + 2, kAxis);
    if (!area.intersects(nowTag(painter.fontMetrics()))) painter.drawText(area, Qt::AlignVCenter, label);
  }
}

void LanesWidget::paintJob(QPainter& painter, const PlannedJob& job, int lane, int number) const {
  const store::RunSummary* run = m_snapshot->find(job.run);
  const Theme& theme = Theme::current();
  const SeriesStyle style = runStyle(job.run, theme);
  const QRectF area = areaOf(job, lane);
  const bool isSelected = job.job == m_selected;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  if (job.isRunning) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(faint(style.fill, theme.panel, 0.16));
    painter.drawRoundedRect(area, 3, 3);
    painter.setClipRect(QRectF(area.left(), area.top(), std::max(0.0, xOf(m_now_s) - area.left()), area.height()));
    painter.setBrush(faint(style.fill, theme.panel, theme.dark ? 0.45 : 0.36));
    painter.drawRoundedRect(area, 3, 3);
    painter.setClipping(false);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(style.line, isSelected ? 2.5 : 1));
    painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
  } else {
    painter.setBrush(theme.panel);
    QPen pen(isSelected ? theme.accent : theme.controlEdge, isSelected ? 2 : 1);
    pen.setDashPattern({4, 3});
    painter.setPen(pen);
    painter.drawRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
  }
  painter.setClipRect(area.adjusted(2, 0, -4, 0));
  double left = area.left() + 8;
  if (!job.isRunning) left += paintKeyCap(painter, {left, area.top() + 16}, QString::number(number), theme) + 8;
  QFont name = bodyFont();
  name.setWeight(job.isRunning ? QFont::DemiBold : QFont::Medium);
  painter.setFont(name);
  painter.setPen(theme.text);
  const QRectF title(left, area.top() + 6, area.right() - left - 4, 20);
  // In the middle, so that the seed at its end stays.
  painter.drawText(title, Qt::AlignVCenter | Qt::TextSingleLine,
                   QFontMetricsF(name).elidedText(nameOf(job), Qt::ElideMiddle, std::max(0.0, title.width())));
  painter.setFont(captionFont());
  painter.setPen(theme.text2);
  const QString length = durationText(job.end_s - std::max(job.start_s, m_now_s));
  const QString detail = job.isRunning
                             ? (!run                ? QString()
                                : job.isLengthKnown ? QStringLiteral("%1, %2 left").arg(progressText(*run), length)
                                                    : progressText(*run))
                             : (job.isLengthKnown ? length : QStringLiteral("length not known yet"));
  painter.drawText(QRectF(left, area.top() + 26, area.right() - left - 4, 16), Qt::AlignVCenter | Qt::TextSingleLine,
                   detail);
  painter.restore();
}

void LanesWidget::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  painter.fillRect(rect(), theme.panel);
  paintAxis(painter);
  for (std::size_t lane = 0; lane < m_plan.lanes.size(); ++lane) {
    const int top = kAxis + static_cast<int>(lane) * kLane;
    painter.fillRect(QRect(0, top, width(), 1), theme.hairline);
    painter.setFont(sectionFont());
    painter.setPen(theme.text);
    const QString name = deviceName(m_plan.lanes[lane]), about = deviceDetail(m_plan.lanes[lane]);
    painter.drawText(QRect(metrics::pageMargin, top + 6, kDevices - 32, 20), Qt::AlignVCenter, name);
    painter.setFont(captionFont());
    painter.setPen(theme.text3);
    painter.drawText(QRect(metrics::pageMargin, top + 25, kDevices - 32, 16), Qt::AlignVCenter,
                     painter.fontMetrics().elidedText(about, Qt::ElideRight, kDevices - 32));
    const auto job = std::find_if(m_plan.jobs.begin(), m_plan.jobs.end(), [&](const PlannedJob& j) {
      return j.isRunning && std::find(j.lanes.begin(), j.lanes.end(), static_cast<int>(lane)) != j.lanes.end();
    });
    const store::RunSummary* run = job == m_plan.jobs.end() ? nullptr : m_snapshot->find(job->run);
    painter.setPen(theme.text2);
    const QString state = job == m_plan.jobs.end()
                              ? (m_snapshot->engineRunning ? QStringLiteral("free") : QStringLiteral("engine stopped"))
                          : !run                 ? nameOf(*job)
                          : run->tokensPerSecond ? QStringLiteral("%1 tokens/s").arg(rateText(run->tokensPerSecond))
                                                 : QString::fromStdString(run->phase);
    painter.drawText(QRect(metrics::pageMargin, top + 42, kDevices - 32, 16), Qt::AlignVCenter, state);
  }
  painter.fillRect(QRect(kDevices, 0, 1, height()), theme.hairline);
  painter.fillRect(QRect(0, height() - 1, width(), 1), theme.hairline);
  painter.setClipRect(QRect(kDevices + 1, 0, width() - kDevices - 1, height()));
  int number = 0;
  for (const PlannedJob& job : m_plan.jobs) {
    if (!job.isRunning) ++number;
    for (const int lane : job.lanes) paintJob(painter, job, lane, number);
  }
  // Now: the one red line.
  const int x = static_cast<int>(std::round(xOf(m_now_s > 0 ? m_now_s : now_s())));
  painter.setClipping(false);
  if (m_now_s > 0) {
    painter.fillRect(QRect(x, kAxis - 4, 2, height() - kAxis + 4), theme.error);
    painter.setFont(captionFont());
    const QRect tag = nowTag(painter.fontMetrics());
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.error);
    painter.drawRoundedRect(tag, 3, 3);
    painter.setPen(theme.dark ? theme.onAccent : theme.panel);
    painter.drawText(tag, Qt::AlignCenter, clockText(m_now_s));
  }
}

// The red cap of the line that is now; empty if the time is not known.
QRect LanesWidget::nowTag(const QFontMetrics& font) const {
  if (m_now_s <= 0) return {};
  const int width = font.horizontalAdvance(clockText(m_now_s)) + 12;
  return {static_cast<int>(std::round(xOf(m_now_s))) + 1 - width / 2, 5, width, 18};
}

void LanesWidget::mousePressEvent(QMouseEvent* event) {
  if (const store::JobId job = jobAt(event->position()); job.value != 0) Q_EMIT jobClicked(job);
}

bool LanesWidget::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const PlannedJob* job = m_plan.find(jobAt(help->pos()));
    const store::RunSummary* run = job ? m_snapshot->find(job->run) : nullptr;
    QToolTip::showText(help->globalPos(),
                       !job  ? QString()
                       : run ? QStringLiteral("%1\n%2").arg(nameOf(*job), QString::fromStdString(run->map))
                             : nameOf(*job),
                       this);
    return true;
  }
  return QWidget::event(event);
}

}  // namespace weft::ui
