// ui/diagram/map_table_model.h -- the map as a table: the accessible twin of the stack. Layer 0 is the first row;
// source, window and KV heads are edited in place.
#pragma once

#include <QAbstractTableModel>

#include "ui/diagram/sharing_document.h"

namespace weft::ui {

class MapTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { Layer, Source, ReadBy, Window, KvHeads, BytesPerToken, BytesAtContext, ColumnCount };
  explicit MapTableModel(SharingDocument* document, QObject* parent = nullptr);

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;

 private:
  void documentChanged();
  QString text(int layer, int column) const;
  SharingDocument* m_document;
  int m_rows = 0;
};

}  // namespace weft::ui
