// ui/diagram/queue_panel.h -- from a design to queued runs: data, training, seeds and device, checked as they are
// typed. A side panel, not a dialog: the map stays in view.
#pragma once

#include <QPointer>
#include <QWidget>

#include "ui/diagram/sharing_document.h"
#include "ui/models/project_session.h"

class QComboBox;
class QLineEdit;
class QPushButton;

namespace weft::ui {

class NumberField;
class RunForecaster;
class RunPreview;
class TextLabel;

class QueuePanel : public QWidget {
  Q_OBJECT
 public:
  explicit QueuePanel(SharingDocument* document, QWidget* parent = nullptr);
  void setSession(ProjectSession* session);
  void open();  // takes the document's values and the focus

  // One configuration a seed; the first thing that is wrong.
  [[nodiscard]] Result<std::vector<config::RunConfig>> configs() const;
  RunPreview* preview() const { return m_preview; }

 Q_SIGNALS:
  void closed();
  void openProjectRequested();
  void queued(const std::vector<weft::store::RunId>& runs);
  void messageRaised(const QString& sentence, bool isError);

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  void show(const config::RunConfig& run);
  void check();
  void submit();
  void foresee();
  void refreshTrials();
  void browseText();
  void browseTokenizer();

  SharingDocument* m_document;
  QPointer<ProjectSession> m_session;
  QComboBox* m_preset;
  QLineEdit* m_name;
  QComboBox* m_source;
  QLineEdit* m_files;
  QPushButton* m_browseFiles;
  QLineEdit* m_tokenizer;
  NumberField *m_steps, *m_sequence, *m_batch, *m_microBatch;
  QLineEdit *m_learningRate, *m_seeds;
  QComboBox* m_device;
  RunForecaster* m_forecaster;
  RunPreview* m_preview;
  TextLabel* m_sentence;
  QPushButton* m_queue;
  bool m_isShowing = false;
  std::size_t m_awaited = 0;
  std::vector<store::RunId> m_queued;
};

}  // namespace weft::ui
