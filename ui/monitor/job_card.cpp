#include "ui/monitor/job_card.h"

#include <QMouseEvent>
#include <QPainter>
#include <QPushButton>
#include <cmath>

#include "ui/models/run_text.h"
#include "ui/monitor/job_text.h"
#include "ui/parts/icons.h"
#include "ui/parts/run_actions.h"
#include "ui/parts/run_cell_painter.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"
#include "ui/plot/series_style.h"

namespace weft::ui {
namespace {

constexpr int kEdge = 16;
constexpr int kTop = 12;
constexpr double kLabelWidth = 78;
constexpr double kSwatchWidth = 22;
constexpr double kSwatchHeight = 3;
constexpr double kSampleWidth = 1.8;  // of a line among many: dash and width tell it from the others of its colour

int lineHeight() { return static_cast<int>(std::ceil(QFontMetricsF(captionFont()).height())) + 4; }
int titleHeight() { return static_cast<int>(std::ceil(QFontMetricsF(sectionFont()).height())) + 4; }

// Names are cut in the middle: what tells a run from others of its name stands at the end.
void elided(QPainter& painter, const QRectF& area, const QString& text, Qt::TextElideMode mode = Qt::ElideRight) {
  painter.drawText(area, static_cast<int>(Qt::AlignLeft | Qt::AlignVCenter) | Qt::TextSingleLine,
                   QFontMetricsF(painter.font()).elidedText(text, mode, area.width()));
}

}  // namespace

JobCard::JobCard(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  const auto button = [this](const QString& text, const QString& iconName, IconColor color, store::RequestKind kind,
                             const QString& tip) {
    auto* made = new QPushButton(icon(iconName, color), text, this);
    made->setToolTip(tip);
    connect(made, &QPushButton::clicked, this, [this, kind] { Q_EMIT requested(kind, m_run.id); });
    return made;
  };
  m_pause =
      button(QStringLiteral("Pause"), QStringLiteral("pause"), IconColor::Text, store::RequestKind::Pause,
             QStringLiteral("Writes a checkpoint and frees the device; goes on at the next step when released (P)"));
  m_stop = button(QStringLiteral("Stop"), QStringLiteral("stop"), IconColor::Text, store::RequestKind::Stop,
                  QStringLiteral("Writes a checkpoint and ends; can be resumed later as a new attempt (S)"));
  m_kill = button(QStringLiteral("Kill..."), QStringLiteral("kill"), IconColor::Error, store::RequestKind::Kill,
                  QStringLiteral("Ends now, without a checkpoint; asks first"));
  makeDangerous(m_kill);
  m_kill->setFlat(true);
}

void JobCard::setRun(const store::RunSummary& run, const QString& label) {
  const bool wasActive = isActive();
  m_run = run;
  m_label = label;
  m_pause->setVisible(isActive());
  m_stop->setVisible(isActive());
  m_kill->setVisible(isActive());
  m_pause->setEnabled(canPause(run));
  m_stop->setEnabled(canStop(run));
  m_kill->setEnabled(canKill(run));
  if (wasActive != isActive()) updateGeometry();
  updateSpoken();
  update();
}

void JobCard::setMarks(const Marks& marks) {
  if (marks == m_marks) return;
  m_marks = marks;
  updateSpoken();
  update();
}

void JobCard::updateSpoken() {
  setAccessibleName(isActive() ? QStringLiteral("%1, %2, %3%")
                                     .arg(m_label, stateLabel(m_run.state))
                                     .arg(std::floor(jobProgress(m_run) * 100), 0, 'f', 0)
                               : QStringLiteral("%1, %2").arg(m_label, outcomeText(m_run)));
  setAccessibleDescription(m_marks.style ? QStringLiteral("plotted") : QStringLiteral("not plotted"));
  setToolTip(isActive() ? QString() : outcomeText(m_run));
}

QSize JobCard::sizeHint() const {
  if (!isActive()) return {280, titleHeight() + lineHeight() + 12};
  return {280, kTop + titleHeight() + 18 + 4 * lineHeight() + 8 + metrics::control + 12};
}

void JobCard::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  placeButtons();
}

void JobCard::placeButtons() {
  const int top = height() - 12 - metrics::control;
  int left = kEdge;
  for (QPushButton* button : {m_pause, m_stop}) {
    const int width = button->sizeHint().width();
    button->setGeometry(left, top, width, metrics::control);
    left += width + 8;
  }
  const int width = m_kill->sizeHint().width();
  m_kill->setGeometry(this->width() - kEdge - width + 8, top, width, metrics::control);
}

void JobCard::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  painter.fillRect(rect(), m_marks.isCurrent ? theme.selection : underMouse() ? theme.hover : theme.panel);
  painter.fillRect(QRect(0, height() - 1, width(), 1), theme.hairline);
  if (m_marks.isCurrent) painter.fillRect(QRect(0, 0, 2, height()), theme.accent);
  if (isActive())
    paintActive(painter);
  else
    paintEnded(painter);
  if (!m_hasKeyboardFocus) return;
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(theme.accent, 2));
  painter.setBrush(Qt::NoBrush);
  painter.drawRoundedRect(QRectF(rect()).adjusted(3, 2, -3, -3), 3, 3);
}

