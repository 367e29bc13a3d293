// ui/measure/measure_form.h -- from a run to measured points: its checkpoint, batches and contexts, and a worker of its
// own that measures them, with its progress. What comes is kept with the run, as `weft measure` keeps it; the page sees
// it in the store.
#pragma once

#include <QPointer>

#include "ui/models/background_task.h"
#include "ui/models/project_session.h"
#include "ui/parts/widgets.h"

class QCheckBox;
class QLineEdit;
class QProgressBar;
class QPushButton;

namespace weft::ui {

class MeasureForm : public Surface {
  Q_OBJECT
 public:
  explicit MeasureForm(QWidget* parent = nullptr);
  void setSession(ProjectSession* session);
  // The run to measure. One that the user points at replaces what the field has; a mere default leaves what the user
  // wrote.
  enum class Proposal { Pointed, Default };
  void propose(const store::RunSummary* run, Proposal proposal);

  QLineEdit* modelField() const { return m_model; }
  QLineEdit* batchField() const { return m_batches; }
  QLineEdit* contextField() const { return m_contexts; }
  QPushButton* button() const { return m_button; }
  QProgressBar* progress() const { return m_progress; }
  bool isMeasuring() const { return m_task.isRunning(); }

 Q_SIGNALS:
  void messageRaised(const QString& sentence, bool isError);

 protected:
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void fillContext(store::RunId run);
  void start();
  void refresh();
  [[nodiscard]] Result<std::vector<std::int64_t>> numbers(const QLineEdit* field) const;

  QPointer<ProjectSession> m_session;
  store::RunId m_proposed;
  QLineEdit *m_model, *m_batches, *m_contexts;
  QCheckBox* m_largest;
  QProgressBar* m_progress;
  QPushButton* m_button;
  TextLabel* m_name;
  BackgroundTask m_task;
};

}  // namespace weft::ui
