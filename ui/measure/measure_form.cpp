#include "ui/measure/measure_form.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>

#include "engine/base/text.h"
#include "engine/config/run_config.h"
#include "engine/service/client.h"
#include "engine/service/measure.h"
#include "ui/models/qt_text.h"
#include "ui/parts/weft_style.h"

namespace weft::ui {

namespace {

struct Outcome {
  Result<void> ended;
  std::size_t points = 0;  // kept, also where the job failed later
  std::optional<store::RunId> run;
};

// All that touches disk, store and worker: on the task's thread.
Outcome measured(const store::Project& project, const std::string& model, service::MeasureRequest request,
                 const BackgroundTask::Control& control) {
  Outcome outcome;
  outcome.ended = [&]() -> Result<void> {
    WEFT_ASSIGN(request.model, service::resolveModel(model, project));
    outcome.run = service::runOfCheckpoint(request.model, project);
    std::optional<store::RunStore> store;
    std::optional<service::MeasuredRun> keep;
    if (outcome.run) {
      WEFT_ASSIGN(store::RunStore opened, store::RunStore::open(project.database()));
      store.emplace(std::move(opened));
      keep = service::MeasuredRun{.store = &*store, .run = *outcome.run};
    }
    const auto follow = [&](const protocol::Event& event) {
      if (std::holds_alternative<protocol::MeasurementEvent>(event.body)) ++outcome.points;
      const auto* progress = std::get_if<protocol::ProgressEvent>(&event.body);
      if (progress != nullptr && progress->total > 0)
        control.report(progress->done / progress->total, toQt(progress->phase));
    };
    WEFT_TRY(service::measureModel(request, keep, follow, control.isCanceled));
    return {};
  }();
  return outcome;
}

}  // namespace

MeasureForm::MeasureForm(QWidget* parent)
    : Surface(Fill::Panel, Qt::BottomEdge, parent),
      m_model(new QLineEdit),
      m_batches(new QLineEdit(QStringLiteral("1, 2, 4"))),
      m_contexts(new QLineEdit),
      m_largest(new QCheckBox(QStringLiteral("Largest batch instead"))),
      m_progress(new QProgressBar),
      m_button(new QPushButton(QStringLiteral("Measure"))),
      m_name(new TextLabel({}, Type::Caption, Tone::Text2)) {
  setAccessibleName(QStringLiteral("Measure a run"));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(metrics::panelMargin, 8, metrics::panelMargin, 8);
  row->setSpacing(metrics::gap);
  const auto field = [&](const QString& name, QLineEdit* edit, int width, const QString& hint) {
    auto* label = new TextLabel(name, Type::Body, Tone::Text2);
    label->setBuddy(edit);
    edit->setAccessibleName(name);
    edit->setToolTip(hint);
    edit->setFixedWidth(width);
    row->addWidget(label);
    row->addWidget(edit);
    connect(edit, &QLineEdit::returnPressed, this, &MeasureForm::start);
    connect(edit, &QLineEdit::textChanged, this, &MeasureForm::refresh);
  };
  field(QStringLiteral("Run"), m_model, 112,
        QStringLiteral("A run's number or name, RUN@step-N, RUN@best, or a checkpoint folder"));
  row->addWidget(m_name);
  field(QStringLiteral("Batch"), m_batches, 84, QStringLiteral("Sequences; several: every pair with a context"));
  field(QStringLiteral("Context"), m_contexts, 104,
        QStringLiteral("Tokens per sequence, like 128, 512; empty: the training length"));
  m_contexts->setPlaceholderText(QStringLiteral("as trained"));
  m_largest->setToolTip(QStringLiteral("The largest batch that fits each context, tried with real memory"));
  row->addWidget(m_largest);
  row->addStretch(1);
  m_progress->setRange(0, 1000);
  m_progress->setFixedWidth(220);
  m_progress->setAccessibleName(QStringLiteral("Progress of the measurement"));
  m_progress->hide();
  row->addWidget(m_progress);
  makePrimary(m_button);
  row->addWidget(m_button);
  connect(m_largest, &QCheckBox::toggled, this, &MeasureForm::refresh);
  connect(m_button, &QPushButton::clicked, this, [this] { isMeasuring() ? m_task.cancel() : start(); });
  connect(&m_task, &BackgroundTask::progressed, this, [this](double fraction, const QString& phase) {
    m_progress->setValue(static_cast<int>(1000 * fraction));
    m_progress->setFormat(QStringLiteral("%1, %p%").arg(phase));
  });
  connect(&m_task, &BackgroundTask::finished, this, &MeasureForm::refresh);
  refresh();
}

void MeasureForm::setSession(ProjectSession* session) {
  m_task.cancel();
  m_session = session;
  m_proposed = {};
  m_model->clear();
  m_model->setModified(false);
  m_name->clear();
  refresh();
}

void MeasureForm::propose(const store::RunSummary* run, Proposal proposal) {
  // A default is for the beginning: it does not replace what somebody wrote or pointed at, nor an earlier default.
  const bool isChosen = m_proposed.value > 0 || (m_model->isModified() && !m_model->text().isEmpty());
  const bool isOwnChoice = proposal == Proposal::Default && isChosen;
  if (isMeasuring() || isOwnChoice || (run != nullptr && run->id == m_proposed)) return;
  m_proposed = run != nullptr ? run->id : store::RunId{};
  m_model->setText(run != nullptr ? QString::number(run->id.value) : QString());
  m_name->setText(run != nullptr ? toQt(shortened(run->name, 24)) : QString());
  if (run != nullptr) fillContext(run->id);
}

// The context that the run was trained at, unless the user has named one.
void MeasureForm::fillContext(store::RunId run) {
  if (!m_session) return;
  m_session->loadConfig(run, this, [this, run](Result<std::string> toml) {
    if (!toml || run != m_proposed || m_contexts->isModified()) return;
    const auto config = config::parseRunConfig(*toml, "config.toml");
    if (config) m_contexts->setText(QString::number(config->train.sequenceLength));
  });
}

Result<std::vector<std::int64_t>> MeasureForm::numbers(const QLineEdit* field) const {
  std::vector<std::int64_t> found;
  for (const QString& part : field->text().split(u',', Qt::SkipEmptyParts)) {
    std::int64_t number = 0;
    if (!parseInteger(part.trimmed().toStdString(), number) || number < 1)
      return fail(ErrorCode::InvalidInput,
                  field->accessibleName().toStdString() + " takes whole numbers from 1 on, like 128, 512.");
    found.push_back(number);
  }
  if (found.empty() && field == m_contexts) found.push_back(0);
  if (found.empty())
    return fail(ErrorCode::InvalidInput, field->accessibleName().toStdString() + " takes at least one number.");
  return found;
}

void MeasureForm::start() {
  if (!m_session || isMeasuring() || m_model->text().trimmed().isEmpty()) return;
  const auto batches = numbers(m_batches), contexts = numbers(m_contexts);
  for (const auto* field : {&batches, &contexts})
    if (!*field) return Q_EMIT messageRaised(toQt(field->error().message), true);
  service::MeasureRequest request{
      .model = {}, .batches = *batches, .contexts = *contexts, .wantsLargest = m_largest->isChecked()};
  const std::string model = m_model->text().trimmed().toStdString();
  m_progress->setValue(0);
  m_progress->setFormat(QStringLiteral("loading the model"));
  m_task.start([this, project = m_session->project(), model, request](const BackgroundTask::Control& control) {
    const Outcome outcome = measured(project, model, request, control);
    return BackgroundTask::Answer([this, outcome, model] {
      const QString points = outcome.points == 1 ? QStringLiteral("1 measured point")
                                                 : QStringLiteral("%1 measured points").arg(outcome.points);
      const QString kept =
          outcome.run ? QStringLiteral("%1 kept with run %2").arg(points).arg(outcome.run->value)
                      : QStringLiteral("%1, not kept: the model belongs to no run of this project").arg(points);
      if (outcome.ended) return Q_EMIT messageRaised(kept + u'.', false);
      if (outcome.ended.error().code == ErrorCode::Canceled)
        return Q_EMIT messageRaised(outcome.points == 0 ? QStringLiteral("The measurement was stopped.")
                                                        : QStringLiteral("The measurement was stopped: %1.").arg(kept),
                                    false);
      Q_EMIT messageRaised(toQt(outcome.ended.error().message), true);
    });
  });
  refresh();
}

void MeasureForm::refresh() {
  const bool isRunning = isMeasuring();
  for (QWidget* field : std::initializer_list<QWidget*>{m_model, m_batches, m_contexts, m_largest})
    field->setEnabled(!isRunning && m_session);
  m_batches->setEnabled(!isRunning && m_session && !m_largest->isChecked());
  m_progress->setVisible(isRunning);
  m_button->setText(isRunning ? QStringLiteral("Cancel") : QStringLiteral("Measure"));
  m_button->setEnabled(m_session && (isRunning || !m_model->text().trimmed().isEmpty()));
  // A name that is no longer the proposed run's says nothing.
  m_name->setVisible(m_proposed.value > 0 && m_model->text() == QString::number(m_proposed.value));
}

void MeasureForm::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape && isMeasuring()) return m_task.cancel();
  Surface::keyPressEvent(event);
}

}  // namespace weft::ui
