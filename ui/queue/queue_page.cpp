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
#include <unordered_set>

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
    return job.lanes.size() > 1 ? QStringLiteral("on %1 devices").arg(job.lanes.size())
           : job.lanes.empty()  ? QString()
                                : QStringLiteral("on %1").arg(
                                      QString::fromStdString(plan.lanes[static_cast<std::size_t>(job.lanes.front())])
                                          .section(u' ', 0, 0));
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
      m_session->request(store::RequestKind::ShutDown, store::JobId{});
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
  connect(m_lanes, &LanesWidget::jobClicked, m_table, &QueueTable::selectJob);
  m_lanes->setNames([this](store::JobId id) {
    const store::Job* job = m_model->jobAt(m_model->rowOf(id));
    return job ? m_model->nameOf(*job) : QString();
  });
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
    const store::Job* job = m_table->currentJob();
    if (!job || !m_session) return;
    m_session->edit([id = job->id, level = m_priority->currentData().toInt()](
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
  whenShown([this] {
    updateTimes();
    if (!m_table->currentJob() && m_model->jobAt(1)) m_table->selectJob(m_model->jobAt(1)->id);
    updatePanel();
  });
}

void QueuePage::updateTimes() {
  const double now = now_s();
  m_plan = planQueue(*m_snapshot, now);
  std::vector<QueueTimes> times;
  for (const PlannedJob& job : m_plan.jobs)
    times.push_back(
        {job.job, startsText(job, m_plan, now),
         job.isLengthKnown ? durationText(job.end_s - std::max(job.start_s, now)) : QStringLiteral("not known yet")});
  std::unordered_set<store::JobId> planned;
  for (const PlannedJob& job : m_plan.jobs) planned.insert(job.job);
  for (const store::Job& job : m_snapshot->jobs)
    if (job.state == store::JobState::Queued && !planned.contains(job.id))
      times.push_back(
          {job.id, job.needs.empty() ? QStringLiteral("not on this machine") : QStringLiteral("not yet"), {}});
  m_model->setSnapshot(m_snapshot, std::move(times));
  m_lanes->setPlan(m_snapshot, m_plan, now);

  const auto count = [this](auto is) { return std::count_if(m_snapshot->jobs.begin(), m_snapshot->jobs.end(), is); };
  const auto running = count([](const store::Job& job) { return store::isActive(job.state); });
  const auto queued = count([](const store::Job& job) { return job.state == store::JobState::Queued; });
  const auto held = static_cast<std::ptrdiff_t>(m_snapshot->jobs.size()) - running - queued;
  QString subtitle = !m_session ? withoutProject(QStringLiteral("no project is open"))
                                : QStringLiteral("%1 running, %2 queued, %3 held").arg(running).arg(queued).arg(held);
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
  const store::Job* job = m_table->currentJob();
  const store::RunSummary* run = m_table->currentRun();
  m_noJob->setVisible(!job);
  m_job->setVisible(job);
  m_jobName->setText(job ? m_model->nameOf(*job) : QStringLiteral("No job chosen"));
  m_lanes->setSelected(job ? job->id : store::JobId{});
  if (!job) return m_jobState->clear();
  const QString state = stateLabel(job->state).toLower();
  m_jobState->setText(store::isActive(job->state) && !job->lanes.empty()
                          ? QStringLiteral("%1 on %2").arg(state, QString::fromStdString(join(job->lanes, ", ")))
                          : state);
  const std::vector<JobButton> offered = jobButtons(*job);
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
  if (run && job->isTraining())
    add(QStringLiteral("Progress"),
        QStringLiteral("step %1 of %2%3")
            .arg(grouped(run->step), grouped(run->steps),
                 run->tokens > 0 ? QStringLiteral(", %1 tokens").arg(countText(static_cast<double>(run->tokens)))
                                 : QString()));
  if (store::isActive(job->state) && job->heartbeat > 0)
    add(QStringLiteral("Heartbeat"), QStringLiteral("%1 ago").arg(durationText(std::max(0.0, now - job->heartbeat))));
  if (!job->phase.empty()) add(QStringLiteral("Phase"), QString::fromStdString(job->phase));
  QStringList needs;
  for (const store::JobId need : job->needs)
    if (const store::Job* needed = m_model->jobAt(m_model->rowOf(need))) needs << m_model->nameOf(*needed);
  if (!needs.isEmpty()) add(QStringLiteral("Waits for"), needs.join(QStringLiteral(", ")));
  add(QStringLiteral("Attempt"), QString::number(std::max(1, job->attempt)));
  if (run) {
    add(QStringLiteral("Parameters"), countText(static_cast<double>(run->parameters)));
    add(QStringLiteral("KV per token"), kvBytesText(*run));
  }
  add(QStringLiteral("Snapshot"), QStringLiteral("taken when the job was queued"));
  int nearest = 1;
  for (int i = 0; i < m_priority->count(); ++i)
    if (std::abs(m_priority->itemData(i).toInt() - job->priority) <
        std::abs(m_priority->itemData(nearest).toInt() - job->priority))
      nearest = i;
  m_priority->setCurrentIndex(nearest);
}

void QueuePage::execute(JobCommand command, store::JobId id) {
  const store::Job* job = m_model->jobAt(m_model->rowOf(id));
  if (!job || !m_session) return;
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
    case JobCommand::Kill: {
      const auto kill = [this, id] {
        if (m_session) m_session->request(store::RequestKind::Kill, id);
      };
      const store::RunSummary* run = job->isTraining() ? m_snapshot->find(job->run) : nullptr;
      if (run) {
        confirmKill(this, {*run}, kill, m_snapshot->label(*run));
      } else {
        kill();  // no step is lost: it can be queued again
      }
      break;
    }
  }
}

void QueuePage::executeOnCurrent(JobCommand command) {
  const store::Job* job = m_table->currentJob();
  if (!job) return;
  const std::vector<JobButton> offered = jobButtons(*job);
  if (std::any_of(offered.begin(), offered.end(), [&](const JobButton& button) { return button.command == command; }))
    execute(command, job->id);
}

void QueuePage::moveBy(int step) {
  const store::Job* job = m_table->currentJob();
  const std::vector<store::JobId>& waiting = m_model->waiting();
  const auto at = job ? std::find(waiting.begin(), waiting.end(), job->id) : waiting.end();
  if (at == waiting.end()) return;
  const auto place = static_cast<std::size_t>(at - waiting.begin());
  if (step < 0 && place > 0) move(job->id, waiting[place - 1]);
  if (step > 0 && place + 1 < waiting.size())
    move(job->id, place + 2 < waiting.size() ? waiting[place + 2] : store::JobId{});
}

void QueuePage::move(store::JobId job, store::JobId before) {
  if (m_session)
    m_session->edit([job, before](store::RunStore& store) { return store.moveInQueue(job, before); },
                    QStringLiteral("Change of the queue's order"));
}

}  // namespace weft::ui
