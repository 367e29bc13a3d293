// ui/diagram/hint_line.h -- the editor's bottom line: what Undo would undo, what is selected, which keys act on it.
#pragma once

#include "ui/diagram/sharing_document.h"
#include "ui/parts/widgets.h"

class QAction;

namespace weft::ui {

class HintLine : public Surface {
  Q_OBJECT
 public:
  HintLine(SharingDocument* document, QAction* undo, QAction* redo, QWidget* parent = nullptr);
  void setSelection(const LayerSet& layers);
  QString undoText() const;

 private:
  void refresh();
  SharingDocument* m_document;
  LayerSet m_selection;
  TextLabel* m_undoText;
  TextLabel* m_selected;
  KeyHints* m_layerKeys;  // of one selected layer
  KeyHints* m_editKeys;   // of several
  KeyHints* m_errorKeys;
  KeyHints* m_startKeys;
};

}  // namespace weft::ui
