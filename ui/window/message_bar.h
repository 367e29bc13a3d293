// ui/window/message_bar.h -- an error as a bar over the page with one sentence, until it is closed or the next one
// comes. Never a dialog.
#pragma once

#include <QWidget>

namespace weft::ui {

class MessageBar : public QWidget {
  Q_OBJECT
 public:
  explicit MessageBar(QWidget* parent = nullptr);
  void showError(const QString& sentence);
  QString sentence() const { return m_sentence; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  QSize sizeHint() const override;
  void resizeEvent(QResizeEvent* event) override;
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;

 private:
  QString m_sentence;
  QWidget* m_close;
};

}  // namespace weft::ui
