#include "ui/queue/queue_page.h"

#include <QAction>
#include <QComboBox>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QPushButton>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>
#include <cstdlib>

#include "engine/base/text.h"
#include "ui/models/run_text.h"
#include "ui/parts/icons.h"
#include "ui/parts/run_actions.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"
#include "ui/queue/lanes_widget.h"

namespace weft::ui {
namespace {

const std::vector<std::pair<QString, int>>& priorities() {
  static const std::vector<std::pair<QString, int>> levels{
      {QStringLiteral("low"), -10}, {QStringLiteral("normal"), 0}, {QStringLiteral("high"), 10}};
  return levels;
}

QString grouped(std::int64_t value) { return QString::fromStdString(groupDigits(value)); }

QString startsText(const PlannedJob& job, const QueuePlan& plan, double now) {
  if (job.isRunning)
    return QStringLiteral("on %1").arg(
        QString::fromStdString(plan.lanes[static_cast<std::size_t>(job.lane)]).section(u' ', 0, 0));
  if (job.start_s - now < 5) return QStringLiteral("next");
  return QStringLiteral("in %1").arg(durationText(job.start_s - now));
}

}  // namespace

QueuePage::QueuePage(QWidget* parent)
    : Page(parent),
      m_snapshot(std::make_shared<RunsSnapshot>()),
      m_model(new QueueModel(this)),
      m_clock(new QTimer(this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  m_header = new PageHeader(pages::kQueue.name());
  m_engineButton = new QPushButton(QStringLiteral("Start engine"));
  connect(m_engineButton, &QPushButton::clicked, this, [this] {
    if (!m_session) return;
    if (m_snapshot->engineRunning)
      m_session->request(store::RequestKind::ShutDown, {});
    else
      m_session->startEngine();
  });
  auto* add = new QPushButton(QStringLiteral("Add job..."));
  makePrimary(add);
  connect(add, &QPushButton::clicked, this, &Page::newRunRequested);
  m_header->addWidget(m_engineButton);
  m_header->addWidget(add);
  layout->addWidget(m_header);
  m_lanes = new LanesWidget;
  m_lanes->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  layout->addWidget(m_lanes);
  auto* lower = new QHBoxLayout;
  lower->setSpacing(0);
  m_table = new QueueTable(m_model);
  lower->addWidget(m_table, 1);
  m_panel = buildPanel();
  lower->addWidget(m_panel);
  layout->addLayout(lower, 1);
  buildActions();
  setFocusProxy(m_table);

  connect(m_table, &QueueTable::commandClicked, this, &QueuePage::execute);
  connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &QueuePage::updatePanel);
  connect(m_model, &QueueModel::moveRequested, this, &QueuePage::move);
  connect(m_lanes, &LanesWidget::jobClicked, m_table, &QueueTable::selectRun);
  connect(m_clock, &QTimer::timeout, this, [this] {
    if (isVisible()) updateTimes();
  });
  m_clock->start(1000);
  setSession(nullptr);
}

QWidget* QueuePage::buildPanel() {
  auto* surface = new Surface(Surface::Fill::Panel, Qt::LeftEdge);
  surface->setFixedWidth(360);
  surface->setAccessibleName(QStringLiteral("Chosen job"));
  auto* outer = new QVBoxLayout(surface);
  outer->setContentsMargins(1, 0, 0, 0);
  outer->setSpacing(0);
  auto* head = new Surface(Surface::Fill::Header, Qt::BottomEdge);
  head->setFixedHeight(metrics::headerRow);
  auto* headRow = new QHBoxLayout(head);
  headRow->setContentsMargins(metrics::panelMargin, 0, metrics::panelMargin, 0);
  m_jobName = new TextLabel({}, Type::Section);
  m_jobName->setElided(true);
  m_jobState = new TextLabel({}, Type::Body, Tone::Text2);
  headRow->addWidget(m_jobName, 1);
  headRow->addWidget(m_jobState);
  outer->addWidget(head);
  m_noJob = new TextLabel(QStringLiteral("Choose a job to see what can be done with it."), Type::Body, Tone::Text2);
  m_noJob->setContentsMargins(metrics::panelMargin, 16, metrics::panelMargin, 0);
  m_noJob->setWordWrap(true);
  outer->addWidget(m_noJob);
  m_job = new QWidget;
  auto* column = new QVBoxLayout(m_job);
  column->setContentsMargins(metrics::panelMargin, 12, metrics::panelMargin, metrics::panelMargin);
  column->setSpacing(10);
  const auto command = [&](JobCommand what, const QString& name, const QString& iconName, const QString& consequence) {
    auto* row = new QWidget;
    auto* rowLayout = new QHBoxLayout(row);
    rowLayout->setContentsMargins(0, 0, 0, 0);
    rowLayout->setSpacing(16);
    auto* button =
        new QPushButton(icon(iconName, what == JobCommand::Kill ? IconColor::Error : IconColor::Text2), name);
    button->setFixedWidth(100);
    if (what == JobCommand::Kill) makeDangerous(button);
    connect(button, &QPushButton::clicked, this, [this, what] { executeOnCurrent(what); });
    auto* text = new TextLabel(consequence, Type::Caption, Tone::Text2);
    text->setWordWrap(true);
    rowLayout->addWidget(button, 0, Qt::AlignTop);
    rowLayout->addWidget(text, 1);
    column->addWidget(row);
    m_commands.push_back({what, row, text});
  };
  command(JobCommand::Release, QStringLiteral("Release"), QStringLiteral("play"),
          QStringLiteral("Puts it back into the queue; a run that has a checkpoint goes on from it."));
  command(JobCommand::Hold, QStringLiteral("Hold"), QStringLiteral("held"),
          QStringLiteral("Keeps it, but never starts it until it is released."));
  command(JobCommand::Pause, QStringLiteral("Pause"), QStringLiteral("pause"),
          QStringLiteral("Writes a checkpoint and frees the device. Release goes on at the next step."));
  command(JobCommand::Stop, QStringLiteral("Stop"), QStringLiteral("stop"),
          QStringLiteral("Writes a checkpoint and ends. Can be resumed later as a new attempt."));
  command(JobCommand::Remove, QStringLiteral("Remove"), QStringLiteral("close"),
          QStringLiteral("Takes it out of the queue. The run stays in the table as stopped."));
  command(JobCommand::Kill, QStringLiteral("Kill..."), QStringLiteral("kill"),
          QStringLiteral("Ends now, no checkpoint: the steps since the last one are lost."));
  column->addSpacing(6);
  column->addWidget(new TextLabel(QStringLiteral("Details"), Type::Section));
  m_details = new QFormLayout;
  m_details->setHorizontalSpacing(16);
  m_details->setVerticalSpacing(6);
  m_details->setLabelAlignment(Qt::AlignLeft);
  column->addLayout(m_details);
  auto* priorityRow = new QFormLayout;
  priorityRow->setHorizontalSpacing(16);
  m_priority = new QComboBox;
  m_priority->setAccessibleName(QStringLiteral("Priority"));
  for (const auto& [name, level] : priorities()) m_priority->addItem(name, level);
  auto* priorityLabel = new TextLabel(QStringLiteral("Priority"), Type::Body, Tone::Text2);
  priorityLabel->setMinimumWidth(76);
  priorityRow->addRow(priorityLabel, m_priority);
  connect(m_priority, &QComboBox::activated, this, [this] {
    const store::RunSummary* run = m_table->currentRun();
    if (!run || !m_session) return;
    m_session->edit([id = run->id, level = m_priority->currentData().toInt()](
                        store::RunStore& store) { return store.setPriority(id, level); },
                    QStringLiteral("Change of priority"));
  });
  column->addLayout(priorityRow);
  column->addStretch(1);
  outer->addWidget(m_job, 1);
  outer->addStretch(0);
  return surface;
}

void QueuePage::buildActions() {
  const auto add = [this](const QString& text, const QKeySequence& key, const QString& iconName,
                          std::function<void()> act) {
    QAction* action = declareAction(PageMenu::Run, text, key, iconName, std::move(act));
    m_table->addAction(action);
  };
  add(QStringLiteral("Move up in the queue"), QKeySequence(Qt::ALT | Qt::Key_Up), QStringLiteral("chevron-up"),
      [this] { moveBy(-1); });
  add(QStringLiteral("Move down in the queue"), QKeySequence(Qt::ALT | Qt::Key_Down), QStringLiteral("chevron-down"),
      [this] { moveBy(1); });
  add(QStringLiteral("Pause the job"), Qt::Key_P, QStringLiteral("pause"),
      [this] { executeOnCurrent(JobCommand::Pause); });
  add(QStringLiteral("Stop the job"), Qt::Key_S, QStringLiteral("stop"),
      [this] { executeOnCurrent(JobCommand::Stop); });
  add(QStringLiteral("Hold the job"), Qt::Key_H, QStringLiteral("held"),
      [this] { executeOnCurrent(JobCommand::Hold); });
  add(QStringLiteral("Release the job"), Qt::Key_R, QStringLiteral("play"),
      [this] { executeOnCurrent(JobCommand::Release); });
  add(QStringLiteral("Kill the job..."), {}, QStringLiteral("kill"), [this] { executeOnCurrent(JobCommand::Kill); });
  add(QStringLiteral("Open the job in Monitor"), Qt::Key_Return, QStringLiteral("monitor"), [this] {
    if (const store::RunSummary* run = m_table->currentRun()) showRunsRequested(pages::kMonitor, {run->id});
  });
}

void QueuePage::openingChanged() { updateTimes(); }

void QueuePage::setSession(ProjectSession* session) {
  if (m_session) m_session->disconnect(this);
  m_session = session;
  if (session) connect(session, &ProjectSession::runsChanged, this, &QueuePage::applySnapshot);
  applySnapshot(session ? session->snapshot() : std::make_shared<RunsSnapshot>());
}

void QueuePage::showRuns(const std::vector<store::RunId>& runs) {
  if (!runs.empty()) m_table->selectRun(runs.front());
}

void QueuePage::applySnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot) {
  m_snapshot = snapshot;
  updateTimes();
  if (!m_table->currentRun() && m_model->rowCount() > 1)
    m_table->selectRun(m_model->runAt(1) ? m_model->runAt(1)->id : store::RunId{});
  updatePanel();
}

