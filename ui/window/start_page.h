// ui/window/start_page.h -- what is there before a project is: three choices and the recent projects.
#pragma once

#include <QString>
#include <QWidget>

class QVBoxLayout;

namespace weft::ui {

class StartPage : public QWidget {
  Q_OBJECT
 public:
  explicit StartPage(QWidget* parent = nullptr);
  void setRecent(const QStringList& folders);

 Q_SIGNALS:
  void newRequested();
  void openRequested();
  void exampleRequested();
  void recentChosen(const QString& folder);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QVBoxLayout* m_recent;
  QWidget* m_recentBox;
};

}  // namespace weft::ui
