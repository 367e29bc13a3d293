#include "ui/diagram/design_page.h"

#include <QAction>
#include <QClipboard>
#include <QFileInfo>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QScrollBar>
#include <QStackedWidget>
#include <QTableView>
#include <QVBoxLayout>
#include <utility>

#include "engine/base/text.h"
#include "engine/config/presets.h"
#include "ui/diagram/cost_panel.h"
#include "ui/diagram/design_draft.h"
#include "ui/diagram/diagram_export.h"
#include "ui/diagram/generator_bar.h"
#include "ui/diagram/hint_line.h"
#include "ui/diagram/map_field.h"
#include "ui/diagram/map_table_model.h"
#include "ui/diagram/model_panel.h"
#include "ui/diagram/preset_browser.h"
#include "ui/diagram/queue_panel.h"
#include "ui/diagram/sharing_stack.h"
#include "ui/diagram/tokenizer_reader.h"
#include "ui/parts/file_dialog.h"
#include "ui/parts/icons.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr int kSideWidth = 352;

// "draft, 3 edits" in a box.
class Badge : public TextLabel {
 public:
  Badge() : TextLabel({}, Type::Caption, Tone::Text2) {
    setContentsMargins(7, 2, 7, 2);
    setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Maximum);
  }

 protected:
  void paintEvent(QPaintEvent* event) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(Theme::current().strongLine, 1));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    painter.end();
    TextLabel::paintEvent(event);
  }
};

// The design's name as an edit that looks like a title until it is touched.
class TitleEdit : public QLineEdit {
 public:
  TitleEdit() {
    setFrame(false);
    setFont(titleFont());
    setMaxLength(200);
    setTextMargins(-6, 0, 0, 0);
    connect(this, &QLineEdit::textChanged, this, [this] { fit(); });
  }

 protected:
  void changeEvent(QEvent* event) override {
    QLineEdit::changeEvent(event);
    if (event->type() == QEvent::FontChange && font() != titleFont()) setFont(titleFont());
    if (event->type() == QEvent::FontChange) fit();
  }

 private:
  void fit() { setFixedWidth(std::clamp(fontMetrics().horizontalAdvance(text()) + 14, 60, 420)); }
};

}  // namespace

DesignPage::DesignPage(QWidget* parent)
    : Page(parent), m_document(new SharingDocument(this)), m_draft(new DesignDraft(this)) {
  makeActions();
  auto* body = new QHBoxLayout;
  body->setContentsMargins(0, 0, 0, 0);
  body->setSpacing(0);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(makeHeader());
  layout->addLayout(body, 1);
  body->addWidget(makeLeft(), 1);
  body->addWidget(makeRight());
  setFocusProxy(m_stack);

  connect(m_stack, &SharingStack::selectionChanged, this, [this] {
    m_selection->setSelection(m_stack->selection());
    m_hints->setSelection(m_stack->selection());
  });
  connect(m_stack, &SharingStack::sourceEditRequested, m_selection, &SelectionPanel::editSource);
  connect(m_stack, &SharingStack::messageRaised, this, &Page::messageRaised);
  connect(m_document, &SharingDocument::refused, this,
          [this](const QString& sentence) { Q_EMIT messageRaised(sentence, true); });
  connect(m_document, &SharingDocument::changed, this, [this] {
    refreshHeader();
    if (m_isRestoring) return;
    m_isTouched = true;
    keepDraft();
  });
  connect(&m_document->undo(), &QUndoStack::indexChanged, this, [this] {
    m_queuedText.clear();
    refreshHeader();
  });
  connect(m_costs, &CostPanel::memoryChoiceChanged, this, [this] {
    if (!m_isRestoring) keepDraft();
  });
  connect(m_draft, &DesignDraft::restored, this, &DesignPage::takeDraft);
  connect(m_draft, &DesignDraft::noneKept, this, [this] {
    if (m_isTouched) return;
    if (m_isFromProject) showDraft(*m_first);
    if (std::exchange(m_isCarried, false)) keepDraft();
  });
  connect(m_draft, &DesignDraft::noticed, this, [this](const QString& sentence) {
    m_notice = sentence;
    sayNotice();
  });
  connect(m_draft, &DesignDraft::failed, this,
          [this](const QString& sentence) { Q_EMIT messageRaised(sentence, true); });
  refreshHeader();
  new TokenizerReader(m_document);
  m_first = std::make_unique<DraftContent>(draft());
  m_draft->open({});
}

