#include "ui/compare/compare_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QMenu>
#include <QPushButton>
#include <QSplitter>
#include <QStandardItemModel>
#include <QVBoxLayout>
#include <algorithm>
#include <tuple>

#include "ui/compare/compare_model.h"
#include "ui/compare/compare_table.h"
#include "ui/compare/pair_panel.h"
#include "ui/compare/tool_row.h"
#include "ui/models/run_sort_proxy.h"
#include "ui/models/run_text.h"
#include "ui/parts/filter_field.h"
#include "ui/parts/icons.h"
#include "ui/parts/run_picker.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"

namespace weft::ui {

ComparePage::ComparePage(QWidget* parent)
    : Page(parent),
      m_snapshot(std::make_shared<RunsSnapshot>()),
      m_selection(new PairSelection(this)),
      m_groups(new ConfigurationGroups(this)),
      m_model(new CompareModel(m_selection, this)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(buildHeader());
  column->addWidget(m_filterRow);
  m_panel = new PairPanel;
  m_upper = new QSplitter(Qt::Horizontal);
  m_upper->setHandleWidth(1);
  m_upper->addWidget(buildPlotSide());
  m_upper->addWidget(m_panel);
  m_upper->setStretchFactor(0, 1);
  m_upper->setSizes({930, 440});
  m_whole = new QSplitter(Qt::Vertical);
  m_whole->setHandleWidth(1);
  m_whole->addWidget(m_upper);
  m_whole->addWidget(buildTableSide());
  m_whole->setStretchFactor(0, 1);
  m_whole->setSizes({450, 350});
  for (QSplitter* splitter : {m_upper, m_whole}) splitter->setChildrenCollapsible(false);
  column->addWidget(m_whole, 1);
  m_picker = new RunPicker(this);
  connect(m_picker, &RunPicker::picked, this, &ComparePage::setTicked);
  buildActions();
  setFocusProxy(m_plot);

  connect(m_selection, &PairSelection::changed, this, [this] {
    m_hasChosen = true;
    updatePanel();
    for (QAction* action : m_runActions) action->setEnabled(m_selection->a().value != 0);
  });
  connect(m_plot, &ComparePlot::walked, this, [this](store::RunId run) {
    if (m_selection->b().value == 0) return m_selection->choose(run);
    m_selection->chooseSecond(run);
  });
  m_plot->setGroups(m_groups);
  m_model->setSentences([this](store::RunId run, store::RunId baseline) { return m_groups->sentence(run, baseline); });
  connect(m_groups, &ConfigurationGroups::changed, this, &ComparePage::applyGroups);
  connect(m_panel, &PairPanel::swapRequested, m_selection, &PairSelection::swap);
  connect(m_panel, &PairPanel::clearRequested, m_selection, &PairSelection::clear);
  restoreView();
  setSession(nullptr);
}

ComparePage::~ComparePage() { saveView(); }

QWidget* ComparePage::buildHeader() {
  m_header = new PageHeader(pages::kCompare.name());
  m_runsMenu = new QMenu(this);
  connect(m_runsMenu, &QMenu::aboutToShow, this, &ComparePage::fillRunsMenu);
  m_runsButton = new QPushButton(QStringLiteral("Runs"));
  m_runsButton->setMenu(m_runsMenu);
  m_header->addWidget(m_runsButton);
  auto* exportButton = new QPushButton(QStringLiteral("Export"));
  auto* exportMenu = new QMenu(exportButton);
  for (const char* format : {"pdf", "svg", "png", "csv"})
    exportMenu->addAction(QStringLiteral("Plot as %1...").arg(QString::fromLatin1(format).toUpper()), this,
                          [this, format] { askExport(QString::fromLatin1(format)); });
  exportMenu->addSeparator();
  exportMenu->addAction(QStringLiteral("Table as CSV..."), this, &ComparePage::exportTable);
  exportButton->setMenu(exportMenu);
  m_header->addWidget(exportButton);
  auto* save = new QPushButton(QStringLiteral("Save as figure..."));
  makePrimary(save);
  connect(save, &QPushButton::clicked, this, [this] {
    std::vector<store::RunId> runs;
    for (const store::RunSummary& run : m_runs) runs.push_back(run.id);
    Q_EMIT showRunsRequested(pages::kFigures, runs);
  });
  m_header->addWidget(save);
  m_exports = {exportButton, save};

  m_filterRow = new Surface(Surface::Fill::Panel, Qt::BottomEdge);
  auto* rows = new QVBoxLayout(m_filterRow);
  rows->setContentsMargins(metrics::panelMargin, 8, metrics::panelMargin, 8);
  rows->setSpacing(4);
  m_filter = new FilterField;
  m_filter->setAccessibleName(QStringLiteral("Filter of the compared runs"));
  m_filter->setValueSource([this](const QString& field) { return RunFilter::values(field, m_snapshot->runs); });
  rows->addWidget(m_filter);
  rows->addWidget(makeErrorLabel(m_filter));
  m_filterRow->hide();
  connect(m_filter, &FilterField::filterChanged, this, [this](const RunFilter& filter) {
    m_runFilter = filter;
    refresh();
  });
  connect(m_filter, &QLineEdit::returnPressed, this, [this] { m_plot->setFocus(); });
  return m_header;
}

QWidget* ComparePage::buildPlotSide() {
  auto* side = new Surface(Surface::Fill::Panel);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* toolRow = new ToolRow;
  QHBoxLayout* tools = toolRow->axes();
  const auto axisBox = [&](const QString& letter, const QString& name) {
    tools->addWidget(new TextLabel(letter, Type::Body, Tone::Text2));
    auto* box = new QComboBox;
    box->setAccessibleName(name);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(14);
    tools->addWidget(box);
    tools->addSpacing(12);
    connect(box, &QComboBox::currentIndexChanged, this, &ComparePage::applyView);
    return box;
  };
  m_x = axisBox(QStringLiteral("x"), QStringLiteral("Horizontal axis"));
  m_y = axisBox(QStringLiteral("y"), QStringLiteral("Vertical axis"));
  {
    const QSignalBlocker quietX(m_x), quietY(m_y);
    for (const ParetoX x : {ParetoX::KvBytes, ParetoX::KvMeasured, ParetoX::Parameters})
      m_x->addItem(titleOf(x), static_cast<int>(x));
    for (const ParetoY y : {ParetoY::Perplexity, ParetoY::BestPerplexity, ParetoY::LastLoss})
      m_y->addItem(titleOf(y), static_cast<int>(y));
  }
  tools->addStretch(1);
  tools = toolRow->checks();
  for (const char* name : {"Frontier", "Dominated", "Labels", "Paper, Table 1"}) {
    auto* check = new QCheckBox(QString::fromLatin1(name));
    check->setChecked(m_checks.size() < 3);
    connect(check, &QCheckBox::toggled, this, &ComparePage::applyView);
    tools->addWidget(check);
    tools->addSpacing(8);
    m_checks.push_back(check);
  }
  column->addWidget(toolRow);
  m_hint = new TextLabel({}, Type::Body, Tone::Text2);
  m_hint->setContentsMargins(metrics::pageMargin, 8, metrics::panelMargin, 0);
  m_hint->hide();
  column->addWidget(m_hint);
  m_plot = new ComparePlot(m_selection);
  m_plot->setMinimumSize(360, 220);
  column->addWidget(m_plot, 1);
  m_emptyButton = new QPushButton(QStringLiteral("Open Design"), m_plot);
  m_emptyButton->hide();
  connect(m_emptyButton, &QPushButton::clicked, this, [this] { openPageRequested(pages::kDesign); });
  return side;
}

QWidget* ComparePage::buildTableSide() {
  auto* side = new Surface(Surface::Fill::Panel);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* bar = new Surface(Surface::Fill::Header, Qt::TopEdge | Qt::BottomEdge);
  bar->setFixedHeight(37);
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(metrics::panelMargin, 0, metrics::panelMargin, 0);
  row->setSpacing(metrics::gap);
  row->addWidget(new TextLabel(QStringLiteral("Runs in the plot"), Type::Section));
  m_count = new TextLabel({}, Type::Body, Tone::Text2);
  row->addWidget(m_count);
  row->addSpacing(16);
  row->addWidget(new TextLabel(QStringLiteral("Baseline"), Type::Body, Tone::Text2));
  m_baselineBox = new QComboBox;
  m_baselineBox->setAccessibleName(QStringLiteral("Baseline"));
  m_baselineBox->setMinimumWidth(150);
  m_baselineBox->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  connect(m_baselineBox, &QComboBox::activated, this,
          [this](int index) { setBaseline({m_baselineBox->itemData(index).toLongLong()}); });
  row->addWidget(m_baselineBox);
  row->addStretch(1);
  const auto flat = [&](const QString& text, const QString& iconName) {
    auto* button = new QPushButton(icon(iconName), text);
    button->setFlat(true);
    row->addWidget(button);
    return button;
  };
  QPushButton* columns = flat(QStringLiteral("Columns"), QStringLiteral("columns"));
  connect(columns, &QPushButton::clicked, this, [this, columns] { showColumnsMenu(columns); });
  QPushButton* copy = flat(QStringLiteral("Copy as CSV"), QStringLiteral("copy"));
  connect(copy, &QPushButton::clicked, this, [this] { m_copyTable->trigger(); });
  column->addWidget(bar);
  m_table = new CompareTable(m_model, m_selection);
  m_table->setMinimumHeight(120);
  column->addWidget(m_table, 1);
  return side;
}

void ComparePage::openingChanged() { updateTexts(); }

void ComparePage::setSession(ProjectSession* session) {
  if (m_session) m_session->disconnect(this);
  m_session = session;
  m_panel->setSession(session);
  m_selection->clear();
  m_hasChosen = false;
  m_ticked.clear();
  m_snapshot = session ? session->snapshot() : std::make_shared<RunsSnapshot>();
  setChoice(Choice::All);
  if (session) connect(session, &ProjectSession::runsChanged, this, &ComparePage::applySnapshot);
}

void ComparePage::applySnapshot(const std::shared_ptr<const RunsSnapshot>& snapshot) {
  m_snapshot = snapshot;
  whenShown([this] {
    if (!refreshFew()) refresh();
  });
}

// What runs that train tell ten times a second changes no point and no label: it is shown in their rows alone. False if
// there is more to do.
bool ComparePage::refreshFew() {
  const bool isLossDrawn = m_plot->view().y == ParetoY::LastLoss;
  const auto drawn = [&](const store::RunSummary& run) {
    return std::tuple(std::tie(run.name, run.state, run.map, run.generator, run.layers, run.hidden, run.queryHeads,
                               run.kvHeads, run.headWidth, run.cache, run.kvType, run.seed, run.steps, run.archived),
                      std::tie(run.baseline, run.parameters, run.kvBytesPerToken, run.kvBytesPerTokenMeasured,
                               run.perplexity, run.bestPerplexity, run.configurationKey),
                      isLossDrawn ? run.lastLoss : std::nullopt, takesPart(run));
  };
  const RowChanges changes = changesBetween(m_refreshed, m_snapshot->runs);
  const bool isDrawnAsBefore = std::equal(
      changes.gone.begin(), changes.gone.end(), changes.come.begin(), changes.come.end(),
      [&](const RunRows::Row& a, const RunRows::Row& b) { return a->id == b->id && drawn(*a) == drawn(*b); });
  if (!isDrawnAsBefore) return false;
  for (const RunRows::Row& run : changes.come) {
    if (!takesPart(*run)) continue;
    const auto held = std::find_if(m_runs.begin(), m_runs.end(), [&](const auto& one) { return one.id == run->id; });
    if (held != m_runs.end()) *held = *run;
    m_model->setRun(*run);
  }
  m_refreshed = m_snapshot->runs;
  if (!changes.come.empty()) {
    updatePanel();
    updateTexts();
  }
  return true;
}

bool ComparePage::takesPart(const store::RunSummary& run) const {
  switch (m_choice) {
    case Choice::All:
      return !run.archived && run.state != store::RunState::Draft;
    case Choice::Filter:
      return RunSortProxy::accepts(m_runFilter, run);
    case Choice::Ticked:
      return std::find(m_ticked.begin(), m_ticked.end(), run.id) != m_ticked.end();
  }
  return false;
}

void ComparePage::setChoice(Choice choice) {
  m_choice = choice;
  m_filterRow->setVisible(choice == Choice::Filter);
  whenShown([this] { refresh(); });
}

void ComparePage::setTicked(std::vector<store::RunId> runs) {
  m_ticked = std::move(runs);
  setChoice(Choice::Ticked);
}

void ComparePage::refresh() {
  m_refreshed = m_snapshot->runs;
  m_runs.clear();
  std::optional<store::RunSummary> baseline;
  std::vector<store::RunId> ids;
  for (const store::RunSummary& run : m_snapshot->runs) {
    if (run.baseline) baseline = run;
    if (!takesPart(run)) continue;
    m_runs.push_back(run);
    ids.push_back(run.id);
  }
  m_model->setBaseline(baseline);
  m_table->setHasBaseline(baseline.has_value());
  m_model->setRuns(m_runs);
  m_plot->setBaseline(baseline ? baseline->id : store::RunId{});
  m_plot->setRuns(m_runs);
  std::vector<store::RunSummary> grouped = m_runs;
  if (baseline && !takesPart(*baseline)) grouped.push_back(*baseline);
  m_groups->setRuns(std::move(grouped));
  m_selection->keepOnly(ids);
  if (!m_hasChosen && m_selection->a().value == 0) chooseFirstPair();
  updateBaselineBox();
  updatePanel();
  updateTexts();
}

void ComparePage::updatePanel() {
  const auto side = [this](store::RunId id) -> std::optional<PairSide> {
    const store::RunSummary* run = m_snapshot->find(id);
    if (!run) return std::nullopt;
    const int row = m_model->rowOf(id);
    return PairSide{*run, row >= 0 ? m_model->labelAt(row) : m_snapshot->label(*run),
                    m_model->placeOf(id) == CompareModel::Place::OnFrontier};
  };
  const std::optional<PairSide> a = side(m_selection->a());
  std::optional<PairSide> b = side(m_selection->b());
  PairPanel::Second second = PairPanel::Second::Chosen;
  if (a && !b && m_model->baseline().value != 0 && m_model->baseline() != a->run.id) {
    b = side(m_model->baseline());
    second = PairPanel::Second::Baseline;
  }
  m_panel->showPair(a, b, second);
  updateVerdict(a ? a->run.id : store::RunId{}, b ? b->run.id : store::RunId{});
}

void ComparePage::updateBaselineBox() {
  const QSignalBlocker quiet(m_baselineBox);
  std::vector<std::pair<QString, qlonglong>> items{{QStringLiteral("none"), 0}};
  const QStringList labels = runLabels(m_runs);
  for (qsizetype i = 0; i < labels.size(); ++i)
    items.emplace_back(labels[i], m_runs[static_cast<std::size_t>(i)].id.value);
  if (const store::RunSummary* baseline = m_snapshot->find(m_model->baseline()); baseline && !takesPart(*baseline))
    items.emplace_back(m_snapshot->label(*baseline), baseline->id.value);
  bool isSame = m_baselineBox->count() == static_cast<int>(items.size());
  for (int i = 0; isSame && i < m_baselineBox->count(); ++i)
    isSame = m_baselineBox->itemText(i) == items[static_cast<std::size_t>(i)].first &&
             m_baselineBox->itemData(i).toLongLong() == items[static_cast<std::size_t>(i)].second;
  // An open list must not be emptied under the pointer four times a second.
  if (!isSame) {
    // One model instead of one item after the other: the box measures itself anew at every item.
    auto* model = new QStandardItemModel(m_baselineBox);
    for (const auto& [name, id] : items) {
      auto* item = new QStandardItem(name);
      item->setData(id, Qt::UserRole);
      model->appendRow(item);
    }
    m_baselineBox->setModel(model);  // deletes the former one
  }
  m_baselineBox->setCurrentIndex(
      std::max(0, m_baselineBox->findData(static_cast<qlonglong>(m_model->baseline().value))));
}

void ComparePage::updateTexts() {
  const auto count = static_cast<int>(m_runs.size());
  const QString runs = count == 1 ? QStringLiteral("1 run") : QStringLiteral("%1 runs").arg(count);
  const auto points = static_cast<int>(std::count_if(m_plot->data().points.begin(), m_plot->data().points.end(),
                                                     [](const ParetoPoint& point) { return !point.isReference(); }));
  m_count->setText(points == count ? runs : QStringLiteral("%1, %2 with a value").arg(runs).arg(points));
  if (!m_session)
    m_header->setSubtitle({});
  else if (m_choice == Choice::All)
    m_header->setSubtitle(QStringLiteral("%1, all that are not archived").arg(runs));
  else if (m_choice == Choice::Filter)
    m_header->setSubtitle(QStringLiteral("%1 by filter").arg(runs));
  else
    m_header->setSubtitle(QStringLiteral("%1 chosen").arg(runs));
  m_filter->setCountText(
      m_snapshot->runs.empty() ? QString() : QStringLiteral("%1 of %2 runs").arg(count).arg(m_snapshot->runs.size()));

  QString empty;
  const bool isNew = m_session && m_snapshot->runs.empty();
  if (!m_session)
    empty = withoutProject(QStringLiteral("No project is open. Open or make one in the Project menu."));
  else if (isNew)
    empty = QStringLiteral("No runs yet. Draw a map in Design and queue it.");
  else if (count == 0)
    empty = m_choice == Choice::Filter ? QStringLiteral("No run matches the filter.")
                                       : QStringLiteral("No run is chosen. Tick some in Runs, at the top.");
  else if (points == 0) {
    const auto active =
        std::count_if(m_runs.begin(), m_runs.end(), [](const auto& run) { return store::isActive(run.state); });
    empty = QStringLiteral("No run has a %1 yet. Its point appears with the first evaluation%2.")
                .arg(m_plot->view().y == ParetoY::LastLoss ? QStringLiteral("loss") : QStringLiteral("perplexity"),
                     active == 0   ? QString()
                     : active == 1 ? QStringLiteral("; 1 run is training")
                                   : QStringLiteral("; %1 runs are training").arg(active));
  }
  m_plot->setEmptyText(empty);
  const bool isEmptyPlot = m_plot->data().points.empty();
  m_plot->axisRect()->setVisible(!isEmptyPlot);
  for (QCPAxis* axis : {m_plot->xAxis, m_plot->yAxis}) axis->setVisible(!isEmptyPlot);
  m_emptyButton->setVisible(isNew);
  m_emptyButton->adjustSize();
  m_emptyButton->move((m_plot->width() - m_emptyButton->width()) / 2, m_plot->height() / 2 + 24);
  m_table->setEmptyText(count == 0 ? empty : QString());
  m_hint->setText(points == 1
                      ? QStringLiteral("One run is drawn. Queue a second one, or tick more in Runs, to compare.")
                      : QString());
  m_hint->setVisible(points == 1);
  for (QPushButton* button : m_exports) button->setEnabled(points > 0);
}

void ComparePage::applyView() {
  m_plot->setView({.x = static_cast<ParetoX>(m_x->currentData().toInt()),
                   .y = static_cast<ParetoY>(m_y->currentData().toInt()),
                   .frontier = m_checks[0]->isChecked(),
                   .dominated = m_checks[1]->isChecked(),
                   .labels = m_checks[2]->isChecked(),
                   .paperTable = m_checks[3]->isChecked()});
  updateTexts();
}

}  // namespace weft::ui
