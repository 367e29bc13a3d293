#include "ui/window/page.h"

#include <utility>

namespace weft::ui {

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
