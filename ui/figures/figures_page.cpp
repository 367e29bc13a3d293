#include "ui/figures/figures_page.h"

#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QDateTime>
#include <QLineEdit>
#include <QLocale>
#include <QMenu>
#include <QPushButton>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

#include "ui/figures/figure_list.h"
#include "ui/figures/figure_panel.h"
#include "ui/figures/paper_view.h"
#include "ui/models/configuration_groups.h"
#include "ui/models/run_text.h"
#include "ui/parts/icons.h"
#include "ui/parts/run_picker.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr int kCheckDelay_ms = 250;

}  // namespace

FiguresPage::FiguresPage(QWidget* parent)
    : Page(parent), m_library(new FigureLibrary(this)), m_groups(new ConfigurationGroups(this)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(buildHeader());
  auto* parts = new QSplitter(Qt::Horizontal);
  parts->setHandleWidth(1);
  parts->setChildrenCollapsible(false);
  parts->addWidget(buildList());
  parts->addWidget(buildCentre());
  m_panel = new FigurePanel;
  parts->addWidget(m_panel);
  parts->setStretchFactor(1, 1);
  parts->setSizes({240, 800, 320});
  column->addWidget(parts, 1);
  m_picker = new RunPicker(this);
  m_checkTimer.setSingleShot(true);
  m_checkTimer.setInterval(kCheckDelay_ms);
  connect(&m_checkTimer, &QTimer::timeout, this, &FiguresPage::check);
  buildActions();
  setFocusProxy(m_list);

  connect(m_library, &FigureLibrary::messageRaised, this, &Page::messageRaised);
  connect(m_library, &FigureLibrary::listChanged, this, [this] {
    m_count->setText(QString::number(m_library->count()));
    if (current() < 0) m_list->setCurrent(0);
    showFigure();
    if (!m_wanted.empty() && m_library->isLoaded()) showRuns(std::exchange(m_wanted, {}));
  });
  connect(m_library, &FigureLibrary::figureChanged, this, [this](int index) {
    if (index == current()) showFigure();
  });
  connect(m_groups, &ConfigurationGroups::changed, this, [this] {
    if (current() >= 0)
      m_paper->setCaption(captionOf(m_library->figure(current()), m_library->runs(current()), m_groups));
  });
  connect(m_list, &FigureList::currentFigureChanged, this, [this] {
    m_library->show(current());
    showFigure();
  });
  connect(m_panel, &FigurePanel::changed, this, &FiguresPage::applyEdit);
  connect(m_panel, &FigurePanel::formatChanged, this, &FiguresPage::showFigure);
  connect(m_panel, &FigurePanel::exportRequested, this, [this] {
    if (current() >= 0) exportTo(exportPath(current(), m_panel->format()));
  });
  connect(m_panel, &FigurePanel::exportToRequested, this, &FiguresPage::askExport);
  connect(m_panel, &FigurePanel::chooseRunsRequested, this, &FiguresPage::pickRuns);
  connect(m_picker, &RunPicker::picked, this, [this](const std::vector<store::RunId>& runs) {
    if (current() < 0) return;
    FigureDocument figure = m_library->figure(current());
    figure.which = FigureRuns::Listed;
    figure.listed = runs;
    applyEdit(figure);
  });
  connect(m_paper, &PaperView::heightDragged, this, [this](double height_in) {
    if (current() < 0) return;
    FigureDocument figure = m_library->figure(current());
    figure.options.height_in = height_in;
    applyEdit(figure);
  });
  setSession(nullptr);
}

QWidget* FiguresPage::buildHeader() {
  m_header = new PageHeader(pages::kFigures.name());
  m_state = new TextLabel({}, Type::Body, Tone::Good);
  m_header->addWidget(m_state);
  m_freeze = new QPushButton(QStringLiteral("Freeze"));
  m_freeze->setCheckable(true);
  m_freeze->setToolTip(
      QStringLiteral("Keeps the figure as it is, whatever its runs do; F5 draws the newest data (Ctrl+L)"));
  connect(m_freeze, &QPushButton::clicked, this, [this](bool checked) {
    if (current() >= 0) m_library->setFrozen(current(), checked);
  });
  m_header->addWidget(m_freeze);
  m_latex = new QPushButton(QStringLiteral("Copy as LaTeX"));
  connect(m_latex, &QPushButton::clicked, this, &FiguresPage::copyLatex);
  m_exportAll = new QPushButton(QStringLiteral("Export all figures"));
  makePrimary(m_exportAll);
  connect(m_exportAll, &QPushButton::clicked, this, &FiguresPage::exportAll);
  m_header->addWidget(m_latex);
  m_header->addWidget(m_exportAll);
  return m_header;
}

