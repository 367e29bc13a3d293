// ui/diagram/cost_panel.h -- what the design costs, each number with its formula in place: parameters, KV bytes, batch
// that fits, FLOPs, the ceiling of decoding, the memory of a training step.
#pragma once

#include <QWidget>

#include "engine/sharing/device_model.h"
#include "ui/diagram/sharing_document.h"

class QComboBox;

namespace weft::ui {

class CostLine;
class NumberField;
class TextLabel;
class ComparisonBars;
class MemoryBar;

// Where the design must fit: a device, whose roofline is known too, or so much memory.
struct MemoryChoice {
  QString name;
  double bytes = 0;
  std::optional<sharing::DeviceModel> device;
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

  // The small print under two of the numbers: under the parameters the vocabulary that they count ("with the byte
  // tokenizer's 257 ids"), under the KV bytes their element type ("256 B in bfloat16, 512 B in float32 on this CPU").
  QString vocabularyWords() const;
  QString typeWords() const;
  // The lines in reading order, for tests and for "copy costs".
  QList<CostLine*> lines() const;

 Q_SIGNALS:
  void memoryChoiceChanged();

 private:
  void refresh();
  void showWords();
  void showLines(const sharing::CostReport& costs);
  void showFits(const sharing::CostReport& costs, const MemoryChoice& memory);
  void showDecode(const sharing::CostReport& costs, const MemoryChoice& memory);
  void showTraining(const MemoryChoice& memory);

  SharingDocument* m_document;
  QComboBox* m_type;
  TextLabel *m_stale, *m_vocabulary, *m_both;
  CostLine *m_parameters, *m_perToken, *m_resident, *m_read, *m_largest, *m_decode, *m_ceiling, *m_training, *m_step;
  ComparisonBars* m_bars;
  NumberField *m_batch, *m_context;
  QComboBox* m_memory;
  MemoryBar* m_memoryBar;
  TextLabel *m_others, *m_bound, *m_micro;
};

}  // namespace weft::ui
