#include "ui/models/run_sort_proxy.h"

#include <cmath>
#include <optional>

#include "engine/base/text.h"
#include "ui/models/run_text.h"

namespace weft::ui {
namespace {

using store::RunSummary;

// Columns that are ordered by something else than the value of their field.
std::optional<double> number(const RunSummary& run, RunColumn column, const store::RunField* field) {
  if (column == RunColumn::Marks) return run.baseline ? 2 : run.starred ? 1 : 0;
  if (column == RunColumn::Status) return stateOrder(run.state);
  if (column == RunColumn::Heads) return run.queryHeads * 1e6 + run.kvHeads * 1e3 + run.headWidth;
  if (column == RunColumn::Updated) return run.updated > 0 ? run.updated : run.created;
  return field ? store::numberOf(*field, run) : std::nullopt;
}

bool isText(RunColumn column, const store::RunField* field) {
  return field && column != RunColumn::Status && !field->isNumber() && !field->isFlag();
}

// Negative: a first. A missing number is last in both orders.
int compare(const RunSummary& a, const RunSummary& b, const SortKey& key, const store::RunField* field) {
  const int sign = key.order == Qt::AscendingOrder ? 1 : -1;
  if (isText(key.column, field)) {
    // As the user's locale orders text, like every other list on the desktop.
    return sign * QString::localeAwareCompare(QString::fromStdString(store::textOf(*field, a)),
                                              QString::fromStdString(store::textOf(*field, b)));
  }
  const auto x = number(a, key.column, field), y = number(b, key.column, field);
  const bool hasX = x && std::isfinite(*x), hasY = y && std::isfinite(*y);
  if (!hasX || !hasY) return static_cast<int>(hasY) - static_cast<int>(hasX);
  return *x < *y ? -sign : *x > *y ? sign : 0;
}

}  // namespace

RunSortProxy::RunSortProxy(QObject* parent) : QSortFilterProxyModel(parent) {
  setDynamicSortFilter(true);
  m_keys = {{RunColumn::Status, Qt::AscendingOrder}, {RunColumn::Perplexity, Qt::AscendingOrder}};
  // The keys decide the direction; the proxy's own order stays ascending.
  sort(0, Qt::AscendingOrder);
}

void RunSortProxy::setFilter(const RunFilter& filter) {
  m_filter = filter;
  invalidateFilter();
}

bool RunSortProxy::accepts(const RunFilter& filter, const RunSummary& run) {
  return filter.matches(run) && (!run.archived || filter.mentions(QStringLiteral("archived")));
}

void RunSortProxy::setSortKeys(std::vector<SortKey> keys) {
  m_keys = std::move(keys);
  invalidate();
}

bool RunSortProxy::filterAcceptsRow(int row, const QModelIndex& parent) const {
  const RunSummary* run = runOf(sourceModel()->index(row, 0, parent));
  return run && accepts(*run);
}

bool RunSortProxy::lessThan(const QModelIndex& left, const QModelIndex& right) const {
  const RunSummary* a = runOf(left);
  const RunSummary* b = runOf(right);
  if (!a || !b) return b == nullptr && a != nullptr;
  const auto* model = qobject_cast<const RunTableModel*>(sourceModel());
  for (const SortKey& key : m_keys)
    if (const int order = compare(*a, *b, key, model->fieldOf(key.column)); order != 0) return order < 0;
  return a->id > b->id;
}

}  // namespace weft::ui
