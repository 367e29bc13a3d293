#include "ui/compare/pair_panel.h"

#include <QCheckBox>
#include <QGridLayout>
#include <QHeaderView>
#include <QScrollArea>
#include <QStackedLayout>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <array>

#include "ui/compare/compare_model.h"
#include "ui/models/run_text.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr int kLabelWidth = 92;

// The perplexities and the speeds of two runs have no difference beside them: one run each is no result.
constexpr std::size_t kSeedsRow = 1;  // filled by showVerdict()

struct Row {
  const char* label;
  CompareColumn delta;  // Mark: none
  QString (*text)(const store::RunSummary&);
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"perplexity", CompareColumn::Mark, [](const store::RunSummary& run) { return perplexityText(run.perplexity); }},
      {"over seeds", CompareColumn::Mark, [](const store::RunSummary&) { return QString(); }},
      {"KV per token", CompareColumn::KvBytesDelta, [](const store::RunSummary& run) { return kvBytesText(run); }},
      {"measured", CompareColumn::KvMeasuredDelta,
       [](const store::RunSummary& run) {
         return run.kvBytesPerTokenMeasured ? QStringLiteral("%1 B").arg(bytesPerTokenText(run.kvBytesPerTokenMeasured))
                                            : QStringLiteral("–");
       }},
      {"parameters", CompareColumn::ParametersDelta,
       [](const store::RunSummary& run) { return countText(static_cast<double>(run.parameters)); }},
      {"tokens/s", CompareColumn::Mark, [](const store::RunSummary& run) { return rateText(run.tokensPerSecond); }},
  };
  return all;
}

QString memoryText(const store::RunSummary& a, const store::RunSummary& b) {
  if (a.kvBytesPerToken == b.kvBytesPerToken)
    return QStringLiteral("equal KV memory, %1 B/token").arg(bytesPerTokenText(a.kvBytesPerToken));
  return QStringLiteral("%1 against %2 B/token")
      .arg(bytesPerTokenText(a.kvBytesPerToken), bytesPerTokenText(b.kvBytesPerToken));
}

QToolButton* flatButton(const QString& text, const QString& tip) {
  auto* button = new QToolButton;
  button->setText(text);
  button->setToolTip(tip);
  button->setAutoRaise(true);
  return button;
}

}  // namespace

PairPanel::PairPanel(QWidget* parent) : QWidget(parent), m_settings(new SettingModel(this)) {
  setAccessibleName(QStringLiteral("Selected pair"));
  setMinimumWidth(320);
  auto* surface = new Surface(Surface::Fill::Panel);
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  outer->addWidget(surface);
  auto* column = new QVBoxLayout(surface);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(buildHeader());
  auto* scroll = new QScrollArea;
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setFocusPolicy(Qt::NoFocus);
  auto* body = new Surface(Surface::Fill::Panel);
  scroll->setWidget(body);
  m_pages = new QStackedLayout(body);
  auto* hint = new TextLabel(
      QStringLiteral("Click a point or a row to look at a run. Ctrl+click a second one to hold it against the first."),
      Type::Body, Tone::Text2);
  hint->setWordWrap(true);
  hint->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  hint->setContentsMargins(metrics::panelMargin, 16, metrics::panelMargin, 0);
  m_pages->addWidget(hint);
  auto* pair = new QWidget;
  auto* parts = new QVBoxLayout(pair);
  parts->setContentsMargins(0, 0, 0, 0);
  parts->setSpacing(0);
  parts->addWidget(buildNumbers());
  parts->addWidget(buildSettings(), 1);
  m_pages->addWidget(pair);
  column->addWidget(scroll, 1);
  showPair({}, {}, Second::Chosen);
}

QWidget* PairPanel::buildHeader() {
  auto* header = new Surface(Surface::Fill::Header, Qt::BottomEdge);
  header->setFixedHeight(40);
  auto* row = new QHBoxLayout(header);
  row->setContentsMargins(metrics::panelMargin, 0, metrics::gap, 0);
  m_title = new TextLabel(QStringLiteral("Selected pair"), Type::Section);
  m_heading = new TextLabel({}, Type::Body, Tone::Text2);
  m_heading->setElided(true);
  m_swap = flatButton(QStringLiteral("Swap"), QStringLiteral("A becomes B (X)"));
  m_clear = flatButton(QStringLiteral("Clear"), QStringLiteral("Choose nothing (Esc)"));
  connect(m_swap, &QToolButton::clicked, this, &PairPanel::swapRequested);
  connect(m_clear, &QToolButton::clicked, this, &PairPanel::clearRequested);
  row->addWidget(m_title);
  row->addWidget(m_heading, 1);
  row->addWidget(m_swap);
  row->addWidget(m_clear);
  return header;
}