void QueuePage::updateTimes() {
  const double now = now_s();
  m_plan = planQueue(*m_snapshot, now);
  std::vector<QueueTimes> times;
  for (const PlannedJob& job : m_plan.jobs)
    times.push_back(
        {job.run, startsText(job, m_plan, now),
         job.isLengthKnown ? durationText(job.end_s - std::max(job.start_s, now)) : QStringLiteral("not known yet")});
  std::vector<store::RunId> waiting;
  for (const store::RunSummary* run : queueOrder(*m_snapshot)) waiting.push_back(run->id);
  m_model->setSnapshot(m_snapshot, waiting, std::move(times));
  m_lanes->setPlan(m_snapshot, m_plan, now);

  const auto count = [this](auto is) { return std::count_if(m_snapshot->runs.begin(), m_snapshot->runs.end(), is); };
  const auto running = count([](const auto& run) { return store::isActive(run.state); });
  const auto held =
      count([](const auto& run) { return run.state == store::RunState::Held || run.state == store::RunState::Paused; });
  QString subtitle = !m_session
                         ? withoutProject(QStringLiteral("no project is open"))
                         : QStringLiteral("%1 running, %2 queued, %3 held").arg(running).arg(waiting.size()).arg(held);
  if (m_plan.end_s && !m_plan.jobs.empty())
    subtitle += QStringLiteral("; last planned job ends in about %1").arg(durationText(*m_plan.end_s - now));
  m_header->setSubtitle(subtitle);
  m_engineButton->setEnabled(m_session != nullptr);
  m_engineButton->setText(m_snapshot->engineRunning ? QStringLiteral("Stop engine") : QStringLiteral("Start engine"));
  m_engineButton->setIcon(icon(m_snapshot->engineRunning ? QStringLiteral("stop") : QStringLiteral("play")));
  m_engineButton->setToolTip(m_snapshot->engineRunning
                                 ? QStringLiteral("Nothing new is started; runs that are running go on.")
                                 : QStringLiteral("Starts what waits in the queue, in its order."));
}

