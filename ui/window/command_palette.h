// ui/window/command_palette.h -- Ctrl+K: runs, maps, pages and actions in one list. A child of the window, not a window
// of its own.
//   "@" runs only, ">" actions only, "=" maps only. All the words must occur; beginnings of words come first.
#pragma once

#include <QAbstractListModel>
#include <QFrame>
#include <functional>
#include <vector>

class QLineEdit;
class QListView;

namespace weft::ui {

struct PaletteEntry {
  enum class Kind { Run, Map, Page, Action };
  Kind kind = Kind::Action;
  QString text, detail, keys, iconName;
  std::string map;  // glyph, for runs and maps
  std::function<void()> run;
};

// The entries that a query finds, best first within their kind, at most `limit` of each kind; kinds in the order Run,
// Map, Page, Action.
std::vector<PaletteEntry> findEntries(const std::vector<PaletteEntry>& entries, const QString& query, int limit = 6);

class PaletteModel : public QAbstractListModel {
  Q_OBJECT
 public:
  enum Role { EntryRole = Qt::UserRole };  // const PaletteEntry* as void*; nullptr for a heading
  using QAbstractListModel::QAbstractListModel;
  void setEntries(std::vector<PaletteEntry> entries, const QString& query);
  const PaletteEntry* entryAt(int row) const;
  const QString& query() const { return m_query; }
  int firstEntryRow() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;

 private:
  struct Row {
    int entry = -1;  // -1: a heading
    PaletteEntry::Kind kind = PaletteEntry::Kind::Action;
  };
  std::vector<PaletteEntry> m_entries;
  std::vector<Row> m_rows;
  QString m_query;
};

class CommandPalette : public QFrame {
  Q_OBJECT
 public:
  explicit CommandPalette(QWidget* window);
  // Asked each time the palette opens.
  void setSource(std::function<std::vector<PaletteEntry>()> entries) { m_source = std::move(entries); }
  void popUp();
  QLineEdit* field() const { return m_field; }
  PaletteModel* model() const { return m_model; }

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  void search();
  void accept();
  void move(int step);
  void place();

  std::function<std::vector<PaletteEntry>()> m_source;
  std::vector<PaletteEntry> m_all;
  QLineEdit* m_field;
  QListView* m_list;
  PaletteModel* m_model;
};

}  // namespace weft::ui
