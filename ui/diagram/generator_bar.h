// ui/diagram/generator_bar.h -- above the stack: the patterns that fill in a map, the number of layers, the row height,
// and the map as text with its verdict; below them, while the text is no map, one sentence and the ways out of it.
#pragma once

#include <QWidget>
#include <optional>
#include <vector>

#include "ui/diagram/sharing_document.h"

class QAction;
class QComboBox;
class QHBoxLayout;
class QMenu;
class QPushButton;

namespace weft::sharing {
struct Generator;
}

namespace weft::ui {

class MapField;
class NumberField;
class TextLabel;

class GeneratorBar : public QWidget {
  Q_OBJECT
 public:
  explicit GeneratorBar(SharingDocument* document, QWidget* parent = nullptr);
  MapField* mapField() const { return m_field; }
  QMenu* patternMenu() const { return m_menu; }
  QString verdict() const;   // beside the field
  QString sentence() const;  // of the error band; empty while the map is valid
  QSize minimumSizeHint() const override;

 Q_SIGNALS:
  void rowHeightChosen(std::optional<qreal> rowHeight);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void refresh();
  void refreshFixes();
  void fillMenu();
  void refreshMore();
  // In a narrow window: what has no room is left out, the patterns of the last buttons move into the menu.
  void fit();
  // The generator that made the map as it is, nullptr if none; its number.
  const sharing::Generator* lit(int* number) const;

  SharingDocument* m_document;
  // The paper's patterns have a button each, where there is room; all others stand in the menu of m_more.
  QList<QPushButton*> m_buttons;
  std::vector<const sharing::Generator*> m_buttonGenerators;
  QHBoxLayout* m_patterns;
  QWidget* m_rowHeights;
  QPushButton* m_more;
  QMenu* m_menu;
  QAction* m_allowUpward = nullptr;  // in the menu
  NumberField* m_moreNumber;         // of the pattern that m_more shows, where it takes one
  NumberField* m_groupSize;          // the n of CLA-n
  NumberField* m_layers;
  MapField* m_field;
  QWidget* m_check;
  TextLabel* m_verdict;
  TextLabel* m_counts;
  QWidget* m_band;
  TextLabel* m_sentence;
  QHBoxLayout* m_bandLayout;
  QList<QPushButton*> m_fixes;
};

}  // namespace weft::ui
