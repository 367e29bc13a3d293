// ui/plot/plot.h -- the base of every plot: QCustomPlot in the theme, with the studio's gestures. Wheel zooms at the
// pointer, drag pans, double click fits; over an axis' numbers they act on that axis alone. + and - zoom, Ctrl+arrows
// pan, 0 fits. Subclasses add plottables and say what "fit" means.
#pragma once

#include <vector>

#include "ui/plot/custom_plot.h"

namespace weft::ui {

class Plot : public QCustomPlot {
  Q_OBJECT
 public:
  enum class Scale { Linear, Logarithmic };

  // `accessibleName` says what is plotted; a plot without one would be silent to a screen reader.
  explicit Plot(const QString& accessibleName, QWidget* parent = nullptr);

  void setScale(QCPAxis* axis, Scale scale);
  Scale scale(const QCPAxis* axis) const;

  // The axes that wheel and drag change inside the plot area; both unless set.
  void setViewAxes(Qt::Orientations orientations) { m_viewAxes = orientations; }
  // False once the user has zoomed or panned, true again after fit(): while it is true new data may move the view.
  bool isFitted() const { return m_isFitted; }
  void setFitted(bool fitted) { m_isFitted = fitted; }
  // Everything worth seeing; told as viewChanged().
  void fit();
  // Keeps the point under `pixel` where it is; a factor below 1 shows less.
  void zoom(Qt::Orientations axes, double factor, QPointF pixel);
  void pan(Qt::Orientations axes, QPointF pixels);
  bool isDragging() const { return m_gesture == Gesture::Drag; }

  QRect plotArea() const { return axisRect()->rect(); }
  // Where a cursor at `x` meets what is drawn; nothing unless overridden.
  struct CursorMark {
    QPointF pixel;
    QColor color;
  };
  virtual std::vector<CursorMark> cursorMarks(double x) const;
  // One or two sentences in the middle of a plot that has nothing to show.
  void setEmptyText(const QString& text);
  QString emptyText() const { return m_emptyText; }

 Q_SIGNALS:
  // By the user or by fit(), never by data. `modifiers` as they were: Alt means "this plot only" where plots are
  // linked.
  void viewChanged(Qt::Orientations axes, Qt::KeyboardModifiers modifiers);
  void pointerMoved(QPointF pixel);  // inside the plot area, no button pressed
  void pointerLeft();
  void clicked(QPointF pixel, Qt::KeyboardModifiers modifiers);  // left button inside the plot area, without a drag

 protected:
  // Sets the ranges so that everything worth seeing is in view. Unless overridden: all plottables and a margin.
  virtual void fitAxes();
  // Colours and fonts from the theme in force; called once and at every change. Overrides call the base first.
  virtual void applyTheme();

  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  void showEvent(QShowEvent* event) override;

 private:
  enum class Gesture { None, Press, Drag };
  // Inside: m_viewAxes; over the numbers of an axis: that one; elsewhere none.
  Qt::Orientations axesAt(QPointF pixel) const;
  void userChanged(Qt::Orientations axes, Qt::KeyboardModifiers modifiers);

  Qt::Orientations m_viewAxes = Qt::Horizontal | Qt::Vertical;
  bool m_isFitted = true;
  bool m_hasKeyboardFocus = false;  // reached by a key: a click shows no ring
  bool m_isThemed = false;
  Gesture m_gesture = Gesture::None;
  Qt::Orientations m_dragAxes;
  QPointF m_pressedAt, m_draggedTo;
  QString m_emptyText;
};

}  // namespace weft::ui
