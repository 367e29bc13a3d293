// What the Compare page does on request: its actions and keys, its menus, its exports.
#include <QAction>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QFileDialog>
#include <QGuiApplication>
#include <QMenu>
#include <QPushButton>
#include <QSettings>
#include <algorithm>

#include "ui/compare/compare_model.h"
#include "ui/compare/compare_page.h"
#include "ui/compare/compare_table.h"
#include "ui/models/table_export.h"
#include "ui/paper/figure_export.h"
#include "ui/parts/filter_field.h"
#include "ui/parts/icons.h"
#include "ui/parts/run_picker.h"

namespace weft::ui {

QAction* ComparePage::addAction(const QString& text, const QKeySequence& key, const QString& iconName,
                                std::function<void()> act, PageMenu menu) {
  return declareAction(menu, text, key, iconName, std::move(act));
}

void ComparePage::buildActions() {
  // Letters belong to plot and table, so that a field can be typed in.
  const auto forRuns = [this](const QString& text, const QKeySequence& key, const QString& iconName,
                              std::function<void()> act) {
    QAction* action = addAction(text, key, iconName, std::move(act));
    m_plot->addAction(action);
    m_table->addAction(action);
    action->setEnabled(false);
    m_runActions.push_back(action);
  };
  const auto forPage = [this](const QString& text, const QKeySequence& key, const QString& iconName,
                              std::function<void()> act, PageMenu menu = PageMenu::Run) {
    QAction* action = addAction(text, key, iconName, std::move(act), menu);
    QWidget::addAction(action);
    return action;
  };
  forRuns(QStringLiteral("Make it the baseline"), Qt::Key_B, QStringLiteral("pin"),
          [this] { setBaseline(m_selection->a() == m_model->baseline() ? store::RunId{} : m_selection->a()); });
  forRuns(QStringLiteral("Hold a second run against it"), Qt::Key_C, QStringLiteral("compare"),
          [this] { addSecond(); });
  forRuns(QStringLiteral("Swap A and B"), Qt::Key_X, QStringLiteral("refresh"), [this] { m_selection->swap(); });
  forRuns(QStringLiteral("Choose nothing"), Qt::Key_Escape, QStringLiteral("close"), [this] {
    if (m_selection->b().value != 0) return m_selection->choose(m_selection->a());
    m_selection->clear();
  });
  forRuns(QStringLiteral("Open in Monitor"), Qt::Key_Return, QStringLiteral("monitor"),
          [this] { showRunsRequested(pages::kMonitor, m_selection->runs()); });
  forRuns(QStringLiteral("Show in the run table"), Qt::Key_R, QStringLiteral("runs"),
          [this] { showRunsRequested(pages::kRuns, m_selection->runs()); });
  forPage(
      QStringLiteral("Filter the compared runs"), QKeySequence::Find, QStringLiteral("filter"),
      [this] {
        setChoice(Choice::Filter);
        m_filter->setFocus();
        m_filter->selectAll();
      },
      PageMenu::Edit);
  m_copyTable = forPage(
      QStringLiteral("Copy the table as CSV"), QKeySequence::Copy, QStringLiteral("copy"),
      [this] {
        QGuiApplication::clipboard()->setText(m_model->csv());
        Q_EMIT messageRaised(QStringLiteral("Copied %1 rows as CSV.").arg(m_model->rowCount()), false);
      },
      PageMenu::Edit);
  forPage(QStringLiteral("Export the plot as PDF..."), QKeySequence(Qt::CTRL | Qt::Key_E), QStringLiteral("export"),
          [this] { askExport(QStringLiteral("pdf")); });
  auto* fit = addAction(QStringLiteral("Fit the plot"), Qt::Key_0, QStringLiteral("search"), [this] { m_plot->fit(); });
  m_table->addAction(fit);
  connect(m_table, &QWidget::customContextMenuRequested, this, [this](QPoint at) {
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (QAction* action : m_runActions) menu->addAction(action);
    menu->popup(m_table->viewport()->mapToGlobal(at));
  });
  connect(m_table, &QTableView::doubleClicked, this,
          [this] { showRunsRequested(pages::kMonitor, m_selection->runs()); });
}

void ComparePage::showRuns(const std::vector<store::RunId>& runs) {
  if (runs.empty()) return;
  if (!isVisible()) refresh();
  const auto isThere = [this](store::RunId id) {
    return std::any_of(m_runs.begin(), m_runs.end(), [&](const store::RunSummary& run) { return run.id == id; });
  };
  if (runs.size() > 2) {
    setTicked(runs);
  } else if (!std::all_of(runs.begin(), runs.end(), isThere)) {
    // They join what is shown: a point says little without the others.
    std::vector<store::RunId> joined;
    for (const store::RunSummary& run : m_runs) joined.push_back(run.id);
    for (const store::RunId id : runs)
      if (!isThere(id)) joined.push_back(id);
    setTicked(std::move(joined));
  }
  m_selection->clear();
  m_selection->setRuns(runs.size() > 2 ? std::vector<store::RunId>{} : runs);
  if (runs.size() > 2) {
    m_hasChosen = false;
    chooseFirstPair();
  }
}

void ComparePage::setBaseline(store::RunId run) {
  if (!m_session) return;
  m_session->edit([run](store::RunStore& store) { return store.setBaseline(run); },
                  QStringLiteral("Change of the baseline"));
  const store::RunSummary* summary = m_snapshot->find(run);
  Q_EMIT messageRaised(summary ? QStringLiteral("Made %1 the baseline.").arg(m_snapshot->label(*summary))
                               : QStringLiteral("There is no baseline now."),
                       false);
}

void ComparePage::addSecond() {
  const store::RunId a = m_selection->a();
  for (const int direction : {1, -1})
    if (const store::RunId next = m_plot->neighbour(a, direction, false); next.value != 0 && next != a)
      return m_selection->chooseSecond(next);
  Q_EMIT messageRaised(QStringLiteral("There is no second point to hold against it."), false);
}

void ComparePage::fillRunsMenu() {
  m_runsMenu->clear();
  const auto choose = [this](const QString& text, bool isCurrent, std::function<void()> act) {
    QAction* action = m_runsMenu->addAction(text, this, std::move(act));
    action->setCheckable(true);
    action->setChecked(isCurrent);
  };
  choose(QStringLiteral("All that are not archived"), m_choice == Choice::All, [this] { setChoice(Choice::All); });
  QSettings settings;
  const int size = settings.beginReadArray(QStringLiteral("runs/views"));
  for (int i = 0; i < size; ++i) {
    settings.setArrayIndex(i);
    const QString filter = settings.value(QStringLiteral("filter")).toString();
    choose(QStringLiteral("View “%1”").arg(settings.value(QStringLiteral("name")).toString()),
           m_choice == Choice::Filter && m_filter->text() == filter, [this, filter] {
             setChoice(Choice::Filter);
             m_filter->setText(filter);
           });
  }
  settings.endArray();
  choose(QStringLiteral("By filter...\tCtrl+F"), m_choice == Choice::Filter, [this] {
    setChoice(Choice::Filter);
    m_filter->setFocus();
  });
  choose(QStringLiteral("Ticked in a list..."), m_choice == Choice::Ticked, [this] {
    std::vector<store::RunId> ticked;
    for (const store::RunSummary& run : m_runs) ticked.push_back(run.id);
    m_picker->popUp(m_runsButton, m_snapshot->runs, ticked);
  });
}

FigureOptions ComparePage::figureOptions() const {
  const ComparePlot::View& view = m_plot->view();
  FigureOptions options;
  options.labels = view.labels;
  options.frontier = view.frontier;
  options.dominated = view.dominated;
  options.paperTable = view.paperTable;
  options.x = view.x;
  options.y = view.y;
  options.baseline = m_model->baseline();
  options.title =
      m_session ? m_session->project().name() + ", " + titleOf(view.y).toLower().toStdString() : std::string();
  return options;
}

std::vector<FigureRun> ComparePage::figureRuns() const {
  std::vector<FigureRun> runs;
  for (const store::RunSummary& run : m_runs) runs.push_back({.summary = run, .series = {}});
  return runs;
}

void ComparePage::exportPlot(const QString& path) {
  writeFigureInBackground(path, figureOptions(), figureRuns(), this, [this, path](const Result<FigureFile>& file) {
    Q_EMIT messageRaised(exportSentence(path, file), !file);
  });
}

void ComparePage::askExport(const QString& format) {
  if (!m_session) return;
  const QString figures = QString::fromStdString(m_session->project().figures().string());
  askFigureFile(this, figures + QStringLiteral("/pareto"), format, [this](const QString& path) { exportPlot(path); });
}

void ComparePage::exportTable() {
  if (!m_session) return;
  const QString figures = QString::fromStdString(m_session->project().figures().string());
  askFigureFile(this, figures + QStringLiteral("/comparison"), QStringLiteral("csv"), [this](const QString& path) {
    writeInBackground(path, m_model->csv().toUtf8(), this, [this, path](const Result<void>& written) {
      Q_EMIT messageRaised(exportedSentence(path, written), !written);
    });
  });
}

void ComparePage::showColumnsMenu(QWidget* button) {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  for (int i = static_cast<int>(CompareColumn::Map); i < kCompareColumns; ++i) {
    QAction* action = menu->addAction(m_model->headerData(i, Qt::Horizontal, Qt::AccessibleTextRole).toString());
    action->setCheckable(true);
    const auto column = static_cast<CompareColumn>(i);
    action->setChecked(m_table->isColumnWanted(column));
    connect(action, &QAction::toggled, this, [this, column](bool shown) { m_table->setColumnWanted(column, shown); });
  }
  menu->popup(button->mapToGlobal(QPoint(0, button->height())));
}

void ComparePage::saveView() const {
  QSettings settings;
  settings.setValue(QStringLiteral("compare/columns"), m_table->columnState());
  settings.setValue(QStringLiteral("compare/hidden"), m_table->unwantedColumns());
  settings.setValue(QStringLiteral("compare/axes"),
                    QStringList{QString::number(m_x->currentIndex()), QString::number(m_y->currentIndex())});
  QStringList checks;
  for (const QCheckBox* check : m_checks) checks << QString::number(check->isChecked() ? 1 : 0);
  settings.setValue(QStringLiteral("compare/checks"), checks);
}

void ComparePage::restoreView() {
  const QSettings settings;
  m_table->restoreColumns(settings.value(QStringLiteral("compare/columns")).toByteArray(),
                          settings.value(QStringLiteral("compare/hidden")).toStringList());
  const QStringList axes = settings.value(QStringLiteral("compare/axes")).toStringList();
  if (axes.size() == 2) {
    m_x->setCurrentIndex(std::clamp(axes[0].toInt(), 0, m_x->count() - 1));
    m_y->setCurrentIndex(std::clamp(axes[1].toInt(), 0, m_y->count() - 1));
  }
  const QStringList checks = settings.value(QStringLiteral("compare/checks")).toStringList();
  for (qsizetype i = 0; i < checks.size() && i < static_cast<qsizetype>(m_checks.size()); ++i)
    m_checks[static_cast<std::size_t>(i)]->setChecked(checks[i] == QStringLiteral("1"));
  applyView();
}

}  // namespace weft::ui
