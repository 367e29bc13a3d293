#include "ui/measure/measure_page.h"

#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QHeaderView>
#include <QMenu>
#include <QPushButton>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>
#include <algorithm>

#include "engine/store/run_labels.h"
#include "ui/measure/measure_form.h"
#include "ui/measure/measure_model.h"
#include "ui/models/run_sort_proxy.h"
#include "ui/models/table_export.h"
#include "ui/paper/figure_export.h"
#include "ui/parts/filter_field.h"
#include "ui/parts/icons.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"

namespace weft::ui {

MeasurePage::MeasurePage(QWidget* parent)
    : Page(parent),
      m_snapshot(std::make_shared<RunsSnapshot>()),
      m_model(new MeasureModel(this)),
      m_proxy(new QSortFilterProxyModel(this)) {
  m_proxy->setSourceModel(m_model);
  m_proxy->setSortRole(MeasureModel::SortRole);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(buildHeader());
  m_form = new MeasureForm;
  column->addWidget(m_form);
  column->addWidget(buildFilterRow());
  connect(m_form, &MeasureForm::messageRaised, this, &Page::messageRaised);
  auto* split = new QSplitter(Qt::Vertical);
  split->setHandleWidth(1);
  split->setChildrenCollapsible(false);
  split->addWidget(buildPlotSide());
  split->addWidget(buildTableSide());
  split->setStretchFactor(0, 1);
  split->setSizes({430, 330});
  column->addWidget(split, 1);
  connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &MeasurePage::propose);
  buildActions();
  setFocusProxy(m_plot);
  refresh();
}

QWidget* MeasurePage::buildHeader() {
  m_header = new PageHeader(pages::kMeasure.name());
  m_exportButton = new QPushButton(QStringLiteral("Export"));
  auto* menu = new QMenu(m_exportButton);
  for (const char* format : {"pdf", "svg", "png"})
    menu->addAction(QStringLiteral("Plot as %1...").arg(QString::fromLatin1(format).toUpper()), this,
                    [this, format] { askExport(QString::fromLatin1(format)); });
  menu->addSeparator();
  menu->addAction(QStringLiteral("Table as CSV..."), this, &MeasurePage::exportTable);
  m_exportButton->setMenu(menu);
  m_header->addWidget(m_exportButton);
  return m_header;
}

QWidget* MeasurePage::buildFilterRow() {
  auto* row = new Surface(Surface::Fill::Panel, Qt::BottomEdge);
  auto* rows = new QVBoxLayout(row);
  rows->setContentsMargins(metrics::panelMargin, 8, metrics::panelMargin, 8);
  rows->setSpacing(4);
  m_filter = new FilterField;
  m_filter->setAccessibleName(QStringLiteral("Filter of the measured runs"));
  m_filter->setValueSource([this](const QString& field) { return RunFilter::values(field, m_snapshot->runs); });
  rows->addWidget(m_filter);
  rows->addWidget(makeErrorLabel(m_filter));
  connect(m_filter, &FilterField::filterChanged, this, [this](const RunFilter& filter) {
    m_handedOver.clear();
    m_runFilter = filter;
    refresh();
  });
  connect(m_filter, &QLineEdit::returnPressed, this, [this] { m_plot->setFocus(); });
  return row;
}