QWidget* FiguresPage::buildList() {
  auto* side = new Surface(Surface::Fill::Panel);
  side->setMinimumWidth(200);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* head = new Surface(Surface::Fill::Header, Qt::BottomEdge);
  head->setFixedHeight(36);
  auto* row = new QHBoxLayout(head);
  row->setContentsMargins(metrics::pageMargin, 0, metrics::gap, 0);
  row->addWidget(new TextLabel(QStringLiteral("Saved"), Type::Section));
  m_count = new TextLabel({}, Type::Body, Tone::Text2);
  row->addWidget(m_count);
  row->addStretch(1);
  auto* add = new QPushButton(icon(QStringLiteral("plus")), QStringLiteral("New"));
  add->setFlat(true);
  auto* kinds = new QMenu(add);
  for (const FigureKind kind : {FigureKind::Pareto, FigureKind::Curves, FigureKind::SharingMaps})
    kinds->addAction(kindTitle(kind), this, [this, kind] { addFigure(kind); });
  connect(add, &QPushButton::clicked, this, [add, kinds] { kinds->popup(add->mapToGlobal(QPoint(0, add->height()))); });
  row->addWidget(add);
  column->addWidget(head);
  m_list = new FigureList(m_library);
  column->addWidget(m_list, 1);
  return side;
}

QWidget* FiguresPage::buildCentre() {
  auto* side = new Surface(Surface::Fill::Window);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* bar = new Surface(Surface::Fill::Panel, Qt::BottomEdge);
  bar->setFixedHeight(36);
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(metrics::panelMargin, 0, metrics::panelMargin, 0);
  row->setSpacing(metrics::panelMargin);
  m_paper = new PaperView;
  auto* inPage = new QCheckBox(QStringLiteral("In the page"));
  inPage->setChecked(true);
  connect(inPage, &QCheckBox::toggled, m_paper, &PaperView::setInPage);
  auto* grey = new QCheckBox(QStringLiteral("Greyscale"));
  grey->setToolTip(QStringLiteral("As a printer without colour shows it; the exported file stays in colour"));
  connect(grey, &QCheckBox::toggled, m_paper, &PaperView::setGreyscale);
  m_zoom = new QComboBox;
  m_zoom->setAccessibleName(QStringLiteral("Zoom"));
  m_zoom->setMinimumWidth(96);
  m_zoom->addItem(QStringLiteral("fit"), 0.0);
  for (const double zoom : {0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0})
    m_zoom->addItem(QStringLiteral("%1%").arg(zoom * 100), zoom);
  connect(m_zoom, &QComboBox::activated, this, [this] { m_paper->setZoom(m_zoom->currentData().toDouble()); });
  connect(m_paper, &PaperView::zoomChanged, this, &FiguresPage::showZoom);
  row->addStretch(1);
  row->addWidget(inPage);
  row->addWidget(grey);
  row->addWidget(m_zoom);
  column->addWidget(bar);
  column->addWidget(m_paper, 1);
  return side;
}

void FiguresPage::buildActions() {
  const auto add = [this](const QString& text, const QKeySequence& key, const QString& iconName, QWidget* owner,
                          std::function<void()> act, PageMenu menu = PageMenu::Run) {
    QAction* action = declareAction(menu, text, key, iconName, std::move(act));
    owner->addAction(action);
  };
  add(QStringLiteral("Refresh the figure's data"), Qt::Key_F5, QStringLiteral("refresh"), this, [this] {
    if (current() >= 0) m_library->refresh(current());
  });
  add(QStringLiteral("Freeze the figure, or let it follow"), QKeySequence(Qt::CTRL | Qt::Key_L), QStringLiteral("pin"),
      this, [this] {
        if (current() >= 0) m_library->setFrozen(current(), !m_library->figure(current()).isFrozen());
      });
  add(QStringLiteral("Export the figure"), QKeySequence(Qt::CTRL | Qt::Key_E), QStringLiteral("export"), this, [this] {
    if (current() >= 0) exportTo(exportPath(current(), m_panel->format()));
  });
  add(QStringLiteral("Export the figure to..."), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E),
      QStringLiteral("export"), this, [this] { askExport(); });
  add(
      QStringLiteral("Copy the figure as LaTeX"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_C),
      QStringLiteral("copy"), this, [this] { copyLatex(); }, PageMenu::Edit);
  add(QStringLiteral("Rename the figure"), Qt::Key_F2, QStringLiteral("edit"), this, [this] {
    m_panel->titleField()->setFocus();
    m_panel->titleField()->selectAll();
  });
  add(QStringLiteral("Duplicate the figure"), QKeySequence(Qt::CTRL | Qt::Key_D), QStringLiteral("copy"), this,
      [this] { duplicateFigure(); });
  add(QStringLiteral("Remove the figure"), Qt::Key_Delete, QStringLiteral("trash"), m_list, [this] { removeFigure(); });
  connect(m_list, &QWidget::customContextMenuRequested, this, [this](QPoint at) {
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addActions(pageActions());
    menu->popup(m_list->viewport()->mapToGlobal(at));
  });
}

