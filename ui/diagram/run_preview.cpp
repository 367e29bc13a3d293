#include "ui/diagram/run_preview.h"

#include <fmt/format.h>

#include <QHBoxLayout>
#include <QPainter>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/models/qt_text.h"
#include "ui/parts/icons.h"
#include "ui/parts/panel_parts.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

QString gibi(double bytes) { return toQt(fmt::format("{:.2f}", bytes / (1 << 30))); }

// An icon of the theme in a line of text.
class Mark : public QWidget {
 public:
  explicit Mark(bool differs) : m_differs(differs) { setFixedSize(16, 16); }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    const Theme& theme = Theme::current();
    paintIcon(painter, QRectF(0, 1, 14, 14), m_differs ? QStringLiteral("info") : QStringLiteral("check"),
              m_differs ? theme.accent : theme.good);
  }

 private:
  bool m_differs;
};

}  // namespace

// Weights and optimizer, activations, and what is left of the device's memory.
class FitBar : public QWidget {
 public:
  explicit FitBar(QWidget* parent = nullptr) : QWidget(parent) { setFixedHeight(30); }
  void show(const service::MemoryFit& fit) {
    m_resident = static_cast<double>(fit.needed.resident());
    m_step = static_cast<double>(fit.needed.activations.total() + fit.needed.workspace);
    m_total = fit.device ? fit.device->total_bytes : m_resident + m_step;
    setAccessibleName(names().join(QStringLiteral(", ")));
    update();
  }

 protected:
  void paintEvent(QPaintEvent*) override {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    const bool fits = m_resident + m_step <= m_total;
    const qreal scale = width() / std::max({m_total, m_resident + m_step, 1.0});
    painter.fillRect(QRectF(0, 0, width(), 6), theme.track);
    const qreal resident = std::max(1.0, std::round(m_resident * scale));
    painter.fillRect(QRectF(0, 0, resident, 6), theme.heads);
    painter.fillRect(QRectF(resident, 0, std::max(1.0, m_step * scale), 6), fits ? theme.accent : theme.error);
    if (!fits) painter.fillRect(QRectF(std::round(m_total * scale), 0, 2, 6), theme.text);
    painter.setFont(captionFont());
    const QStringList said = names();
    int left = 0;
    for (int i = 0; i < said.size(); ++i) {
      painter.fillRect(QRect(left, 17, 8, 8), i == 0 ? theme.heads : fits ? theme.accent : theme.error);
      painter.setPen(theme.text2);
      painter.drawText(QRect(left + 13, 11, width(), 18), Qt::AlignVCenter, said[i]);
      left += 13 + painter.fontMetrics().horizontalAdvance(said[i]) + 12;
    }
  }

 private:
  QStringList names() const {
    return {RunPreview::tr("weights and optimizer %1 GiB").arg(gibi(m_resident)),
            RunPreview::tr("activations %1").arg(gibi(m_step))};
  }
  double m_resident = 0, m_step = 0, m_total = 1;
};

RunPreview::RunPreview(QWidget* parent)
    : QWidget(parent),
      m_section(new PanelSection(tr("Not as the design says"))),
      m_count(new TextLabel({}, Type::Caption, Tone::Text2)),
      m_rows(new QVBoxLayout),
      m_estimate(new TextLabel({}, Type::Body)),
      m_fit(new TextLabel({}, Type::Body)),
      m_bar(new FitBar) {
  m_section->addAtHeading(m_count);
  auto* list = new QWidget;
  list->setLayout(m_rows);
  m_rows->setContentsMargins(0, 0, 0, 0);
  m_rows->setSpacing(6);
  m_section->add(list);
  auto* estimate = new PanelSection(tr("Time and memory"));
  for (TextLabel* label : {m_estimate, m_fit}) {
    label->setWordWrap(true);
    label->setTextFormat(Qt::RichText);
    estimate->add(label);
  }
  estimate->add(m_bar);
  m_estimate->setAccessibleName(tr("How long it takes"));
  m_fit->setAccessibleName(tr("Whether it fits"));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(m_section);
  layout->addWidget(estimate);
}

void RunPreview::show(const RunForecast& forecast, const service::DrawnNumbers& drawn, std::size_t runs) {
  showDifferences(forecast, drawn);
  showEstimate(forecast, runs);
}

void RunPreview::showDifferences(const RunForecast& forecast, const service::DrawnNumbers& drawn) {
  const auto all =
      forecast.run ? service::differencesFromDesign(*forecast.run, drawn) : std::vector<service::DesignDifference>{};
  QStringList sentences;
  for (const service::DesignDifference& one : all) sentences << toQt(one.number + one.reason);
  m_section->setVisible(!all.empty());
  if (sentences == m_differences) return;
  m_differences = sentences;
  while (QLayoutItem* item = m_rows->takeAt(0)) {
    delete item->widget();
    delete item;
  }
  for (const service::DesignDifference& one : all) {
    auto* row = new QWidget;
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    auto* text = new TextLabel(
        QStringLiteral("<b>%1</b>%2").arg(toQt(one.number).toHtmlEscaped(), toQt(one.reason).toHtmlEscaped()),
        Type::Caption, one.differs ? Tone::Text : Tone::Text2);
    text->setTextFormat(Qt::RichText);
    text->setWordWrap(true);
    text->setAccessibleName(toQt(one.number + one.reason));
    layout->addWidget(new Mark(one.differs), 0, Qt::AlignTop);
    layout->addWidget(text, 1);
    m_rows->addWidget(row);
  }
  const auto different = std::count_if(all.begin(), all.end(), [](const auto& one) { return one.differs; });
  m_count->setText(different == 0   ? tr("all %1 as drawn").arg(all.size())
                   : different == 1 ? tr("1 of %1 differs").arg(all.size())
                                    : tr("%1 of %2 differ").arg(different).arg(all.size()));
}

void RunPreview::showEstimate(const RunForecast& forecast, std::size_t runs) {
  m_estimate->setVisible(forecast.problem.isEmpty());
  if (forecast.estimate) {
    const double seconds = forecast.estimate->seconds;
    QString text = QStringLiteral("<b>%1</b>, %2")
                       .arg(tr("about %1").arg(toQt(service::aboutDuration(seconds))),
                            toQt(forecast.estimate->basis).toHtmlEscaped());
    if (runs > 1)
      text += tr("; %1 runs one after the other: about %2")
                  .arg(runs)
                  .arg(toQt(service::aboutDuration(seconds * static_cast<double>(runs))));
    m_estimate->setText(text);
  } else if (forecast.isTrying) {
    m_estimate->setText(tr("How long it takes: a few steps are being tried out…"));
  } else if (!forecast.whyUnknown.isEmpty()) {
    m_estimate->setText(tr("How long it takes is not known: %1").arg(forecast.whyUnknown.toHtmlEscaped()));
  } else {
    m_estimate->setText({});
  }
  m_fit->setVisible(forecast.fit.has_value());
  m_bar->setVisible(forecast.fit.has_value());
  if (!forecast.fit) return;
  m_fit->setTone(!forecast.fit->fits ? Tone::Error : !forecast.fit->fitsNow ? Tone::Warning : Tone::Good);
  m_fit->setText(toQt(forecast.fit->sentence()).toHtmlEscaped());
  m_bar->show(*forecast.fit);
}

QString RunPreview::estimate() const {
  QString text = m_estimate->text();
  return text.remove(QStringLiteral("<b>")).remove(QStringLiteral("</b>"));
}

QString RunPreview::fit() const { return m_fit->text(); }

}  // namespace weft::ui