void JobCard::paintSwatch(QPainter& painter, double middle) const {
  const Theme& theme = Theme::current();
  const QRectF bar(kEdge, std::round(middle) - kSwatchHeight / 2, kSwatchWidth, kSwatchHeight);
  // Full: plotted. An outline: not.
  if (m_marks.style) {
    const LineStyle style = lineStyle(*m_marks.style, theme);
    return paintLineSample(painter, bar, style, m_marks.dashes == Dashes::Yes ? kSampleWidth : kSwatchHeight,
                           m_marks.dashes);
  }
  painter.setPen(QPen(theme.controlEdge, 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(bar.adjusted(0.5, 0, -0.5, 0));
}

void JobCard::paintActive(QPainter& painter) const {
  const Theme& theme = Theme::current();
  const double now = now_s();
  const double right = width() - kEdge;
  double top = kTop;
  paintSwatch(painter, top + titleHeight() / 2.0);
  painter.setFont(captionFont());
  painter.setPen(theme.text2);
  const QString device = deviceText(m_run);
  const double deviceWidth = QFontMetricsF(captionFont()).horizontalAdvance(device) + 1;
  painter.drawText(QRectF(right - deviceWidth, top, deviceWidth, titleHeight()), Qt::AlignVCenter | Qt::AlignRight,
                   device);
  painter.setFont(sectionFont());
  painter.setPen(theme.text);
  elided(painter,
         QRectF(kEdge + kSwatchWidth + 8, top, right - deviceWidth - 8 - kEdge - kSwatchWidth - 8, titleHeight()),
         m_label, Qt::ElideMiddle);
  top += titleHeight();
  const double progress = jobProgress(m_run);
  paintProgressBar(painter, QRectF(kEdge, top, right - kEdge - 42, 18), progress,
                   (m_marks.style ? lineStyle(*m_marks.style, theme) : runStyle(m_run.id, theme)).line, theme);
  painter.setFont(bodyFont());
  painter.drawText(QRectF(right - 42, top, 42, 18), Qt::AlignVCenter | Qt::AlignRight,
                   QStringLiteral("%1%").arg(std::floor(progress * 100), 0, 'f', 0));
  top += 18 + 2;

  QFont strong = captionFont();
  strong.setWeight(QFont::DemiBold);
  const auto row = [&](const QString& label, const QString& value, bool isStrong) {
    painter.setFont(captionFont());
    painter.setPen(theme.text2);
    painter.drawText(QRectF(kEdge, top, kLabelWidth, lineHeight()), Qt::AlignVCenter | Qt::AlignLeft, label);
    painter.setFont(isStrong ? strong : captionFont());
    painter.setPen(theme.text);
    elided(painter, QRectF(kEdge + kLabelWidth + 8, top, right - kEdge - kLabelWidth - 8, lineHeight()), value);
    top += lineHeight();
  };
  row(QStringLiteral("Step"), stepText(m_run), false);
  const auto left = jobTimeLeft_s(m_run, now);
  row(QStringLiteral("Time left"), left ? durationText(*left) : QStringLiteral("not known yet"), true);
  row(QStringLiteral("Tokens/s"), rateText(m_run.tokensPerSecond), false);
  const bool quiet = isQuiet(m_run, now);
  paintStateIcon(painter, QRectF(kEdge - 2, top, 16, lineHeight()), m_run.state, theme);
  painter.setFont(captionFont());
  painter.setPen(quiet ? theme.warning : theme.text2);
  elided(painter, QRectF(kEdge + 20, top, right - kEdge - 20, lineHeight()),
         QStringLiteral("%1, %2").arg(stateLabel(m_run.state), heartbeatText(m_run, now)));
}

void JobCard::paintEnded(QPainter& painter) const {
  const Theme& theme = Theme::current();
  const double right = width() - kEdge;
  const double left = kEdge + kSwatchWidth + 8;
  const double top = 5;
  paintSwatch(painter, top + titleHeight() / 2.0);
  painter.setFont(captionFont());
  painter.setPen(theme.text3);
  const QString age = ageText(m_run.ended > 0 ? m_run.ended : m_run.created, now_s());
  const double ageWidth = QFontMetricsF(captionFont()).horizontalAdvance(age) + 1;
  painter.drawText(QRectF(right - ageWidth, top, ageWidth, titleHeight()), Qt::AlignVCenter | Qt::AlignRight, age);
  painter.setFont(typeFont(Type::Strong));
  painter.setPen(theme.text);
  elided(painter, QRectF(left, top, right - ageWidth - 8 - left, titleHeight()), m_label, Qt::ElideMiddle);
  const double second = top + titleHeight();
  paintStateIcon(painter, QRectF(kEdge, second, 16, lineHeight()), m_run.state, theme);
  painter.setFont(captionFont());
  painter.setPen(m_run.state == store::RunState::Failed || m_run.state == store::RunState::Lost ? theme.error
                                                                                                : theme.text2);
  elided(painter, QRectF(left, second, right - left, lineHeight()), outcomeText(m_run));
}

void JobCard::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return QWidget::mousePressEvent(event);
  // The colour's own place switches the curve, as a check box would.
  const bool isOnSwatch =
      event->position().x() < kEdge + kSwatchWidth + 4 && event->position().y() < kTop + titleHeight();
  Q_EMIT clicked(m_run.id, isOnSwatch ? event->modifiers() | Qt::ControlModifier : event->modifiers());
}

void JobCard::mouseDoubleClickEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton) Q_EMIT doubleClicked(m_run.id);
}

void JobCard::enterEvent(QEnterEvent* event) {
  QWidget::enterEvent(event);
  update();
}

void JobCard::leaveEvent(QEvent* event) {
  QWidget::leaveEvent(event);
  update();
}

void JobCard::focusInEvent(QFocusEvent* event) {
  QWidget::focusInEvent(event);
  m_hasKeyboardFocus = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason ||
                       event->reason() == Qt::OtherFocusReason;
  update();
}

void JobCard::focusOutEvent(QFocusEvent* event) {
  QWidget::focusOutEvent(event);
  m_hasKeyboardFocus = false;
  update();
}

void JobCard::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::FontChange && event->type() != QEvent::ApplicationFontChange) return;
  updateGeometry();
  placeButtons();
}

}  // namespace weft::ui
