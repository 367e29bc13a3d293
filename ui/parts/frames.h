// ui/parts/frames.h -- grounds that several parts of the window stand on.
#pragma once

#include <QWidget>

class QPainter;

namespace weft::ui {

// The ground of an error and of what gets one out of it: its fill, a line above, its sign at the left.
class ErrorBand : public QWidget {
  Q_OBJECT
 public:
  enum class Sign { Middle, FirstLine };
  explicit ErrorBand(Sign sign, QWidget* parent = nullptr) : QWidget(parent), m_sign(sign) {}

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Sign m_sign;
};

// A list that opens over the window: rounded, with a line under its field and one above its hints.
void paintPopupFrame(QPainter& painter, const QRect& area, int fieldHeight, int hintHeight);

}  // namespace weft::ui