QWidget* MeasurePage::buildPlotSide() {
  auto* side = new Surface(Surface::Fill::Panel);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* tools = new QHBoxLayout;
  tools->setContentsMargins(metrics::pageMargin, 7, metrics::panelMargin, 0);
  tools->setSpacing(metrics::gap);
  const auto box = [&](TextLabel* label, const QString& name) {
    tools->addWidget(label);
    auto* made = new QComboBox;
    made->setAccessibleName(name);
    made->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    tools->addWidget(made);
    tools->addSpacing(12);
    return made;
  };
  m_x = box(new TextLabel(QStringLiteral("x"), Type::Body, Tone::Text2), QStringLiteral("Horizontal axis"));
  m_y = box(new TextLabel(QStringLiteral("y"), Type::Body, Tone::Text2), QStringLiteral("Vertical axis"));
  m_atLabel = new TextLabel(QStringLiteral("at context"), Type::Body, Tone::Text2);
  m_at = box(m_atLabel, QStringLiteral("Context or batch that is held"));
  tools->addStretch(1);
  for (const MeasureX x : {MeasureX::Batch, MeasureX::Context}) m_x->addItem(titleOf(x), static_cast<int>(x));
  for (const MeasureY y : {MeasureY::Decode, MeasureY::Prefill, MeasureY::KvBytes, MeasureY::Largest})
    m_y->addItem(titleOf(y), static_cast<int>(y));
  column->addLayout(tools);
  m_plot = new MeasurePlot;
  m_plot->setMinimumSize(360, 200);
  column->addWidget(m_plot, 1);
  connect(m_x, &QComboBox::currentIndexChanged, this, [this] {
    fillAt();
    applyView();
  });
  for (QComboBox* one : {m_y, m_at}) connect(one, &QComboBox::currentIndexChanged, this, &MeasurePage::applyView);
  return side;
}

QWidget* MeasurePage::buildTableSide() {
  auto* side = new Surface(Surface::Fill::Panel);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* bar = new Surface(Surface::Fill::Header, Qt::TopEdge | Qt::BottomEdge);
  bar->setFixedHeight(37);
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(metrics::panelMargin, 0, metrics::panelMargin, 0);
  row->setSpacing(metrics::gap);
  row->addWidget(new TextLabel(QStringLiteral("Measured points"), Type::Section));
  m_count = new TextLabel({}, Type::Body, Tone::Text2);
  row->addWidget(m_count);
  row->addStretch(1);
  column->addWidget(bar);
  m_table = new QTableView;
  m_table->setModel(m_proxy);
  m_table->verticalHeader()->hide();
  m_table->verticalHeader()->setDefaultSectionSize(metrics::row);
  m_table->horizontalHeader()->setHighlightSections(false);
  m_table->horizontalHeader()->setStretchLastSection(true);
  m_table->setShowGrid(false);
  m_table->setFrameShape(QFrame::NoFrame);
  m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
  m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
  m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  m_table->setTabKeyNavigation(false);
  m_table->setAccessibleName(QStringLiteral("Measured points"));
  m_table->setSortingEnabled(true);
  m_table->sortByColumn(-1, Qt::AscendingOrder);
  m_table->setMinimumHeight(120);
  for (int i = 0; i < kMeasureColumns; ++i) m_table->setColumnWidth(i, i == 0 ? 180 : 102);
  column->addWidget(m_table, 1);
  return side;
}

void MeasurePage::buildActions() {
  const auto add = [this](const QString& text, const QKeySequence& key, const QString& iconName,
                          std::function<void()> act, PageMenu menu = PageMenu::Run) {
    QAction* action = declareAction(menu, text, key, iconName, std::move(act));
    return action;
  };
  QWidget::addAction(add(
      QStringLiteral("Filter the measured runs"), QKeySequence::Find, QStringLiteral("filter"),
      [this] {
        m_filter->setFocus();
        m_filter->selectAll();
      },
      PageMenu::Edit));
  QWidget::addAction(add(
      QStringLiteral("Copy the table as CSV"), QKeySequence::Copy, QStringLiteral("copy"),
      [this] {
        QGuiApplication::clipboard()->setText(m_model->csv());
        Q_EMIT messageRaised(QStringLiteral("Copied %1 rows as CSV.").arg(m_model->rowCount()), false);
      },
      PageMenu::Edit));
  QWidget::addAction(add(QStringLiteral("Export the plot as PDF..."), QKeySequence(Qt::CTRL | Qt::Key_E),
                         QStringLiteral("export"), [this] { askExport(QStringLiteral("pdf")); }));
  // Letters belong to plot and table, so that the filter can be typed in.
  for (QAction* action : {add(QStringLiteral("Show in the run table"), Qt::Key_R, QStringLiteral("runs"),
                              [this] { showRunsRequested(pages::kRuns, selectedRuns()); }),
                          add(QStringLiteral("Compare these runs"), Qt::Key_C, QStringLiteral("compare"),
                              [this] { showRunsRequested(pages::kCompare, selectedRuns()); })}) {
    m_plot->addAction(action);
    m_table->addAction(action);
  }
  m_table->addAction(
      add(QStringLiteral("Fit the plot"), Qt::Key_0, QStringLiteral("search"), [this] { m_plot->fit(); }));
}

