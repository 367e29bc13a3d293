// ui/models/background_task.h -- a piece of work on a thread of its own: its progress and its answer come on the GUI
// thread, and the user may cancel it. One at a time.
#pragma once

#include <QObject>
#include <QPointer>
#include <QString>
#include <QThread>
#include <atomic>
#include <functional>
#include <memory>

namespace weft::ui {

class BackgroundTask : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;
  // Cancels. The window closes a second later at most: work that takes longer to end does so on its own, and its answer
  // is dropped.
  ~BackgroundTask() override;

  struct Control {
    const std::atomic<bool>* isCanceled = nullptr;
    std::function<void(double fraction, const QString& phase)> report;  // from the work's thread
  };
  using Answer = std::function<void()>;  // runs on the GUI thread
  // `work` runs on the thread and touches nothing of the GUI; what it returns is run here when it is done, unless this
  // is gone.
  void start(std::function<Answer(const Control&)> work);
  bool isRunning() const { return m_state != nullptr; }
  void cancel();

 Q_SIGNALS:
  void progressed(double fraction, const QString& phase);
  void finished();  // after the answer has run

 private:
  struct State;
  std::shared_ptr<State> m_state;  // of the work in hand
  QPointer<QThread> m_thread;
};

}  // namespace weft::ui