// The document ends after this page's own members, and its undo stack tells that it is cleared.
DesignPage::~DesignPage() {
  m_document->disconnect(this);
  m_document->undo().disconnect(this);
}

QAction* DesignPage::addPageAction(PageMenu menu, const QString& text, const QKeySequence& key,
                                   const QString& iconName) {
  QAction* action = declareAction(menu, text, key, iconName);
  addAction(action);
  return action;
}

void DesignPage::makeActions() {
  m_undo = addPageAction(PageMenu::Edit, tr("Undo"), QKeySequence::Undo, QStringLiteral("undo"));
  m_redo = addPageAction(PageMenu::Edit, tr("Redo"), QKeySequence::Redo, QStringLiteral("redo"));
  // Whatever the desktop's own is, both usual keys work.
  m_redo->setShortcuts({QKeySequence(QStringLiteral("Ctrl+Shift+Z")), QKeySequence(QStringLiteral("Ctrl+Y"))});
  m_copy = addPageAction(PageMenu::Edit, tr("Copy map as text"), QKeySequence(QStringLiteral("Ctrl+Shift+C")),
                         QStringLiteral("copy"));
  m_copyJson = addPageAction(PageMenu::Edit, tr("Copy map as JSON list"), {}, QStringLiteral("copy"));
  m_export = addPageAction(PageMenu::Run, tr("Export diagram…"), QKeySequence(QStringLiteral("Ctrl+E")),
                           QStringLiteral("export"));
  m_queueAction = addPageAction(PageMenu::Run, tr("Queue run…"), QKeySequence(QStringLiteral("Ctrl+Return")),
                                QStringLiteral("queue"));
  m_nextError = addPageAction(PageMenu::Run, tr("Next error of the map"), QKeySequence(Qt::Key_F8), {});
  m_firstFix = addPageAction(PageMenu::Run, tr("Apply the first fix"), QKeySequence(QStringLiteral("Alt+Return")), {});
  m_firstFix->setShortcuts({QKeySequence(QStringLiteral("Alt+Return")), QKeySequence(QStringLiteral("Alt+Enter"))});
  m_table = addPageAction(PageMenu::Run, tr("Map as a table"), QKeySequence(QStringLiteral("Ctrl+T")),
                          QStringLiteral("columns"));
  m_table->setCheckable(true);
  m_formulas = addPageAction(PageMenu::Run, tr("Show formulas"), QKeySequence(QStringLiteral("Ctrl+Shift+F")),
                             QStringLiteral("formula"));
  m_formulas->setCheckable(true);
  m_focusMap = addPageAction(PageMenu::Edit, tr("Edit the map as text"), QKeySequence(QStringLiteral("Ctrl+L")),
                             QStringLiteral("edit"));
  QUndoStack& undo = m_document->undo();
  m_undo->setEnabled(false);
  m_redo->setEnabled(false);
  connect(&undo, &QUndoStack::canUndoChanged, m_undo, &QAction::setEnabled);
  connect(&undo, &QUndoStack::canRedoChanged, m_redo, &QAction::setEnabled);
  connect(m_undo, &QAction::triggered, &undo, &QUndoStack::undo);
  connect(m_redo, &QAction::triggered, &undo, &QUndoStack::redo);
  connect(m_copy, &QAction::triggered, this, &DesignPage::copyMap);
  connect(m_copyJson, &QAction::triggered, this, &DesignPage::copyMapAsJson);
  connect(m_export, &QAction::triggered, this, &DesignPage::exportDiagram);
  connect(m_queueAction, &QAction::triggered, this, &DesignPage::openQueue);
  connect(m_firstFix, &QAction::triggered, this, [this] { m_document->applyFix(0); });
  connect(m_nextError, &QAction::triggered, this, [this] { m_stack->showNextProblem(); });
  connect(m_table, &QAction::toggled, this, [this](bool shown) { m_views->setCurrentIndex(shown ? 1 : 0); });
  connect(m_formulas, &QAction::toggled, this, [this](bool shown) { m_costs->setFormulasShown(shown); });
  connect(m_focusMap, &QAction::triggered, this, [this] {
    m_bar->mapField()->setFocus(Qt::ShortcutFocusReason);
    m_bar->mapField()->selectAll();
  });
}

