// ui/parts/sheet.h -- a dialog as a card in the middle of the dimmed window: a child that covers it, not a window of
// its own (Wayland lets no one place those). While it is open, keys and clicks reach nothing below; Esc and the cross
// close it. It deletes itself when it is closed.
#pragma once

#include <QPointer>
#include <QWidget>

class QLabel;
class QVBoxLayout;

namespace weft::ui {

class Surface;

class Sheet : public QWidget {
  Q_OBJECT
 public:
  Sheet(const QString& title, int width, QWidget* window);

  void popUp();  // shows it and gives it the keyboard, at the first field that takes it
  void dismiss();
  QWidget* card() const;

 Q_SIGNALS:
  void dismissed();

 protected:
  // Between the title and the foot; rows are added from top to bottom.
  QVBoxLayout* body() const { return m_body; }
  // Enter in a field, and on a button that is not focused itself.
  virtual void accept() = 0;
  void fitCard();  // after something was shown or hidden

  bool event(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;
  bool focusNextPrevChild(bool next) override;
  void keyPressEvent(QKeyEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  class Card;
  Card* m_card;
  QVBoxLayout* m_body;
  QPointer<QWidget> m_before;  // had the keyboard
};

}  // namespace weft::ui