void MeasurePage::openingChanged() { refresh(); }

void MeasurePage::setSession(ProjectSession* session) {
  if (m_session) m_session->disconnect(this);
  m_session = session;
  m_handedOver.clear();
  m_measurements.clear();
  m_isLoading = m_isStale = false;
  m_snapshot = session ? session->snapshot() : std::make_shared<RunsSnapshot>();
  m_form->setSession(session);
  propose();
  if (session)
    connect(session, &ProjectSession::runsChanged, this, [this](const std::shared_ptr<const RunsSnapshot>& snapshot) {
      m_snapshot = snapshot;
      whenShown([this] {
        propose();
        load();
      });
    });
  whenShown([this] { load(); });
  refresh();
}

// One question at a time: what changes while it is on its way is asked for when it is answered.
void MeasurePage::load() {
  if (!m_session) return;
  m_isStale = m_isLoading;
  if (m_isLoading) return;
  m_isLoading = true;
  m_session->loadMeasurements(
      this, [this, session = m_session](Result<std::vector<ProjectSession::MeasurementsOfRun>> answer) {
        if (session != m_session) return;
        m_isLoading = false;
        if (answer) {
          std::vector<RunMeasurements> measurements;
          for (ProjectSession::MeasurementsOfRun& one : *answer)
            measurements.push_back({one.run, one.name, std::move(one.measurements)});
          applyMeasurements(std::move(measurements));
        } else {
          Q_EMIT messageRaised(QString::fromStdString(answer.error().message), true);
        }
        if (m_isStale) load();
      });
}

void MeasurePage::applyMeasurements(std::vector<RunMeasurements> measurements) {
  m_measurements = std::move(measurements);
  refresh();
}

bool MeasurePage::takesPart(const store::RunSummary& run) const {
  if (!m_handedOver.empty()) return std::find(m_handedOver.begin(), m_handedOver.end(), run.id) != m_handedOver.end();
  return RunSortProxy::accepts(m_runFilter, run);
}

void MeasurePage::refresh() {
  std::vector<RunMeasurements> shown;
  std::vector<const store::RunSummary*> runs;
  for (const RunMeasurements& one : m_measurements)
    if (const store::RunSummary* run = m_snapshot->find(one.run); run && takesPart(*run)) {
      shown.push_back(one);
      runs.push_back(run);
    }
  const std::vector<std::string> labels = store::runLabels(runs);
  for (std::size_t i = 0; i < shown.size(); ++i) shown[i].name = labels[i];
  std::vector<MeasuredPoint> points = measuredPoints(shown);
  m_plot->setPoints(points);
  m_model->setPoints(std::move(points));
  fillAt();
  applyView();
  const int rows = m_model->rowCount();
  m_count->setText(rows == 0 ? QString() : QString::number(rows));
  m_exportButton->setEnabled(rows > 0);
  if (!m_session)
    m_plot->setEmptyText(withoutProject(QStringLiteral("No project is open.")));
  else if (rows > 0)
    m_plot->setEmptyText(
        m_plot->lines().empty()
            ? QStringLiteral("Nothing was measured for these axes; choose others, or measure the largest batch.")
            : QString());
  else if (!m_measurements.empty() && std::any_of(m_measurements.begin(), m_measurements.end(),
                                                  [](const auto& one) { return !measuredPoints({one}).empty(); }))
    m_plot->setEmptyText(QStringLiteral("No run that was measured matches the filter."));
  else
    m_plot->setEmptyText(QStringLiteral("The inference of no run was measured yet. Name one above and press Measure."));
}

