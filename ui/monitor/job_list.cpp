#include "ui/monitor/job_list.h"

#include <QKeyEvent>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/models/run_text.h"
#include "ui/monitor/job_card.h"
#include "ui/parts/widgets.h"
#include "ui/plot/series_style.h"

namespace weft::ui {
namespace {

constexpr std::size_t kMostRecent = 40;  // the Runs page has them all
constexpr std::size_t kMostPlotted = 12;

bool contains(const std::vector<store::RunId>& runs, store::RunId run) {
  return std::find(runs.begin(), runs.end(), run) != runs.end();
}

}  // namespace

JobList::JobList(QWidget* parent) : QScrollArea(parent) {
  setAccessibleName(QStringLiteral("Jobs"));
  setFrameShape(QFrame::NoFrame);
  setWidgetResizable(true);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setFocusPolicy(Qt::NoFocus);
  auto* column = new Surface(Surface::Fill::Panel);
  m_layout = new QVBoxLayout(column);
  m_layout->setContentsMargins(0, 0, 0, 0);
  m_layout->setSpacing(0);
  m_running = addSection(QStringLiteral("Running"));
  m_waiting = addSection(QStringLiteral("Waiting"));
  m_recent = addSection(QStringLiteral("Recent"));
  m_layout->addStretch(1);
  setWidget(column);
}

JobList::Section JobList::addSection(const QString& name) {
  Section section{};
  section.head = new Surface(Surface::Fill::Header, Qt::BottomEdge);
  section.head->setFixedHeight(metrics::headerRow + 7);
  auto* row = new QHBoxLayout(section.head);
  row->setContentsMargins(metrics::panelMargin, 0, 12, 1);
  row->addWidget(new TextLabel(name, Type::Section));
  row->addStretch(1);
  section.count = new TextLabel({}, Type::Caption, Tone::Text2);
  row->addWidget(section.count);
  section.body = new QWidget;
  section.cards = new QVBoxLayout(section.body);
  section.cards->setContentsMargins(0, 0, 0, 0);
  section.cards->setSpacing(0);
  m_layout->addWidget(section.head);
  m_layout->addWidget(section.body);
  return section;
}

void JobList::setSnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot) {
  std::vector<const store::RunSummary*> running, waiting, recent;
  for (const store::RunSummary& run : snapshot->runs) {
    if (store::isActive(run.state))
      running.push_back(&run);
    else if (run.state == store::RunState::Queued || run.state == store::RunState::Held ||
             run.state == store::RunState::Paused)
      waiting.push_back(&run);
    else if ((!run.archived && run.state != store::RunState::Draft) || contains(m_plotted, run.id))
      recent.push_back(&run);
  }
  // In the order in which they started: a card keeps its place while others come and go.
  std::sort(running.begin(), running.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  std::sort(waiting.begin(), waiting.end(), [](const auto* a, const auto* b) {
    return std::tuple(-a->priority, a->position, a->id) < std::tuple(-b->priority, b->position, b->id);
  });
  std::sort(recent.begin(), recent.end(),
            [](const auto* a, const auto* b) { return std::pair(a->ended, a->id) > std::pair(b->ended, b->id); });
  std::size_t kept = 0;
  std::erase_if(recent,
                [&](const store::RunSummary* run) { return ++kept > kMostRecent && !contains(m_plotted, run->id); });

  std::erase_if(m_cards, [&](const auto& entry) {
    const auto isIt = [&](const store::RunSummary* run) { return run->id == entry.first; };
    if (std::any_of(running.begin(), running.end(), isIt) || std::any_of(waiting.begin(), waiting.end(), isIt) ||
        std::any_of(recent.begin(), recent.end(), isIt))
      return false;
    delete entry.second;
    return true;
  });
  m_order.clear();
  const std::size_t jobs = running.size() + waiting.size();
  fill(m_running, *snapshot, running,
       QStringLiteral("%1 of %2 %3")
           .arg(running.size())
           .arg(jobs)
           .arg(jobs == 1 ? QStringLiteral("job") : QStringLiteral("jobs")));
  fill(m_waiting, *snapshot, waiting, QString::number(waiting.size()));
  fill(m_recent, *snapshot, recent, QString::number(recent.size()));
  mark();
}

void JobList::fill(Section& section, const RunsSnapshot& snapshot, const std::vector<const store::RunSummary*>& runs,
                   const QString& count) {
  section.head->setVisible(!runs.empty());
  section.body->setVisible(!runs.empty());
  section.count->setText(count);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    m_order.push_back(runs[i]->id);
    JobCard*& card = m_cards[runs[i]->id];
    if (!card) {
      card = new JobCard;
      card->installEventFilter(this);
      connect(card, &JobCard::clicked, this, &JobList::clicked);
      connect(card, &JobCard::doubleClicked, this, [this](store::RunId run) {
        m_plotted = {run};
        m_current = run;
        m_isChosen = true;
        mark();
        Q_EMIT choiceChanged();
      });
      connect(card, &JobCard::requested, this, &JobList::requested);
    }
    card->setRun(*runs[i], snapshot.label(*runs[i]));
    const int at = static_cast<int>(i);
    if (section.cards->indexOf(card) != at) section.cards->insertWidget(at, card);
  }
}

