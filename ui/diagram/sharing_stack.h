// ui/diagram/sharing_stack.h -- the editor's picture of a map: one row a layer, layer 0 at the bottom; mouse and
// keyboard edit the document. Painted and hit-tested by arithmetic. Its accessible twin is MapTableModel.
#pragma once

#include <QAbstractScrollArea>
#include <optional>

#include "ui/diagram/sharing_scene.h"

namespace weft::ui {

class SharingStack : public QAbstractScrollArea {
  Q_OBJECT
 public:
  // `document` outlives the widget.
  explicit SharingStack(SharingDocument* document, QWidget* parent = nullptr);

  const LayerSet& selection() const { return m_state.selection; }
  int currentLayer() const { return m_state.current; }  // -1: none
  void select(const LayerSet& layers, int current);
  void clearSelection();
  void showNextProblem();
  void setRowHeight(std::optional<qreal> rowHeight);  // nullopt: rows fill the view
  const SceneLayout& sceneLayout() const { return m_layout; }
  QSize sizeHint() const override { return {860, 560}; }

 Q_SIGNALS:
  void selectionChanged();
  void sourceEditRequested();  // Enter on a row without typed digits
  void messageRaised(const QString& sentence, bool isError);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void scrollContentsBy(int dx, int dy) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  void changeEvent(QEvent* event) override;
  bool viewportEvent(QEvent* event) override;

 private:
  enum class Drag { None, Pressed, Rows, Source };
  void relayout();
  void documentChanged();
  void moveCurrent(int layer, bool extends);
  void dropSource();
  void endDrag();
  void enterTyped();
  void showLayer(int layer);
  void announce();

  SharingDocument* m_document;
  SceneLayout m_layout;
  SceneState m_state;
  std::optional<qreal> m_rowHeight;
  int m_anchor = -1;  // where a Shift selection starts
  Drag m_drag = Drag::None;
  int m_pressedRing = -1;
  QPointF m_pressedAt;
};

}  // namespace weft::ui