QWidget* DesignPage::makeHeader() {
  auto* header = new Surface(Surface::Fill::Panel, Qt::BottomEdge);
  header->setFixedHeight(metrics::pageHeader);
  auto* layout = new QHBoxLayout(header);
  layout->setContentsMargins(metrics::pageMargin, 0, metrics::panelMargin, 1);
  layout->setSpacing(metrics::gap);
  m_name = new TitleEdit;
  m_name->setAccessibleName(tr("Name of the design"));
  m_name->setToolTip(tr("The design's name; empty: it follows the shape and the pattern"));
  m_family = new TextLabel({}, Type::Body, Tone::Text2);
  m_state = new Badge;
  m_queueButton = new QPushButton(tr("Queue run…"));
  makePrimary(m_queueButton);
  auto* presets = new QPushButton(tr("Presets…"));
  presets->setToolTip(tr("Ready configurations: the CLA paper's tables, LCKV's sizes, a scaled family"));
  m_presets = new PresetBrowser(this);
  connect(presets, &QPushButton::clicked, m_presets, [this, presets] { m_presets->toggleBelow(presets); });
  connect(m_presets, &PresetBrowser::chosen, this, [this](const std::string& name) {
    if (const auto preset = config::preset(name))
      m_document->load(*preset, tr("preset %1").arg(QString::fromStdString(name)));
  });
  auto* copy = new QPushButton(tr("Copy map"));
  auto* copyMenu = new QMenu(copy);
  copyMenu->addAction(m_copy);
  copyMenu->addAction(m_copyJson);
  copyMenu->addSeparator();
  copyMenu->addAction(m_export);
  copyMenu->addAction(m_table);
  copy->setMenu(copyMenu);
  layout->addWidget(m_name);
  layout->addWidget(m_family);
  layout->addSpacing(4);
  layout->addWidget(m_state);
  layout->addStretch();
  for (QPushButton* button : {presets, copy, m_queueButton}) layout->addWidget(button);
  connect(m_queueButton, &QPushButton::clicked, this, &DesignPage::openQueue);
  connect(m_name, &QLineEdit::editingFinished, this, [this] {
    m_document->setName(m_name->text());
    refreshHeader();
  });
  return header;
}

QWidget* DesignPage::makeLeft() {
  auto* left = new QWidget;
  auto* layout = new QVBoxLayout(left);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  m_bar = new GeneratorBar(m_document);
  m_stack = new SharingStack(m_document);
  auto* table = new QTableView;
  auto* model = new MapTableModel(m_document, table);
  table->setModel(model);
  table->setFrameShape(QFrame::NoFrame);
  table->setAccessibleName(tr("The map as a table, one row a layer"));
  table->verticalHeader()->hide();
  table->verticalHeader()->setDefaultSectionSize(metrics::row);
  table->horizontalHeader()->setStretchLastSection(true);
  table->horizontalHeader()->setDefaultSectionSize(118);
  table->setSelectionBehavior(QAbstractItemView::SelectRows);
  m_views = new QStackedWidget;
  m_views->addWidget(m_stack);
  m_views->addWidget(table);
  m_hints = new HintLine(m_document, m_undo, m_redo);
  layout->addWidget(m_bar);
  layout->addWidget(m_views, 1);
  layout->addWidget(m_hints);
  connect(m_bar, &GeneratorBar::rowHeightChosen, m_stack, &SharingStack::setRowHeight);
  connect(table->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this, table] {
    LayerSet layers;
    for (const QModelIndex& row : table->selectionModel()->selectedRows()) layers.push_back(row.row());
    m_stack->select(layers, table->currentIndex().row());
  });
  return left;
}

