#include "ui/runs/runs_page.h"

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QSettings>
#include <QSplitter>
#include <QStackedWidget>
#include <QTimer>
#include <QToolButton>
#include <QUndoStack>
#include <QVBoxLayout>
#include <algorithm>
#include <map>

#include "engine/base/text.h"
#include "engine/store/run_marks.h"
#include "ui/models/run_text.h"
#include "ui/models/table_export.h"
#include "ui/parts/file_dialog.h"
#include "ui/parts/filter_field.h"
#include "ui/parts/icons.h"
#include "ui/parts/run_actions.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"
#include "ui/runs/filter_tabs.h"
#include "ui/runs/run_panel.h"
#include "ui/runs/run_table_view.h"

namespace weft::ui {
namespace {

std::vector<SavedFilter> builtInFilters() {
  return {{QStringLiteral("All"), QString()},
          {QStringLiteral("Running"), QStringLiteral("state = running or state = starting or state = stopping")},
          {QStringLiteral("Queued"), QStringLiteral("state = queued or state = held or state = paused")},
          {QStringLiteral("Finished"), QStringLiteral("state = finished")},
          {QStringLiteral("Failed"), QStringLiteral("state = failed or state = lost or state = killed")},
          {QStringLiteral("Archived"), QStringLiteral("archived")}};
}

// Rows that share the KV bytes are the comparison this program is for.
QString pairText(const RunsSnapshot& snapshot, const store::RunSummary& a, const store::RunSummary& b) {
  const QString names = QStringLiteral("%1 against %2").arg(snapshot.label(a), snapshot.label(b));
  if (a.kvBytesPerToken == b.kvBytesPerToken)
    return QStringLiteral("%1 at %2 B/token:").arg(names, bytesPerTokenText(a.kvBytesPerToken));
  return QStringLiteral("%1 (%2 and %3 B/token):")
      .arg(names, bytesPerTokenText(a.kvBytesPerToken), bytesPerTokenText(b.kvBytesPerToken));
}

}  // namespace

// Writes go through the session, so an undo is a further write, not a rollback.
struct RunsPage::Edit : QUndoCommand {
  using Write = std::function<Result<void>(store::RunStore&)>;
  Edit(ProjectSession* owner, const QString& what, Write doIt, Write undoIt)
      : QUndoCommand(what), session(owner), forward(std::move(doIt)), backward(std::move(undoIt)) {}
  void redo() override {
    if (session) session->edit(forward, text());
  }
  void undo() override {
    if (session) session->edit(backward, QStringLiteral("Undo %1").arg(text()));
  }
  QPointer<ProjectSession> session;
  Write forward, backward;
};

RunsPage::RunsPage(QWidget* parent)
    : Page(parent),
      m_model(new RunTableModel(this)),
      m_proxy(new RunSortProxy(this)),
      m_undo(new QUndoStack(this)),
      m_ages(new QTimer(this)) {
  m_proxy->setSourceModel(m_model);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(buildTop());
  m_table = new RunTableView(m_proxy);
  m_panel = new RunPanel;
  m_panel->hide();
  m_splitter = new QSplitter(Qt::Horizontal);
  m_splitter->setHandleWidth(1);
  m_splitter->addWidget(m_table);
  m_splitter->addWidget(m_panel);
  m_splitter->setStretchFactor(0, 1);
  m_splitter->setCollapsible(0, false);
  m_splitter->setCollapsible(1, false);
  layout->addWidget(m_splitter, 1);
  layout->addWidget(buildFooter());
  buildActions();
  setFocusProxy(m_table);

  connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &RunsPage::updateSelection);
  connect(m_table, &QTableView::doubleClicked, this,
          [this] { showRunsRequested(pages::kMonitor, m_table->selectedRuns()); });
  connect(m_table, &RunTableView::emptyButtonClicked, this, [this] {
    if (m_emptyAction) m_emptyAction();
  });
  connect(m_table, &QWidget::customContextMenuRequested, this, [this](QPoint at) {
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (QAction* action : m_runActions) menu->addAction(action);
    menu->popup(m_table->viewport()->mapToGlobal(at));
  });
  connect(m_panel, &RunPanel::closeRequested, this, [this] {
    m_panel->hide();
    m_table->setFocus();
  });
  connect(m_panel, &RunPanel::noteEdited, this, &RunsPage::setNote);
  connect(m_table->sortHeader(), &SortHeader::sortKeysChanged, this, &RunsPage::saveColumns);
  connect(m_ages, &QTimer::timeout, m_model, &RunTableModel::refreshAges);
  connect(m_ages, &QTimer::timeout, this, &RunsPage::updateCounts);
  m_ages->start(30'000);
  restoreColumns();
  // Values get their columns when the runs that have them are read; the view has hidden them by then.
  connect(m_proxy, &QAbstractItemModel::columnsInserted, this, &RunsPage::restoreColumns);
  loadSavedFilters();
  setExpression({});
  setSession(nullptr);
}

RunsPage::~RunsPage() { saveColumns(); }

QWidget* RunsPage::buildTop() {
  auto* top = new Surface(Surface::Fill::Panel);
  auto* rows = new QVBoxLayout(top);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(0);
  m_header = new PageHeader(pages::kRuns.name());
  auto* columns = new QPushButton(icon(QStringLiteral("columns")), QStringLiteral("Columns"));
  connect(columns, &QPushButton::clicked, this, &RunsPage::showColumnsMenu);
  auto* exportButton = new QPushButton(QStringLiteral("Export"));
  auto* exportMenu = new QMenu(exportButton);
  exportMenu->addAction(QStringLiteral("Table as CSV or JSON..."), this, &RunsPage::exportTable);
  exportMenu->addAction(QStringLiteral("Copy rows as CSV"), this, &RunsPage::copyTable);
  exportMenu->addAction(QStringLiteral("Figure..."), this, [this] { openPageRequested(pages::kFigures); });
  exportButton->setMenu(exportMenu);
  m_compareButton = new QPushButton(QStringLiteral("Compare"));
  connect(m_compareButton, &QPushButton::clicked, this,
          [this] { showRunsRequested(pages::kCompare, m_table->selectedRuns()); });
  auto* newRun = new QPushButton(QStringLiteral("New run..."));
  makePrimary(newRun);
  connect(newRun, &QPushButton::clicked, this, &Page::newRunRequested);
  for (QPushButton* button : {columns, exportButton, m_compareButton, newRun}) m_header->addWidget(button);
  rows->addWidget(m_header);

  auto* filterRow = new QHBoxLayout;
  filterRow->setSpacing(metrics::gap);
  filterRow->setContentsMargins(metrics::pageMargin, 10, metrics::panelMargin, 0);
  m_filter = new FilterField;
  m_filter->setValueSource([this](const QString& field) { return RunFilter::values(field, m_model->snapshot().runs); });
  auto* save = new QPushButton(QStringLiteral("Save view..."));
  connect(save, &QPushButton::clicked, this, &RunsPage::askViewName);
  auto* help = new QPushButton(QStringLiteral("?"));
  help->setFixedWidth(metrics::control);
  help->setAccessibleName(QStringLiteral("Fields of the filter"));
  help->setToolTip(
      QStringLiteral(
          "Fields: %1.\nJoin with and, or, not, parentheses; compare with = != < <= > >= and ~ (regular expression).")
          .arg(RunFilter::fields().join(QStringLiteral(", "))));
  auto* fieldMenu = new QMenu(help);
  for (const QString& field : RunFilter::fields())
    fieldMenu->addAction(field, this, [this, field] {
      m_filter->insert(field + u' ');
      m_filter->setFocus();
    });
  connect(help, &QPushButton::clicked, this,
          [help, fieldMenu] { fieldMenu->popup(help->mapToGlobal(QPoint(0, help->height()))); });
  filterRow->addWidget(m_filter, 1);
  filterRow->addWidget(save);
  filterRow->addWidget(help);
  rows->addLayout(filterRow);
  TextLabel* filterError = makeErrorLabel(m_filter);
  filterError->setContentsMargins(metrics::pageMargin + 4, 4, 0, 0);
  rows->addWidget(filterError);
  m_tabs = new FilterTabs;
  auto* tabRow = new QHBoxLayout;
  tabRow->setContentsMargins(metrics::pageMargin, 4, metrics::panelMargin, 0);
  tabRow->addWidget(m_tabs, 1);
  rows->addLayout(tabRow);
  auto* line = new Surface(Surface::Fill::Panel, Qt::BottomEdge);
  line->setFixedHeight(1);
  rows->addWidget(line);

  connect(m_filter, &FilterField::filterChanged, this, [this](const RunFilter& filter) {
    m_proxy->setFilter(filter);
    m_tabs->setCurrentExpression(m_filter->text());
    showCounts();
    updateEmptyText();
  });
  connect(m_filter, &QLineEdit::returnPressed, this, [this] {
    if (!m_filter->error()) m_table->setFocus();
  });
  connect(m_tabs, &FilterTabs::activated, this, &RunsPage::setExpression);
  connect(m_tabs, &FilterTabs::removeRequested, this, &RunsPage::removeFilter);
  return top;
}

QWidget* RunsPage::buildFooter() {
  m_footer = new QStackedWidget;
  m_footer->setFixedHeight(40);
  auto* selection = new Surface(Surface::Fill::Window, Qt::TopEdge);
  auto* row = new QHBoxLayout(selection);
  row->setContentsMargins(metrics::pageMargin, 0, metrics::panelMargin, 0);
  m_selectionText = new TextLabel({}, Type::Body, Tone::Text2);
  m_selectionText->setElided(true);
  m_selectionText->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Preferred);
  m_selectionStrong = new TextLabel({}, Type::Section);
  row->addWidget(m_selectionText);
  row->addWidget(m_selectionStrong);
  row->addStretch(1);
  row->addWidget(
      new KeyHints({QStringLiteral("Space"), QStringLiteral("preview"), QStringLiteral("Enter"), QStringLiteral("open"),
                    QStringLiteral("C"), QStringLiteral("compare"), QStringLiteral("T"), QStringLiteral("tag")}));
  m_footer->addWidget(selection);
  auto* edit = new Surface(Surface::Fill::Window, Qt::TopEdge);
  auto* editRow = new QHBoxLayout(edit);
  editRow->setContentsMargins(metrics::pageMargin, 0, metrics::panelMargin, 0);
  m_question = new TextLabel({}, Type::Body, Tone::Text2);
  m_answer = new QLineEdit;
  editRow->addWidget(m_question);
  editRow->addWidget(m_answer, 1);
  editRow->addWidget(
      new KeyHints({QStringLiteral("Enter"), QStringLiteral("store"), QStringLiteral("Esc"), QStringLiteral("drop")}));
  m_footer->addWidget(edit);
  const auto leave = [this] {
    m_accept = nullptr;
    m_footer->setCurrentIndex(static_cast<int>(Footer::Selection));
    m_table->setFocus();
  };
  connect(m_answer, &QLineEdit::returnPressed, this, [this, leave] {
    const auto accept = m_accept;
    const QString text = m_answer->text();
    leave();
    if (accept) accept(text);
  });
  auto* drop = new QAction(m_answer);
  drop->setShortcut(Qt::Key_Escape);
  drop->setShortcutContext(Qt::WidgetShortcut);
  m_answer->QWidget::addAction(drop);
  connect(drop, &QAction::triggered, this, leave);
  return m_footer;
}

