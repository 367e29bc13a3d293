#include "ui/window/keys_overlay.h"

#include <QEvent>
#include <QKeyEvent>
#include <QPainter>
#include <algorithm>

#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

std::vector<KeysOverlay::Line> linesOf(const QList<QAction*>& actions) {
  std::vector<KeysOverlay::Line> lines;
  for (const QAction* action : actions)
    if (!action->shortcut().isEmpty()) {
      QString text = action->text();
      lines.push_back({action->shortcut()
                           .toString(QKeySequence::NativeText)
                           .replace(QStringLiteral("Return"), QStringLiteral("Enter")),
                       text.remove(u'&').remove(QStringLiteral("..."))});
    }
  return lines;
}

constexpr int kLine = 28, kColumn = 360;

}  // namespace

KeysOverlay::KeysOverlay(QWidget* window) : QWidget(window) {
  setFocusPolicy(Qt::StrongFocus);
  window->installEventFilter(this);
  hide();
}

void KeysOverlay::showKeys(const QString& pageName, const QList<QAction*>& pageActions,
                           const QList<QAction*>& windowActions) {
  m_pageName = pageName;
  m_page = linesOf(pageActions);
  m_everywhere = linesOf(windowActions);
  QStringList spoken;
  for (const Line& line : m_page) spoken << QStringLiteral("%1: %2").arg(line.keys, line.text);
  setAccessibleName(QStringLiteral("Keys of %1").arg(pageName));
  setAccessibleDescription(spoken.join(QStringLiteral(", ")));
  setGeometry(parentWidget()->rect());
  show();
  raise();
  setFocus();
}

void KeysOverlay::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  QColor veil = theme.window;
  veil.setAlphaF(0.75F);
  painter.fillRect(rect(), veil);
  const int lines = static_cast<int>(std::max(m_page.size(), m_everywhere.size()));
  const int columns = m_page.empty() ? 1 : 2;
  const QRect box((width() - columns * kColumn - 48) / 2, qMax(40, (height() - lines * kLine - 110) / 2),
                  columns * kColumn + 48, lines * kLine + 88);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(theme.strongLine, 1));
  painter.setBrush(theme.panel);
  painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
  const auto column = [&](int left, const QString& title, const std::vector<Line>& content) {
    painter.setFont(sectionFont());
    painter.setPen(theme.text);
    painter.drawText(QRect(left, box.top() + 16, kColumn, 24), Qt::AlignVCenter, title);
    int top = box.top() + 52;
    for (const Line& line : content) {
      const qreal cap = paintKeyCap(painter, {static_cast<qreal>(left), top + kLine / 2.0}, line.keys, theme);
      painter.setFont(bodyFont());
      painter.setPen(theme.text2);
      painter.drawText(QRectF(left + std::max<qreal>(104, cap + 10), top, kColumn - 110, kLine), Qt::AlignVCenter,
                       line.text);
      top += kLine;
    }
  };
  int left = box.left() + 24;
  if (!m_page.empty()) {
    column(left, QStringLiteral("Keys of %1").arg(m_pageName), m_page);
    left += kColumn;
  }
  column(left, QStringLiteral("Everywhere"), m_everywhere);
}

void KeysOverlay::mousePressEvent(QMouseEvent*) { hide(); }
void KeysOverlay::keyPressEvent(QKeyEvent*) { hide(); }
void KeysOverlay::focusOutEvent(QFocusEvent*) { hide(); }

bool KeysOverlay::eventFilter(QObject* watched, QEvent* event) {
  if (watched == parentWidget() && event->type() == QEvent::Resize && isVisible()) setGeometry(parentWidget()->rect());
  return QWidget::eventFilter(watched, event);
}

}  // namespace weft::ui
