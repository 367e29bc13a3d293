// ui/parts/run_picker.h -- a list to tick runs in, with a field that narrows it: opens below a button, closes on Esc or
// a click elsewhere.
#pragma once

#include <QFrame>
#include <vector>

#include "ui/models/run_rows.h"

class QLineEdit;
class QListWidget;

namespace weft::ui {

class TextLabel;

class RunPicker : public QFrame {
  Q_OBJECT
 public:
  explicit RunPicker(QWidget* parent = nullptr);
  // Opens below `anchor`, showing `runs` with `ticked` ones first.
  void popUp(QWidget* anchor, const RunRows& runs, const std::vector<store::RunId>& ticked);
  QListWidget* list() const { return m_list; }
  QLineEdit* field() const { return m_field; }

 Q_SIGNALS:
  void picked(const std::vector<weft::store::RunId>& runs);  // at every tick

 protected:
  void paintEvent(QPaintEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void narrow(const QString& text);
  void report();
  QLineEdit* m_field;
  QListWidget* m_list;
  TextLabel* m_count;
};

}  // namespace weft::ui
