#include "ui/monitor/monitor_controls.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QMenu>
#include <QPushButton>
#include <QSettings>
#include <QSignalBlocker>
#include <QSlider>
#include <algorithm>
#include <array>
#include <cmath>

#include "ui/parts/icons.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

// Where the slider stops: even steps of the number of points that an average spans.
constexpr std::array<double, 14> kWeights{0,    0.5,  0.7,   0.8,  0.9,   0.93,  0.95,
                                          0.97, 0.98, 0.985, 0.99, 0.995, 0.998, 0.999};

const QString kX = QStringLiteral("monitor/x"), kSmoothing = QStringLiteral("monitor/smoothing"),
              kRaw = QStringLiteral("monitor/raw"), kLogY = QStringLiteral("monitor/log_y");

int stopOf(double weight) {
  std::size_t nearest = 0;
  for (std::size_t i = 0; i < kWeights.size(); ++i)
    if (std::abs(kWeights[i] - weight) < std::abs(kWeights[nearest] - weight)) nearest = i;
  return static_cast<int>(nearest);
}

}  // namespace

void addExportFormats(QMenu* menu, QObject* context, std::function<void(const QString& format)> chosen) {
  const std::array<std::pair<const char*, const char*>, 4> formats{
      {{"pdf", "PDF, for LaTeX"}, {"svg", "SVG"}, {"png", "PNG, 300 dpi"}, {"csv", "CSV, the plotted data"}}};
  for (const auto& [format, text] : formats)
    QObject::connect(menu->addAction(QStringLiteral("%1...").arg(QLatin1String(text))), &QAction::triggered, context,
                     [chosen, format = QString::fromLatin1(format)] { chosen(format); });
}

MonitorControls::MonitorControls(QWidget* parent) : QWidget(parent) {
  const QSettings settings;
  m_options.x = static_cast<XAxis>(std::clamp(settings.value(kX, 0).toInt(), 0, 2));
  m_options.smoothing = kWeights[static_cast<std::size_t>(stopOf(settings.value(kSmoothing, 0.9).toDouble()))];
  m_options.raw = settings.value(kRaw, true).toBool();
  m_options.logY = settings.value(kLogY, false).toBool();

  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(8);
  row->addWidget(new TextLabel(QStringLiteral("x"), Type::Body, Tone::Text2));
  m_x = new QComboBox;
  m_x->setAccessibleName(QStringLiteral("What the horizontal axis counts"));
  m_x->addItems({QStringLiteral("Steps"), QStringLiteral("Tokens"), QStringLiteral("Time")});
  row->addWidget(m_x);
  row->addSpacing(8);
  row->addWidget(new TextLabel(QStringLiteral("Smoothing"), Type::Body, Tone::Text2));
  m_smoothing = new QSlider(Qt::Horizontal);
  m_smoothing->setRange(0, static_cast<int>(kWeights.size()) - 1);
  m_smoothing->setPageStep(2);
  m_smoothing->setFixedWidth(96);
  m_smoothing->setAccessibleName(QStringLiteral("Smoothing"));
  m_smoothing->setToolTip(
      QStringLiteral("Weight of the past in the exponential moving average; at the left end the values themselves"));
  row->addWidget(m_smoothing);
  m_weight = new TextLabel({}, Type::Body);
  m_weight->setFixedWidth(QFontMetrics(bodyFont()).horizontalAdvance(QStringLiteral("0.9999")));
  row->addWidget(m_weight);
  m_raw = new QCheckBox(QStringLiteral("Raw"));
  m_raw->setToolTip(QStringLiteral("Lowest and highest raw values behind the average"));
  row->addWidget(m_raw);
  row->addSpacing(4);
  m_logY = new QCheckBox(QStringLiteral("Log y"));
  row->addWidget(m_logY);
  row->addSpacing(4);
  m_charts = new QPushButton(QStringLiteral("Charts"));
  m_charts->setToolTip(QStringLiteral("Which small charts are shown"));
  m_chartsMenu = new QMenu(m_charts);
  m_charts->setMenu(m_chartsMenu);
  row->addWidget(m_charts);
  auto* exportButton = new QPushButton(icon(QStringLiteral("export")), QStringLiteral("Export"));
  exportButton->setToolTip(
      QStringLiteral("The loss chart as a figure or as data (Ctrl+E); other charts by their context menu"));
  m_exportMenu = new QMenu(exportButton);
  addExportFormats(m_exportMenu, this, [this](const QString& format) { Q_EMIT exportRequested(format); });
  exportButton->setMenu(m_exportMenu);
  row->addWidget(exportButton);
  setOptions(m_options);

  connect(m_x, &QComboBox::currentIndexChanged, this, &MonitorControls::apply);
  connect(m_smoothing, &QSlider::valueChanged, this, &MonitorControls::apply);
  connect(m_raw, &QCheckBox::toggled, this, &MonitorControls::apply);
  connect(m_logY, &QCheckBox::toggled, this, &MonitorControls::apply);
}

void MonitorControls::setOptions(const ChartOptions& options) {
  const QSignalBlocker x(m_x), smoothing(m_smoothing), raw(m_raw), logY(m_logY);
  m_x->setCurrentIndex(static_cast<int>(options.x));
  m_smoothing->setValue(stopOf(options.smoothing));
  m_raw->setChecked(options.raw);
  m_logY->setChecked(options.logY);
  apply();
}

void MonitorControls::apply() {
  const ChartOptions before = m_options;
  m_options = {.x = static_cast<XAxis>(m_x->currentIndex()),
               .smoothing = kWeights[static_cast<std::size_t>(m_smoothing->value())],
               .raw = m_raw->isChecked(),
               .logY = m_logY->isChecked()};
  m_weight->setText(m_options.smoothing > 0 ? QString::number(m_options.smoothing) : QStringLiteral("off"));
  m_raw->setEnabled(m_options.smoothing > 0);
  if (m_options == before) return;
  QSettings settings;
  settings.setValue(kX, static_cast<int>(m_options.x));
  settings.setValue(kSmoothing, m_options.smoothing);
  settings.setValue(kRaw, m_options.raw);
  settings.setValue(kLogY, m_options.logY);
  Q_EMIT optionsChanged(m_options);
}

void MonitorControls::setCharts(const std::vector<std::pair<std::string, bool>>& charts) {
  m_charts->setEnabled(!charts.empty());
  const bool isSame = std::equal(
      charts.begin(), charts.end(), m_chartsMenu->actions().begin(), m_chartsMenu->actions().end(),
      [](const auto& chart, const QAction* action) { return action->data().toString().toStdString() == chart.first; });
  if (isSame) return;
  m_chartsMenu->clear();
  for (const auto& [metric, isShown] : charts) {
    QAction* action = m_chartsMenu->addAction(metricText(metric).title);
    action->setData(QString::fromStdString(metric));
    action->setCheckable(true);
    action->setChecked(isShown);
    connect(action, &QAction::toggled, this, [this, metric = metric](bool on) { Q_EMIT chartToggled(metric, on); });
  }
}

}  // namespace weft::ui
