#include "ui/window/rail.h"

#include <QPainter>
#include <QVBoxLayout>

#include "ui/parts/icons.h"
#include "ui/parts/theme.h"

namespace weft::ui {

RailButton::RailButton(const QString& name, const QString& iconName, QWidget* parent)
    : QAbstractButton(parent), m_iconName(iconName) {
  setText(name);
  setAccessibleName(name);
  setCheckable(true);
  setAutoExclusive(true);
  setFocusPolicy(Qt::TabFocus);
  setAttribute(Qt::WA_Hover);
}

void RailButton::setBadge(int count) {
  if (count == m_badge) return;
  m_badge = count;
  setAccessibleDescription(count > 0 ? QStringLiteral("%1 waiting").arg(count) : QString());
  update();
}

void RailButton::setCompact(bool compact) {
  m_compact = compact;
  updateGeometry();
  update();
}

QSize RailButton::sizeHint() const {
  return m_compact ? QSize(48, 44) : QSize(metrics::rail, 52 + QFontMetrics(captionFont()).height() - 12);
}

void RailButton::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  if (isChecked())
    painter.fillRect(rect(), theme.selection);
  else if (underMouse())
    painter.fillRect(rect(), theme.hover);
  if (isChecked()) painter.fillRect(QRect(0, 0, 3, height()), theme.accent);
  const QColor color = isChecked() ? theme.accent : theme.text2;
  const qreal iconTop = m_compact ? (height() - 20) / 2.0 : 9;
  paintIcon(painter, QRectF((width() - 20) / 2.0, iconTop, 20, 20), m_iconName, color);
  if (!m_compact) {
    QFont font = captionFont();
    if (isChecked()) font.setWeight(QFont::DemiBold);
    painter.setFont(font);
    painter.setPen(isChecked() ? theme.text : theme.text2);
    painter.drawText(QRect(0, 32, width(), height() - 34), Qt::AlignHCenter | Qt::AlignTop, text());
  }
  if (m_badge > 0) {
    QFont font = captionFont();
    font.setPixelSize(10);
    font.setWeight(QFont::DemiBold);
    painter.setFont(font);
    const QString label = m_badge > 99 ? QStringLiteral("99+") : QString::number(m_badge);
    const qreal badgeWidth = qMax<qreal>(16, QFontMetricsF(font).horizontalAdvance(label) + 8);
    const QRectF badge(width() / 2.0 + 8, iconTop - 5, badgeWidth, 15);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.accent);
    painter.drawRoundedRect(badge, 7.5, 7.5);
    painter.setPen(theme.onAccent);
    painter.drawText(badge, Qt::AlignCenter, label);
  }
  if (hasFocus()) {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.accent, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(5, 3, -3, -3), 4, 4);
  }
}

Rail::Rail(QWidget* parent) : QWidget(parent), m_layout(new QVBoxLayout(this)) {
  setAccessibleName(QStringLiteral("Pages"));
  m_layout->setContentsMargins(0, 4, 1, 4);
  m_layout->setSpacing(2);
  m_layout->addStretch(1);
}

RailButton* Rail::add(const QString& name, const QString& iconName) {
  auto* button = new RailButton(name, iconName, this);
  connect(button, &QAbstractButton::clicked, this, [this, name] { Q_EMIT pageChosen(name); });
  m_buttons.push_back(button);
  return button;
}

void Rail::addPage(const QString& name, const QString& iconName, const QString& keys) {
  RailButton* button = add(name, iconName);
  button->setToolTip(keys.isEmpty() ? name : QStringLiteral("%1 (%2)").arg(name, keys));
  m_layout->insertWidget(m_layout->count() - 1, button);
}

void Rail::addAtBottom(const QString& name, const QString& iconName) { m_layout->addWidget(add(name, iconName)); }

RailButton* Rail::button(const QString& name) const {
  for (RailButton* button : m_buttons)
    if (button->text() == name) return button;
  return nullptr;
}

void Rail::setCurrent(const QString& name) {
  if (RailButton* chosen = button(name)) return chosen->setChecked(true);
  for (RailButton* other : m_buttons) {
    // A page that is not on the rail (the start page): no button is down.
    other->setAutoExclusive(false);
    other->setChecked(false);
    other->setAutoExclusive(true);
  }
}

void Rail::setBadge(const QString& name, int count) {
  if (RailButton* found = button(name)) found->setBadge(count);
}

void Rail::setCompact(bool compact) {
  for (RailButton* button : m_buttons) button->setCompact(compact);
  setFixedWidth(compact ? 49 : metrics::rail + 1);
}

void Rail::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), Theme::current().window);
  painter.fillRect(QRect(width() - 1, 0, 1, height()), Theme::current().hairline);
}

}  // namespace weft::ui
