#include "ui/runs/filter_tabs.h"

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>
#include <cmath>

#include "ui/parts/theme.h"

namespace weft::ui {
namespace {

constexpr qreal kGap = 22;

qreal textWidth(const QString& text, const QFont& font) {
  return std::ceil(QFontMetricsF(font).horizontalAdvance(text));
}

}  // namespace

FilterTabs::FilterTabs(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setAccessibleName(QStringLiteral("Saved filters"));
}

void FilterTabs::setFilters(std::vector<SavedFilter> filters) {
  m_filters = std::move(filters);
  m_counts.assign(m_filters.size(), 0);
  update();
}

void FilterTabs::setCounts(const std::vector<int>& counts) {
  if (counts == m_counts) return;
  m_counts = counts;
  update();
}

void FilterTabs::setCurrentExpression(const QString& expression) {
  int found = -1;
  for (std::size_t i = 0; i < m_filters.size(); ++i)
    if (m_filters[i].expression == expression.trimmed()) found = static_cast<int>(i);
  m_current = found;
  setAccessibleDescription(found >= 0 ? m_filters[static_cast<std::size_t>(found)].name : QString());
  update();
}

QSize FilterTabs::sizeHint() const { return {400, 36}; }

QRectF FilterTabs::tabArea(int index) const {
  qreal left = 0;
  for (int i = 0; i <= index; ++i) {
    // The semibold width for every tab: choosing one must not move the others.
    const qreal width = textWidth(m_filters[static_cast<std::size_t>(i)].name, sectionFont()) + 6 +
                        textWidth(QString::number(count(i)), captionFont());
    if (i == index) return {left, 0, width, static_cast<qreal>(height())};
    left += width + kGap;
  }
  return {};
}

int FilterTabs::tabAt(QPointF position) const {
  for (int i = 0; i < static_cast<int>(m_filters.size()); ++i)
    if (tabArea(i).adjusted(-kGap / 2, 0, kGap / 2, 0).contains(position)) return i;
  return -1;
}

void FilterTabs::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::current();
  QPainter painter(this);
  for (int i = 0; i < static_cast<int>(m_filters.size()); ++i) {
    const QRectF area = tabArea(i);
    const bool isCurrent = i == m_current;
    const QString& name = m_filters[static_cast<std::size_t>(i)].name;
    painter.setFont(isCurrent ? sectionFont() : bodyFont());
    painter.setPen(isCurrent || i == m_hovered ? theme.text : theme.text2);
    painter.drawText(area, Qt::AlignVCenter | Qt::AlignLeft, name);
    const qreal width = textWidth(name, painter.font());
    painter.setFont(captionFont());
    painter.setPen(theme.text3);
    painter.drawText(area.adjusted(width + 6, 1, 10, 1), Qt::AlignVCenter | Qt::AlignLeft, QString::number(count(i)));
    if (isCurrent) painter.fillRect(QRectF(area.left(), height() - 2, area.width(), 2), theme.accent);
    if (hasFocus() && (isCurrent || (m_current < 0 && i == 0))) {
      painter.setPen(QPen(theme.accent, 2));
      painter.drawRoundedRect(area.adjusted(-6, 6, 6, -5), 4, 4);
    }
  }
}

void FilterTabs::mousePressEvent(QMouseEvent* event) {
  if (const int tab = tabAt(event->position()); tab >= 0 && event->button() == Qt::LeftButton)
    Q_EMIT activated(m_filters[static_cast<std::size_t>(tab)].expression);
}

void FilterTabs::mouseMoveEvent(QMouseEvent* event) {
  const int tab = tabAt(event->position());
  if (tab == m_hovered) return;
  m_hovered = tab;
  setToolTip(tab >= 0 ? m_filters[static_cast<std::size_t>(tab)].expression : QString());
  setCursor(tab >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
  update();
}

void FilterTabs::leaveEvent(QEvent*) {
  m_hovered = -1;
  update();
}

void FilterTabs::keyPressEvent(QKeyEvent* event) {
  const int step = event->key() == Qt::Key_Right ? 1 : event->key() == Qt::Key_Left ? -1 : 0;
  if (step == 0 || m_filters.empty()) return QWidget::keyPressEvent(event);
  const int next = qBound(0, m_current + step, static_cast<int>(m_filters.size()) - 1);
  Q_EMIT activated(m_filters[static_cast<std::size_t>(next)].expression);
}

void FilterTabs::contextMenuEvent(QContextMenuEvent* event) {
  const int tab = tabAt(event->pos());
  if (tab < 0 || !m_filters[static_cast<std::size_t>(tab)].isOwn) return;
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->addAction(QStringLiteral("Remove “%1”").arg(m_filters[static_cast<std::size_t>(tab)].name), this,
                  [this, tab] { Q_EMIT removeRequested(tab); });
  menu->popup(event->globalPos());
}

}  // namespace weft::ui
