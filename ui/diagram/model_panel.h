// ui/diagram/model_panel.h -- heads and sizes of the model, and what is selected in the stack.
#pragma once

#include <QWidget>

#include "ui/diagram/sharing_document.h"

class QComboBox;
class QPushButton;

namespace weft::ui {

class NumberField;
class PanelSection;
class TextLabel;

class ModelPanel : public QWidget {
  Q_OBJECT
 public:
  explicit ModelPanel(SharingDocument* document, QWidget* parent = nullptr);

 private:
  void refresh();
  SharingDocument* m_document;
  QList<QPushButton*> m_presets;  // MHA, GQA4, MQA
  NumberField *m_queryHeads, *m_kvHeads, *m_headWidth, *m_hidden, *m_feedForward, *m_vocabulary;
  TextLabel* m_note;
};

// Source, window and KV heads of the selected layers.
class SelectionPanel : public QWidget {
  Q_OBJECT
 public:
  explicit SelectionPanel(SharingDocument* document, QWidget* parent = nullptr);
  void setSelection(const LayerSet& layers);
  void editSource();  // focus on the source, its list open for typing

 private:
  void refresh();
  void commitSource(const QString& text);
  void commitWindow(const QString& text);
  SharingDocument* m_document;
  LayerSet m_layers;
  PanelSection* m_section;
  QComboBox *m_source, *m_window;
  NumberField* m_kvHeads;
  TextLabel* m_note;
};

}  // namespace weft::ui