void JobList::choose(const std::vector<store::RunId>& plotted, store::RunId current) {
  m_plotted = plotted;
  m_current = current;
  mark();
}

void JobList::clicked(store::RunId run, Qt::KeyboardModifiers modifiers) {
  m_isChosen = true;
  if (modifiers & Qt::ControlModifier) {
    if (contains(m_plotted, run)) {
      if (m_plotted.size() > 1) std::erase(m_plotted, run);
      if (m_current == run) m_current = m_plotted.front();
    } else if (m_plotted.size() < kMostPlotted) {
      m_plotted.push_back(run);
      m_current = run;
    }
  } else {
    if (!contains(m_plotted, run)) m_plotted = {run};
    m_current = run;
  }
  mark();
  Q_EMIT choiceChanged();
}

void JobList::mark() {
  m_styles = styleNumbers(m_plotted);
  const Dashes dashes = static_cast<int>(m_plotted.size()) > kMostSolidCurves ? Dashes::Yes : Dashes::No;
  for (const auto& [run, card] : m_cards)
    card->setMarks({.style = styleOf(run), .dashes = dashes, .isCurrent = run == m_current});
}

std::optional<int> JobList::styleOf(store::RunId run) const {
  const auto found = std::find(m_plotted.begin(), m_plotted.end(), run);
  return found == m_plotted.end() ? std::nullopt
                                  : std::optional(m_styles[static_cast<std::size_t>(found - m_plotted.begin())]);
}

JobCard* JobList::card(store::RunId run) const {
  const auto found = m_cards.find(run);
  return found == m_cards.end() ? nullptr : found->second;
}

void JobList::tick() {
  for (const auto& [run, card] : m_cards) card->update();
}

void JobList::walk(int by) {
  const auto at = std::find(m_order.begin(), m_order.end(), m_current);
  if (at == m_order.end()) return;
  const auto next =
      std::clamp<std::ptrdiff_t>(at - m_order.begin() + by, 0, static_cast<std::ptrdiff_t>(m_order.size()) - 1);
  clicked(m_order[static_cast<std::size_t>(next)], {});
  if (JobCard* card = this->card(m_current)) {
    card->setFocus(Qt::OtherFocusReason);
    ensureWidgetVisible(card);
  }
}

bool JobList::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::KeyPress) return QScrollArea::eventFilter(watched, event);
  auto* card = qobject_cast<JobCard*>(watched);
  const auto* key = static_cast<QKeyEvent*>(event);
  if (!card || key->modifiers() != Qt::NoModifier) return false;
  switch (key->key()) {
    case Qt::Key_Up:
      walk(-1);
      return true;
    case Qt::Key_Down:
      walk(1);
      return true;
    case Qt::Key_Space:
      clicked(card->run().id, Qt::ControlModifier);
      return true;
    case Qt::Key_Return:
      clicked(card->run().id, {});
      return true;
    default:
      return false;
  }
}

}  // namespace weft::ui
