// ui/parts/panel_parts.h -- the parts of the editor's side panels: a labelled field, a number field, a line with a
// formula in place.
#pragma once

#include <QSpinBox>
#include <QWidget>
#include <functional>

class QHBoxLayout;
class QToolButton;
class QVBoxLayout;

namespace weft::ui {

class TextLabel;

// "8,192": grouped digits; one change when the user is done, not one a key. Never narrower than what it says.
class NumberField : public QSpinBox {
  Q_OBJECT
 public:
  NumberField(const QString& accessibleName, int minimum, int maximum, QWidget* parent = nullptr);
  void show(int value);  // without a signal
  // What a step goes to instead of value +- 1.
  void setStepper(std::function<int(int value, int steps)> stepper) { m_stepper = std::move(stepper); }
  void stepBy(int steps) override;
  QSize minimumSizeHint() const override;

 private:
  std::function<int(int, int)> m_stepper;
};

// The next number in `direction` (+1, -1) that divides `whole`.
int nextDivisor(int whole, int value, int direction);

// Label in caption size above a field.
QWidget* labelled(const QString& label, QWidget* field);
// Fields side by side, equally wide.
QWidget* fieldRow(const QList<QWidget*>& fields);

// A section of a side panel: a heading with room at its right, a hairline below.
class PanelSection : public QWidget {
  Q_OBJECT
 public:
  explicit PanelSection(const QString& title, QWidget* parent = nullptr);
  void setTitle(const QString& title);
  void addAtHeading(QWidget* widget);
  void add(QWidget* widget);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  TextLabel* m_title;
  QHBoxLayout* m_heading;
  QVBoxLayout* m_rows;
};

// "KV per token   5,120 B  f": the formula opens below, in place.
class CostLine : public QWidget {
  Q_OBJECT
 public:
  explicit CostLine(const QString& label, QWidget* parent = nullptr);
  void show(const QString& label, const QString& value, const QString& symbols, const QString& numbers);
  QString value() const;
  QString formula() const;
  void setFormulaShown(bool shown);
  void setStale(bool stale);  // grey: the number of an earlier state

 private:
  TextLabel* m_label;
  TextLabel* m_value;
  TextLabel* m_formula;
  QWidget* m_box;
  QToolButton* m_button;
};

}  // namespace weft::ui