QWidget* PairPanel::buildNumbers() {
  auto* box = new Surface(Surface::Fill::Panel, Qt::BottomEdge);
  auto* column = new QVBoxLayout(box);
  column->setContentsMargins(metrics::panelMargin, 8, metrics::panelMargin, 12);
  column->setSpacing(8);
  auto* grid = new QGridLayout;
  grid->setHorizontalSpacing(8);
  grid->setVerticalSpacing(4);
  grid->setColumnMinimumWidth(0, kLabelWidth);
  grid->setColumnStretch(1, 1);
  grid->setColumnStretch(2, 1);
  m_heads[0] = new PairHead(QStringLiteral("A"));
  m_heads[1] = new PairHead(QStringLiteral("B"));
  grid->addWidget(m_heads[0], 0, 1);
  grid->addWidget(m_heads[1], 0, 2);
  int line = 1;
  for (const Row& row : rows()) {
    grid->addWidget(new TextLabel(QString::fromLatin1(row.label), Type::Body, Tone::Text2), line, 0);
    auto* a = new TextLabel({}, line == 1 ? Type::Section : Type::Body);
    auto* delta = new TextLabel({}, line == 1 ? Type::Section : Type::Body, Tone::Text2);
    auto* b = new TextLabel({}, line == 1 ? Type::Section : Type::Body);
    for (TextLabel* label : {a, b}) label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* cell = new QHBoxLayout;
    cell->setSpacing(8);
    cell->addWidget(a);
    cell->addWidget(delta);
    cell->addStretch(1);
    grid->addLayout(cell, line, 1);
    grid->addWidget(b, line, 2);
    m_values.push_back({a, delta, b});
    ++line;
  }
  column->addLayout(grid);
  m_sentence = new TextLabel({}, Type::Body);
  m_sentence->setWordWrap(true);
  m_sentence->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_sentence->setAccessibleName(QStringLiteral("What may be said of the two"));
  m_sentence->hide();
  column->addWidget(m_sentence);
  m_maps = new PairMaps;
  column->addWidget(m_maps);
  return box;
}

QWidget* PairPanel::buildSettings() {
  auto* box = new Surface(Surface::Fill::Panel);
  auto* column = new QVBoxLayout(box);
  column->setContentsMargins(metrics::panelMargin, 8, 0, 0);
  column->setSpacing(4);
  auto* head = new QHBoxLayout;
  head->setContentsMargins(0, 0, metrics::panelMargin, 0);
  m_onlyDifferences = new QCheckBox(QStringLiteral("Differences only"));
  m_onlyDifferences->setChecked(true);
  m_differences = new TextLabel({}, Type::Caption, Tone::Text2);
  head->addWidget(m_onlyDifferences);
  head->addStretch(1);
  head->addWidget(m_differences);
  column->addLayout(head);
  m_table = new QTableView;
  m_table->setModel(m_settings);
  m_table->setAccessibleName(QStringLiteral("Settings of A and B"));
  m_table->setFrameShape(QFrame::NoFrame);
  m_table->setShowGrid(false);
  m_table->verticalHeader()->hide();
  m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  m_table->verticalHeader()->setMinimumSectionSize(18);
  m_table->verticalHeader()->setDefaultSectionSize(std::max(20, QFontMetrics(bodyFont()).height() + 4));
  m_table->setMinimumHeight(64);
  m_table->horizontalHeader()->hide();
  m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  m_table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::ResizeToContents);
  m_table->setSelectionMode(QAbstractItemView::NoSelection);
  m_table->setFocusPolicy(Qt::TabFocus);
  m_table->setTabKeyNavigation(false);
  m_table->setTextElideMode(Qt::ElideMiddle);
  m_table->setWordWrap(false);
  column->addWidget(m_table, 1);
  connect(m_onlyDifferences, &QCheckBox::toggled, m_settings, &SettingModel::setDifferencesOnly);
  return box;
}

void PairPanel::setSession(ProjectSession* session) {
  m_session = session;
  m_configs.clear();
  m_shownSettings = {};
  ++m_generation;
  showPair({}, {}, Second::Chosen);
}