QWidget* DesignPage::makeRight() {
  auto* content = new Surface(Surface::Fill::Panel);
  auto* rows = new QVBoxLayout(content);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(0);
  m_costs = new CostPanel(m_document);
  m_selection = new SelectionPanel(m_document);
  rows->addWidget(new ModelPanel(m_document));
  rows->addWidget(m_costs);
  rows->addWidget(m_selection);
  rows->addStretch();
  auto* scroll = new QScrollArea;
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setWidget(content);
  m_queue = new QueuePanel(m_document);
  m_side = new QStackedWidget;
  m_side->addWidget(scroll);
  m_side->addWidget(m_queue);
  auto* frame = new Surface(Surface::Fill::Panel, Qt::LeftEdge);
  frame->setFixedWidth(kSideWidth);
  auto* layout = new QVBoxLayout(frame);
  layout->setContentsMargins(1, 0, 0, 0);
  layout->addWidget(m_side);
  connect(m_queue, &QueuePanel::closed, this, &DesignPage::closeQueue);
  connect(m_queue, &QueuePanel::messageRaised, this, &Page::messageRaised);
  connect(m_queue, &QueuePanel::openProjectRequested, this, [this] {
    Q_EMIT messageRaised(tr("Open or create a project, then queue the run: the design waits here."), false);
    Q_EMIT openPageRequested(pages::kRuns);
  });
  connect(m_queue, &QueuePanel::queued, this, [this](const std::vector<store::RunId>& runs) {
    QStringList numbers;
    for (const store::RunId run : runs) numbers << QString::number(run.value);
    m_document->undo().setClean();
    m_queuedText = runs.size() == 1 ? tr("queued as run %1").arg(numbers.front())
                                    : tr("queued as runs %1").arg(numbers.join(QStringLiteral(", ")));
    refreshHeader();
    Q_EMIT messageRaised(tr("%1 %2.").arg(m_document->name(), m_queuedText), false);
  });
  return frame;
}

void DesignPage::refreshHeader() {
  if (!m_name->hasFocus() || !m_name->isModified()) m_name->setText(m_document->name());
  const config::ModelConfig& model = m_document->design().model;
  QString family;
  for (const std::string& tag : m_document->run().tags) {
    if (tag == "paper-1b") family = tr("1B family: ");
    if (tag == "paper-3b") family = tr("3B family: ");
  }
  m_family->setText(family + tr("%1 layers, hidden %2")
                                 .arg(m_document->map().layerCount())
                                 .arg(QString::fromStdString(groupDigits(model.hidden))));
  const int edits = m_document->undo().index();
  m_state->setText(!m_queuedText.isEmpty() ? m_queuedText
                   : edits == 0            ? tr("draft")
                   : edits == 1            ? tr("draft, 1 edit")
                                           : tr("draft, %1 edits").arg(edits));
  const bool canQueue = m_document->isValid() && m_document->staleCosts().isEmpty();
  m_queueButton->setEnabled(canQueue);
  m_queueAction->setEnabled(canQueue);
  m_firstFix->setEnabled(!m_document->fixes().empty());
}

void DesignPage::setSession(ProjectSession* session) {
  m_session = session;
  m_queue->setSession(session);
  const QString folder = session ? QString::fromStdString(session->project().folder().string()) : QString();
  if (folder == m_draft->owner()) return;
  // What was drawn without a project waits for one; what was drawn in a project stays with it.
  m_isFromProject = !m_draft->owner().isEmpty();
  m_isCarried = !m_isFromProject && m_isTouched;
  m_isTouched = false;
  m_notice.clear();
  m_draft->open(folder);
}

