// ui/monitor/readings_table.h -- the table twin of the charts: for each run on show what every curve says at the
// cursor, or at its end.
#pragma once

#include <QAbstractTableModel>
#include <QTableView>
#include <vector>

#include "engine/store/run_id.h"
#include "ui/monitor/run_series.h"
#include "ui/parts/widgets.h"

namespace weft::ui {

class LossChart;
class SharedCursor;
class SmallCharts;

class ReadingsModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  explicit ReadingsModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}
  struct Row {
    store::RunId run;
    int style = 0;  // of its curves
    QStringList cells;
    bool operator==(const Row&) const = default;
  };
  void set(const QStringList& headers, std::vector<Row> rows);
  store::RunId runAt(int row) const { return m_rows[static_cast<std::size_t>(row)].run; }
  int styleAt(int row) const { return m_rows[static_cast<std::size_t>(row)].style; }
  QString asText() const;  // tab separated, with the headers

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  QStringList m_headers;
  std::vector<Row> m_rows;
};

class ReadingsTable : public Surface {
  Q_OBJECT
 public:
  ReadingsTable(const LossChart& loss, const SmallCharts& small, const SharedCursor& cursor, QWidget* parent = nullptr);
  void update();  // from the charts
  // Of a low window the chart gets the most: fewer rows are then seen at once.
  void setMostHeight(int pixels);
  ReadingsModel* model() const { return m_model; }
  QTableView* table() const { return m_table; }
  QString caption() const { return m_caption->text(); }

 Q_SIGNALS:
  void runClicked(weft::store::RunId run);

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void arrange();
  const LossChart& m_loss;
  const SmallCharts& m_small;
  const SharedCursor& m_cursor;
  ReadingsModel* m_model;
  int m_mostHeight = QWIDGETSIZE_MAX;
  QTableView* m_table;
  TextLabel* m_caption;
};

// "9.29 B tokens", "step 2,214", "1 h 12 min": a place on the shared axis.
QString placeText(double x, XAxis axis);

}  // namespace weft::ui
