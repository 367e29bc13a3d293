#include "ui/runs/run_panel.h"

#include <QFormLayout>
#include <QPainter>
#include <QPlainTextEdit>
#include <QScrollArea>
#include <QScrollBar>
#include <QStackedWidget>
#include <QTabBar>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <optional>

#include "engine/base/text.h"
#include "engine/sharing/map_text.h"
#include "engine/store/evaluations.h"
#include "engine/store/measurements.h"
#include "ui/models/run_text.h"
#include "ui/parts/icons.h"
#include "ui/parts/sharing_painter.h"
#include "ui/parts/widgets.h"

namespace weft::ui {

// The run's map with arcs and KV bars.
class MapPicture : public QWidget {
 public:
  using QWidget::QWidget;
  void setMap(const store::RunSummary& run) {
    const auto parsed = sharing::parseMap(run.map, {.layers = std::nullopt, .upward = sharing::UpwardReads::Allow});
    m_map = parsed ? std::optional(*parsed) : std::nullopt;
    m_kvHeads = std::max(1, run.kvHeads);
    setFixedHeight(m_map ? std::clamp(m_map->layerCount() * 14 + 16, 80, 300) : 0);
    setAccessibleName(QStringLiteral("Sharing map: %1").arg(QString::fromStdString(run.map)));
    setToolTip(QString::fromStdString(run.map));
    update();
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    if (!m_map) return;
    QPainter painter(this);
    paintMiniDiagram(painter, QRectF(rect()).adjusted(0, 8, 0, -8), *m_map, m_kvHeads, Theme::current());
  }

