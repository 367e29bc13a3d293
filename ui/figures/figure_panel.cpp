#include "ui/figures/figure_panel.h"

#include <QButtonGroup>
#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QGridLayout>
#include <QLineEdit>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>
#include <algorithm>
#include <array>
#include <cmath>

#include "engine/protocol/metrics.h"
#include "ui/figures/panel_lines.h"
#include "ui/paper/figure_scene.h"
#include "ui/parts/filter_field.h"
#include "ui/parts/icons.h"
#include "ui/parts/panel_parts.h"
#include "ui/parts/weft_style.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

constexpr std::array<double, 3> kWidths{3.25, 5.5, 6.75};
constexpr std::array<const char*, 4> kFormats{"pdf", "svg", "png", "csv"};
// Width over height; 0 stands for the golden ratio, which the figure knows itself.
constexpr std::array<std::pair<const char*, double>, 4> kRatios{
    {{"golden ratio", 0}, {"4 : 3", 4.0 / 3}, {"3 : 2", 1.5}, {"square", 1}}};

double heightAt(int ratio, double width_in) {
  const double value = kRatios[static_cast<std::size_t>(ratio)].second;
  return value == 0 ? 0 : std::round(width_in / value * 100) / 100;
}

// The ratio that the figure's height was chosen by; kRatios.size() for a height of its own.
int ratioOf(const FigureOptions& options) {
  for (int i = 0; i < static_cast<int>(kRatios.size()); ++i)
    if (std::abs(options.height_in - heightAt(i, options.width_in)) < 0.006) return i;
  return static_cast<int>(kRatios.size());
}

}  // namespace

FigurePanel::FigurePanel(QWidget* parent) : QWidget(parent), m_snapshot(std::make_shared<RunsSnapshot>()) {
  setAccessibleName(QStringLiteral("Options of the figure"));
  setMinimumWidth(300);
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  auto* scroll = new QScrollArea;
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setFocusPolicy(Qt::NoFocus);
  auto* body = new Surface(Surface::Fill::Panel);
  auto* column = new QVBoxLayout(body);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(buildFigure());
  column->addWidget(buildSize());
  column->addWidget(buildType());
  column->addWidget(buildShow());
  column->addWidget(buildExport());
  auto* source = new PanelSection(QStringLiteral("Source"));
  auto* facts = new QWidget;
  m_source = new QFormLayout(facts);
  m_source->setContentsMargins(0, 0, 0, 0);
  m_source->setHorizontalSpacing(8);
  m_source->setVerticalSpacing(4);
  source->add(facts);
  column->addWidget(source);
  column->addStretch(1);
  scroll->setWidget(body);
  outer->addWidget(scroll);
  setFigure({});
}

QComboBox* FigurePanel::box(const QString& name, const QStringList& items,
                            std::function<void(FigureDocument&, int)> change) {
  auto* made = new QComboBox;
  made->addItems(items);
  made->setAccessibleName(name);
  made->setMinimumWidth(40);
  connect(made, &QComboBox::currentIndexChanged, this, [this, change = std::move(change)](int index) {
    if (index >= 0) edit([&](FigureDocument& figure) { change(figure, index); });
  });
  return made;
}

QDoubleSpinBox* FigurePanel::number(const QString& name, double low, double high, double step, const QString& unit,
                                    std::function<void(FigureDocument&, double)> change) {
  auto* made = new QDoubleSpinBox;
  made->setLocale(QLocale(QLocale::English, QLocale::UnitedStates));
  made->setRange(low, high);
  made->setSingleStep(step);
  made->setDecimals(step * 10 == std::floor(step * 10) ? 1 : 2);
  made->setSuffix(unit.isEmpty() ? QString() : u' ' + unit);
  made->setKeyboardTracking(false);
  made->setAccessibleName(name);
  connect(made, &QDoubleSpinBox::valueChanged, this, [this, change = std::move(change)](double value) {
    edit([&](FigureDocument& figure) { change(figure, value); });
  });
  return made;
}

QCheckBox* FigurePanel::check(const QString& text, std::function<void(FigureDocument&, bool)> change) {
  auto* made = new QCheckBox(text);
  connect(made, &QCheckBox::toggled, this,
          [this, change = std::move(change)](bool on) { edit([&](FigureDocument& figure) { change(figure, on); }); });
  return made;
}

