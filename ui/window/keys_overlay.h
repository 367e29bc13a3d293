// ui/window/keys_overlay.h -- F1: the keys of the page and those that hold everywhere, over the page until a key or
// click.
#pragma once

#include <QAction>
#include <QList>
#include <QWidget>

namespace weft::ui {

class KeysOverlay : public QWidget {
  Q_OBJECT
 public:
  explicit KeysOverlay(QWidget* window);
  void showKeys(const QString& pageName, const QList<QAction*>& pageActions, const QList<QAction*>& windowActions);
  struct Line {
    QString keys, text;
  };
  const std::vector<Line>& pageLines() const { return m_page; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  QString m_pageName;
  std::vector<Line> m_page, m_everywhere;
};

}  // namespace weft::ui
