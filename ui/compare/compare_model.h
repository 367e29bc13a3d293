// ui/compare/compare_model.h -- the runs of the plot as a table: every number beside its difference from the baseline.
// Single rows change, come and go; never a reset. The proxy sorts by any column and keeps the baseline on top.
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>
#include <functional>
#include <optional>
#include <vector>

#include "ui/compare/pair_selection.h"
#include "ui/plot/pareto.h"

namespace weft::ui {

enum class CompareColumn {
  Mark,
  Run,
  Map,
  Heads,
  Perplexity,
  PerplexityDelta,
  KvBytes,
  KvBytesDelta,
  KvMeasured,
  KvMeasuredDelta,
  Parameters,
  ParametersDelta,
  Speed,
  SpeedDelta,
  Frontier
};
inline constexpr int kCompareColumns = static_cast<int>(CompareColumn::Frontier) + 1;
bool isDelta(CompareColumn column);

// How far `run` is from `baseline` in the quantity of a delta column: perplexities as a difference, the others as a
// share (-0.5 = half less).
std::optional<double> deltaOf(const store::RunSummary& run, const store::RunSummary& baseline, CompareColumn column);
QString deltaText(std::optional<double> delta, CompareColumn column);  // "−0.48", "−50%", "–" for none

class CompareModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Role {
    RunRole = Qt::UserRole,
    SortRole,
    DeltaRole
  };  // RunRole: const store::RunSummary* as void*; DeltaRole: double

  explicit CompareModel(PairSelection* selection, QObject* parent = nullptr);

  // In any order; each run once.
  void setRuns(std::vector<store::RunSummary> runs);
  // One that is there already, with nothing new that changes its place or label.
  void setRun(const store::RunSummary& run);
  // May be a run that is not among them: the differences are still told.
  void setBaseline(const std::optional<store::RunSummary>& baseline);
  // What may be said of a run's configuration against the baseline's: the tooltip of its perplexity and of the
  // difference.
  void setSentences(std::function<QString(store::RunId run, store::RunId baseline)> sentences) {
    m_sentences = std::move(sentences);
  }
  store::RunId baseline() const { return m_baseline ? m_baseline->id : store::RunId{}; }
  const store::RunSummary& runAt(int row) const { return m_runs[static_cast<std::size_t>(row)]; }
  QString labelAt(int row) const { return m_labels.value(row); }  // what the run is called beside the others
  int rowOf(store::RunId id) const;
  enum class Place { NoValue, Dominated, OnFrontier };
  Place placeOf(store::RunId id) const;
  QString csv() const;  // all runs, plain numbers

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  void placeRuns();
  QString text(const store::RunSummary& run, CompareColumn column) const;
  QVariant sortKey(const store::RunSummary& run, CompareColumn column) const;

  PairSelection* m_selection;
  std::vector<store::RunSummary> m_runs;  // by id
  std::vector<Place> m_places;            // of m_runs
  QStringList m_labels;                   // of m_runs
  std::optional<store::RunSummary> m_baseline;
  std::function<QString(store::RunId, store::RunId)> m_sentences;
};

class CompareSortProxy : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  using QSortFilterProxyModel::QSortFilterProxyModel;

 protected:
  bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;
};

}  // namespace weft::ui
