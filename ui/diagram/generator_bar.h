// ui/diagram/generator_bar.h -- above the stack: the patterns that fill in a map, the number of layers, the row height, and the map as text with its
// verdict; below them, while the text is no map, one sentence and the ways out of it.
#pragma once

#include <QWidget>
#include <optional>

#include "ui/diagram/sharing_document.h"

class QComboBox;
class QHBoxLayout;
class QPushButton;

namespace weft::ui {

class MapField;
class NumberField;
class TextLabel;

class GeneratorBar : public QWidget {
  Q_OBJECT
 public:
  explicit GeneratorBar(SharingDocument* document, QWidget* parent = nullptr);
  MapField* mapField() const { return m_field; }
  QString verdict() const;   // beside the field
  QString sentence() const;  // of the error band; empty while the map is valid

 Q_SIGNALS:
  void rowHeightChosen(std::optional<qreal> rowHeight);

 private:
  void refresh();
  void refreshFixes();

  SharingDocument* m_document;
  QList<QPushButton*> m_buttons;  // one a generator, in the engine's order
  NumberField* m_groupSize;       // the n of CLA-n
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
