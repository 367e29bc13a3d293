// ui/figures/figure_list.h -- the saved figures, each with a thumbnail of itself, its width, its runs and whether there
// is newer data.
#pragma once

#include <QListView>
#include <QPixmap>
#include <map>

#include "ui/figures/figure_library.h"

namespace weft::ui {

class FigureListModel : public QAbstractListModel {
  Q_OBJECT
 public:
  enum Role { NewerRole = Qt::UserRole, NoteRole };
  explicit FigureListModel(FigureLibrary* library, QObject* parent = nullptr);
  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

 private:
  FigureLibrary* m_library;
  int m_count = 0;
};

class FigureList : public QListView {
  Q_OBJECT
 public:
  explicit FigureList(FigureLibrary* library, QWidget* parent = nullptr);
  int current() const { return currentIndex().row(); }
  void setCurrent(int index);

 Q_SIGNALS:
  void currentFigureChanged(int index);

 protected:
  void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
};

}  // namespace weft::ui
