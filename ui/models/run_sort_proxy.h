// ui/models/run_sort_proxy.h -- the run table as the user wants to see it: filtered by an expression, sorted by several
// keys.
#pragma once

#include <QSortFilterProxyModel>
#include <vector>

#include "ui/models/run_filter.h"
#include "ui/models/run_table_model.h"

namespace weft::ui {

struct SortKey {
  RunColumn column = RunColumn::Updated;
  Qt::SortOrder order = Qt::DescendingOrder;
  bool operator==(const SortKey&) const = default;
};

class RunSortProxy : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  explicit RunSortProxy(QObject* parent = nullptr);

  // Archived runs are hidden unless the filter speaks of them.
  void setFilter(const RunFilter& filter);
  const RunFilter& filter() const { return m_filter; }
  bool accepts(const store::RunSummary& run) const { return accepts(m_filter, run); }
  static bool accepts(const RunFilter& filter, const store::RunSummary& run);

  // The first key decides, the next ones among equals; the newest run first at last. Missing values stand at the end
  // either way.
  void setSortKeys(std::vector<SortKey> keys);
  const std::vector<SortKey>& sortKeys() const { return m_keys; }

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
  bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

 private:
  RunFilter m_filter;
  std::vector<SortKey> m_keys;
};

}  // namespace weft::ui
