// ui/monitor/log_view.h -- the end of the current run's log: follows while it grows, unless the reader scrolls up;
// found text is lit.
#pragma once

#include "ui/parts/widgets.h"

class QCheckBox;
class QLineEdit;
class QPlainTextEdit;

namespace weft::ui {

class LogView : public Surface {
  Q_OBJECT
 public:
  explicit LogView(QWidget* parent = nullptr);
  void setRun(const QString& name);   // empties it
  void setName(const QString& name);  // of the same run: others of its name may have come
  // The log's last 64 KiB as they are now. What is there already stays in place; only new lines are added.
  void setText(const QString& text);
  void setHint(const QString& hint);  // instead of an empty log
  QString lastLine() const;
  QPlainTextEdit* text() const { return m_text; }
  QLineEdit* find() const { return m_find; }
  void findNext();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void highlight();
  TextLabel* m_name;
  QCheckBox* m_follow;
  QLineEdit* m_find;
  QPlainTextEdit* m_text;
  QString m_shown;
};

}  // namespace weft::ui