QAction* RunsPage::addAction(const QString& text, const QKeySequence& shortcut, const QString& iconName,
                             std::function<void()> act, PageMenu menu) {
  return declareAction(menu, text, shortcut, iconName, std::move(act));
}

void RunsPage::buildActions() {
  // Letters belong to the table alone; the others to the whole page.
  const auto forRuns = [this](const QString& text, const QKeySequence& key, const QString& iconName,
                              std::function<void()> act, PageMenu menu = PageMenu::Run) {
    QAction* action = addAction(text, key, iconName, std::move(act), menu);
    m_table->addAction(action);
    m_runActions.push_back(action);
    return action;
  };
  forRuns(QStringLiteral("Open in Monitor"), Qt::Key_Return, QStringLiteral("monitor"),
          [this] { showRunsRequested(pages::kMonitor, m_table->selectedRuns()); });
  forRuns(QStringLiteral("Preview"), Qt::Key_Space, QStringLiteral("side-panel"), [this] {
    m_panel->setVisible(!m_panel->isVisible());
    if (m_panel->isVisible() && m_splitter->sizes().value(1) < 300)
      m_splitter->setSizes({qMax(400, m_splitter->width() - 360), 360});
    updateSelection();
  });
  m_compareAction = forRuns(QStringLiteral("Compare"), Qt::Key_C, QStringLiteral("compare"),
                            [this] { showRunsRequested(pages::kCompare, m_table->selectedRuns()); });
  forRuns(QStringLiteral("Draw its map in Design"), Qt::Key_D, QStringLiteral("design"),
          [this] { showRunsRequested(pages::kDesign, m_table->selectedRuns()); });
  forRuns(
      QStringLiteral("Edit tags"), Qt::Key_T, QStringLiteral("tag"), [this] { askTags(); }, PageMenu::Edit);
  forRuns(
      QStringLiteral("Edit note"), Qt::Key_N, QStringLiteral("note"),
      [this] {
        const auto runs = selected();
        if (!runs.empty())
          askInFooter(QStringLiteral("Note of %1").arg(m_model->snapshot().label(runs.front())),
                      QString::fromStdString(runs.front().note),
                      [this, id = runs.front().id](const QString& note) { setNote(id, note); });
      },
      PageMenu::Edit);
  forRuns(QStringLiteral("Set or clear as baseline"), Qt::Key_B, QStringLiteral("star"), [this] { toggleBaseline(); });
  forRuns(QStringLiteral("Star"), Qt::Key_S, QStringLiteral("star-outline"), [this] { toggleStar(); });
  m_stopAction = forRuns(QStringLiteral("Stop with a checkpoint"), {}, QStringLiteral("stop"),
                         [this] { request(store::RequestKind::Stop, canStop); });
  m_pauseAction = forRuns(QStringLiteral("Pause"), {}, QStringLiteral("pause"),
                          [this] { request(store::RequestKind::Pause, canPause); });
  m_resumeAction = forRuns(QStringLiteral("Resume"), {}, QStringLiteral("play"),
                           [this] { request(store::RequestKind::Resume, canResume); });
  m_killAction = forRuns(QStringLiteral("Kill..."), {}, QString(), [this] { kill(); });
  m_killAction->setIcon(icon(QStringLiteral("kill"), IconColor::Error));
  forRuns(QStringLiteral("Archive or bring back"), QKeySequence::Delete, QStringLiteral("archive"),
          [this] { archive(); });
  forRuns(
      QStringLiteral("Copy rows as CSV"), QKeySequence::Copy, QStringLiteral("copy"), [this] { copyTable(); },
      PageMenu::Edit);

  QAction* find = addAction(
      QStringLiteral("Filter runs"), QKeySequence::Find, QStringLiteral("filter"),
      [this] {
        m_filter->setFocus();
        m_filter->selectAll();
      },
      PageMenu::Edit);
  QAction* undo = m_undo->createUndoAction(this, QStringLiteral("Undo"));
  undo->setShortcut(QKeySequence::Undo);
  QAction* redo = m_undo->createRedoAction(this, QStringLiteral("Redo"));
  redo->setShortcut(QKeySequence::Redo);
  undo->setIcon(icon(QStringLiteral("undo")));
  redo->setIcon(icon(QStringLiteral("redo")));
  for (QAction* action : {undo, redo}) {
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    declareAction(PageMenu::Edit, action);
  }
  QAction* exportAction = addAction(QStringLiteral("Export the table..."), QKeySequence(Qt::CTRL | Qt::Key_E),
                                    QStringLiteral("export"), [this] { exportTable(); });
  QAction* clear = addAction(
      QStringLiteral("Clear the filter"), QKeySequence(Qt::CTRL | Qt::Key_Backspace), QStringLiteral("close"),
      [this] { setExpression({}); }, PageMenu::Edit);
  for (QAction* action : {find, undo, redo, exportAction, clear}) QWidget::addAction(action);
}