void QueuePage::updatePanel() {
  const store::RunSummary* run = m_table->currentRun();
  m_noJob->setVisible(!run);
  m_job->setVisible(run);
  m_jobName->setText(run ? m_snapshot->label(*run) : QStringLiteral("No job chosen"));
  m_lanes->setSelected(run ? run->id : store::RunId{});
  if (!run) return m_jobState->clear();
  m_jobState->setText(
      store::isActive(run->state) && !run->device.empty()
          ? QStringLiteral("%1 on %2")
                .arg(stateLabel(run->state).toLower(), QString::fromStdString(run->device).section(u' ', 0, 0))
          : stateLabel(run->state).toLower());
  const std::vector<JobButton> offered = jobButtons(*run);
  for (const CommandRow& row : m_commands)
    row.row->setVisible(std::any_of(offered.begin(), offered.end(),
                                    [&](const JobButton& button) { return button.command == row.command; }));
  while (m_details->rowCount() > 0) m_details->removeRow(0);
  const auto add = [this](const QString& name, const QString& value) {
    auto* label = new TextLabel(name, Type::Body, Tone::Text2);
    label->setMinimumWidth(76);
    auto* text = new TextLabel(value, Type::Body);
    text->setWordWrap(true);
    m_details->addRow(label, text);
  };
  const double now = now_s();
  add(QStringLiteral("Progress"),
      QStringLiteral("step %1 of %2%3")
          .arg(grouped(run->step), grouped(run->steps),
               run->tokens > 0 ? QStringLiteral(", %1 tokens").arg(countText(static_cast<double>(run->tokens)))
                               : QString()));
  if (store::isActive(run->state) && run->heartbeat > 0)
    add(QStringLiteral("Heartbeat"), QStringLiteral("%1 ago").arg(durationText(std::max(0.0, now - run->heartbeat))));
  if (!run->phase.empty()) add(QStringLiteral("Phase"), QString::fromStdString(run->phase));
  add(QStringLiteral("Attempt"), QString::number(std::max(1, run->attempt)));
  add(QStringLiteral("Parameters"), countText(static_cast<double>(run->parameters)));
  add(QStringLiteral("KV per token"), kvBytesText(*run));
  add(QStringLiteral("Snapshot"), QStringLiteral("taken when the job was queued"));
  int nearest = 1;
  for (int i = 0; i < m_priority->count(); ++i)
    if (std::abs(m_priority->itemData(i).toInt() - run->priority) <
        std::abs(m_priority->itemData(nearest).toInt() - run->priority))
      nearest = i;
  m_priority->setCurrentIndex(nearest);
}

