#include "ui/compare/tool_row.h"

#include <algorithm>

#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr int kMargins = metrics::pageMargin + metrics::panelMargin;

}  // namespace

ToolRow::ToolRow()
    : m_rows(new QBoxLayout(QBoxLayout::LeftToRight, this)), m_axes(new QHBoxLayout), m_checks(new QHBoxLayout) {
  m_rows->setContentsMargins(metrics::pageMargin, 7, metrics::panelMargin, 0);
  m_rows->setSpacing(6);
  for (QHBoxLayout* part : {m_axes, m_checks}) part->setSpacing(metrics::gap);
  m_rows->addLayout(m_axes);
  m_rows->addStretch(1);
  m_rows->addLayout(m_checks);
}

QSize ToolRow::minimumSizeHint() const {
  return {std::max(m_axes->minimumSize().width(), m_checks->minimumSize().width()) + kMargins,
          QWidget::minimumSizeHint().height()};
}

void ToolRow::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  const int sideBySide = m_axes->minimumSize().width() + m_checks->minimumSize().width() + kMargins + 12;
  m_rows->setDirection(width() >= sideBySide ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
}

}  // namespace weft::ui
