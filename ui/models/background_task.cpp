#include "ui/models/background_task.h"

#include <mutex>
#include <utility>

namespace weft::ui {

namespace {
constexpr unsigned long kPatience_ms = 1000;
}

struct BackgroundTask::State {
  std::mutex mutex;
  BackgroundTask* owner = nullptr;  // null once it is gone
  std::atomic<bool> isCanceled = false;

  // Runs act(owner) on the GUI thread, unless the owner is gone.
  template <class Act>
  void tell(Act act) {
    const std::scoped_lock lock(mutex);
    if (owner == nullptr) return;
    QMetaObject::invokeMethod(
        owner, [owner = owner, act = std::move(act)] { act(*owner); }, Qt::QueuedConnection);
  }
};

BackgroundTask::~BackgroundTask() {
  if (!m_state) return;
  {
    const std::scoped_lock lock(m_state->mutex);
    m_state->owner = nullptr;
  }
  m_state->isCanceled = true;
  if (m_thread) m_thread->wait(kPatience_ms);
}

void BackgroundTask::start(std::function<Answer(const Control&)> work) {
  if (isRunning()) return;
  m_state = std::make_shared<State>();
  m_state->owner = this;
  QThread* thread = QThread::create([state = m_state, work = std::move(work)] {
    const Control control{
        .isCanceled = &state->isCanceled, .report = [state](double fraction, const QString& phase) {
          state->tell([fraction, phase](BackgroundTask& task) { Q_EMIT task.progressed(fraction, phase); });
        }};
    Answer answer = work(control);
    state->tell([answer = std::move(answer)](BackgroundTask& task) {
      task.m_state.reset();
      if (answer) answer();
      Q_EMIT task.finished();
    });
  });
  thread->setObjectName(QStringLiteral("weft-task"));
  m_thread = thread;
  connect(thread, &QThread::finished, thread, &QObject::deleteLater);
  thread->start();
}

void BackgroundTask::cancel() {
  if (m_state) m_state->isCanceled = true;
}

}  // namespace weft::ui