void RunsPage::openingChanged() { updateEmptyText(); }

void RunsPage::setSession(ProjectSession* session) {
  if (m_session) m_session->disconnect(this);
  m_session = session;
  m_undo->clear();
  m_panel->setSession(session);
  if (session) {
    connect(session, &ProjectSession::runsChanged, this, &RunsPage::applySnapshot);
    loadSavedFilters();
  }
  applySnapshot(session ? session->snapshot() : std::make_shared<RunsSnapshot>());
  updateCounts();
  setEnabled(true);
}

void RunsPage::showRuns(const std::vector<store::RunId>& runs) {
  const RunsSnapshot& snapshot = m_model->snapshot();
  const bool hidden = std::any_of(runs.begin(), runs.end(), [&](store::RunId id) {
    const store::RunSummary* run = snapshot.find(id);
    return run && !m_proxy->accepts(*run);
  });
  if (hidden) setExpression({});
  m_table->selectRuns(runs);
  m_table->setFocus();
}

void RunsPage::applySnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot) {
  const RowChanges changes = changesBetween(m_model->snapshot().runs, snapshot->runs);
  m_model->setSnapshot(snapshot);
  for (TabCount& tab : m_tabCounts) {
    const auto matching = [&](const std::vector<RunRows::Row>& rows) {
      return static_cast<int>(std::count_if(rows.begin(), rows.end(), [&](const RunRows::Row& row) {
        return tab.filter && RunSortProxy::accepts(*tab.filter, *row);
      }));
    };
    tab.count += matching(changes.come) - matching(changes.gone);
  }
  showCounts();
  updateEmptyText();
  updateSelection();
  m_panel->update(*snapshot);
}