void DesignPage::showEvent(QShowEvent* event) {
  Page::showEvent(event);
  sayNotice();
}

// Whoever does not look at the design has no use for a word about its draft.
void DesignPage::sayNotice() {
  if (isVisible() && !m_notice.isEmpty()) Q_EMIT messageRaised(std::exchange(m_notice, {}), false);
}

bool DesignPage::isQueueOpen() const { return m_side->currentWidget() == m_queue; }

void DesignPage::openQueue() {
  m_side->setCurrentWidget(m_queue);
  m_queue->open();
}

void DesignPage::closeQueue() {
  m_side->setCurrentIndex(0);
  m_stack->setFocus();
}

void DesignPage::showRuns(const std::vector<store::RunId>& runs) {
  if (runs.empty() || !m_session) return;
  m_session->loadDetail(runs.front(), this, [this](Result<RunDetail> detail) {
    if (detail)
      loadRun(detail->summary, detail->configToml);
    else
      Q_EMIT messageRaised(QString::fromStdString(detail.error().message), true);
  });
}

void DesignPage::loadRun(const store::RunSummary& run, const std::string& configToml) {
  const auto config = config::parseRunConfig(configToml, "run " + std::to_string(run.id.value));
  if (!config) {
    Q_EMIT messageRaised(QString::fromStdString(config.error().message), true);
    return;
  }
  m_document->load(*config, tr("open run %1").arg(run.id.value));
}

void DesignPage::copyMap() {
  QGuiApplication::clipboard()->setText(mapAsText(*m_document));
  Q_EMIT messageRaised(tr("The map is copied as text."), false);
}

void DesignPage::copyMapAsJson() {
  const Result<QString> json = mapAsJson(*m_document);
  if (!json) {
    Q_EMIT messageRaised(QString::fromStdString(json.error().message), true);
    return;
  }
  QGuiApplication::clipboard()->setText(*json);
  Q_EMIT messageRaised(tr("The map is copied as a JSON list."), false);
}

void DesignPage::exportDiagram() {
  askSaveFile(this,
              {.title = tr("Export diagram"),
               .name = m_document->name() + QStringLiteral(".svg"),
               .filters = {tr("SVG (*.svg)"), tr("PDF (*.pdf)"), tr("PNG (*.png)")}},
              [this](const QString& file) {
                auto bytes = renderDiagram(*m_document, QFileInfo(file).suffix().toLower());
                if (!bytes) return Q_EMIT messageRaised(QString::fromStdString(bytes.error().message), true);
                m_draft->writeFile(file, *std::move(bytes), [this, file] {
                  Q_EMIT messageRaised(tr("The diagram is written to %1.").arg(file), false);
                });
              });
}

DraftContent DesignPage::draft() const {
  DraftContent content{.config = m_document->runConfig(),
                       .design = m_document->design(),
                       .request = m_document->request(),
                       .memoryChoice = m_costs->memoryChoice()};
  content.config.model.layers = m_document->map().layerCount();
  content.config.model.sharing = sharing::toText(m_document->map());
  return content;
}

void DesignPage::keepDraft() { m_draft->keep(draft()); }

void DesignPage::showDraft(const DraftContent& content) {
  m_isRestoring = true;
  m_document->restore(content.config, content.design);
  m_document->setRequest(content.request);
  m_costs->setMemoryChoice(content.memoryChoice);
  m_isRestoring = false;
  m_queuedText.clear();
  refreshHeader();
}

void DesignPage::takeDraft(const DraftContent& content) {
  if (m_isTouched) return;
  const bool isCarried = std::exchange(m_isCarried, false) && m_document->isValid();
  const config::RunConfig drawn = m_document->runConfig();
  showDraft(content);
  if (!isCarried) return;
  m_document->load(drawn, tr("design drawn without a project"));
  Q_EMIT messageRaised(tr("The design drawn without a project is here; Undo brings back this project's own."), false);
}

}  // namespace weft::ui
