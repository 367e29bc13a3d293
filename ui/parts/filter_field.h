// ui/parts/filter_field.h -- the filter expression: coloured as you type, wrong characters underlined, fields and
// values completed.
#pragma once

#include <QLineEdit>
#include <functional>
#include <optional>

#include "ui/models/run_filter.h"

class QCompleter;
class QStringListModel;

namespace weft::ui {

class TextLabel;

class FilterField : public QLineEdit {
  Q_OBJECT
 public:
  explicit FilterField(QWidget* parent = nullptr);
  // The values that `field = ` may be completed with.
  void setValueSource(std::function<QStringList(const QString& field)> values) { m_values = std::move(values); }
  // "55 of 143 runs" at the right end.
  void setCountText(const QString& text);
  const FilterError* error() const { return m_error ? &*m_error : nullptr; }

 Q_SIGNALS:
  // The text is a filter; sent while typing. A wrong text sends filterRejected instead: the last good filter stays.
  void filterChanged(const weft::ui::RunFilter& filter);
  void filterRejected(const QString& sentence);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void textEdited();
  void colour();
  void offerCompletion();
  void complete(const QString& word);
  int wordBegin() const;

  std::function<QStringList(const QString&)> m_values;
  std::optional<FilterError> m_error;
  QString m_countText;
  QStringListModel* m_words;
  QCompleter* m_completer;
};

// What is wrong with the field's text, to stand below it; hidden while nothing is.
TextLabel* makeErrorLabel(FilterField* field);

}  // namespace weft::ui
