// ui/runs/filter_tabs.h -- saved filters as tabs with their number of runs: "All 143", "Running 3", ...
#pragma once

#include <QString>
#include <QWidget>
#include <vector>

namespace weft::ui {

struct SavedFilter {
  QString name, expression;
  bool isOwn = false;  // the user's: can be removed
};

class FilterTabs : public QWidget {
  Q_OBJECT
 public:
  explicit FilterTabs(QWidget* parent = nullptr);
  void setFilters(std::vector<SavedFilter> filters);
  const std::vector<SavedFilter>& filters() const { return m_filters; }
  void setCounts(const std::vector<int>& counts);
  int count(int index) const {
    return index < static_cast<int>(m_counts.size()) ? m_counts[static_cast<std::size_t>(index)] : 0;
  }
  // The tab whose expression this is becomes the current one; none if it is no tab's.
  void setCurrentExpression(const QString& expression);
  int current() const { return m_current; }

  QSize sizeHint() const override;

 Q_SIGNALS:
  void activated(const QString& expression);
  void removeRequested(int index);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  QRectF tabArea(int index) const;
  int tabAt(QPointF position) const;
  std::vector<SavedFilter> m_filters;
  std::vector<int> m_counts;
  int m_current = 0, m_hovered = -1;
};

}  // namespace weft::ui
