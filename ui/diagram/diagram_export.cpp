#include "ui/diagram/diagram_export.h"

#include <fmt/format.h>

#include <QBuffer>
#include <QImage>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QSvgGenerator>

#include "engine/sharing/map_words.h"
#include "ui/diagram/sharing_scene.h"

namespace weft::ui {
namespace {

constexpr qreal kWidth = 960, kRow = 26;
constexpr int kPngScale = 3;
constexpr int kPdfDotsPerInch = 1200;

void draw(QPainter& painter, const SharingDocument& document, QSizeF size) {
  const SceneLayout layout(size, document.map().layerCount(), kRow);
  SceneState state;
  state.isFigure = true;
  paintScene(painter, layout, document, state, Theme::light());
}

QString jsonList(const sharing::SharingMap& map, int sharing::LayerSharing::*source) {
  QStringList numbers;
  for (const sharing::LayerSharing& layer : map.layers()) numbers << QString::number(layer.*source);
  return u'[' + numbers.join(QStringLiteral(", ")) + u']';
}

}  // namespace

Result<QByteArray> renderDiagram(const SharingDocument& document, const QString& ending) {
  const QSizeF size(kWidth, SceneLayout::kHeader + SceneLayout::kFooter + 2 * SceneLayout::kCaption +
                                document.map().layerCount() * kRow);
  QBuffer buffer;
  buffer.open(QIODevice::WriteOnly);
  QPainter painter;
  if (ending == QStringLiteral("svg")) {
    QSvgGenerator svg;
    svg.setOutputDevice(&buffer);
    svg.setSize(size.toSize());
    svg.setViewBox(QRectF(QPointF(), size));
    svg.setTitle(document.name());
    svg.setDescription(mapAsText(document));
    svg.setResolution(96);
    painter.begin(&svg);
    draw(painter, document, size);
    painter.end();
  } else if (ending == QStringLiteral("pdf")) {
    QPdfWriter pdf(&buffer);
    pdf.setTitle(document.name());
    pdf.setResolution(kPdfDotsPerInch);
    pdf.setPageSize(QPageSize(size * 72.0 / 96.0, QPageSize::Point, {}, QPageSize::ExactMatch));
    pdf.setPageMargins(QMarginsF());
    painter.begin(&pdf);
    painter.scale(kPdfDotsPerInch / 96.0, kPdfDotsPerInch / 96.0);
    draw(painter, document, size);
    painter.end();
  } else if (ending == QStringLiteral("png")) {
    QImage image(size.toSize() * kPngScale, QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(kPngScale);
    image.fill(Qt::white);
    image.setText(QStringLiteral("Description"), mapAsText(document));
    painter.begin(&image);
    draw(painter, document, size);
    painter.end();
    image.save(&buffer, "PNG");
  } else {
    return fail(ErrorCode::InvalidInput,
                "A diagram is written as .svg, .pdf or .png, not as ." + ending.toStdString() + ".");
  }
  return buffer.data();
}

QString mapAsText(const SharingDocument& document) { return QString::fromStdString(sharing::toText(document.map())); }

Result<QString> mapAsJson(const SharingDocument& document) {
  const sharing::SharingMap& map = document.map();
  for (int layer = 0; layer < map.layerCount(); ++layer) {
    const std::string words = sharing::secondEditionWords(map.layer(layer), layer);
    if (words.empty()) continue;
    return fail(ErrorCode::InvalidInput,
                fmt::format("A list of sources cannot say that layer {} {}; copy the map as text.", layer, words));
  }
  if (!map.hasSeparateKv()) return jsonList(map, &sharing::LayerSharing::kSource);
  return QStringLiteral("{\"k\": %1, \"v\": %2}")
      .arg(jsonList(map, &sharing::LayerSharing::kSource), jsonList(map, &sharing::LayerSharing::vSource));
}

}  // namespace weft::ui
