// ui/window/rail.h -- the navigation rail: one button a page, 72 px wide; below 1,200 px of window the labels go and it
// is 48.
#pragma once

#include <QAbstractButton>
#include <QWidget>
#include <vector>

class QVBoxLayout;

namespace weft::ui {

class RailButton : public QAbstractButton {
  Q_OBJECT
 public:
  RailButton(const QString& name, const QString& iconName, QWidget* parent = nullptr);
  void setBadge(int count);
  int badge() const { return m_badge; }
  void setCompact(bool compact);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_iconName;
  int m_badge = 0;
  bool m_compact = false;
};

class Rail : public QWidget {
  Q_OBJECT
 public:
  explicit Rail(QWidget* parent = nullptr);
  void addPage(const QString& name, const QString& iconName, const QString& keys);
  void addAtBottom(const QString& name, const QString& iconName);
  void setCurrent(const QString& name);
  void setBadge(const QString& name, int count);
  void setCompact(bool compact);
  RailButton* button(const QString& name) const;

 Q_SIGNALS:
  void pageChosen(const QString& name);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  RailButton* add(const QString& name, const QString& iconName);
  QVBoxLayout* m_layout;
  std::vector<RailButton*> m_buttons;
};

}  // namespace weft::ui