void MeasurePage::fillAt() {
  const QSignalBlocker quiet(m_at);
  const QVariant before = m_at->currentData();
  const auto x = static_cast<MeasureX>(m_x->currentData().toInt());
  m_at->clear();
  for (const std::int64_t value : m_plot->choicesOfAt(x))
    m_at->addItem(QString::number(value), static_cast<qlonglong>(value));
  m_at->setCurrentIndex(m_at->findData(before) >= 0 ? m_at->findData(before)
                                                    : m_at->findData(static_cast<qlonglong>(m_plot->fullestAt(x))));
  m_atLabel->setText(x == MeasureX::Batch ? QStringLiteral("at context") : QStringLiteral("at batch"));
}

void MeasurePage::applyView() {
  const auto y = static_cast<MeasureY>(m_y->currentData().toInt());
  const bool isLargest = y == MeasureY::Largest;
  m_x->setEnabled(!isLargest);
  m_at->setEnabled(!isLargest && m_at->count() > 0);
  m_plot->setView(
      {.x = static_cast<MeasureX>(m_x->currentData().toInt()), .y = y, .at = m_at->currentData().toLongLong()});
  if (m_model->rowCount() > 0)
    m_plot->setEmptyText(
        m_plot->lines().empty()
            ? QStringLiteral("Nothing was measured for these axes; choose others, or measure the largest batch.")
            : QString());
}

void MeasurePage::showRuns(const std::vector<store::RunId>& runs) {
  if (runs.empty()) return;
  m_filter->setText({});
  m_handedOver = runs;
  propose();
  refresh();
}

// What the user points at: the selected row's run, else what another page handed over, else the newest run that has
// ended with weights.
void MeasurePage::propose() {
  std::vector<store::RunId> candidates = selectedRuns();
  candidates.insert(candidates.end(), m_handedOver.begin(), m_handedOver.end());
  for (const store::RunId id : candidates)
    if (const store::RunSummary* run = m_snapshot->find(id))
      return m_form->propose(run, MeasureForm::Proposal::Pointed);
  const auto newest = std::find_if(m_snapshot->runs.begin(), m_snapshot->runs.end(), [](const store::RunSummary& run) {
    return run.state == store::RunState::Finished && run.step > 0;
  });
  m_form->propose(newest == m_snapshot->runs.end() ? nullptr : &*newest, MeasureForm::Proposal::Default);
}

std::vector<store::RunId> MeasurePage::selectedRuns() const {
  std::vector<store::RunId> runs;
  for (const QModelIndex& row : m_table->selectionModel()->selectedRows()) {
    const store::RunId run = m_model->points()[static_cast<std::size_t>(m_proxy->mapToSource(row).row())].run;
    if (std::find(runs.begin(), runs.end(), run) == runs.end()) runs.push_back(run);
  }
  return runs;
}

void MeasurePage::exportPlot(const QString& path) { write(path, m_plot->rendered(path.section(u'.', -1).toLower())); }

void MeasurePage::write(const QString& path, const QByteArray& content) {
  writeInBackground(path, content, this, [this, path](const Result<void>& written) {
    Q_EMIT messageRaised(exportedSentence(path, written), !written);
  });
}

void MeasurePage::askExport(const QString& format) {
  if (!m_session || m_plot->lines().empty()) return;
  const QString figures = QString::fromStdString(m_session->project().figures().string());
  askFigureFile(this, figures + QStringLiteral("/inference"), format,
                [this](const QString& path) { exportPlot(path); });
}

void MeasurePage::exportTable() {
  if (!m_session) return;
  const QString figures = QString::fromStdString(m_session->project().figures().string());
  askFigureFile(this, figures + QStringLiteral("/measurements"), QStringLiteral("csv"),
                [this](const QString& path) { write(path, m_model->csv().toUtf8()); });
}

}  // namespace weft::ui
