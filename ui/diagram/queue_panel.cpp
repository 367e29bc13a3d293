#include "ui/diagram/queue_panel.h"

#include <QComboBox>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QVBoxLayout>
#include <algorithm>

#include "engine/base/text.h"
#include "engine/config/presets.h"
#include "engine/config/trainable.h"
#include "ui/diagram/run_preview.h"
#include "ui/models/qt_text.h"
#include "ui/models/run_forecast.h"
#include "ui/parts/file_dialog.h"
#include "ui/parts/panel_parts.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr int kMostSteps = 1'000'000'000;
constexpr std::size_t kMostSeeds = 32;

std::vector<std::string> fileList(const QString& text) {
  std::vector<std::string> files;
  for (const QString& part : text.split(u';', Qt::SkipEmptyParts)) {
    if (!part.trimmed().isEmpty()) files.push_back(part.trimmed().toStdString());
  }
  return files;
}

QString joined(const std::vector<std::string>& files) { return toQt(join(files, "; ")); }

}  // namespace

QueuePanel::QueuePanel(SharingDocument* document, QWidget* parent)
    : QWidget(parent),
      m_document(document),
      m_preset(new QComboBox),
      m_name(new QLineEdit),
      m_source(new QComboBox),
      m_files(new QLineEdit),
      m_browseFiles(new QPushButton(tr("Browse…"))),
      m_tokenizer(new QLineEdit),
      m_steps(new NumberField(tr("Steps"), 0, kMostSteps)),
      m_sequence(new NumberField(tr("Sequence length"), 1, 1 << 24)),
      m_batch(new NumberField(tr("Batch, in sequences"), 1, 1 << 24)),
      m_microBatch(new NumberField(tr("Micro batch"), 0, 1 << 24)),
      m_learningRate(new QLineEdit),
      m_seeds(new QLineEdit),
      m_device(new QComboBox),
      m_forecaster(new RunForecaster(this)),
      m_preview(new RunPreview),
      m_sentence(new TextLabel({}, Type::Caption, Tone::Error)),
      m_queue(new QPushButton(tr("Queue run"))) {
  m_preset->addItem(tr("as it is"));
  for (const config::Preset& preset : config::presets()) {
    m_preset->addItem(toQt(preset.name));
    m_preset->setItemData(m_preset->count() - 1, toQt(preset.description), Qt::ToolTipRole);
  }
  m_source->addItems({tr("Built-in corpus"), tr("Text files")});
  m_files->setPlaceholderText(tr(".txt, .jsonl or .jsonl.zst; several with ;"));
  m_tokenizer->setPlaceholderText(tr("byte, or a tokenizer.json"));
  m_microBatch->setSpecialValueText(tr("whole batch"));
  m_device->setEditable(true);
  m_device->addItems({QStringLiteral("auto"), QStringLiteral("cpu"), QStringLiteral("cuda"), QStringLiteral("cuda:0"),
                      QStringLiteral("cuda:1")});
  m_sentence->setWordWrap(true);
  makePrimary(m_queue);
  const auto named = [](QWidget* field, const QString& name) { field->setAccessibleName(name); };
  named(m_preset, tr("Training settings of"));
  named(m_name, tr("Name"));
  named(m_source, tr("Data"));
  named(m_files, tr("Files"));
  named(m_tokenizer, tr("Tokenizer"));
  named(m_learningRate, tr("Learning rate"));
  named(m_seeds, tr("Seeds"));
  named(m_device, tr("Device"));
  for (QComboBox* box : {m_preset, m_source, m_device}) box->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);

  auto* browseTokenizer = new QPushButton(tr("Browse…"));
  auto* close = new QPushButton(tr("Cancel"));
  auto* section = new PanelSection(tr("Queue run"));
  section->add(labelled(tr("Name"), m_name));
  section->add(labelled(tr("Training settings of"), m_preset));
  auto* dataSection = new PanelSection(tr("Data"));
  dataSection->add(labelled(tr("Source"), m_source));
  dataSection->add(labelled(tr("Files"), m_files));
  dataSection->add(m_browseFiles);
  dataSection->add(labelled(tr("Tokenizer"), m_tokenizer));
  dataSection->add(browseTokenizer);
  auto* training = new PanelSection(tr("Training"));
  training->add(fieldRow({labelled(tr("Steps"), m_steps), labelled(tr("Learning rate"), m_learningRate)}));
  training->add(fieldRow({labelled(tr("Sequence length"), m_sequence), labelled(tr("Batch, in sequences"), m_batch)}));
  training->add(fieldRow({labelled(tr("Micro batch"), m_microBatch), labelled(tr("Device"), m_device)}));
  training->add(labelled(tr("Seeds: one run each, like 1, 2, 3"), m_seeds));

  auto* content = new QWidget;
  auto* rows = new QVBoxLayout(content);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(0);
  for (QWidget* part : std::initializer_list<QWidget*>{section, dataSection, training, m_preview})
    rows->addWidget(part);
  rows->addStretch();
  auto* scroll = new QScrollArea;
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setWidget(content);

  auto* foot = new QWidget;
  auto* footRows = new QVBoxLayout(foot);
  footRows->setContentsMargins(metrics::panelMargin, 10, metrics::panelMargin, 12);
  footRows->addWidget(m_sentence);
  auto* buttons = new QHBoxLayout;
  buttons->addStretch();
  buttons->addWidget(close);
  buttons->addWidget(m_queue);
  footRows->addLayout(buttons);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(scroll, 1);
  layout->addWidget(foot);

  connect(m_preset, &QComboBox::activated, this, [this](int index) {
    if (index <= 0) return;
    config::RunConfig run = config::presets()[static_cast<std::size_t>(index - 1)].config;
    run.model = m_document->design().model;
    show(run);
    check();
  });
  for (QLineEdit* field : {m_name, m_files, m_tokenizer, m_learningRate, m_seeds})
    connect(field, &QLineEdit::textEdited, this, &QueuePanel::check);
  for (NumberField* field : {m_steps, m_sequence, m_batch, m_microBatch})
    connect(field, &NumberField::valueChanged, this, &QueuePanel::check);
  connect(m_source, &QComboBox::activated, this, &QueuePanel::check);
  connect(m_device, &QComboBox::currentTextChanged, this, &QueuePanel::check);
  connect(m_browseFiles, &QPushButton::clicked, this, &QueuePanel::browseText);
  connect(browseTokenizer, &QPushButton::clicked, this, &QueuePanel::browseTokenizer);
  connect(close, &QPushButton::clicked, this, &QueuePanel::closed);
  connect(m_queue, &QPushButton::clicked, this, &QueuePanel::submit);
  connect(document, &SharingDocument::changed, this, &QueuePanel::check);
  connect(m_forecaster, &RunForecaster::changed, this, &QueuePanel::foresee);
  show(m_document->run());
  m_name->setText(m_document->name());
  check();
}