QWidget* FigurePanel::buildFigure() {
  auto* section = new PanelSection(QStringLiteral("Figure"));
  m_title = new QLineEdit;
  m_title->setAccessibleName(QStringLiteral("Title"));
  connect(m_title, &QLineEdit::textEdited, this,
          [this](const QString& text) { edit([&](FigureDocument& figure) { figure.title = text; }); });
  section->add(panelLine(QStringLiteral("Title"), {m_title}));
  QStringList kinds;
  for (const FigureKind kind : {FigureKind::Pareto, FigureKind::Curves, FigureKind::SharingMaps})
    kinds << kindTitle(kind);
  m_kind = box(QStringLiteral("Kind"), kinds,
               [](FigureDocument& figure, int i) { figure.options.kind = static_cast<FigureKind>(i); });
  section->add(panelLine(QStringLiteral("Kind"), {m_kind}));
  QStringList xs, ys, metrics;
  for (const ParetoX x : {ParetoX::KvBytes, ParetoX::KvMeasured, ParetoX::Parameters}) xs << titleOf(x);
  for (const ParetoY y : {ParetoY::Perplexity, ParetoY::BestPerplexity, ParetoY::LastLoss}) ys << titleOf(y);
  for (const protocol::Metric& metric : protocol::metrics()) metrics << QString::fromStdString(metric.title);
  m_x = box(QStringLiteral("Horizontal axis"), xs,
            [](FigureDocument& figure, int i) { figure.options.x = static_cast<ParetoX>(i); });
  m_y = box(QStringLiteral("Vertical axis"), ys,
            [](FigureDocument& figure, int i) { figure.options.y = static_cast<ParetoY>(i); });
  m_metric = box(QStringLiteral("Metric"), metrics, [](FigureDocument& figure, int i) {
    figure.options.metric = protocol::metrics()[static_cast<std::size_t>(i)].name;
  });
  m_paretoParts = {panelLine(QStringLiteral("x"), {m_x}), panelLine(QStringLiteral("y"), {m_y})};
  m_curveParts = {panelLine(QStringLiteral("y"), {m_metric})};
  for (QWidget* part : {m_paretoParts[0], m_paretoParts[1], m_curveParts[0]}) section->add(part);
  m_which = box(
      QStringLiteral("Runs"),
      {QStringLiteral("all that are not archived"), QStringLiteral("by filter"), QStringLiteral("ticked in a list")},
      [](FigureDocument& figure, int i) { figure.which = static_cast<FigureRuns>(i); });
  section->add(panelLine(QStringLiteral("Runs"), {m_which}));
  m_filter = new FilterField;
  m_filter->setAccessibleName(QStringLiteral("Filter of the figure's runs"));
  m_filter->setValueSource([this](const QString& field) { return RunFilter::values(field, m_snapshot->runs); });
  TextLabel* filterError = makeErrorLabel(m_filter);
  filterError->setWordWrap(true);
  connect(m_filter, &FilterField::filterChanged, this,
          [this] { edit([this](FigureDocument& figure) { figure.filter = m_filter->text(); }); });
  m_choose = new QPushButton(QStringLiteral("Tick runs..."));
  connect(m_choose, &QPushButton::clicked, this, &FigurePanel::chooseRunsRequested);
  section->add(m_filter);
  section->add(filterError);
  section->add(m_choose);
  m_baseline = box(QStringLiteral("Baseline"), {}, [this](FigureDocument& figure, int i) {
    figure.options.baseline = {m_baseline->itemData(i).toLongLong()};
  });
  m_plotParts.push_back(panelLine(QStringLiteral("Baseline"), {m_baseline}));
  section->add(m_plotParts.back());
  return section;
}

