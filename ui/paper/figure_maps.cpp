#include <QFontMetricsF>
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

#include "engine/base/text.h"
#include "engine/sharing/map_text.h"
#include "ui/models/qt_text.h"
#include "ui/models/run_text.h"
#include "ui/paper/figure_scene.h"
#include "ui/parts/sharing_painter.h"

namespace weft::ui {
namespace {

constexpr double kLeastColumn_in = 0.85, kColumnGap_in = 0.15;
// The painter draws with the window's caption font; the scale makes that the figure's tick size.
constexpr double kRow_px = 11, kHighRow_px = 16, kLeastRow_px = 5;
constexpr int kFewLayers = 12;  // every row has room for its number
constexpr double kHighestDiagram_in = 4;
constexpr std::size_t kMostMaps = 24;  // more runs: equal maps are drawn once, and of different ones so many

struct Map {
  QString name, cost;
  sharing::SharingMap map;
  int kvHeads = 1;
  double slotBytes = 0;  // per token, on average
  double barShare = 1;   // of the widest slot in the figure
};

std::optional<sharing::SharingMap> parsed(const FigureRun& run) {
  const auto map = sharing::parseMap(run.summary.map, {.layers = std::nullopt, .upward = sharing::UpwardReads::Allow});
  return map ? std::optional(*map) : std::nullopt;
}

struct Maps {
  std::vector<Map> maps;
  std::size_t different = 0;  // of which these are drawn
};

// Of many runs equal maps are one diagram, named by its first run and how many there are.
Maps mapsOf(const std::vector<FigureRun>& runs) {
  Maps found;
  double widest = 0;
  const bool merges = runs.size() > kMostMaps;
  std::map<std::tuple<std::string, int, double>, std::size_t> places;
  std::vector<std::size_t> counts;
  const QStringList labels = figureLabels(runs);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const FigureRun& run = runs[i];
    const store::RunSummary& summary = run.summary;
    const auto [known, isNew] =
        places.try_emplace({summary.map, summary.kvHeads, summary.kvBytesPerToken}, counts.size());
    if (merges && !isNew) {
      if (known->second < counts.size()) ++counts[known->second];
      continue;
    }
    const auto map = parsed(run);
    if (!map) {
      known->second = runs.size();  // of no diagram
      continue;
    }
    counts.push_back(1);
    if (merges && found.maps.size() == kMostMaps) continue;
    const auto slotCount = static_cast<int>(map->producers().size());
    const double bytes = summary.kvBytesPerToken;
    const QString cost =
        bytes > 0 ? QStringLiteral("%1 × %2 B").arg(slotCount).arg(bytesPerTokenText(bytes / slotCount)) : QString();
    found.maps.push_back(
        {labels[static_cast<qsizetype>(i)], cost, *map, std::max(1, summary.kvHeads), bytes / slotCount});
    widest = std::max(widest, bytes / slotCount);
  }
  found.different = counts.size();
  // Bars to scale over the whole figure, but never invisible.
  for (std::size_t i = 0; i < found.maps.size(); ++i) {
    Map& map = found.maps[i];
    if (widest > 0 && map.slotBytes > 0) map.barShare = std::max(0.03, map.slotBytes / widest);
    if (counts[i] > 1)
      map.name = QStringLiteral("%1 (%2 runs)")
                     .arg(map.name, QString::fromStdString(groupDigits(static_cast<std::int64_t>(counts[i]))));
  }
  return found;
}

// Where everything lies, in units.
struct Layout {
  int columns = 1, rows = 1;
  double width = 0, column = 0, gap = 0, title = 0, diagram = 0, scale = 1;

