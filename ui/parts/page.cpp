#include "ui/parts/page.h"

#include <utility>

#include "ui/parts/icons.h"

namespace weft::ui {

QAction* Page::declareAction(PageMenu menu, const QString& text, const QKeySequence& key, const QString& iconName,
                             std::function<void()> act) {
  auto* action = new QAction(text, this);
  if (!iconName.isEmpty()) action->setIcon(icon(iconName));
  action->setShortcut(key);
  action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  if (act) connect(action, &QAction::triggered, this, std::move(act));
  declareAction(menu, action);
  return action;
}

void Page::declareAction(PageMenu menu, QAction* action) {
  m_actions << action;
  m_menus.push_back(menu);
}

QList<QAction*> Page::pageActions(PageMenu menu) const {
  QList<QAction*> actions;
  for (std::size_t i = 0; i < m_menus.size(); ++i)
    if (m_menus[i] == menu) actions << m_actions[static_cast<qsizetype>(i)];
  return actions;
}

void Page::setOpening(const QString& project) {
  if (project == m_opening) return;
  m_opening = project;
  openingChanged();
}

QString Page::withoutProject(const QString& otherwise) const {
  return m_opening.isEmpty() ? otherwise : QStringLiteral("Opening %1 ...").arg(m_opening);
}

void Page::whenShown(std::function<void()> work) {
  if (!isVisible()) {
    m_work = std::move(work);
    return;
  }
  m_work = nullptr;
  work();
}

void Page::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (const auto work = std::exchange(m_work, nullptr)) work();
}

}  // namespace weft::ui