QWidget* FigurePanel::buildSize() {
  auto* section = new PanelSection(QStringLiteral("Size"));
  m_widths = new QButtonGroup(this);
  QStringList texts;
  for (const double width : kWidths) texts << QString::number(width);
  m_width =
      number(QStringLiteral("Width"), 1, 20, 0.25, QStringLiteral("in"), [](FigureDocument& figure, double value) {
        // A figure of a chosen ratio keeps it.
        const int chosen = ratioOf(figure.options);
        figure.options.width_in = value;
        if (chosen > 0 && chosen < static_cast<int>(kRatios.size())) figure.options.height_in = heightAt(chosen, value);
      });
  connect(m_widths, &QButtonGroup::idClicked, this,
          [this](int id) { m_width->setValue(kWidths[static_cast<std::size_t>(id)]); });
  section->add(panelLine(QStringLiteral("Width"), {segments(m_widths, texts)}));
  section->addAtHeading(m_width);
  QStringList ratios;
  for (const auto& [name, ratio] : kRatios) ratios << QString::fromUtf8(name);
  ratios << QStringLiteral("as dragged");
  m_height = box(QStringLiteral("Height"), ratios, [](FigureDocument& figure, int i) {
    if (i >= static_cast<int>(kRatios.size())) return;
    figure.options.height_in = heightAt(i, figure.options.width_in);
  });
  section->add(panelLine(QStringLiteral("Height"), {m_height}));
  return section;
}

QWidget* FigurePanel::buildType() {
  auto* section = new PanelSection(QStringLiteral("Type and lines"));
  m_font = box(QStringLiteral("Font"), {QStringLiteral("Sans"), QStringLiteral("Times")},
               [](FigureDocument& figure, int i) { figure.options.font = static_cast<FigureFont>(i); });
  m_fontSize = number(QStringLiteral("Font size"), 4, 36, 0.5, QStringLiteral("pt"),
                      [](FigureDocument& figure, double value) { figure.options.fontSize_pt = value; });
  m_tickSize = number(QStringLiteral("Size of ticks and legend"), 4, 36, 0.5, QStringLiteral("pt"),
                      [](FigureDocument& figure, double value) { figure.options.tickSize_pt = value; });
  m_lineWidth = number(QStringLiteral("Line width"), 0.2, 6, 0.1, QStringLiteral("pt"),
                       [](FigureDocument& figure, double value) { figure.options.lineWidth_pt = value; });
  m_markerSize = number(QStringLiteral("Marker size"), 1, 20, 0.5, QStringLiteral("pt"),
                        [](FigureDocument& figure, double value) { figure.options.markerSize_pt = value; });
  section->add(panelLine(QStringLiteral("Font"), {m_font, m_fontSize}));
  section->add(panelLine(QStringLiteral("Ticks, legend"), {m_tickSize}));
  QWidget* lines = panelLine(QStringLiteral("Line, marker"), {m_lineWidth, m_markerSize});
  section->add(lines);
  m_plotParts.push_back(lines);
  m_paretoParts.push_back(m_markerSize);
  return section;
}

QWidget* FigurePanel::buildShow() {
  auto* section = new PanelSection(QStringLiteral("Show"));
  auto* grid = new QWidget;
  auto* cells = new QGridLayout(grid);
  cells->setContentsMargins(0, 0, 0, 0);
  cells->setVerticalSpacing(8);
  m_labels = check(QStringLiteral("Labels"), [](FigureDocument& figure, bool on) { figure.options.labels = on; });
  m_grid = check(QStringLiteral("Grid"), [](FigureDocument& figure, bool on) { figure.options.grid = on; });
  m_frontier = check(QStringLiteral("Frontier"), [](FigureDocument& figure, bool on) { figure.options.frontier = on; });
  m_dominated =
      check(QStringLiteral("Dominated"), [](FigureDocument& figure, bool on) { figure.options.dominated = on; });
  m_paper =
      check(QStringLiteral("Paper, Table 1"), [](FigureDocument& figure, bool on) { figure.options.paperTable = on; });
  m_band = check(QStringLiteral("Raw range"), [](FigureDocument& figure, bool on) { figure.options.rawBand = on; });
  cells->addWidget(m_labels, 0, 0);
  cells->addWidget(m_grid, 0, 1);
  cells->addWidget(m_frontier, 1, 0);
  cells->addWidget(m_dominated, 1, 1);
  cells->addWidget(m_paper, 2, 0);
  cells->addWidget(m_band, 2, 1);
  section->add(grid);
  m_smoothing = number(QStringLiteral("Smoothing"), 0, 0.99, 0.05, {},
                       [](FigureDocument& figure, double value) { figure.options.smoothing = value; });
  m_curveParts.push_back(panelLine(QStringLiteral("Smoothing"), {m_smoothing}));
  section->add(m_curveParts.back());
  m_legend = box(
      QStringLiteral("Legend"),
      {QStringLiteral("where there is room"), QStringLiteral("top right"), QStringLiteral("top left"),
       QStringLiteral("bottom left"), QStringLiteral("bottom right"), QStringLiteral("below"), QStringLiteral("none")},
      [](FigureDocument& figure, int i) { figure.options.legend = static_cast<FigureLegend>(i); });
  m_plotParts.push_back(panelLine(QStringLiteral("Legend"), {m_legend}));
  section->add(m_plotParts.back());
  for (QWidget* part :
       {static_cast<QWidget*>(m_frontier), static_cast<QWidget*>(m_dominated), static_cast<QWidget*>(m_paper)})
    m_paretoParts.push_back(part);
  m_curveParts.push_back(m_band);
  m_plotParts.push_back(m_grid);
  return section;
}