void QueuePanel::setSession(ProjectSession* session) {
  if (m_session) m_session->disconnect(this);
  m_session = session;
  m_awaited = 0;
  m_forecaster->setProject(session ? std::optional(session->project()) : std::nullopt);
  if (session) connect(session, &ProjectSession::runsChanged, this, &QueuePanel::refreshTrials);
  refreshTrials();
  check();
}

void QueuePanel::open() {
  show(m_document->run());
  m_preset->setCurrentIndex(0);
  m_name->setText(m_document->name());
  m_forecaster->forgetFailures();
  check();
  m_name->setFocus(Qt::ShortcutFocusReason);
  m_name->selectAll();
}

void QueuePanel::show(const config::RunConfig& run) {
  m_isShowing = true;
  m_source->setCurrentIndex(run.data.source == "text" ? 1 : 0);
  m_files->setText(joined(run.data.files));
  m_tokenizer->setText(toQt(run.data.tokenizer));
  m_steps->show(static_cast<int>(std::min<std::int64_t>(run.train.steps, kMostSteps)));
  m_sequence->show(static_cast<int>(run.train.sequenceLength));
  m_batch->show(static_cast<int>(run.train.batchSequences));
  m_microBatch->show(static_cast<int>(run.train.microBatch));
  m_learningRate->setText(QString::number(run.train.learningRate));
  m_seeds->setText(QString::number(run.train.seed));
  m_device->setCurrentText(toQt(run.device.device));
  config::RunConfig kept = run;
  kept.model = m_document->run().model;
  m_document->setRun(kept);
  m_isShowing = false;
}

Result<std::vector<config::RunConfig>> QueuePanel::configs() const {
  if (const auto& error = m_document->error()) return fail(ErrorCode::InvalidInput, error->error.message);
  config::RunConfig run = m_document->runConfig();
  run.name = m_name->text().trimmed().toStdString();
  run.data.source = m_source->currentIndex() == 1 ? "text" : "synthetic";
  run.data.files = m_source->currentIndex() == 1 ? fileList(m_files->text()) : std::vector<std::string>{};
  if (m_source->currentIndex() == 0) run.data.validFiles.clear();
  run.data.tokenizer = m_tokenizer->text().trimmed().toStdString();
  run.train.steps = m_steps->value();
  run.train.sequenceLength = m_sequence->value();
  run.train.batchSequences = m_batch->value();
  run.train.microBatch = m_microBatch->value();
  if (!parseDouble(m_learningRate->text().trimmed().toStdString(), run.train.learningRate))
    return fail(ErrorCode::InvalidInput, "The learning rate is no number; write it like 0.0003 or 3e-4.");
  run.device.device = m_device->currentText().trimmed().toStdString();
  std::vector<config::RunConfig> runs;
  for (const QString& part : m_seeds->text().split(u',')) {
    if (!parseInteger(part.trimmed().toStdString(), run.train.seed))
      return fail(ErrorCode::InvalidInput, "The seeds are whole numbers, separated by commas, like 1, 2, 3.");
    if (runs.size() == kMostSeeds) return fail(ErrorCode::InvalidInput, "At most 32 seeds can be queued at once.");
    WEFT_TRY(config::validate(run));
    WEFT_TRY(config::requireTrainable(run.model));
    runs.push_back(run);
  }
  return runs;
}