void FiguresPage::openingChanged() { showFigure(); }

void FiguresPage::showEvent(QShowEvent* event) {
  m_library->setShown(true);
  Page::showEvent(event);
}

void FiguresPage::hideEvent(QHideEvent* event) {
  m_library->setShown(false);
  Page::hideEvent(event);
}

void FiguresPage::setSession(ProjectSession* session) {
  if (m_session) m_session->disconnect(this);
  m_session = session;
  m_wanted.clear();
  if (session)
    connect(session, &ProjectSession::runsChanged, this, [this] {
      m_isStale = true;
      if (isVisible())
        takeRuns();
      else
        whenShown([this] { showFigure(); });
    });
  m_panel->setSnapshot(session ? session->snapshot() : std::make_shared<RunsSnapshot>());
  m_library->setSession(session);
}

void FiguresPage::takeRuns() {
  if (!std::exchange(m_isStale, false) || !m_session) return;
  m_panel->setSnapshot(m_session->snapshot());
  showSource();
}

int FiguresPage::current() const {
  const int index = m_list->current();
  return index >= 0 && index < m_library->count() ? index : -1;
}

void FiguresPage::showFigure() {
  if (!isVisible()) return whenShown([this] { showFigure(); });
  whenShown([] {});  // what waited for that is done herewith
  takeRuns();
  const int index = current();
  m_panel->setEnabled(index >= 0);
  m_latex->setEnabled(index >= 0);
  m_freeze->setEnabled(index >= 0);
  m_freeze->setChecked(index >= 0 && m_library->figure(index).isFrozen());
  m_exportAll->setEnabled(m_library->count() > 0);
  if (index < 0) {
    m_paper->setMessage(
        !m_session ? withoutProject(QStringLiteral("No project is open. Open or make one in the Project menu."))
        : !m_library->isLoaded() ? QStringLiteral("Loading")
                                 : QStringLiteral("No figure is saved. New, at the left, makes one."));
    m_panel->setChecks({}, {});
    m_panel->setSource({});
    showState();
    return;
  }
  const FigureDocument& figure = m_library->figure(index);
  m_panel->setFigure(figure);
  m_panel->setExportTarget(QStringLiteral("to figures/%1.%2").arg(figure.fileName(), m_panel->format()));
  if (m_library->isLoading(index) && m_library->runs(index).empty())
    m_paper->setMessage(QStringLiteral("Loading the curves"));
  else
    m_paper->setFigure(figure.options, m_library->runs(index), caption(index));
  m_panel->setExportEnabled(m_paper->message().isEmpty());
  showState();
  showSource();
  m_checkTimer.start();
}

QString FiguresPage::caption(int index) {
  std::vector<store::RunSummary> runs;
  if (m_library->figure(index).options.kind == FigureKind::Pareto)
    for (const FigureRun& run : m_library->runs(index)) runs.push_back(run.summary);
  m_groups->setRuns(std::move(runs));
  return captionOf(m_library->figure(index), m_library->runs(index), m_groups);
}

void FiguresPage::showState() {
  const int index = current();
  m_header->setSubtitle(index < 0 ? QString() : m_library->figure(index).title);
  if (index < 0) {
    m_state->clear();
  } else if (m_library->hasNewerData(index)) {
    m_state->setTone(Tone::Warning);
    m_state->setText(m_library->figure(index).isFrozen() ? QStringLiteral("frozen; newer data, F5 draws it")
                                                         : QStringLiteral("newer data, F5 draws it"));
  } else if (m_library->isLoading(index)) {
    m_state->setTone(Tone::Text2);
    m_state->setText(QStringLiteral("loading"));
  } else if (m_library->figure(index).isFrozen()) {
    m_state->setTone(Tone::Text2);
    m_state->setText(
        QStringLiteral("frozen on %1")
            .arg(QLocale(QLocale::English)
                     .toString(QDateTime::fromSecsSinceEpoch(static_cast<qint64>(m_library->figure(index).frozenAt)),
                               QStringLiteral("d MMM, HH:mm"))));
  } else {
    m_state->setTone(Tone::Good);
    m_state->setText(QStringLiteral("✓ up to date with the store"));
  }
}

