// Pictures of maps: colours by group, every density in both themes, hit tests by arithmetic.
#include <QImage>
#include <QSvgRenderer>
#include <algorithm>

#include "engine/sharing/generators.h"
#include "tests/ui/diagram_fixture.h"
#include "ui/diagram/diagram_export.h"
#include "ui/diagram/sharing_scene.h"
#include "ui/parts/sharing_painter.h"

namespace weft::ui {
namespace {

using Diagram = DiagramTest;

QImage canvas(QSize size, const Theme& theme, qreal scale = 1) {
  QImage image(size * scale, QImage::Format_RGB32);
  image.setDevicePixelRatio(scale);
  image.fill(theme.panel);
  return image;
}

// How many pixels have exactly this colour.
int count(const QImage& image, const QColor& color) {
  int found = 0;
  const QRgb wanted = color.rgb();
  for (int y = 0; y < image.height(); ++y) {
    const auto* line = reinterpret_cast<const QRgb*>(image.constScanLine(y));
    found += static_cast<int>(
        std::count_if(line, line + image.width(), [wanted](QRgb pixel) { return (pixel | 0xff000000u) == wanted; }));
  }
  return found;
}

TEST(SharingGroups, NumberTheSharedProducersBottomUpAndLeaveTheOthersGrey) {
  const auto map = sharing::SharingMap::fromSources({0, 1, 1, 3, 3, 5}).value();
  EXPECT_EQ(sharingGroups(map), (std::vector<int>{-1, 0, 0, 1, 1, -1}));
}

TEST(SharingGroups, FollowTheKSourceWhereKAndVDiffer) {
  const auto map =
      sharing::parseMap("k:0_0_2_2 v:0_1_1_3", {.layers = 4, .upward = sharing::UpwardReads::Refuse}).value();
  EXPECT_EQ(sharingGroups(map), (std::vector<int>{0, 0, 1, 1}));
}

TEST(SharingGroups, RepeatTheSevenHuesAsDoubleAndTripleBars) {
  const Theme& theme = Theme::light();
  EXPECT_EQ(groupColor(-1, theme), theme.groupOfOne);
  EXPECT_EQ(groupColor(0, theme), theme.series[0].fill);
  EXPECT_EQ(groupColor(7, theme), theme.series[0].fill);
  EXPECT_EQ(groupBars(-1), 1);
  EXPECT_EQ(groupBars(6), 1);
  EXPECT_EQ(groupBars(7), 2);
  EXPECT_EQ(groupBars(14), 3);
}

TEST_F(Diagram, AGlyphIsTallWhereALayerProducesAndShortWhereItReads) {
  const Theme& theme = Theme::light();
  QImage image = canvas({60, 12}, theme);
  QPainter painter(&image);
  paintGlyph(painter, QRectF(0, 0, 60, 12), sharing::claN(20, 2).value(), theme);
  painter.end();
  EXPECT_EQ(image.pixelColor(0, 1).rgb(), theme.series[0].fill.rgb()) << "layer 0 produces";
  EXPECT_EQ(image.pixelColor(3, 1).rgb(), theme.panel.rgb()) << "layer 1 reads: nothing at its top";
  EXPECT_EQ(image.pixelColor(3, 10).rgb(), theme.series[0].fill.rgb()) << "in its producer's colour";
  EXPECT_EQ(image.pixelColor(2, 6).rgb(), theme.panel.rgb()) << "a gap between columns";
}

TEST_F(Diagram, AGlyphOfMoreLayersThanPixelsStillFitsItsCell) {
  QImage image = canvas({40, 12}, Theme::dark_());
  QPainter painter(&image);
  paintGlyph(painter, QRectF(4, 0, 32, 12), sharing::SharingMap::identity(1024), Theme::dark_());
  painter.end();
  EXPECT_EQ(image.pixelColor(2, 6).rgb(), Theme::dark_().panel.rgb());
  EXPECT_EQ(image.pixelColor(37, 6).rgb(), Theme::dark_().panel.rgb());
  EXPECT_NE(image.pixelColor(20, 6).rgb(), Theme::dark_().panel.rgb());
}

TEST_F(Diagram, AMiniDiagramDrawsKeptBarsToScale) {
  const Theme& theme = Theme::light();
  QImage image = canvas({260, 120}, theme);
  QPainter painter(&image);
  const auto map = sharing::parseMap("0h2_0_2_3", {.layers = 4, .upward = sharing::UpwardReads::Refuse}).value();
  paintMiniDiagram(painter, QRectF(0, 0, 260, 120), map, 1, theme);
  painter.end();
  const int twoHeads = count(image, theme.series[0].fill), oneHead = count(image, theme.groupOfOne) / 2;
  EXPECT_GT(oneHead, 200);
  EXPECT_NEAR(static_cast<double>(twoHeads) / oneHead, 2, 0.25) << "two KV heads are twice as long as one";
}

class SceneDensity : public DiagramTest, public ::testing::WithParamInterface<std::tuple<int, bool, int>> {};

TEST_P(SceneDensity, PaintsEveryProducersSlotInItsColour) {
  const auto [layers, isDark, scale] = GetParam();
  const Theme& theme = isDark ? Theme::dark_() : Theme::light();
  SharingDocument document;
  document.setLayerCount(layers);
  QImage image = canvas({1000, 720}, theme, scale);
  SceneLayout layout(QSizeF(1000, 720), layers);
  QPainter painter(&image);
  SceneState state;
  state.selection = {0, 1};
  state.current = 1;
  state.hovered = layers - 1;
  paintScene(painter, layout, document, state, theme);
  painter.end();
  const int middle = static_cast<int>(layout.rowMiddle(0) * scale);
  const int bar = static_cast<int>((layout.perToken + 12) * scale);
  if (layout.maximumScroll() == 0) {
    EXPECT_EQ(image.pixelColor(bar, middle).rgb(), theme.series[0].fill.rgb()) << "layer 0 keeps a slot";
  }
  for (int hue = 0; hue < std::min(7, layers / 2); ++hue)
    EXPECT_GT(count(image, theme.series[static_cast<std::size_t>(hue)].fill), 40)
        << "group " << hue << " of " << layers << " layers";
  EXPECT_GT(count(image, theme.selection), layout.maximumScroll() > 0 ? -1 : 100);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SceneDensity,
                         ::testing::Combine(::testing::Values(2, 6, 20, 32, 64, 200), ::testing::Bool(),
                                            ::testing::Values(1, 2)));

TEST_F(Diagram, RowsFillTheViewBetweenTenAndThirtySixPixels) {
  EXPECT_EQ(SceneLayout(QSizeF(1000, 700), 6).rowHeight, 36);
  EXPECT_EQ(SceneLayout(QSizeF(1000, 700), 6).density(), Density::Full);
  EXPECT_EQ(SceneLayout(QSizeF(1000, 700), 32).density(), Density::Bars);
  EXPECT_EQ(SceneLayout(QSizeF(1000, 700), 64).rowHeight, 10);
  EXPECT_EQ(SceneLayout(QSizeF(1000, 700), 64).density(), Density::Minimal);
  EXPECT_GT(SceneLayout(QSizeF(1000, 700), 64).maximumScroll(), 0);
  EXPECT_EQ(SceneLayout(QSizeF(1000, 700), 64, 26.0).rowHeight, 26);
}

TEST_F(Diagram, HitTestsFindTheRowAndTheRingUnderThePointer) {
  SceneLayout layout(QSizeF(1000, 700), 20);
  for (const int layer : {0, 7, 19}) {
    EXPECT_EQ(layout.layerAt(layout.row(layer).center()), layer);
    EXPECT_EQ(layout.layerAt(QPointF(500, layout.rowTop(layer))), layer) << "a row owns its upper edge";
    EXPECT_EQ(layout.ringAt(QPointF(layout.ringX + 6, layout.rowMiddle(layer))), layer);
    EXPECT_EQ(layout.ringAt(QPointF(layout.ringX + 16, layout.rowMiddle(layer))), -1);
  }
  EXPECT_EQ(layout.layerAt(QPointF(500, 10)), -1) << "the header";
  EXPECT_EQ(layout.layerAt(QPointF(500, 690)), -1) << "the footer";
  layout = SceneLayout(QSizeF(1000, 400), 64);
  layout.scroll = 130;
  EXPECT_EQ(layout.layerAt(layout.row(40).center()), 40) << "scrolled";
}

TEST_F(Diagram, ANarrowViewKeepsTheScalePerTokenAndNothingOverlaps) {
  for (const int width : {520, 640, 800, 1016, 1600}) {
    const SceneLayout layout(QSizeF(width, 600), 20);
    EXPECT_LT(layout.heads + layout.headsWidth, layout.keys) << width;
    EXPECT_LT(layout.window + layout.windowWidth, layout.perToken) << width;
    EXPECT_GE(layout.perTokenWidth, 100) << width;
    EXPECT_LE(layout.atContext + layout.atContextWidth, width) << width;
  }
}

TEST_F(Diagram, ExportsAreWholeFilesOfTheirKindOnWhitePaper) {
  SharingDocument document;
  Theme::setCurrent(Theme::dark_());
  const auto svg = renderDiagram(document, "svg");
  ASSERT_TRUE(svg);
  QSvgRenderer renderer(*svg);
  EXPECT_TRUE(renderer.isValid());
  // In the drawing's own units: Qt's reader takes 90 pixels for an inch where the file says 96.
  EXPECT_EQ(renderer.viewBoxF().width(), 960);
  EXPECT_TRUE(svg->contains("0_0_2_2_4_4")) << "the map is in the file";
  const auto pdf = renderDiagram(document, "pdf");
  ASSERT_TRUE(pdf);
  EXPECT_TRUE(pdf->startsWith("%PDF-"));
  EXPECT_TRUE(pdf->trimmed().endsWith("%%EOF"));
  const auto png = renderDiagram(document, "png");
  ASSERT_TRUE(png);
  const QImage image = QImage::fromData(*png);
  EXPECT_EQ(image.width(), 2880);
  EXPECT_EQ(image.pixelColor(2, 200), QColor(Qt::white));
  EXPECT_GT(count(image, Theme::light().series[0].fill), 500);
  const auto wrong = renderDiagram(document, "docx");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "A diagram is written as .svg, .pdf or .png, not as .docx.");
}

TEST_F(Diagram, TheMapIsCopiedAsTextAndAsTheAuthorsList) {
  SharingDocument document;
  document.setLayerCount(4);
  EXPECT_EQ(mapAsText(document), "0_0_2_2");
  EXPECT_EQ(mapAsJson(document).value(), "[0, 0, 2, 2]");
  document.setMapText("k:0_0_2_2 v:0_1_1_3");
  EXPECT_EQ(mapAsJson(document).value(), "{\"k\": [0, 0, 2, 2], \"v\": [0, 1, 1, 3]}");
  document.setMapText("0_0_2d64_2");
  EXPECT_EQ(mapAsJson(document).error().message,
            "A list of sources cannot say that layer 2 has heads 64 wide; copy the map as text.");
}

}  // namespace
}  // namespace weft::ui