 private:
  std::optional<sharing::SharingMap> m_map;
  int m_kvHeads = 1;
};

namespace {

void clear(QFormLayout* form) {
  while (form->rowCount() > 0) form->removeRow(0);
}

void addRow(QFormLayout* form, const QString& name, const QString& value, const QString& formula = {}) {
  auto* text = new TextLabel(value, Type::Body, Tone::Text);
  text->setTextInteractionFlags(Qt::TextSelectableByMouse);
  text->setWordWrap(true);
  text->setToolTip(formula);
  auto* label = new TextLabel(name, Type::Body, Tone::Text2);
  label->setToolTip(formula);
  form->addRow(label, text);
}

QPlainTextEdit* readOnlyText(const QString& name) {
  auto* edit = new QPlainTextEdit;
  edit->setReadOnly(true);
  edit->setFrameShape(QFrame::NoFrame);
  edit->setLineWrapMode(QPlainTextEdit::NoWrap);
  edit->setFont(fixedFont());
  edit->setAccessibleName(name);
  return edit;
}

QString grouped(std::int64_t value) { return QString::fromStdString(groupDigits(value)); }

}  // namespace

RunPanel::RunPanel(QWidget* parent) : QWidget(parent) {
  setMinimumWidth(300);
  setAccessibleName(QStringLiteral("Run"));
  auto* surface = new Surface(Surface::Fill::Panel, Qt::LeftEdge);
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  outer->addWidget(surface);
  auto* layout = new QVBoxLayout(surface);
  layout->setContentsMargins(1, 0, 0, 0);
  layout->setSpacing(0);

  auto* head = new QHBoxLayout;
  head->setContentsMargins(metrics::panelMargin, 10, 8, 4);
  m_title = new TextLabel({}, Type::Section);
  m_title->setElided(true);
  m_state = new TextLabel({}, Type::Body, Tone::Text2);
  auto* close = new QToolButton;
  close->setIcon(icon(QStringLiteral("close")));
  close->setAutoRaise(true);
  close->setToolTip(QStringLiteral("Close (Space)"));
  close->setAccessibleName(QStringLiteral("Close the panel"));
  connect(close, &QToolButton::clicked, this, &RunPanel::closeRequested);
  head->addWidget(m_title, 1);
  head->addWidget(m_state);
  head->addWidget(close);
  layout->addLayout(head);

  m_tabs = new QTabBar;
  m_tabs->setDrawBase(false);
  m_tabs->setExpanding(false);
  for (const char* name : {"Summary", "Configuration", "Log"}) m_tabs->addTab(QString::fromLatin1(name));
  auto* tabs = new QHBoxLayout;
  tabs->setContentsMargins(metrics::panelMargin - 8, 0, 8, 0);
  tabs->addWidget(m_tabs);
  tabs->addStretch();
  layout->addLayout(tabs);

  m_pages = new QStackedWidget;
  layout->addWidget(m_pages, 1);
  auto* summary = new Surface(Surface::Fill::Panel);
  auto* rows = new QVBoxLayout(summary);
  rows->setContentsMargins(metrics::panelMargin, 8, metrics::panelMargin, metrics::panelMargin);
  rows->setSpacing(10);
  m_failure = new TextLabel({}, Type::Body, Tone::Error);
  m_failure->setWordWrap(true);
  m_failure->setTextInteractionFlags(Qt::TextSelectableByMouse);
  rows->addWidget(m_failure);
  m_map = new MapPicture;
  rows->addWidget(m_map);
  const auto form = [] {
    auto* made = new QFormLayout;
    made->setHorizontalSpacing(16);
    made->setVerticalSpacing(6);
    made->setLabelAlignment(Qt::AlignLeft);
    made->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    return made;
  };
  m_numbers = form();
  rows->addLayout(m_numbers);
  rows->addWidget(new TextLabel(QStringLiteral("History"), Type::Section));
  m_history = form();
  rows->addLayout(m_history);
  rows->addWidget(new TextLabel(QStringLiteral("Note"), Type::Section));
  m_note = new QPlainTextEdit;
  m_note->setPlaceholderText(QStringLiteral("Why this run, what came out"));
  m_note->setAccessibleName(QStringLiteral("Note"));
  m_note->setFixedHeight(84);
  m_note->setTabChangesFocus(true);
  m_note->installEventFilter(this);
  rows->addWidget(m_note);
  rows->addStretch();
  auto* scroll = new QScrollArea;
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setWidget(summary);
  m_pages->addWidget(scroll);
  m_config = readOnlyText(QStringLiteral("Configuration"));
  m_log = readOnlyText(QStringLiteral("Log"));
  m_pages->addWidget(m_config);
  m_pages->addWidget(m_log);
  connect(m_tabs, &QTabBar::currentChanged, m_pages, &QStackedWidget::setCurrentIndex);
  connect(m_tabs, &QTabBar::currentChanged, this, &RunPanel::loadDetail);
}

void RunPanel::setSession(ProjectSession* session) {
  m_session = session;
  showRun({});
}

void RunPanel::showRun(store::RunId id) {
  if (id == m_run) return;
  commitNote();
  m_run = id;
  m_shownUpdate = -1;
  clear(m_history);
  m_config->clear();
  m_log->clear();
  m_storedNote.clear();
  m_note->clear();
  if (m_session)
    if (const store::RunSummary* run = m_session->snapshot()->find(id))
      showSummary(*run, m_session->snapshot()->label(*run));
  loadDetail();
}

void RunPanel::update(const RunsSnapshot& snapshot) {
  const store::RunSummary* run = snapshot.find(m_run);
  if (!run) return;
  showSummary(*run, snapshot.label(*run));
  if (isVisible() && run->updated != m_shownUpdate) loadDetail();
}

void RunPanel::showSummary(const store::RunSummary& run, const QString& label) {
  m_title->setText(label);
  m_state->setText(stateLabel(run.state).toLower());
  m_failure->setText(QString::fromStdString(run.failure));
  m_failure->setVisible(!run.failure.empty());
  m_map->setMap(run);
  clear(m_numbers);
  addRow(m_numbers, QStringLiteral("Map"), QString::fromStdString(run.generator.empty() ? run.map : run.generator));
  addRow(m_numbers, QStringLiteral("Heads"), headsText(run),
         QStringLiteral("query heads / KV heads of a producing layer × head width"));
  addRow(m_numbers, QStringLiteral("Parameters"), countText(static_cast<double>(run.parameters)));
  addRow(m_numbers, QStringLiteral("Perplexity"),
         run.bestPerplexity && run.perplexity && *run.bestPerplexity < *run.perplexity
             ? QStringLiteral("%1, best %2").arg(perplexityText(run.perplexity), perplexityText(run.bestPerplexity))
             : perplexityText(run.perplexity),
         QStringLiteral("exp(mean held-out loss in nats per token)"));
  addRow(m_numbers, QStringLiteral("KV per token"), kvBytesText(run),
         QStringLiteral("sum over producing layers of 2 · KV heads · head width · bytes per element"));
  addRow(m_numbers, QStringLiteral("measured"),
         run.kvBytesPerTokenMeasured ? bytesPerTokenText(run.kvBytesPerTokenMeasured) + QStringLiteral(" B")
                                     : QStringLiteral("–"),
         QStringLiteral("bytes of unique cache storages ÷ (batch · context)"));
  if (!run.cache.empty()) addRow(m_numbers, QStringLiteral("Cache"), QString::fromStdString(run.cache));
  addRow(m_numbers, QStringLiteral("Step"), QStringLiteral("%1 of %2").arg(grouped(run.step), grouped(run.steps)));
  addRow(m_numbers, QStringLiteral("Tokens/s"), rateText(run.tokensPerSecond));
  if (!run.device.empty()) addRow(m_numbers, QStringLiteral("Device"), QString::fromStdString(run.device));
  if (const QString note = QString::fromStdString(run.note); note != m_storedNote && !m_note->hasFocus()) {
    m_storedNote = note;
    m_note->setPlainText(note);
  }
}

void RunPanel::loadDetail() {
  if (!m_session || m_run.value == 0) return;
  const int generation = ++m_generation;
  if (m_pages->currentIndex() == 2) {
    m_session->loadLog(m_run, this, [this, generation](Result<QString> log) {
      if (generation != m_generation) return;
      m_log->setPlainText(log ? (log->isEmpty() ? QStringLiteral("Its log is empty.") : *log)
                              : QString::fromStdString(log.error().message));
      m_log->verticalScrollBar()->setValue(m_log->verticalScrollBar()->maximum());
    });
    return;
  }
  m_session->loadDetail(m_run, this, [this, generation](Result<RunDetail> detail) {
    if (generation == m_generation && detail) showDetail(*detail);
  });
}

namespace {

// What a text or a task says first: accuracy with its standard error, or perplexity per word where the words were
// counted.
QString scoreText(const store::Evaluation& evaluation) {
  QStringList parts;
  for (const char* name : {"acc", "acc_norm"}) {
    const std::optional<double> accuracy = store::valueOf(evaluation, name),
                                error = store::valueOf(evaluation, std::string(name) + "_stderr");
    if (!accuracy) continue;
    QString text = QStringLiteral("%1 %2").arg(QLatin1String(name), QString::number(*accuracy, 'f', 4));
    if (error) text += QStringLiteral(" ±%1").arg(*error, 0, 'f', 4);
    parts << text;
  }
  if (!parts.isEmpty()) return parts.join(QStringLiteral(", "));
  const std::optional<double> words = store::valueOf(evaluation, "word_perplexity");
  parts << QStringLiteral("%1 %2").arg(words ? QStringLiteral("word perplexity") : QStringLiteral("perplexity"),
                                       perplexityText(words.value_or(evaluation.perplexity)));
  if (const auto bits = store::valueOf(evaluation, "bits_per_byte"))
    parts << QStringLiteral("%1 bits per byte").arg(*bits, 0, 'f', 4);
  return parts.join(QStringLiteral(", "));
}

}  // namespace

void RunPanel::showDetail(const RunDetail& detail) {
  m_shownUpdate = detail.summary.updated;
  if (const QString config = QString::fromStdString(detail.configToml); config != m_config->toPlainText())
    m_config->setPlainText(config);
  clear(m_history);
  const double now = now_s();
  for (const store::Attempt& attempt : detail.attempts) {
    const double end = attempt.ended > 0 ? attempt.ended : now;
    QString text = attempt.outcome.empty() ? QStringLiteral("running") : QString::fromStdString(attempt.outcome);
    if (attempt.started > 0) text += QStringLiteral(", %1").arg(durationText(end - attempt.started));
    if (!attempt.device.empty()) text += QStringLiteral(" on %1").arg(QString::fromStdString(attempt.device));
    addRow(m_history, QStringLiteral("Attempt %1").arg(attempt.number), text, QString::fromStdString(attempt.message));
  }
  // The last three evaluations tell the direction; all of them are in Monitor.
  const std::vector<store::Evaluation> curve = store::heldOutCurve(detail.evaluations);
  for (std::size_t i = curve.size() > 3 ? curve.size() - 3 : 0; i < curve.size(); ++i) {
    const store::Evaluation& evaluation = curve[i];
    addRow(m_history, QStringLiteral("Step %1").arg(grouped(evaluation.step)),
           QStringLiteral("%1 perplexity %2 over %3 tokens")
               .arg(QString::fromStdString(evaluation.split), perplexityText(evaluation.perplexity),
                    grouped(evaluation.tokens)));
  }
  for (const store::Evaluation& evaluation : store::newestOnDemand(detail.evaluations)) {
    addRow(m_history, QString::fromStdString(evaluation.task),
           QStringLiteral("%1 on %2 at step %3")
               .arg(scoreText(evaluation), QString::fromStdString(evaluation.split), grouped(evaluation.step)));
  }
  if (!detail.checkpoints.empty()) {
    const store::Checkpoint& last = detail.checkpoints.back();
    addRow(m_history, QStringLiteral("Checkpoint"),
           QStringLiteral("step %1, %2, %3 ago")
               .arg(grouped(last.step), QString::fromStdString(formatBytes(static_cast<double>(last.bytes))),
                    ageText(last.time, now)));
  }
  for (const store::Measurement& measurement : detail.measurements) {
    QStringList values;
    for (const auto& [name, value] : measurement.values)
      if (name == "analytic" || name == "storage" || name == "allocated" || name == "reserved")
        values << QStringLiteral("%1 %2").arg(QString::fromStdString(name), QString::fromStdString(formatBytes(value)));
    if (!values.isEmpty())
      addRow(m_history, QString::fromStdString(measurement.name), values.join(QStringLiteral(", ")));
  }
}

void RunPanel::commitNote() {
  const QString note = m_note->toPlainText();
  if (m_run.value == 0 || note == m_storedNote) return;
  m_storedNote = note;
  Q_EMIT noteEdited(m_run, note);
}

bool RunPanel::eventFilter(QObject* watched, QEvent* event) {
  if (watched == m_note && event->type() == QEvent::FocusOut) commitNote();
  return QWidget::eventFilter(watched, event);
}

}  // namespace weft::ui