QWidget* FigurePanel::buildExport() {
  auto* section = new PanelSection(QStringLiteral("Export"));
  m_target = new TextLabel({}, Type::Caption, Tone::Text2);
  m_target->setElided(true);
  m_target->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  section->addAtHeading(m_target);
  m_formats = new QButtonGroup(this);
  QStringList names;
  for (const char* format : kFormats) names << QString::fromLatin1(format).toUpper();
  section->add(segments(m_formats, names));
  m_formats->button(0)->setChecked(true);
  connect(m_formats, &QButtonGroup::idClicked, this, [this] {
    showParts();
    Q_EMIT formatChanged();
  });
  m_svgText = box(QStringLiteral("Text in the SVG"), {QStringLiteral("as outlines"), QStringLiteral("as text")},
                  [](FigureDocument& figure, int i) { figure.options.svgText = static_cast<SvgText>(i); });
  m_svgParts = {panelLine(QStringLiteral("Text"), {m_svgText})};
  section->add(m_svgParts[0]);
  m_export = new QPushButton(icon(QStringLiteral("export")), QStringLiteral("Export"));
  m_export->setToolTip(QStringLiteral("Into the project's figures folder (Ctrl+E)"));
  m_exportTo = new QPushButton(QStringLiteral("Export to..."));
  connect(m_export, &QPushButton::clicked, this, &FigurePanel::exportRequested);
  connect(m_exportTo, &QPushButton::clicked, this, &FigurePanel::exportToRequested);
  section->add(fieldRow({m_export, m_exportTo}));
  auto* checks = new QWidget;
  m_checks = new QVBoxLayout(checks);
  m_checks->setContentsMargins(0, 4, 0, 0);
  m_checks->setSpacing(4);
  section->add(checks);
  return section;
}

void FigurePanel::edit(const std::function<void(FigureDocument&)>& change) {
  if (m_isShowing) return;
  change(m_figure);
  showParts();
  Q_EMIT changed(m_figure);
}

void FigurePanel::showParts() {
  const FigureKind kind = m_figure.options.kind;
  for (QWidget* part : m_plotParts) part->setVisible(kind != FigureKind::SharingMaps);
  for (QWidget* part : m_paretoParts) part->setVisible(kind == FigureKind::Pareto);
  for (QWidget* part : m_curveParts) part->setVisible(kind == FigureKind::Curves);
  for (QWidget* part : m_svgParts) part->setVisible(format() == QStringLiteral("svg"));
  m_filter->setVisible(m_figure.which == FigureRuns::Filter);
  m_choose->setVisible(m_figure.which == FigureRuns::Listed);
  m_band->setEnabled(m_figure.options.smoothing > 0);
  for (int i = 0; i < static_cast<int>(kWidths.size()); ++i) {
    // An exclusive group holds on to its last button.
    m_widths->setExclusive(false);
    m_widths->button(i)->setChecked(std::abs(kWidths[static_cast<std::size_t>(i)] - m_figure.options.width_in) < 1e-9);
    m_widths->setExclusive(true);
  }
}

