#include "ui/plot/shared_cursor.h"

#include <QApplication>
#include <QClipboard>
#include <QKeyEvent>
#include <cmath>

#include "ui/parts/icons.h"
#include "ui/parts/theme.h"

namespace weft::ui {
namespace {

constexpr double kGrab_px = 4;  // a click this near to the pinned line lets it go
const QString kLayer = QStringLiteral("cursor");

}  // namespace

// The line, its tag and the dots where it meets the curves. On a layer of its own: moving it leaves the curves' pixels
// alone.
class CursorItem : public QCPAbstractItem {
 public:
  CursorItem(Plot* plot, SharedCursor::Tag tag)
      : QCPAbstractItem(plot), m_plot(plot), m_hasTag(tag == SharedCursor::Tag::Yes) {
    if (!plot->layer(kLayer)) {
      plot->addLayer(kLayer);
      plot->layer(kLayer)->setMode(QCPLayer::lmBuffered);
    }
    setLayer(kLayer);
    setClipToAxisRect(false);
    setSelectable(false);
  }

  void set(std::optional<double> x, bool isPinned, const QString& text) {
    m_x = x;
    m_isPinned = isPinned;
    m_text = text;
  }
  double selectTest(const QPointF&, bool, QVariant* = nullptr) const override { return -1; }

 protected:
  void draw(QCPPainter* painter) override {
    const QRectF area = m_plot->plotArea();
    if (!m_x || area.isEmpty()) return;
    // QCPPainter addresses pixels by whole numbers, with antialiasing or without.
    const double x = std::floor(m_plot->xAxis->coordToPixel(*m_x));
    if (x < area.left() || x > area.right() + 1) return;
    const Theme& theme = Theme::current();
    QPen line(m_isPinned ? theme.accent : theme.text2, 1);
    if (!m_isPinned) line.setDashPattern({2, 2});
    painter->setAntialiasing(false);
    painter->setPen(line);
    painter->drawLine(QLineF(x, area.top(), x, area.bottom()));
    painter->setAntialiasing(true);
    for (const Plot::CursorMark& mark : m_plot->cursorMarks(*m_x)) {
      if (!area.contains(mark.pixel)) continue;
      painter->setPen(QPen(theme.panel, 1.5));
      painter->setBrush(mark.color);
      painter->drawEllipse(mark.pixel, 4, 4);
    }
    if (m_hasTag && !m_text.isEmpty()) drawTag(painter, area, x, theme);
  }

 private:
  void drawTag(QCPPainter* painter, const QRectF& area, double x, const Theme& theme) const {
    painter->setFont(captionFont());
    const QFontMetricsF font(captionFont());
    const double pin = m_isPinned ? 16 : 0;
    const double width = std::ceil(font.horizontalAdvance(m_text)) + 16 + pin, height = std::ceil(font.height()) + 2;
    const double left = std::clamp(std::round(x - width / 2), 0.0, std::max(0.0, m_plot->width() - width));
    const QRectF box(left, std::round(area.bottom()) + 3, width - 1, height);
    painter->setPen(QPen(m_isPinned ? theme.accent : theme.text, 1));
    painter->setBrush(theme.panel);
    painter->drawRoundedRect(box, 3, 3);
    painter->setPen(theme.text);
    painter->drawText(box.adjusted(0, 0, -pin, 0), Qt::AlignCenter, m_text);
    if (m_isPinned)
      paintIcon(*painter, QRectF(box.right() - pin - 4, box.top(), 16, box.height()).adjusted(2, 2, -2, -2),
                QStringLiteral("pin"), theme.accent);
  }

  const Plot* m_plot;
  bool m_hasTag;
  std::optional<double> m_x;
  bool m_isPinned = false;
  QString m_text;
};

SharedCursor::SharedCursor(QObject* parent) : QObject(parent) {}

void SharedCursor::add(Plot* plot, Tag tag) {
  std::erase_if(m_members, [](const Member& member) { return !member.plot; });
  auto* item = new CursorItem(plot, tag);
  m_members.push_back({plot, item});
  plot->installEventFilter(this);
  connect(plot, &Plot::pointerMoved, this,
          [this, plot](QPointF pixel) { moveTo(plot->xAxis->pixelToCoord(pixel.x())); });
  connect(plot, &Plot::pointerLeft, this, [this] {
    if (!m_isPinned) set(std::nullopt, false);
  });
  connect(plot, &Plot::clicked, this, [this, plot](QPointF pixel) { click(*plot, pixel); });
  redraw();
}

void SharedCursor::moveTo(double x) {
  if (!m_isPinned) set(x, false);
}

void SharedCursor::pin(double x) { set(x, true); }

void SharedCursor::clear() { set(std::nullopt, false); }

void SharedCursor::set(std::optional<double> x, bool isPinned) {
  if (x == m_x && isPinned == m_isPinned) return;
  m_x = x;
  m_isPinned = isPinned;
  redraw();
  Q_EMIT moved();
}

void SharedCursor::redraw() {
  const QString text = m_x && m_tagText ? m_tagText(*m_x) : QString();
  for (const Member& member : m_members) {
    if (!member.plot) continue;
    member.item->set(m_x, m_isPinned, text);
    member.item->layer()->replot();
  }
}

void SharedCursor::click(const Plot& plot, QPointF pixel) {
  const bool isOnLine = m_isPinned && m_x && std::abs(plot.xAxis->coordToPixel(*m_x) - pixel.x()) <= kGrab_px;
  set(plot.xAxis->pixelToCoord(pixel.x()), !isOnLine);
}

void SharedCursor::step(const Plot& plot, double pixels) {
  const QRectF area = plot.plotArea();
  const double from = m_x ? plot.xAxis->coordToPixel(*m_x) : area.center().x();
  const double to = std::clamp(from + (m_x ? pixels : 0), area.left(), area.right());
  set(plot.xAxis->pixelToCoord(to), m_isPinned);
}

bool SharedCursor::copy() const {
  if (!m_x || !m_readings) return false;
  QApplication::clipboard()->setText(m_readings(*m_x));
  return true;
}

bool SharedCursor::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::KeyPress) return QObject::eventFilter(watched, event);
  const auto* key = static_cast<QKeyEvent*>(event);
  const auto* plot = static_cast<const Plot*>(watched);
  if (key->matches(QKeySequence::Copy)) {
    if (copy()) Q_EMIT copied();
    return true;
  }
  if (key->modifiers() & Qt::ControlModifier) return false;
  const double pixels = key->modifiers() & Qt::ShiftModifier ? 20 : 1;
  switch (key->key()) {
    case Qt::Key_Left:
      step(*plot, -pixels);
      return true;
    case Qt::Key_Right:
      step(*plot, pixels);
      return true;
    case Qt::Key_Return:
    case Qt::Key_Space:
      if (m_x) set(m_x, !m_isPinned);
      return true;
    case Qt::Key_Escape:
      if (!m_x) return false;
      clear();
      return true;
    default:
      return false;
  }
}

}  // namespace weft::ui
