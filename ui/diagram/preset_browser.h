// ui/diagram/preset_browser.h -- every ready configuration, by family, with a filter, and with what one compares them
// by: parameters and KV bytes a token. A child of the page, not a window of its own, as the command palette is.
#pragma once

#include <QFrame>
#include <QSortFilterProxyModel>
#include <string>

class QLineEdit;
class QStandardItemModel;
class QTreeView;

namespace weft::ui {

// Rows with all words of the filter in name, family or description; a family stays while one of its presets does.
class PresetFilter : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  explicit PresetFilter(QObject* parent = nullptr);
  void setWords(const QString& text);

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  QStringList m_words;
};

class PresetBrowser : public QFrame {
  Q_OBJECT
 public:
  enum Column { Name, Parameters, KvBytes, KvBytesHere, ColumnCount };
  enum Role { NameRole = Qt::UserRole, DescriptionRole, SearchRole };  // NameRole is empty on a family

  explicit PresetBrowser(QWidget* page);
  // Below `anchor`, right edges aligned; again, while it is open: closes it.
  void toggleBelow(const QWidget* anchor);
  QLineEdit* field() const { return m_field; }
  QTreeView* list() const { return m_list; }
  QString hint() const { return m_hint; }  // the line at the bottom: what the chosen preset is

 Q_SIGNALS:
  void chosen(const std::string& preset);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  void search();
  void accept(const QModelIndex& index);
  void move(int step);
  void refreshHint();
  void close();

  QLineEdit* m_field;
  QTreeView* m_list;
  QStandardItemModel* m_model;
  PresetFilter* m_filter;
  QString m_hint;
  const QWidget* m_anchor = nullptr;
};

}  // namespace weft::ui
