// ui/compare/tool_row.h -- axes and check boxes above the plot: side by side, or below each other where that would cut
// their texts.
#pragma once

#include <QBoxLayout>
#include <QWidget>

namespace weft::ui {

class ToolRow : public QWidget {
  Q_OBJECT
 public:
  ToolRow();
  QHBoxLayout* axes() const { return m_axes; }
  QHBoxLayout* checks() const { return m_checks; }
  QSize minimumSizeHint() const override;

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  QBoxLayout* m_rows;
  QHBoxLayout *m_axes, *m_checks;
};

}  // namespace weft::ui