// From the first run to the last: when the filters are others, or the clock has gone on (age_days).
void RunsPage::updateCounts() {
  const RunRows& runs = m_model->snapshot().runs;
  m_tabCounts.clear();
  for (const SavedFilter& saved : m_tabs->filters()) {
    TabCount tab;
    if (const auto filter = RunFilter::parse(saved.expression)) tab.filter = *filter;
    if (tab.filter)
      tab.count = static_cast<int>(std::count_if(
          runs.begin(), runs.end(), [&](const auto& run) { return RunSortProxy::accepts(*tab.filter, run); }));
    m_tabCounts.push_back(std::move(tab));
  }
  showCounts();
}

void RunsPage::showCounts() {
  std::vector<int> counts;
  for (const TabCount& tab : m_tabCounts) counts.push_back(tab.count);
  m_tabs->setCounts(counts);
  const auto runs = m_model->snapshot().runs.size();
  m_filter->setCountText(runs == 0 ? QString() : QStringLiteral("%1 of %2 runs").arg(m_proxy->rowCount()).arg(runs));
}

void RunsPage::updateEmptyText() {
  m_emptyAction = nullptr;
  const RunRows& runs = m_model->snapshot().runs;
  const QString opening = withoutProject({});
  m_header->setSubtitle(m_session ? QString() : opening);
  m_table->setLoading(!m_session && !opening.isEmpty());
  if (!m_session)
    return m_table->setEmptyText(
        opening.isEmpty()
            ? QStringLiteral("No project is open. Open or make one in the Project menu; Design works without.")
            : QString());
  if (m_proxy->rowCount() > 0) return m_table->setEmptyText({});
  if (runs.empty()) {
    m_emptyAction = [this] { openPageRequested(pages::kDesign); };
    return m_table->setEmptyText(QStringLiteral("No runs yet. Draw a map in Design and queue it."),
                                 QStringLiteral("Open Design"));
  }
  const RunFilter::Clause clause = m_proxy->filter().mostExcluding(runs);
  const QString text = m_filter->text();
  if (clause.begin == clause.end) {
    m_emptyAction = [this] { setExpression({}); };
    return m_table->setEmptyText(QStringLiteral("No run matches the filter."),
                                 text.isEmpty() ? QString() : QStringLiteral("Clear the filter"));
  }
  const QString part = text.mid(clause.begin, clause.end - clause.begin);
  m_emptyAction = [this, text, clause] {
    QString rest = text.left(clause.begin).trimmed();
    const QString after = text.mid(clause.end).trimmed();
    const auto dropAnd = [](QString half, bool atEnd) {
      const QString word = QStringLiteral("and");
      if (atEnd ? half.endsWith(word, Qt::CaseInsensitive) : half.startsWith(word, Qt::CaseInsensitive))
        half = atEnd ? half.chopped(word.size()).trimmed() : half.mid(word.size()).trimmed();
      return half;
    };
    rest = after.isEmpty()  ? dropAnd(rest, true)
           : rest.isEmpty() ? dropAnd(after, false)
                            : rest + u' ' + dropAnd(after, false);
    setExpression(rest);
  };
  m_table->setEmptyText(QStringLiteral("No run matches. “%1” excludes the most: %2 of %3.")
                            .arg(part)
                            .arg(clause.excluded)
                            .arg(runs.size()),
                        QStringLiteral("Drop it"));
}

