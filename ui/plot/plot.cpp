#include "ui/plot/plot.h"

#include <QApplication>
#include <QMouseEvent>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>
#include <functional>

#include "ui/parts/theme.h"
#include "ui/plot/axis_ticker.h"

namespace weft::ui {
namespace {

constexpr double kWheelFactor = 0.85;  // one notch
constexpr double kKeyFactor = 0.8;
constexpr double kKeyPan_px = 40;
constexpr double kMargin = 0.04;  // of the range, left free around the data

// In pixels both scales are linear: one arithmetic for either.
QCPRange mapped(const QCPAxis* axis, const std::function<double(double)>& pixel) {
  return {axis->pixelToCoord(pixel(axis->coordToPixel(axis->range().lower))),
          axis->pixelToCoord(pixel(axis->coordToPixel(axis->range().upper)))};
}

}  // namespace

Plot::Plot(const QString& accessibleName, QWidget* parent) : QCustomPlot(parent) {
  setAccessibleName(accessibleName);
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  // Ten curves of width 1.5 take 193 ms without fast polylines and 16 ms with them.
  setPlottingHint(QCP::phFastPolylines);
  // Cached numbers would be drawn at the screen's scale, whatever the plot is painted on.
  setPlottingHint(QCP::phCacheLabels, false);
  // Painted from the event loop, never inside a replot: at a change of scale there the new buffers would stay empty.
  setPlottingHint(QCP::phImmediateRefresh, false);
  // Nobody sees QCustomPlot's own legend, yet its entries are laid out at every drawing, and each removal walks over
  // all that are left.
  setAutoAddPlottableToLegend(false);
  setInteractions({});
  setMinimumSize(40, 40);
  axisRect()->setMinimumMargins(QMargins(8, 8, 8, 4));
  for (QCPAxis* axis : {xAxis, yAxis}) {
    axis->setTicker(QSharedPointer<AxisTicker>::create());
    axis->setTickLength(0);
    axis->setNumberFormat(QStringLiteral("g"));  // 3e-4 as it is, not as a power of ten drawn from it
    axis->setSubTicks(false);
    axis->setTickLabelPadding(6);
    axis->setLabelPadding(4);
  }
  applyTheme();
}

void Plot::setScale(QCPAxis* axis, Scale scale) {
  axis->setScaleType(scale == Scale::Logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
  if (auto* ticker = dynamic_cast<AxisTicker*>(axis->ticker().data()))
    ticker->setLogarithmic(scale == Scale::Logarithmic);
}

Plot::Scale Plot::scale(const QCPAxis* axis) const {
  return axis->scaleType() == QCPAxis::stLogarithmic ? Scale::Logarithmic : Scale::Linear;
}

void Plot::fit() {
  m_isFitted = true;
  fitAxes();
  replot(rpQueuedReplot);
  Q_EMIT viewChanged(Qt::Horizontal | Qt::Vertical, Qt::NoModifier);
}

void Plot::fitAxes() {
  rescaleAxes();
  for (QCPAxis* axis : {xAxis, yAxis}) {
    const QCPRange range = axis->range();
    if (axis->scaleType() == QCPAxis::stLogarithmic) {
      const double margin = std::pow(range.upper / range.lower, kMargin);
      axis->setRange(range.lower / margin, range.upper * margin);
    } else {
      axis->setRange(range.lower - range.size() * kMargin, range.upper + range.size() * kMargin);
    }
  }
}

void Plot::zoom(Qt::Orientations axes, double factor, QPointF pixel) {
  for (QCPAxis* axis : {xAxis, yAxis}) {
    if (!axes.testFlag(axis->orientation())) continue;
    const double at = axis->orientation() == Qt::Horizontal ? pixel.x() : pixel.y();
    const QCPRange range = mapped(axis, [&](double edge) { return at + (edge - at) * factor; });
    if (QCPRange::validRange(range)) axis->setRange(range);
  }
}

void Plot::pan(Qt::Orientations axes, QPointF pixels) {
  for (QCPAxis* axis : {xAxis, yAxis}) {
    if (!axes.testFlag(axis->orientation())) continue;
    const double by = axis->orientation() == Qt::Horizontal ? pixels.x() : pixels.y();
    axis->setRange(mapped(axis, [&](double edge) { return edge - by; }));
  }
}

void Plot::userChanged(Qt::Orientations axes, Qt::KeyboardModifiers modifiers) {
  m_isFitted = false;
  replot(rpQueuedReplot);
  Q_EMIT viewChanged(axes, modifiers);
}

std::vector<Plot::CursorMark> Plot::cursorMarks(double) const { return {}; }

void Plot::setEmptyText(const QString& text) {
  if (text == m_emptyText) return;
  m_emptyText = text;
  setAccessibleDescription(text);
  update();
}

Qt::Orientations Plot::axesAt(QPointF pixel) const {
  const QRectF area = plotArea();
  if (area.contains(pixel)) return m_viewAxes;
  if (pixel.x() < area.left() && pixel.y() >= area.top() && pixel.y() <= area.bottom()) return Qt::Vertical;
  if (pixel.y() > area.bottom() && pixel.x() >= area.left() && pixel.x() <= area.right()) return Qt::Horizontal;
  return {};
}

void Plot::applyTheme() {
  const Theme& theme = Theme::current();
  setBackground(QBrush(theme.panel));
  // Axes and grid are drawn without antialiasing: one sharp line at every scale.
  QPen grid(theme.grid, 1);
  QPen base(theme.axis, 1);
  for (QCPAxis* axis : {xAxis, yAxis, xAxis2, yAxis2}) {
    axis->setBasePen(base);
    axis->setTickPen(base);
    axis->setSubTickPen(base);
    axis->setTickLabelFont(captionFont());
    axis->setTickLabelColor(theme.text2);
    axis->setLabelFont(captionFont());
    axis->setLabelColor(theme.text2);
    axis->grid()->setPen(grid);
    axis->grid()->setZeroLinePen(grid);
    axis->grid()->setSubGridVisible(false);
  }
}

void Plot::changeEvent(QEvent* event) {
  QCustomPlot::changeEvent(event);
  if (event->type() != QEvent::PaletteChange && event->type() != QEvent::FontChange &&
      event->type() != QEvent::ApplicationFontChange)
    return;
  applyTheme();
  replot(rpQueuedReplot);
}

void Plot::showEvent(QShowEvent* event) {
  QCustomPlot::showEvent(event);
  // The constructor could not reach a subclass' part of the theme.
  if (!m_isThemed) applyTheme();
  m_isThemed = true;
  replot(rpQueuedReplot);
}

void Plot::paintEvent(QPaintEvent*) {
  QCPPainter painter(this);
  if (!painter.isActive()) return;
  // The scale of what is painted on, not of the screen: a window rendered into a picture at 2x must not show its 1x
  // buffers.
  const double ratio = std::max(0.25, painter.deviceTransform().m11());
  if (std::abs(bufferDevicePixelRatio() - ratio) > 1e-6) {
    setBufferDevicePixelRatio(ratio);
    replot(rpQueuedRefresh);
  }
  painter.fillRect(viewport(), Theme::current().panel);
  for (const auto& buffer : mPaintBuffers) buffer->draw(&painter);
  if (!m_emptyText.isEmpty()) {
    painter.setFont(bodyFont());
    painter.setPen(Theme::current().text2);
    painter.drawText(QRectF(plotArea()).adjusted(16, 8, -16, -8), static_cast<int>(Qt::AlignCenter) | Qt::TextWordWrap,
                     m_emptyText);
  }
  if (m_hasKeyboardFocus) {
    painter.setAntialiasing(false);
    painter.setPen(Qt::NoPen);
    painter.setBrush(Theme::current().accent);
    for (const QRect& edge : {QRect(0, 0, width(), 2), QRect(0, height() - 2, width(), 2), QRect(0, 0, 2, height()),
                              QRect(width() - 2, 0, 2, height())})
      painter.drawRect(edge);
  }
}

void Plot::wheelEvent(QWheelEvent* event) {
  Qt::Orientations axes = axesAt(event->position());
  // Alt turns the wheel into a horizontal one.
  const int delta = event->angleDelta().y() != 0 ? event->angleDelta().y() : event->angleDelta().x();
  if (!axes || delta == 0) return event->ignore();
  if (event->modifiers() & Qt::ShiftModifier) axes = Qt::Vertical;
  zoom(axes, std::pow(kWheelFactor, delta / 120.0), event->position());
  event->accept();
  userChanged(axes, event->modifiers());
}

void Plot::mousePressEvent(QMouseEvent* event) {
  QCustomPlot::mousePressEvent(event);
  event->accept();
  if (event->button() != Qt::LeftButton) return;
  m_gesture = Gesture::Press;
  m_dragAxes = axesAt(event->position());
  m_pressedAt = m_draggedTo = event->position();
}

void Plot::mouseMoveEvent(QMouseEvent* event) {
  QCustomPlot::mouseMoveEvent(event);
  event->accept();
  const QPointF at = event->position();
  if (m_gesture == Gesture::None) {
    if (QRectF(plotArea()).contains(at))
      Q_EMIT pointerMoved(at);
    else
      Q_EMIT pointerLeft();
    return;
  }
  if (m_gesture == Gesture::Press && (at - m_pressedAt).manhattanLength() >= QApplication::startDragDistance() &&
      m_dragAxes) {
    m_gesture = Gesture::Drag;
    setCursor(Qt::ClosedHandCursor);
    Q_EMIT pointerLeft();
  }
  if (m_gesture != Gesture::Drag) return;
  pan(m_dragAxes, at - m_draggedTo);
  m_draggedTo = at;
  userChanged(m_dragAxes, event->modifiers());
}

void Plot::mouseReleaseEvent(QMouseEvent* event) {
  QCustomPlot::mouseReleaseEvent(event);
  event->accept();
  if (event->button() != Qt::LeftButton || m_gesture == Gesture::None) return;
  const bool wasClick = m_gesture == Gesture::Press;
  m_gesture = Gesture::None;
  if (wasClick) {
    if (QRectF(plotArea()).contains(event->position())) Q_EMIT clicked(event->position(), event->modifiers());
    return;
  }
  unsetCursor();
  replot(rpQueuedReplot);  // full line widths again
}

void Plot::mouseDoubleClickEvent(QMouseEvent* event) {
  QCustomPlot::mouseDoubleClickEvent(event);
  event->accept();
  m_gesture = Gesture::None;
  if (event->button() == Qt::LeftButton) fit();
}

void Plot::leaveEvent(QEvent* event) {
  QCustomPlot::leaveEvent(event);
  Q_EMIT pointerLeft();
}

void Plot::keyPressEvent(QKeyEvent* event) {
  const QPointF middle = QRectF(plotArea()).center();
  const auto zoomBy = [&](double factor) {
    zoom(m_viewAxes, factor, middle);
    userChanged(m_viewAxes, event->modifiers() & Qt::AltModifier);
  };
  const auto panBy = [&](double x, double y) {
    const Qt::Orientations axes = x != 0 ? Qt::Horizontal : Qt::Vertical;
    pan(axes, {x, y});
    userChanged(axes, event->modifiers() & Qt::AltModifier);
  };
  const bool isPan = event->modifiers() & Qt::ControlModifier;
  switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
      return zoomBy(kKeyFactor);
    case Qt::Key_Minus:
      return zoomBy(1 / kKeyFactor);
    case Qt::Key_0:
      return fit();
    case Qt::Key_Left:
      if (isPan) return panBy(kKeyPan_px, 0);
      break;
    case Qt::Key_Right:
      if (isPan) return panBy(-kKeyPan_px, 0);
      break;
    case Qt::Key_Up:
      if (isPan) return panBy(0, kKeyPan_px);
      break;
    case Qt::Key_Down:
      if (isPan) return panBy(0, -kKeyPan_px);
      break;
    default:
      break;
  }
  QCustomPlot::keyPressEvent(event);
}

void Plot::focusInEvent(QFocusEvent* event) {
  QCustomPlot::focusInEvent(event);
  m_hasKeyboardFocus = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason ||
                       event->reason() == Qt::ShortcutFocusReason;
  update();
}

void Plot::focusOutEvent(QFocusEvent* event) {
  QCustomPlot::focusOutEvent(event);
  m_hasKeyboardFocus = false;
  update();
}

}  // namespace weft::ui
