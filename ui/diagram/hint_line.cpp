#include "ui/diagram/hint_line.h"

#include <QAction>
#include <QHBoxLayout>
#include <QToolButton>

#include "ui/parts/icons.h"

namespace weft::ui {

HintLine::HintLine(SharingDocument* document, QAction* undo, QAction* redo, QWidget* parent)
    : Surface(Fill::Header, Qt::TopEdge, parent),
      m_document(document),
      m_undoText(new TextLabel({}, Type::Body, Tone::Text2)),
      m_selected(new TextLabel({}, Type::Strong)),
      m_layerKeys(new KeyHints({tr("G"), tr("group with below"), tr("U"), tr("separate"), tr("[ ]"),
                                tr("move boundary"), tr("W"), tr("window"), tr("Esc"), tr("clear")})),
      m_editKeys(new KeyHints({tr("G"), tr("group"), tr("U"), tr("separate"), tr("[ ]"), tr("move boundary"), tr("W"),
                               tr("window"), tr("Esc"), tr("clear")})),
      m_errorKeys(new KeyHints(
          {tr("F8"), tr("next error"), tr("Alt+Enter"), tr("apply the first fix"), tr("Ctrl+Z"), tr("undo")})),
      m_startKeys(new KeyHints(
          {tr("↑ ↓"), tr("select"), tr("0–9 Enter"), tr("set the source"), tr("drag a ring"), tr("set the source")})) {
  setFixedHeight(38);
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(metrics::panelMargin, 1, metrics::panelMargin, 0);
  layout->setSpacing(metrics::gap);
  const auto button = [&](QAction* action) {
    auto* widget = new QToolButton;
    widget->setDefaultAction(action);
    widget->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    layout->addWidget(widget);
  };
  button(undo);
  m_undoText->setElided(true);
  m_undoText->setFixedWidth(190);
  layout->addWidget(m_undoText);
  button(redo);
  layout->addSpacing(8);
  layout->addWidget(m_selected);
  for (KeyHints* keys : {m_layerKeys, m_editKeys, m_errorKeys, m_startKeys}) layout->addWidget(keys, 1);
  connect(document, &SharingDocument::changed, this, &HintLine::refresh);
  connect(&document->undo(), &QUndoStack::indexChanged, this, &HintLine::refresh);
  refresh();
}

void HintLine::setSelection(const LayerSet& layers) {
  m_selection = layers;
  refresh();
}

QString HintLine::undoText() const { return m_undoText->text(); }

void HintLine::refresh() {
  m_undoText->setText(m_document->undo().undoText());
  QString selected = tr("Nothing selected");
  if (!m_document->isValid()) {
    const int layer = m_document->problems().front().layer;
    selected = layer >= 0 ? tr("Layer %1 has an error").arg(layer) : tr("The map has an error");
  } else if (!m_selection.empty()) {
    selected = QString::fromStdString(describeLayers(m_selection)) + tr(" selected");
    selected[0] = selected[0].toUpper();
  }
  m_selected->setText(selected);
  m_errorKeys->setVisible(!m_document->isValid());
  m_layerKeys->setVisible(m_document->isValid() && m_selection.size() == 1);
  m_editKeys->setVisible(m_document->isValid() && m_selection.size() > 1);
  m_startKeys->setVisible(m_document->isValid() && m_selection.empty());
}

}  // namespace weft::ui