std::vector<store::RunSummary> RunsPage::selected() const {
  std::vector<store::RunSummary> runs;
  for (const store::RunId id : m_table->selectedRuns())
    if (const int row = m_model->rowOf(id); row >= 0) runs.push_back(m_model->runAt(row));
  return runs;
}

void RunsPage::updateSelection() {
  const std::vector<store::RunSummary> runs = selected();
  const auto any = [&](bool (*applies)(const store::RunSummary&)) {
    return std::any_of(runs.begin(), runs.end(), applies);
  };
  for (QAction* action : m_runActions) action->setEnabled(!runs.empty());
  m_stopAction->setEnabled(any(canStop));
  m_pauseAction->setEnabled(any(canPause));
  m_resumeAction->setEnabled(any(canResume));
  m_killAction->setEnabled(any(canKill));
  m_compareButton->setEnabled(!runs.empty());
  m_compareButton->setText(runs.size() > 1 ? QStringLiteral("Compare %1").arg(runs.size()) : QStringLiteral("Compare"));
  m_selectionStrong->clear();
  if (runs.empty()) {
    m_selectionText->setText(QStringLiteral("Nothing selected"));
  } else if (runs.size() == 2) {
    m_selectionText->setText(QStringLiteral("2 selected     %1").arg(pairText(m_model->snapshot(), runs[0], runs[1])));
    m_selectionStrong->setText(
        QStringLiteral("%1  and  %2").arg(perplexityText(runs[0].perplexity), perplexityText(runs[1].perplexity)));
  } else {
    m_selectionText->setText(QStringLiteral("%1 selected").arg(runs.size()));
  }
  if (m_panel->isVisible() && !runs.empty()) m_panel->showRun(runs.front().id);
}

