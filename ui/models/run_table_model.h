// ui/models/run_table_model.h -- the runs of a snapshot as table rows, newest first. A new snapshot inserts, removes
// and changes single rows, never resets: selection, scroll position and open editors stay where they are.
#pragma once

#include <QAbstractTableModel>
#include <memory>
#include <optional>

#include "engine/store/run_fields.h"
#include "ui/models/project_session.h"

namespace weft::ui {

// The columns that are drawn in a way of their own, in the order in which a new user sees them. After them comes every
// other described field of a run (store/run_fields.h) as plain text, hidden until it is asked for.
enum class RunColumn : int {
  Marks,
  Status,
  Name,
  Map,
  Heads,
  Parameters,
  Perplexity,
  KvBytes,
  KvMeasured,
  TokensPerSecond,
  Progress,
  Loss,
  Tags,
  Updated
};
inline constexpr int kDrawnRunColumns = static_cast<int>(RunColumn::Updated) + 1;
// With the described fields that are not drawn at first. Behind them each model has a column for every value that its
// runs have (store::RunSummary::values).
int describedRunColumns();

class RunTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  // RunRole: const store::RunSummary* as a void pointer, valid until the next change of the model. DistinctionRole:
  // what is appended to the name to tell it from others, "s2"; "" where the name alone will do.
  enum Role { RunRole = Qt::UserRole, RunIdRole, DistinctionRole };

  explicit RunTableModel(QObject* parent = nullptr);

  void setSnapshot(std::shared_ptr<const RunsSnapshot> snapshot);
  const RunsSnapshot& snapshot() const { return *m_snapshot; }
  const store::RunSummary& runAt(int row) const { return *m_rows[static_cast<std::size_t>(row)]; }
  int rowOf(store::RunId id) const;  // -1 if it is not there
  // What the column shows; nullptr for Marks and Heads, which show several.
  const store::RunField* fieldOf(RunColumn column) const;
  // A name that stays, for settings: the field's or value's, "marks", "heads".
  QString keyOf(RunColumn column) const;
  std::optional<RunColumn> columnOfKey(const QString& key) const;
  // Ages ("4 h") grow old by themselves; the page calls this now and then.
  void refreshAges();

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  void tellNewLabels(const RunsSnapshot& before);
  void addColumnsFor(const std::vector<RunRows::Row>& rows);
  QString title(RunColumn column) const;
  QString explanation(RunColumn column) const;
  bool isNumeric(RunColumn column) const;
  QString cellText(const store::RunSummary& run, RunColumn column) const;

  std::shared_ptr<const RunsSnapshot> m_snapshot;
  std::vector<RunRows::Row> m_rows;
  std::vector<store::RunField> m_values;  // of the columns behind the described ones
};

// The run behind an index of the model or of a proxy over it; nullptr for an invalid index.
const store::RunSummary* runOf(const QModelIndex& index);

}  // namespace weft::ui
