// ui/diagram/map_field.h -- the text of the map: checked at every key, the wrong characters underlined, a red edge
// while it is no map.
#pragma once

#include <QLineEdit>

#include "ui/diagram/sharing_document.h"

namespace weft::ui {

class MapField : public QLineEdit {
  Q_OBJECT
 public:
  explicit MapField(SharingDocument* document, QWidget* parent = nullptr);
  // First and one-past-last underlined character; equal: nothing is underlined.
  std::pair<int, int> underlined() const { return m_underlined; }

 protected:
  bool event(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void changeEvent(QEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;

 private:
  void documentChanged();
  void underline();
  SharingDocument* m_document;
  std::pair<int, int> m_underlined;
};

}  // namespace weft::ui