void RunsPage::setExpression(const QString& expression) {
  if (m_filter->text() == expression) return m_tabs->setCurrentExpression(expression);
  m_filter->setText(expression);
}

void RunsPage::loadSavedFilters() {
  std::vector<SavedFilter> filters = builtInFilters();
  QSettings settings;
  const int size = settings.beginReadArray(QStringLiteral("runs/views"));
  for (int i = 0; i < size; ++i) {
    settings.setArrayIndex(i);
    filters.insert(filters.end() - 1, SavedFilter{settings.value(QStringLiteral("name")).toString(),
                                                  settings.value(QStringLiteral("filter")).toString(), true});
  }
  settings.endArray();
  m_tabs->setFilters(std::move(filters));
  m_tabs->setCurrentExpression(m_filter->text());
}

void RunsPage::saveFilter(const QString& name) {
  const QString title = name.trimmed();
  if (title.isEmpty() || m_filter->error()) return;
  std::vector<SavedFilter> own;
  for (const SavedFilter& filter : m_tabs->filters())
    if (filter.isOwn && filter.name != title) own.push_back(filter);
  own.push_back({title, m_filter->text().trimmed(), true});
  QSettings settings;
  settings.beginWriteArray(QStringLiteral("runs/views"), static_cast<int>(own.size()));
  for (std::size_t i = 0; i < own.size(); ++i) {
    settings.setArrayIndex(static_cast<int>(i));
    settings.setValue(QStringLiteral("name"), own[i].name);
    settings.setValue(QStringLiteral("filter"), own[i].expression);
  }
  settings.endArray();
  loadSavedFilters();
  updateCounts();
}

void RunsPage::removeFilter(int index) {
  std::vector<SavedFilter> filters = m_tabs->filters();
  filters.erase(filters.begin() + index);
  QSettings settings;
  settings.remove(QStringLiteral("runs/views"));
  settings.beginWriteArray(QStringLiteral("runs/views"));
  int at = 0;
  for (const SavedFilter& filter : filters) {
    if (!filter.isOwn) continue;
    settings.setArrayIndex(at++);
    settings.setValue(QStringLiteral("name"), filter.name);
    settings.setValue(QStringLiteral("filter"), filter.expression);
  }
  settings.endArray();
  loadSavedFilters();
  updateCounts();
}

void RunsPage::askViewName() {
  if (m_filter->error() || m_filter->text().trimmed().isEmpty())
    return messageRaised(QStringLiteral("Write a filter first: a view is a filter with a name."), false);
  askInFooter(QStringLiteral("Name of the view"), {}, [this](const QString& name) { saveFilter(name); });
}

void RunsPage::askInFooter(const QString& question, const QString& text, std::function<void(const QString&)> accept) {
  m_accept = std::move(accept);
  m_question->setText(question);
  m_answer->setAccessibleName(question);
  m_answer->setText(text);
  m_footer->setCurrentIndex(static_cast<int>(Footer::Edit));
  m_answer->setFocus();
  m_answer->selectAll();
}

void RunsPage::pushEdit(const QString& text, std::function<Result<void>(store::RunStore&)> forward,
                        std::function<Result<void>(store::RunStore&)> backward) {
  if (!m_session) return;
  m_undo->push(new Edit(m_session, text, std::move(forward), std::move(backward)));
  Q_EMIT messageRaised(QStringLiteral("%1. Ctrl+Z undoes it.").arg(text), false);
}

void RunsPage::askTags() {
  const std::vector<store::RunSummary> runs = selected();
  if (runs.empty()) return;
  const QString who =
      runs.size() == 1 ? m_model->snapshot().label(runs.front()) : QStringLiteral("%1 runs").arg(runs.size());
  askInFooter(QStringLiteral("Tags of %1, with commas between").arg(who),
              QString::fromStdString(join(runs.front().tags, ", ")), [this, runs, who](const QString& text) {
                const std::vector<std::string> tags = store::parseTags(text.toStdString());
                pushEdit(
                    QStringLiteral("Tagged %1").arg(who),
                    [runs, tags](store::RunStore& store) -> Result<void> {
                      for (const store::RunSummary& run : runs) WEFT_TRY(store.setTags(run.id, tags));
                      return {};
                    },
                    [runs](store::RunStore& store) -> Result<void> {
                      for (const store::RunSummary& run : runs) WEFT_TRY(store.setTags(run.id, run.tags));
                      return {};
                    });
              });
}

