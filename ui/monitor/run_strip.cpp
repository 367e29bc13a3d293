#include "ui/monitor/run_strip.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>
#include <map>

#include "ui/models/run_text.h"
#include "ui/monitor/job_text.h"
#include "ui/parts/icons.h"
#include "ui/parts/run_actions.h"
#include "ui/parts/run_cell_painter.h"

namespace weft::ui {

class RunStrip::StateShape : public QWidget {
 public:
  using QWidget::QWidget;
  store::RunState state = store::RunState::Draft;
  QSize sizeHint() const override { return {16, 16}; }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    paintStateIcon(painter, QRectF(rect()), state, Theme::current());
  }
};

RunStrip::RunStrip(QWidget* parent) : Surface(Fill::Panel, Qt::BottomEdge, parent) {
  setAccessibleName(QStringLiteral("Current run"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(metrics::panelMargin, 6, metrics::panelMargin, 7);
  column->setSpacing(4);
  auto* row = new QHBoxLayout;
  row->setSpacing(8);
  m_shape = new StateShape;
  m_shape->setFixedSize(16, 16);
  m_name = new TextLabel({}, Type::Section);
  m_facts = new TextLabel({}, Type::Body, Tone::Text2);
  m_facts->setElided(true);
  m_resume = new QPushButton(icon(QStringLiteral("play")), QStringLiteral("Resume"));
  m_resume->setToolTip(
      QStringLiteral("Puts it back into the queue; it goes on from its last checkpoint as a new attempt"));
  connect(m_resume, &QPushButton::clicked, this, [this] { Q_EMIT resumeRequested(m_run.id); });
  row->addWidget(m_shape);
  row->addWidget(m_name);
  row->addSpacing(4);
  row->addWidget(m_facts, 1);
  row->addWidget(m_resume);
  column->addLayout(row);
  m_trouble = new QWidget;
  auto* trouble = new QVBoxLayout(m_trouble);
  trouble->setContentsMargins(24, 0, 0, 2);
  trouble->setSpacing(2);
  m_failure = new TextLabel({}, Type::Body, Tone::Error);
  m_failure->setWordWrap(true);
  m_failure->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_logLine = new TextLabel({}, Type::Fixed, Tone::Text2);
  m_logLine->setElided(true);
  trouble->addWidget(m_failure);
  trouble->addWidget(m_logLine);
  column->addWidget(m_trouble);
  apply();
}

void RunStrip::setRun(const store::RunSummary* run, const QString& label,
                      const std::vector<store::Checkpoint>& checkpoints) {
  if (run && run->id != m_run.id) m_logLine->clear();
  m_hasRun = run != nullptr;
  m_run = run ? *run : store::RunSummary{};
  m_label = label;
  m_checkpoints = checkpoints;
  apply();
}

void RunStrip::setPlotted(std::vector<store::RunState> states) { m_plotted = std::move(states); }

void RunStrip::setLogLine(const QString& line) {
  m_logLine->setText(line);
  m_logLine->setVisible(!line.isEmpty());
}

void RunStrip::tick() {
  if (m_hasRun && store::isActive(m_run.state)) apply();
}

QString RunStrip::titleText() const { return m_name->text(); }
QString RunStrip::factsText() const { return m_facts->text(); }
QString RunStrip::failureText() const { return m_trouble->isHidden() ? QString() : m_failure->text(); }

void RunStrip::apply() {
  setVisible(m_hasRun);
  if (!m_hasRun) return;
  m_shape->state = m_run.state;
  m_shape->update();
  const QString& name = m_label;
  QStringList facts{stateLabel(m_run.state).toLower()};
  if (m_plotted.size() > 1) {
    // "100 runs  3 running, 97 finished · current: MQA-CLA2, finished · ..."
    std::map<int, std::pair<QString, int>> counts;
    for (const store::RunState state : m_plotted) {
      auto& [label, count] = counts[stateOrder(state)];
      label = stateLabel(state).toLower();
      ++count;
    }
    QStringList parts;
    for (const auto& [order, part] : counts) parts << QStringLiteral("%1 %2").arg(part.second).arg(part.first);
    m_name->setText(QStringLiteral("%1 runs").arg(m_plotted.size()));
    facts = {parts.join(QStringLiteral(", ")), QStringLiteral("current: %1, %2").arg(name, facts.first())};
  } else {
    m_name->setText(name);
  }
  facts << jobFacts(m_run, m_checkpoints, now_s());
  m_facts->setText(facts.join(QStringLiteral(" · ")));
  const bool hasEndedBadly = m_run.state == store::RunState::Failed || m_run.state == store::RunState::Lost;
  m_trouble->setVisible(hasEndedBadly);
  m_failure->setText(m_run.failure.empty() ? QStringLiteral("The run ended without saying why.")
                                           : QString::fromStdString(m_run.failure));
  m_logLine->setVisible(!m_logLine->text().isEmpty());
  // A waiting job is released in the Queue page; here only what has ended.
  m_resume->setVisible(canResume(m_run) && store::isTerminal(m_run.state));
}

}  // namespace weft::ui