void FiguresPage::showSource() {
  const int index = current();
  if (index < 0) return;
  const FigureDocument& figure = m_library->figure(index);
  const std::vector<FigureRun>& runs = m_library->runs(index);
  double newest = 0;
  std::size_t unfinished = 0;
  for (const FigureRun& run : runs) {
    newest = std::max(newest, run.summary.updated);
    if (!store::isTerminal(run.summary.state)) ++unfinished;
  }
  std::vector<std::pair<QString, QString>> source;
  source.emplace_back(QStringLiteral("Runs"),
                      unfinished == 0 ? QString::number(runs.size())
                                      : QStringLiteral("%1, %2 not finished").arg(runs.size()).arg(unfinished));
  source.emplace_back(QStringLiteral("Filter"), figure.which == FigureRuns::All ? QStringLiteral("not archived")
                                                : figure.which == FigureRuns::Filter
                                                    ? (figure.filter.isEmpty() ? QStringLiteral("none") : figure.filter)
                                                    : QStringLiteral("a list of %1").arg(figure.listed.size()));
  if (const QString age = ageText(newest, now_s()); !age.isEmpty())
    source.emplace_back(QStringLiteral("Newest run"),
                        age == QStringLiteral("now") ? age : QStringLiteral("%1 old").arg(age));
  m_panel->setSource(source);
}

void FiguresPage::check() {
  const int index = current();
  if (index < 0 || !isVisible()) return;
  if (!m_paper->message().isEmpty()) return m_panel->setChecks({}, {m_paper->message()});
  if (m_panel->format() == QStringLiteral("csv"))
    return m_panel->setChecks({rowsSentence(figureRows(m_library->figure(index).options, m_library->runs(index)))}, {});
  const auto file = renderFigure(m_panel->format(), m_library->figure(index).options, m_library->runs(index));
  if (file)
    m_panel->setChecks(file->checks, file->problems);
  else
    m_panel->setChecks({}, {QString::fromStdString(file.error().message)});
}

void FiguresPage::applyEdit(const FigureDocument& figure) {
  if (current() >= 0) m_library->change(current(), figure);
}

void FiguresPage::addFigure(FigureKind kind) {
  if (!m_session || !m_library->isLoaded()) return;
  const std::vector<FigureDocument> usual = usualFigures();
  FigureDocument figure =
      *std::find_if(usual.begin(), usual.end(), [&](const FigureDocument& one) { return one.options.kind == kind; });
  figure.title = QStringLiteral("%1 %2").arg(kindTitle(kind)).arg(m_library->count() + 1);
  m_list->setCurrent(m_library->add(figure));
}

void FiguresPage::showRuns(const std::vector<store::RunId>& runs) {
  if (runs.empty() || !m_session) return;
  if (!m_library->isLoaded()) {
    m_wanted = runs;
    return;
  }
  FigureDocument figure = usualFigures().front();
  figure.title = QStringLiteral("Comparison of %1 runs").arg(runs.size());
  figure.which = FigureRuns::Listed;
  figure.listed = runs;
  for (const store::RunSummary& run : m_session->snapshot()->runs)
    if (run.baseline && std::find(runs.begin(), runs.end(), run.id) != runs.end()) figure.options.baseline = run.id;
  m_list->setCurrent(m_library->add(figure));
}

void FiguresPage::removeFigure() {
  const int index = current();
  if (index < 0) return;
  const QString title = m_library->figure(index).title;
  m_library->remove(index);
  m_list->setCurrent(std::min(index, m_library->count() - 1));
  showFigure();
  Q_EMIT messageRaised(QStringLiteral("Removed the figure “%1”; files that were exported stay.").arg(title), false);
}

void FiguresPage::duplicateFigure() {
  if (current() < 0) return;
  FigureDocument figure = m_library->figure(current());
  figure.title = QStringLiteral("%1 copy").arg(figure.title);
  m_list->setCurrent(m_library->add(figure));
}

void FiguresPage::showZoom() {
  // "fit" says how much that is.
  m_zoom->setItemText(0, QStringLiteral("fit, %1%").arg(qRound(m_paper->zoom() * 100)));
  const int exact = m_zoom->findData(m_paper->zoom());
  if (exact > 0 && m_zoom->currentIndex() != 0) m_zoom->setCurrentIndex(exact);
}

}  // namespace weft::ui