void RunsPage::setNote(store::RunId id, const QString& note) {
  const int row = m_model->rowOf(id);
  if (row < 0 || m_model->runAt(row).note == note.toStdString()) return;
  const store::RunSummary run = m_model->runAt(row);
  pushEdit(
      QStringLiteral("Wrote the note of %1").arg(m_model->snapshot().label(run)),
      [id, text = note.toStdString()](store::RunStore& store) { return store.setNote(id, text); },
      [id, text = run.note](store::RunStore& store) { return store.setNote(id, text); });
}

void RunsPage::archive() {
  const std::vector<store::RunSummary> runs = selected();
  if (runs.empty()) return;
  if (const Result<void> possible = store::checkArchivable(runs); !possible)
    return messageRaised(QString::fromStdString(possible.error().message), true);
  const bool archived = !std::all_of(runs.begin(), runs.end(), [](const auto& run) { return run.archived; });
  const QString who =
      runs.size() == 1 ? m_model->snapshot().label(runs.front()) : QStringLiteral("%1 runs").arg(runs.size());
  pushEdit((archived ? QStringLiteral("Archived %1") : QStringLiteral("Brought %1 back")).arg(who),
           [runs, archived](store::RunStore& store) -> Result<void> {
             for (const store::RunSummary& run : runs) WEFT_TRY(store.setArchived(run.id, archived));
             return {};
           },
           [runs](store::RunStore& store) -> Result<void> {
             for (const store::RunSummary& run : runs) WEFT_TRY(store.setArchived(run.id, run.archived));
             return {};
           });
}

void RunsPage::toggleBaseline() {
  const std::vector<store::RunSummary> runs = selected();
  if (runs.empty()) return;
  const store::RunSummary& run = runs.front();
  const auto& all = m_model->snapshot().runs;
  const auto held = std::find_if(all.begin(), all.end(), [](const auto& other) { return other.baseline; });
  const store::RunId before = held == all.end() ? store::RunId{} : held->id;
  const store::RunId after = run.baseline ? store::RunId{} : run.id;
  pushEdit(
      run.baseline ? QStringLiteral("Cleared the baseline")
                   : QStringLiteral("Made %1 the baseline").arg(m_model->snapshot().label(run)),
      [after](store::RunStore& store) { return store.setBaseline(after); },
      [before](store::RunStore& store) { return store.setBaseline(before); });
}

void RunsPage::toggleStar() {
  const std::vector<store::RunSummary> runs = selected();
  if (runs.empty()) return;
  const bool starred = !runs.front().starred;
  pushEdit(
      starred ? QStringLiteral("Starred") : QStringLiteral("Took the star away"),
      [runs, starred](store::RunStore& store) -> Result<void> {
        for (const store::RunSummary& run : runs) WEFT_TRY(store.setStarred(run.id, starred));
        return {};
      },
      [runs](store::RunStore& store) -> Result<void> {
        for (const store::RunSummary& run : runs) WEFT_TRY(store.setStarred(run.id, run.starred));
        return {};
      });
}

void RunsPage::request(store::RequestKind kind, bool (*applies)(const store::RunSummary&)) {
  if (!m_session) return;
  for (const store::RunSummary& run : selected())
    if (applies(run)) m_session->request(kind, run.id);
}

void RunsPage::kill() {
  std::vector<store::RunSummary> runs = selected();
  runs.erase(std::remove_if(runs.begin(), runs.end(), [](const auto& run) { return !canKill(run); }), runs.end());
  const auto kill = [this, runs] {
    if (m_session)
      for (const store::RunSummary& run : runs) m_session->request(store::RequestKind::Kill, run.id);
  };
  confirmKill(this, runs, kill, runs.empty() ? QString() : m_model->snapshot().label(runs.front()));
}

void RunsPage::copyTable() {
  const std::vector<store::RunSummary> runs = selected();
  if (!runs.empty()) QGuiApplication::clipboard()->setText(runsAsCsv(runs));
}

