// ui/measure/measure_model.h -- measured points as a table.
#pragma once

#include <QAbstractTableModel>

#include "ui/measure/measured_point.h"

namespace weft::ui {

enum class MeasureColumn {
  Run,
  Context,
  Batch,
  Prefill,
  Decode,
  Step,
  Analytic,
  Storage,
  Allocator,
  Device,
  Largest,
  Predicted
};
inline constexpr int kMeasureColumns = 12;

class MeasureModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  static constexpr int SortRole = Qt::UserRole + 1;
  using QAbstractTableModel::QAbstractTableModel;
  void setPoints(std::vector<MeasuredPoint> points);
  const std::vector<MeasuredPoint>& points() const { return m_points; }
  QString csv() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  std::vector<MeasuredPoint> m_points;
};

}  // namespace weft::ui