void FigurePanel::setFigure(const FigureDocument& figure) {
  m_isShowing = true;
  m_figure = figure;
  const FigureOptions& options = figure.options;
  if (m_title->text() != figure.title) {
    m_title->setText(figure.title);
    m_title->setCursorPosition(0);
  }
  m_kind->setCurrentIndex(static_cast<int>(options.kind));
  m_x->setCurrentIndex(static_cast<int>(options.x));
  m_y->setCurrentIndex(static_cast<int>(options.y));
  const protocol::Metric* metric = protocol::findMetric(options.metric);
  m_metric->setCurrentIndex(metric ? static_cast<int>(metric - protocol::metrics().data()) : -1);
  m_which->setCurrentIndex(static_cast<int>(figure.which));
  if (!m_filter->hasFocus() && m_filter->text() != figure.filter) m_filter->setText(figure.filter);
  m_baseline->setCurrentIndex(std::max(0, m_baseline->findData(static_cast<qlonglong>(options.baseline.value))));
  m_width->setValue(options.width_in);
  m_height->setCurrentIndex(ratioOf(options));
  m_font->setCurrentIndex(static_cast<int>(options.font));
  m_fontSize->setValue(options.fontSize_pt);
  m_tickSize->setValue(tickSize_pt(options));
  m_lineWidth->setValue(options.lineWidth_pt);
  m_markerSize->setValue(options.markerSize_pt);
  m_smoothing->setValue(options.smoothing);
  m_legend->setCurrentIndex(static_cast<int>(options.legend));
  m_labels->setChecked(options.labels);
  m_grid->setChecked(options.grid);
  m_frontier->setChecked(options.frontier);
  m_dominated->setChecked(options.dominated);
  m_paper->setChecked(options.paperTable);
  m_band->setChecked(options.rawBand);
  m_svgText->setCurrentIndex(static_cast<int>(options.svgText));
  m_isShowing = false;
  showParts();
}

void FigurePanel::setSnapshot(std::shared_ptr<const RunsSnapshot> snapshot) {
  m_snapshot = std::move(snapshot);
  std::vector<std::pair<QString, qlonglong>> items{{QStringLiteral("none"), 0}};
  for (const store::RunSummary& run : m_snapshot->runs)
    if (!run.archived) items.emplace_back(m_snapshot->label(run), run.id.value);
  bool isSame = m_baseline->count() == static_cast<int>(items.size());
  for (int i = 0; isSame && i < m_baseline->count(); ++i)
    isSame = m_baseline->itemText(i) == items[static_cast<std::size_t>(i)].first &&
             m_baseline->itemData(i) == items[static_cast<std::size_t>(i)].second;
  if (isSame) return;
  m_isShowing = true;
  m_baseline->clear();
  for (const auto& [name, id] : items) m_baseline->addItem(name, id);
  m_baseline->setCurrentIndex(
      std::max(0, m_baseline->findData(static_cast<qlonglong>(m_figure.options.baseline.value))));
  m_isShowing = false;
}

void FigurePanel::setChecks(const QStringList& checks, const QStringList& problems) {
  const QStringList all = checks + problems;
  if (all == m_shownChecks) return;
  m_shownChecks = all;
  while (QLayoutItem* item = m_checks->takeAt(0)) {
    delete item->widget();
    delete item;
  }
  for (const QString& text : checks) m_checks->addWidget(checkLine(text, true));
  for (const QString& text : problems) m_checks->addWidget(checkLine(text, false));
}

void FigurePanel::setSource(const std::vector<std::pair<QString, QString>>& source) {
  while (m_source->rowCount() > 0) m_source->removeRow(0);
  for (const auto& [name, value] : source) {
    auto* label = new TextLabel(name, Type::Body, Tone::Text2);
    label->setFixedWidth(kPanelLabel);
    auto* text = new TextLabel(value);
    text->setElided(true);
    m_source->addRow(label, text);
  }
}

QString FigurePanel::format() const {
  return QString::fromLatin1(kFormats[static_cast<std::size_t>(std::max(0, m_formats->checkedId()))]);
}

void FigurePanel::setFormat(const QString& format) {
  for (std::size_t i = 0; i < kFormats.size(); ++i)
    if (format == QLatin1String(kFormats[i])) m_formats->button(static_cast<int>(i))->click();
}

void FigurePanel::setExportTarget(const QString& text) { m_target->setText(text); }

void FigurePanel::setExportEnabled(bool enabled) {
  m_export->setEnabled(enabled);
  m_exportTo->setEnabled(enabled);
}

}  // namespace weft::ui