void RunsPage::exportTable() {
  std::vector<store::RunSummary> runs = selected();
  if (runs.size() < 2) {
    runs.clear();
    for (int row = 0; row < m_proxy->rowCount(); ++row) runs.push_back(*runOf(m_proxy->index(row, 0)));
  }
  if (runs.empty()) return messageRaised(QStringLiteral("The table is empty: there is nothing to export."), false);
  askSaveFile(this,
              {.title = QStringLiteral("Export %1 runs").arg(runs.size()),
               .name = QStringLiteral("runs.csv"),
               .filters = {QStringLiteral("CSV (*.csv)"), QStringLiteral("JSON (*.json)")}},
              [this, runs](const QString& path) {
                const QString text = path.endsWith(QStringLiteral(".json")) ? runsAsJson(runs) : runsAsCsv(runs);
                writeInBackground(path, text.toUtf8(), this, [this, path](const Result<void>& written) {
                  Q_EMIT messageRaised(exportedSentence(path, written), !written);
                });
              });
}

void RunsPage::showColumnsMenu() {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->setToolTipsVisible(true);
  std::map<QString, QMenu*> values;  // by who measures them: "train", "wikitext"
  for (int i = static_cast<int>(RunColumn::Map); i < m_model->columnCount(); ++i) {
    if (i == kDrawnRunColumns || i == describedRunColumns()) menu->addSeparator();
    QMenu* place = menu;
    if (i >= describedRunColumns()) {
      QMenu*& group = values[m_model->keyOf(static_cast<RunColumn>(i)).section(u'/', 0, 0)];
      if (!group) {
        group = menu->addMenu(m_model->keyOf(static_cast<RunColumn>(i)).section(u'/', 0, 0));
        group->setToolTipsVisible(true);
      }
      place = group;
    }
    QAction* action = place->addAction(m_model->headerData(i, Qt::Horizontal).toString());
    action->setToolTip(m_model->headerData(i, Qt::Horizontal, Qt::ToolTipRole).toString());
    action->setCheckable(true);
    action->setChecked(!m_table->isColumnHidden(i));
    connect(action, &QAction::toggled, this, [this, i](bool shown) {
      m_table->setColumnHidden(i, !shown);
      saveColumns();
    });
  }
  auto* button = qobject_cast<QWidget*>(sender());
  menu->popup(button ? button->mapToGlobal(QPoint(0, button->height())) : QCursor::pos());
}

// By name, in the order on screen: a column that a later Weft adds disturbs none of those that somebody has arranged.
void RunsPage::saveColumns() {
  QSettings settings;
  const QHeaderView* header = m_table->horizontalHeader();
  QStringList columns;
  for (int place = 0; place < header->count(); ++place) {
    const int i = header->logicalIndex(place);
    columns << QStringLiteral("%1:%2:%3")
                   .arg(m_model->keyOf(static_cast<RunColumn>(i)))
                   .arg(header->isSectionHidden(i) ? 0 : header->sectionSize(i))
                   .arg(header->isSectionHidden(i) ? QStringLiteral("hidden") : QStringLiteral("shown"));
  }
  // Values of other projects keep what was said of their columns.
  for (const QString& entry : settings.value(QStringLiteral("runs/layout")).toStringList())
    if (!m_model->columnOfKey(entry.section(u':', 0, 0))) columns << entry;
  settings.setValue(QStringLiteral("runs/layout"), columns);
  QStringList keys;
  for (const SortKey& key : m_proxy->sortKeys())
    keys << QStringLiteral("%1:%2").arg(m_model->keyOf(key.column)).arg(static_cast<int>(key.order));
  settings.setValue(QStringLiteral("runs/sort"), keys);
}

void RunsPage::restoreColumns() {
  const QSettings settings;
  QHeaderView* header = m_table->horizontalHeader();
  int place = 0;
  for (const QString& entry : settings.value(QStringLiteral("runs/layout")).toStringList()) {
    const std::optional<RunColumn> column = m_model->columnOfKey(entry.section(u':', 0, 0));
    if (!column) continue;
    const int i = static_cast<int>(*column);
    header->moveSection(header->visualIndex(i), place++);
    const bool isHidden = entry.endsWith(QStringLiteral(":hidden"));
    if (const int width = entry.section(u':', 1, 1).toInt(); width > 0) header->resizeSection(i, width);
    header->setSectionHidden(i, isHidden);
  }
  std::vector<SortKey> keys;
  for (const QString& key : settings.value(QStringLiteral("runs/sort")).toStringList()) {
    if (const std::optional<RunColumn> column = m_model->columnOfKey(key.section(u':', 0, 0)))
      keys.push_back(
          {*column, key.section(u':', 1, 1) == QStringLiteral("1") ? Qt::DescendingOrder : Qt::AscendingOrder});
  }
  if (!keys.empty()) m_proxy->setSortKeys(std::move(keys));
}

}  // namespace weft::ui