void QueuePage::execute(JobCommand command, store::RunId id) {
  const store::RunSummary* run = m_snapshot->find(id);
  if (!run || !m_session) return;
  switch (command) {
    // A job that waits is held by the same request that pauses one that runs.
    case JobCommand::Hold:
    case JobCommand::Pause:
      m_session->request(store::RequestKind::Pause, id);
      break;
    case JobCommand::Release:
      m_session->request(store::RequestKind::Resume, id);
      break;
    case JobCommand::Remove:
    case JobCommand::Stop:
      m_session->request(store::RequestKind::Stop, id);
      break;
    case JobCommand::Kill:
      confirmKill(
          this, {*run},
          [this, id] {
            if (m_session) m_session->request(store::RequestKind::Kill, id);
          },
          m_snapshot->label(*run));
      break;
  }
}

void QueuePage::executeOnCurrent(JobCommand command) {
  const store::RunSummary* run = m_table->currentRun();
  if (!run) return;
  const std::vector<JobButton> offered = jobButtons(*run);
  if (std::any_of(offered.begin(), offered.end(), [&](const JobButton& button) { return button.command == command; }))
    execute(command, run->id);
}

void QueuePage::moveBy(int step) {
  const store::RunSummary* run = m_table->currentRun();
  const std::vector<store::RunId> waiting = m_model->waiting();
  const auto at = run ? std::find(waiting.begin(), waiting.end(), run->id) : waiting.end();
  if (at == waiting.end()) return;
  const auto index = at - waiting.begin();
  if (step < 0 && index > 0) move(run->id, waiting[static_cast<std::size_t>(index - 1)]);
  if (step > 0 && index + 1 < static_cast<std::ptrdiff_t>(waiting.size()))
    move(run->id, index + 2 < static_cast<std::ptrdiff_t>(waiting.size()) ? waiting[static_cast<std::size_t>(index + 2)]
                                                                          : store::RunId{});
}

void QueuePage::move(store::RunId run, store::RunId before) {
  if (m_session)
    m_session->edit([run, before](store::RunStore& store) { return store.moveInQueue(run, before); },
                    QStringLiteral("Change of the queue's order"));
}

}  // namespace weft::ui
