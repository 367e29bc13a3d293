// ui/diagram/cost_panel.h -- what the design costs, each number with its formula in place: parameters, KV bytes, batch that fits, FLOPs.
#pragma once

#include <QWidget>

#include "ui/diagram/sharing_document.h"

class QComboBox;

namespace weft::ui {

class CostLine;
class NumberField;
class TextLabel;
class ComparisonBars;
class MemoryBar;

// A device whose memory the design must fit; bytes as its driver reports them.
struct MemoryChoice {
  const char* name;
  double bytes;
};
const std::vector<MemoryChoice>& memoryChoices();
inline constexpr double kReservedBytes = 2.0 * (1 << 30);  // context, workspace and activations of one decode step

class CostPanel : public QWidget {
  Q_OBJECT
 public:
  explicit CostPanel(SharingDocument* document, QWidget* parent = nullptr);

  int memoryChoice() const;
  void setMemoryChoice(int index);
  void setFormulasShown(bool shown);

  // The lines in reading order, for tests and for "copy costs".
  QList<CostLine*> lines() const;

 Q_SIGNALS:
  void memoryChoiceChanged();

 private:
  void refresh();
  void showLines(const sharing::CostReport& costs);

  SharingDocument* m_document;
  QComboBox* m_type;
  TextLabel* m_stale;
  CostLine *m_parameters, *m_perToken, *m_resident, *m_read, *m_largest, *m_training, *m_decode;
  ComparisonBars* m_bars;
  NumberField *m_batch, *m_context;
  QComboBox* m_memory;
  MemoryBar* m_memoryBar;
  TextLabel* m_others;
};

}  // namespace weft::ui
