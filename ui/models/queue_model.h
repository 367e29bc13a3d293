// ui/models/queue_model.h -- running, queued and held jobs as rows under three headings. Rows move, come and go singly;
// never a reset.
#pragma once

#include <QAbstractTableModel>
#include <memory>
#include <unordered_map>

#include "ui/models/project_session.h"

namespace weft::ui {

enum class QueueColumn { Handle, Position, Job, Map, Needs, State, Starts, Takes, Actions };
inline constexpr int kQueueColumns = static_cast<int>(QueueColumn::Actions) + 1;
enum class QueueSection { Running, Queued, Held };

// What the plan says about a job; texts, so that the model needs no clock.
struct QueueTimes {
  store::JobId job;
  QString starts, takes;
};

class QueueModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Role {
    RunRole = Qt::UserRole,
    HeadingRole
  };  // RunRole: const store::RunSummary* as void*, null for a heading
      // and for a job that is about no run; HeadingRole: bool

  explicit QueueModel(QObject* parent = nullptr);
  // The jobs of the snapshot.
  void setSnapshot(std::shared_ptr<const RunsSnapshot> snapshot, std::vector<QueueTimes> times);
  const store::Job* jobAt(int row) const;         // nullptr for a heading
  const store::RunSummary* runAt(int row) const;  // whom the job is about
  bool isHeading(int row) const;
  QueueSection sectionOf(int row) const;
  int rowOf(store::JobId job) const;
  int rowOf(store::RunId run) const;  // of its training
  // "MQA s2" of a training, "Evaluate MQA s2", "Prepare".
  QString nameOf(const store::Job& job) const;
  // The queued ones, in the order in which they will start.
  const std::vector<store::JobId>& waiting() const { return m_waiting; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  Qt::DropActions supportedDropActions() const override { return Qt::MoveAction; }
  QMimeData* mimeData(const QModelIndexList& indexes) const override;
  QStringList mimeTypes() const override;
  bool canDropMimeData(const QMimeData* data, Qt::DropAction action, int row, int column,
                       const QModelIndex& parent) const override;
  bool dropMimeData(const QMimeData* data, Qt::DropAction action, int row, int column,
                    const QModelIndex& parent) override;

 Q_SIGNALS:
  // A dropped row asks the store; the rows move when the next snapshot says so. {0}: to the end.
  void moveRequested(weft::store::JobId job, weft::store::JobId before);

 private:
  struct Row {
    QueueSection section = QueueSection::Running;
    store::JobId job;  // 0: the section's heading
    bool operator==(const Row&) const = default;
  };
  void changeRowsTo(const std::vector<Row>& wanted);
  std::vector<Row> m_rows;
  int m_sizes[3] = {0, 0, 0};  // of the sections
  std::vector<store::JobId> m_waiting;
  std::unordered_map<store::JobId, QueueTimes> m_times;
  std::unordered_map<store::JobId, std::size_t> m_jobs;       // places in the snapshot
  std::unordered_map<store::JobId, std::size_t> m_positions;  // in m_waiting
  std::shared_ptr<const RunsSnapshot> m_snapshot;
};

}  // namespace weft::ui
