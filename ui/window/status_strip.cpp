#include "ui/window/status_strip.h"

#include <QMouseEvent>
#include <QPainter>
#include <QTimer>
#include <algorithm>

#include "ui/models/run_text.h"
#include "ui/parts/icons.h"
#include "ui/parts/theme.h"

namespace weft::ui {

StatusStrip::StatusStrip(QWidget* parent)
    : QWidget(parent), m_clock(new QTimer(this)), m_messageTimer(new QTimer(this)) {
  setMouseTracking(true);
  setAccessibleName(QStringLiteral("Status"));
  setFixedHeight(sizeHint().height());
  connect(m_clock, &QTimer::timeout, this, qOverload<>(&QWidget::update));
  m_clock->start(1000);
  m_messageTimer->setSingleShot(true);
  connect(m_messageTimer, &QTimer::timeout, this, [this] {
    m_message.clear();
    update();
  });
}

QSize StatusStrip::sizeHint() const {
  return {400, qMax(metrics::statusBar, QFontMetrics(captionFont()).height() + 10)};
}

void StatusStrip::setSnapshot(std::shared_ptr<const RunsSnapshot> snapshot) {
  m_snapshot = std::move(snapshot);
  m_readAt_s = now_s();
  setAccessibleDescription(engineText());
  update();
}

void StatusStrip::showMessage(const QString& sentence) {
  m_message = sentence;
  m_messageTimer->start(8000);
  update();
}

void StatusStrip::setOpening(const QString& project) {
  m_opening = project;
  setAccessibleDescription(engineText());
  update();
}

QString StatusStrip::engineText() const {
  if (!m_opening.isEmpty()) return QStringLiteral("Opening %1 ...").arg(m_opening);
  if (!m_snapshot) return QStringLiteral("No project");
  int running = 0, queued = 0;
  for (const store::Job& job : m_snapshot->jobs) {
    running += store::isActive(job.state);
    queued += job.state == store::JobState::Queued;
  }
  if (!m_snapshot->engineRunning)
    return queued > 0 ? QStringLiteral("Engine: stopped, %1 queued").arg(queued) : QStringLiteral("Engine: stopped");
  if (running + queued == 0) return QStringLiteral("Engine: idle");
  return QStringLiteral("Engine: %1 running, %2 queued").arg(running).arg(queued);
}

QString StatusStrip::storeText() const {
  if (!m_snapshot) return {};
  if (m_snapshot->updated <= 0) return QStringLiteral("Store up to date");
  const double age = std::max(0.0, now_s() - m_snapshot->updated);
  return QStringLiteral("Store up to date, %1 ago")
      .arg(age < 60 ? QStringLiteral("%1 s").arg(static_cast<int>(age)) : durationText(age));
}

void StatusStrip::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  painter.fillRect(rect(), theme.window);
  painter.fillRect(QRect(0, 0, width(), 1), theme.hairline);
  painter.setFont(captionFont());
  const QFontMetricsF font(captionFont());
  const qreal middle = height() / 2.0;
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  const bool isRunning = m_snapshot && m_snapshot->engineRunning;
  painter.setBrush(isRunning ? theme.good : theme.heads);
  // A running engine is a full dot, a stopped one a ring: not by colour alone.
  if (isRunning) {
    painter.drawEllipse(QPointF(28, middle), 4, 4);
  } else {
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.heads, 1.5));
    painter.drawEllipse(QPointF(28, middle), 3.5, 3.5);
  }
  painter.setPen(theme.text2);
  qreal left = 38;
  const auto text = [&](const QString& what) {
    const qreal width = font.horizontalAdvance(what);
    painter.drawText(QRectF(left, 0, width + 2, height()), Qt::AlignVCenter, what);
    left += width + 16;
    return QRectF(left - width - 16, 0, width, height());
  };
  m_engineArea = text(engineText()).adjusted(-16, 0, 0, 0);
  m_startArea = {};
  if (m_snapshot && !isRunning) {
    painter.setPen(theme.accent);
    m_startArea = text(QStringLiteral("Start"));
    painter.setPen(theme.text2);
  }
  if (m_snapshot)
    for (const std::string& device : m_snapshot->engine.devices) {
      if (!isRunning) break;
      paintIcon(painter, QRectF(left, middle - 7, 14, 14), QStringLiteral("device"), theme.text3);
      left += 20;
      text(deviceName(device));
    }
  const QString store = storeText();
  const qreal storeWidth = font.horizontalAdvance(store);
  painter.setPen(theme.text3);
  painter.drawText(QRectF(width() - storeWidth - 16, 0, storeWidth + 2, height()), Qt::AlignVCenter, store);
  painter.setPen(theme.text);
  const QRectF rest(left + 8, 0, width() - storeWidth - left - 48, height());
  painter.drawText(rest, Qt::AlignVCenter | Qt::AlignLeft, font.elidedText(m_message, Qt::ElideRight, rest.width()));
}

void StatusStrip::mousePressEvent(QMouseEvent* event) {
  if (m_startArea.contains(event->position()))
    Q_EMIT startClicked();
  else if (m_engineArea.contains(event->position()))
    Q_EMIT engineClicked();
}

void StatusStrip::mouseMoveEvent(QMouseEvent* event) {
  setCursor(m_startArea.contains(event->position()) || m_engineArea.contains(event->position()) ? Qt::PointingHandCursor
                                                                                                : Qt::ArrowCursor);
}

}  // namespace weft::ui
