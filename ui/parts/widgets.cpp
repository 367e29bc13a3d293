#include "ui/parts/widgets.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QPainter>
#include <cmath>

namespace weft::ui {

QColor toneColor(Tone tone, const Theme& theme) {
  switch (tone) {
    case Tone::Text:
      return theme.text;
    case Tone::Text2:
      return theme.text2;
    case Tone::Text3:
      return theme.text3;
    case Tone::Accent:
      return theme.accent;
    case Tone::Good:
      return theme.good;
    case Tone::Warning:
      return theme.warning;
    case Tone::Error:
      return theme.error;
  }
  return theme.text;
}

QFont typeFont(Type type) {
  switch (type) {
    case Type::Body:
      return bodyFont();
    case Type::Caption:
      return captionFont();
    case Type::Section:
      return sectionFont();
    case Type::Title:
      return titleFont();
    case Type::Fixed:
      return fixedFont();
    case Type::Strong: {
      QFont font = bodyFont();
      font.setWeight(QFont::Medium);
      return font;
    }
  }
  return bodyFont();
}

TextLabel::TextLabel(const QString& text, Type type, Tone tone, QWidget* parent)
    : QLabel(text, parent), m_type(type), m_tone(tone) {
  setTextFormat(Qt::PlainText);
  // On a page (background Base) a label would take QPalette::Text and ignore its tone.
  setForegroundRole(QPalette::WindowText);
  apply();
}

void TextLabel::setTone(Tone tone) {
  m_tone = tone;
  apply();
}

void TextLabel::setElided(bool elided) {
  m_elided = elided;
  updateGeometry();
}

void TextLabel::apply() {
  const QColor color = toneColor(m_tone, Theme::current());
  if (palette().color(QPalette::WindowText) != color) {
    QPalette own;
    own.setColor(QPalette::WindowText, color);
    setPalette(own);
  }
  if (font() != typeFont(m_type)) setFont(typeFont(m_type));
}

void TextLabel::changeEvent(QEvent* event) {
  QLabel::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::ApplicationFontChange ||
      event->type() == QEvent::FontChange)
    apply();
}

void TextLabel::paintEvent(QPaintEvent* event) {
  if (!m_elided) return QLabel::paintEvent(event);
  QPainter painter(this);
  painter.setPen(palette().color(QPalette::WindowText));
  const QString shown = fontMetrics().elidedText(text(), Qt::ElideRight, width());
  if (const QString tip = shown == text() ? QString() : text(); tip != toolTip()) setToolTip(tip);
  painter.drawText(contentsRect(), static_cast<int>(alignment()) | Qt::TextSingleLine, shown);
}

QSize TextLabel::minimumSizeHint() const {
  return m_elided ? QSize(16, QLabel::minimumSizeHint().height()) : QLabel::minimumSizeHint();
}

Surface::Surface(Fill fill, Qt::Edges lines, QWidget* parent) : QWidget(parent), m_fill(fill), m_lines(lines) {}

void Surface::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  painter.fillRect(rect(), m_fill == Fill::Panel ? theme.panel : m_fill == Fill::Window ? theme.window : theme.header);
  if (m_lines & Qt::TopEdge) painter.fillRect(QRect(0, 0, width(), 1), theme.hairline);
  if (m_lines & Qt::BottomEdge) painter.fillRect(QRect(0, height() - 1, width(), 1), theme.hairline);
  if (m_lines & Qt::LeftEdge) painter.fillRect(QRect(0, 0, 1, height()), theme.hairline);
  if (m_lines & Qt::RightEdge) painter.fillRect(QRect(width() - 1, 0, 1, height()), theme.hairline);
}

PageHeader::PageHeader(const QString& title, QWidget* parent)
    : Surface(Fill::Panel, Qt::BottomEdge, parent),
      m_title(new TextLabel(title, Type::Title, Tone::Text, this)),
      m_subtitle(new TextLabel({}, Type::Body, Tone::Text2, this)),
      m_layout(new QHBoxLayout(this)) {
  setFixedHeight(metrics::pageHeader);
  m_subtitle->setElided(true);
  m_layout->setContentsMargins(metrics::pageMargin, 0, metrics::panelMargin, 1);
  m_layout->setSpacing(metrics::gap);
  m_layout->addWidget(m_title);
  m_layout->addSpacing(4);
  m_layout->addWidget(m_subtitle, 1);
}

void PageHeader::setTitle(const QString& title) { m_title->setText(title); }
void PageHeader::setSubtitle(const QString& subtitle) { m_subtitle->setText(subtitle); }
void PageHeader::addWidget(QWidget* widget) { m_layout->addWidget(widget, 0, Qt::AlignVCenter); }

KeyHints::KeyHints(const QStringList& keysAndMeanings, QWidget* parent) : QWidget(parent), m_parts(keysAndMeanings) {
  setAccessibleName(QStringLiteral("Keys: %1").arg(keysAndMeanings.join(u' ')));
}

QSize KeyHints::sizeHint() const {
  qreal width = 0;
  const QFontMetricsF caps(captionFont()), body(bodyFont());
  for (qsizetype i = 0; i + 1 < m_parts.size(); i += 2)
    width += caps.horizontalAdvance(m_parts[i]) + 14 + 6 + body.horizontalAdvance(m_parts[i + 1]) + 14;
  return {static_cast<int>(std::ceil(width)), metrics::control};
}

void KeyHints::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  const QFontMetricsF caps(captionFont()), body(bodyFont());
  qreal left = width() - sizeHint().width();
  for (qsizetype i = 0; i + 1 < m_parts.size(); i += 2) {
    const qreal whole = caps.horizontalAdvance(m_parts[i]) + 14 + 6 + body.horizontalAdvance(m_parts[i + 1]) + 14;
    // Too narrow: the hints at the left go first, whole ones only.
    if (left >= 0) {
      const qreal cap = paintKeyCap(painter, {left, height() / 2.0}, m_parts[i], theme);
      painter.setFont(bodyFont());
      painter.setPen(theme.text2);
      painter.drawText(QRectF(left + cap + 6, 0, whole, height()), Qt::AlignVCenter | Qt::AlignLeft, m_parts[i + 1]);
    }
    left += whole;
  }
}

qreal paintKeyCap(QPainter& painter, QPointF leftCenter, const QString& key, const Theme& theme) {
  painter.save();
  painter.setFont(captionFont());
  const QFontMetricsF font(painter.font());
  const qreal width = std::ceil(font.horizontalAdvance(key)) + 14;
  const qreal height = std::ceil(font.height()) + 4;
  const QRectF cap(std::round(leftCenter.x()), std::round(leftCenter.y() - height / 2), width, height);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(theme.controlEdge, 1));
  painter.setBrush(theme.panel);
  painter.drawRoundedRect(cap.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
  painter.setPen(theme.text);
  painter.drawText(cap, Qt::AlignCenter, key);
  painter.restore();
  return width;
}

}  // namespace weft::ui