  Layout(const FigureOptions& options, const std::vector<Map>& maps) {
    width = options.width_in * kUnitsPerInch;
    gap = kColumnGap_in * kUnitsPerInch;
    const int count = static_cast<int>(maps.size());
    columns = std::clamp(static_cast<int>((width + gap) / (kLeastColumn_in * kUnitsPerInch + gap)), 1, count);
    rows = (count + columns - 1) / columns;
    columns = (count + rows - 1) / rows;
    column = (width - (columns - 1) * gap) / columns;
    scale = tickSize_pt(options) * kUnitsPerPoint / std::max(1, captionFont().pixelSize());
    title = options.labels ? std::ceil(QFontMetricsF(figureFont(options, tickSize_pt(options))).height() * 2.3) : 0;
    int layers = 1;
    for (const Map& map : maps) layers = std::max(layers, map.map.layerCount());
    const double row = std::clamp(kHighestDiagram_in * kUnitsPerInch / scale / layers, kLeastRow_px,
                                  layers <= kFewLayers ? kHighRow_px : kRow_px);
    diagram = layers * row * scale;
    if (options.height_in > 0)
      diagram = std::max(kUnitsPerPoint * 20, (options.height_in * kUnitsPerInch - (rows - 1) * gap) / rows - title);
  }
  QSize size() const {
    return {static_cast<int>(std::lround(width)),
            static_cast<int>(std::ceil(rows * (title + diagram) + (rows - 1) * gap))};
  }
};

class MapsScene : public FigureScene {
 public:
  MapsScene(const FigureOptions& options, Maps maps) : MapsScene(options, Layout(options, maps.maps), maps.maps) {
    if (maps.different > maps.maps.size())
      m_problems << QStringLiteral("%1 of %2 different maps are drawn, the first ones")
                        .arg(maps.maps.size())
                        .arg(maps.different);
  }
  QStringList problems() const override { return m_problems; }

 protected:
  void paintInto(QCPPainter& painter) override {
    const QFont font = figureFont(m_options, tickSize_pt(m_options));
    QFont strong = font;
    strong.setWeight(QFont::DemiBold);
    const QFontMetricsF metrics(font);
    for (std::size_t i = 0; i < m_maps.size(); ++i) {
      const Map& map = m_maps[i];
      const double left =
          static_cast<double>(static_cast<int>(i) % m_layout.columns) * (m_layout.column + m_layout.gap);
      const double top = static_cast<double>(static_cast<int>(i) / m_layout.columns) *
                         (m_layout.title + m_layout.diagram + m_layout.gap);
      if (m_options.labels) {
        painter.setPen(Qt::black);
        painter.setFont(font);
        painter.drawText(QPointF(left, top + metrics.ascent()),
                         metrics.elidedText(map.name, Qt::ElideMiddle, m_layout.column));
        painter.setPen(QColor(0x4A, 0x52, 0x5D));
        painter.drawText(QPointF(left, top + metrics.ascent() + metrics.lineSpacing()), map.cost);
      }
      painter.save();
      painter.translate(left, top + m_layout.title);
      painter.scale(m_layout.scale, m_layout.scale);
      // Maps of fewer layers stand on the same ground as the deepest.
      paintMiniDiagram(painter, QRectF(0, 0, m_layout.column / m_layout.scale, m_layout.diagram / m_layout.scale),
                       map.map, map.kvHeads, Theme::light(), map.barShare);
      painter.restore();
    }
  }

 private:
  MapsScene(const FigureOptions& options, const Layout& layout, std::vector<Map> maps)
      : FigureScene(layout.size()), m_options(options), m_layout(layout), m_maps(std::move(maps)) {}

  FigureOptions m_options;
  Layout m_layout;
  std::vector<Map> m_maps;
  QStringList m_problems;
};

}  // namespace

Result<std::unique_ptr<FigureScene>> makeMapsScene(const FigureOptions& options, const std::vector<FigureRun>& runs) {
  Maps maps = mapsOf(runs);
  if (maps.maps.empty())
    return fail(ErrorCode::InvalidInput,
                runs.empty() ? "There is no run to plot." : "No run has a sharing map that can be drawn.");
  return std::make_unique<MapsScene>(options, std::move(maps));
}

QString mapsCsv(const std::vector<FigureRun>& runs) {
  QStringList lines{QStringLiteral("id,name,layer,k_source,v_source")};
  for (const FigureRun& run : runs) {
    const auto map = parsed(run);
    for (int layer = 0; map && layer < map->layerCount(); ++layer)
      lines << QStringList{QString::number(run.summary.id.value), csvField(QString::fromStdString(run.summary.name)),
                           QString::number(layer), QString::number(map->layer(layer).kSource),
                           QString::number(map->layer(layer).vSource)}
                   .join(u',');
  }
  return lines.join(u'\n') + u'\n';
}

}  // namespace weft::ui