void PairPanel::showPair(const std::optional<PairSide>& a, const std::optional<PairSide>& b, Second second) {
  m_a = a;
  m_b = b;
  const bool isBaseline = b && second == Second::Baseline;
  m_title->setText(!a                 ? QStringLiteral("Nothing selected")
                   : b && !isBaseline ? QStringLiteral("Selected pair")
                                      : QStringLiteral("Selected run"));
  m_heading->setText(a && b ? (isBaseline ? QStringLiteral("against the baseline, ") : QString()) +
                                  memoryText(a->run, b->run)
                     : a ? QStringLiteral("Ctrl+click a second one to compare")
                         : QString());
  m_swap->setVisible(a && b && !isBaseline);
  m_clear->setVisible(a.has_value());
  m_pages->setCurrentIndex(a ? 1 : 0);
  if (!a) return;
  m_heads[0]->setSide(a, false);
  m_heads[1]->setSide(b, isBaseline);
  for (std::size_t i = 0; i < rows().size(); ++i) {
    const Row& row = rows()[i];
    if (i == kSeedsRow) continue;
    m_values[i][0]->setText(row.text(a->run));
    m_values[i][2]->setText(b ? row.text(b->run) : QString());
    const auto delta = b ? deltaOf(a->run, b->run, row.delta) : std::nullopt;
    const QString text = delta ? deltaText(delta, row.delta) : QString();
    const bool isBetter = delta && (row.delta == CompareColumn::SpeedDelta ? *delta > 0 : *delta < 0);
    m_values[i][1]->setText(text == QStringLiteral("0") ? QString() : text);
    m_values[i][1]->setTone(isBetter ? Tone::Good : Tone::Text2);
  }
  m_maps->setSides(a, b);
  placeMaps();
  if (m_session) {
    loadConfig(a->run.id);
    if (b) loadConfig(b->run.id);
  }
  showSettings();
}

void PairPanel::showVerdict(const Verdict& verdict) {
  const std::array<TextLabel*, 3>& row = m_values[kSeedsRow];
  row[0]->setText(verdict.a.isEmpty() ? QStringLiteral("–") : verdict.a);
  row[2]->setText(m_b ? (verdict.b.isEmpty() ? QStringLiteral("–") : verdict.b) : QString());
  m_sentence->setText(verdict.sentence);
  m_sentence->setVisible(!verdict.sentence.isEmpty());
}

void PairPanel::placeMaps() {
  // Under their columns of the grid.
  const int room = width() - 2 * metrics::panelMargin - kLabelWidth - 2 * 8;
  m_maps->setColumns(kLabelWidth + 8, kLabelWidth + 16 + room / 2);
}

void PairPanel::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  placeMaps();
}

void PairPanel::loadConfig(store::RunId run) {
  if (m_configs.contains(run)) return;
  m_configs[run] = {};  // asked for
  m_session->loadConfig(run, this, [this, run, generation = m_generation](Result<std::string> text) {
    if (generation != m_generation) return;
    m_configs[run] = text ? *text : std::string("# ") + text.error().message;
    showSettings();
  });
}

void PairPanel::showSettings() {
  if (!m_a) return;
  const store::RunId a = m_a->run.id, b = m_b ? m_b->run.id : m_a->run.id;
  const auto left = m_configs.find(a), right = m_configs.find(b);
  if (left == m_configs.end() || right == m_configs.end() || left->second.empty() || right->second.empty()) {
    m_shownSettings = {};
    m_settings->setSettings({});
    m_differences->setText(QStringLiteral("loading"));
    return;
  }
  if (m_shownSettings == std::pair(a, b)) return;
  m_shownSettings = {a, b};
  m_onlyDifferences->setVisible(m_b.has_value());
  m_settings->setDifferencesOnly(m_b && m_onlyDifferences->isChecked());
  m_table->setColumnHidden(2, !m_b);
  auto settings = compareSettings(left->second, right->second);
  if (!settings) {
    m_settings->setSettings({});
    return m_differences->setText(QString::fromStdString(settings.error().message));
  }
  m_settings->setSettings(std::move(*settings));
  m_differences->setText(m_b ? QStringLiteral("%1 of %2 settings differ")
                                   .arg(m_settings->differenceCount())
                                   .arg(m_settings->settingCount())
                             : QStringLiteral("%1 settings").arg(m_settings->settingCount()));
}

QString PairPanel::differenceText(int row) const { return m_values[static_cast<std::size_t>(row)][1]->text(); }

QString PairPanel::sentence() const { return m_sentence->isHidden() ? QString() : m_sentence->text(); }

QString PairPanel::heading() const { return m_heading->text(); }

QString PairPanel::valueText(int row, int column) const {
  return m_values[static_cast<std::size_t>(row)][column == 0 ? 0U : 2U]->text();
}

}  // namespace weft::ui
