// ui/monitor/alert_list.h -- what the runs raised, the newest first: level by shape and colour, run and age below.
// Choosing one shows it on its curve.
#pragma once

#include <QAbstractListModel>
#include <QListView>
#include <memory>
#include <vector>

#include "ui/models/project_session.h"
#include "ui/monitor/loss_chart.h"

namespace weft::ui {

// "Loss spike at step 2,214: 2.96 to 4.02" -> title and detail; a sentence without a colon is all title.
struct AlertText {
  QString title, detail;
};
AlertText alertText(const store::Alert& alert);
AlertLevel alertLevel(const store::Alert& alert);

class AlertModel : public QAbstractListModel {
  Q_OBJECT
 public:
  enum Role { IdRole = Qt::UserRole, LevelRole, DetailRole };
  explicit AlertModel(QObject* parent = nullptr) : QAbstractListModel(parent) {}
  // Alerts are only ever added; rows are inserted at the top.
  void setSnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot);
  void clear();
  const store::Alert* alertAt(int row) const;
  const store::Alert* find(std::int64_t id) const;
  int rowOf(std::int64_t id) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

 private:
  std::vector<store::Alert> m_alerts;  // oldest first
  std::shared_ptr<const RunsSnapshot> m_snapshot;
};

class AlertList : public QListView {
  Q_OBJECT
 public:
  explicit AlertList(AlertModel* model, QWidget* parent = nullptr);
  void select(std::int64_t id);     // 0: none
  QSize sizeHint() const override;  // up to a few rows

 Q_SIGNALS:
  void alertChosen(std::int64_t id);
};

}  // namespace weft::ui