void QueuePanel::check() {
  if (m_isShowing) return;
  const bool isText = m_source->currentIndex() == 1;
  m_files->setEnabled(isText);
  m_browseFiles->setEnabled(isText);
  const auto runs = configs();
  if (runs && isVisible()) m_forecaster->ask(runs->front());
  foresee();
  m_queue->setText(!m_session                 ? tr("Open a project…")
                   : runs && runs->size() > 1 ? tr("Queue %1 runs").arg(runs->size())
                                              : tr("Queue run"));
  m_queue->setEnabled(m_awaited == 0 && (!m_session || runs.has_value()));
  if (!runs) {
    m_sentence->setTone(Tone::Error);
    m_sentence->setText(toQt(runs.error().message));
  } else if (!m_session) {
    m_sentence->setTone(Tone::Text2);
    m_sentence->setText(tr("No project is open. Open or create one; this design waits here."));
  } else {
    m_sentence->setTone(Tone::Text2);
    const std::int64_t tokens =
        runs->front().train.steps * runs->front().train.sequenceLength * runs->front().train.batchSequences;
    m_sentence->setText(tr("%1 training tokens a run").arg(toQt(formatCount(static_cast<double>(tokens)))));
  }
}

// The design's side of the comparison is always that of this moment; the run's follows a moment later.
void QueuePanel::foresee() {
  const auto runs = configs();
  m_preview->setVisible(runs.has_value());
  if (!runs) return;
  m_preview->show(
      m_forecaster->forecast(),
      {.shape = m_document->costedShape(), .map = m_document->costedMap(), .type = m_document->request().cacheType},
      runs->size());
}

// Steps are tried out only where somebody looks, and never beside a training, which both would slow down.
void QueuePanel::refreshTrials() {
  const bool trains = m_session && std::any_of(m_session->snapshot()->runs.begin(), m_session->snapshot()->runs.end(),
                                               [](const store::RunSummary& run) { return store::isActive(run.state); });
  m_forecaster->setTrials(isVisible() && m_session,
                          trains ? tr("a run trains here now, and none like this one has trained before") : QString());
}

void QueuePanel::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  refreshTrials();
  check();
}

void QueuePanel::hideEvent(QHideEvent* event) {
  QWidget::hideEvent(event);
  refreshTrials();
}

void QueuePanel::submit() {
  if (!m_session) {
    Q_EMIT openProjectRequested();
    return;
  }
  const auto runs = configs();
  if (!runs || m_awaited > 0) return;
  // The next run starts from these settings.
  config::RunConfig kept = runs->front();
  kept.model = m_document->run().model;
  m_document->setRun(kept);
  m_document->setName(m_name->text());
  m_awaited = runs->size();
  m_queued.clear();
  m_queue->setEnabled(false);
  for (const config::RunConfig& run : *runs) {
    m_session->submit(run, this, [this](Result<store::RunId> id) {
      if (m_awaited > 0) --m_awaited;
      if (id)
        m_queued.push_back(*id);
      else
        Q_EMIT messageRaised(tr("Not queued: %1").arg(toQt(id.error().message)), true);
      if (m_awaited > 0) return;
      check();
      if (m_queued.empty()) return;
      Q_EMIT queued(m_queued);
      Q_EMIT closed();
    });
  }
}

void QueuePanel::browseText() {
  askOpenFiles(this,
               {.title = tr("Text to train on"), .filters = {tr("Text (*.txt *.jsonl *.zst)"), tr("All files (*)")}},
               [this](const QStringList& files) {
                 m_files->setText(files.join(QStringLiteral("; ")));
                 check();
               });
}

void QueuePanel::browseTokenizer() {
  askOpenFile(this,
              {.title = tr("Tokenizer"), .filters = {tr("Tokenizer (tokenizer.json *.json)"), tr("All files (*)")}},
              [this](const QString& file) {
                m_tokenizer->setText(file);
                check();
              });
}

void QueuePanel::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape) {
    Q_EMIT closed();
    return;
  }
  QWidget::keyPressEvent(event);
}

}  // namespace weft::ui
