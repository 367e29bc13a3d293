#include <gtest/gtest.h>

#include <QBuffer>
#include <QImage>
#include <QImageReader>
#include <QPainter>
#include <QProcess>
#include <QRegularExpression>
#include <QStandardPaths>
#include <QSvgRenderer>
#include <QXmlStreamReader>
#include <filesystem>

#include "tests/ui/figures_fixture.h"
#include "ui/paper/figure.h"

namespace weft::ui {
namespace {

using test::pictureFile;
using test::table1Figure;

class FiguresExport : public testing::Test {
 protected:
  std::filesystem::path file(const char* name) const { return m_folder.path() / name; }
  QString path(const char* name) const { return QString::fromStdString(file(name).string()); }
  // The file's bytes; also kept for people to look at.
  std::string written(const char* name, const FigureOptions& options, const std::vector<FigureRun>& runs) {
    const auto done = writeFigure(path(name), options, runs);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
    const std::string bytes = readFile(file(name)).value_or("");
    EXPECT_TRUE(writeFileAtomically(pictureFile(QString::fromLatin1(name)).toStdString(), bytes));
    return bytes;
  }
  static std::vector<FigureRun> losses() {
    std::vector<FigureRun> runs = table1Figure();
    runs.resize(3);
    for (std::size_t i = 0; i < runs.size(); ++i)
      runs[i].series = test::noisyLoss(300, 2.4 + 0.2 * static_cast<double>(i));
    return runs;
  }

 private:
  TemporaryFolder m_folder = *TemporaryFolder::create("weft-figures");
};

TEST_F(FiguresExport, APdfHasItsWidthInInchesAndEmbedsTrueTypeFontsOnly) {
  const auto pdf = renderFigure("pdf", {.width_in = 5.5}, table1Figure());
  ASSERT_TRUE(pdf) << pdf.error().message;
  EXPECT_TRUE(pdf->problems.isEmpty()) << pdf->problems.join("; ").toStdString();
  EXPECT_TRUE(pdf->checks.join("; ").contains("5.500 in wide, 3.403 in high")) << pdf->checks.join("; ").toStdString();
  EXPECT_TRUE(pdf->checks.contains("fonts embedded as TrueType, no Type 3"));
  EXPECT_TRUE(pdf->checks.contains("same bytes when exported twice"));
}

TEST_F(FiguresExport, PdffontsAgreesThatEveryFontIsAnEmbeddedTrueType) {
  const QString tool = QStandardPaths::findExecutable("pdffonts");
  if (tool.isEmpty()) GTEST_SKIP() << "pdffonts is not installed";
  for (const FigureFont font : {FigureFont::Sans, FigureFont::Serif}) {
    written("pareto.pdf", {.font = font}, table1Figure());
    QProcess process;
    process.start(tool, {path("pareto.pdf")});
    ASSERT_TRUE(process.waitForFinished());
    const QStringList lines =
        QString::fromLocal8Bit(process.readAllStandardOutput()).split('\n', Qt::SkipEmptyParts).mid(2);
    ASSERT_FALSE(lines.isEmpty());
    for (const QString& line : lines) {
      EXPECT_TRUE(line.contains("TrueType")) << line.toStdString();
      EXPECT_FALSE(line.contains("Type 3")) << line.toStdString();
      EXPECT_TRUE(line.contains(QRegularExpression(R"(\byes\s+(yes|no)\s+(yes|no)\s+\d+\s+\d+$)")))
          << line.toStdString();
    }
  }
}

TEST_F(FiguresExport, ThePdfHoldsItsTextAsText) {
  const QString tool = QStandardPaths::findExecutable("pdftotext");
  if (tool.isEmpty()) GTEST_SKIP() << "pdftotext is not installed";
  written("pareto.pdf", {}, table1Figure());
  QProcess process;
  process.start(tool, {path("pareto.pdf"), "-"});
  ASSERT_TRUE(process.waitForFinished());
  const QString text = QString::fromUtf8(process.readAllStandardOutput());
  for (const char* word : {"KV cache per token", "Validation perplexity", "MQA-CLA2", "163,840", "H90", "frontier"})
    EXPECT_TRUE(text.contains(word)) << word << " is not in: " << text.toStdString();
}

TEST_F(FiguresExport, AnSvgHasTheSizeAViewBoxAndNoTextThatNeedsAFont) {
  const std::string svg = written("pareto.svg", {.width_in = 3.25}, table1Figure());
  QXmlStreamReader in(QByteArray::fromStdString(svg));
  int texts = 0, labelled = 0;
  while (!in.atEnd()) {
    in.readNext();
    if (!in.isStartElement()) continue;
    if (in.name() == QStringLiteral("svg")) {
      EXPECT_NEAR(in.attributes().value("width").toString().remove("mm").toDouble(), 3.25 * 25.4, 0.02);
      EXPECT_TRUE(in.attributes().value("viewBox").toString().startsWith("0 0 936 "));
    }
    if (in.name() == QStringLiteral("text")) ++texts;
    if (in.attributes().hasAttribute("aria-label")) ++labelled;
  }
  EXPECT_FALSE(in.hasError()) << in.errorString().toStdString();
  EXPECT_EQ(texts, 0);
  EXPECT_GT(labelled, 20);
}

TEST_F(FiguresExport, OutlinesAndTextOfAnSvgLookTheSame) {
  const auto picture = [&](SvgText text) {
    const auto svg = renderFigure("svg", {.svgText = text}, table1Figure());
    QImage image(1100, 680, QImage::Format_RGB32);
    image.fill(Qt::white);
    QPainter painter(&image);
    QSvgRenderer(svg->bytes).render(&painter);
    return image;
  };
  const QImage outlines = picture(SvgText::Outlines), text = picture(SvgText::Text);
  int different = 0;
  for (int y = 0; y < outlines.height(); ++y)
    for (int x = 0; x < outlines.width(); ++x)
      different += std::abs(qGray(outlines.pixel(x, y)) - qGray(text.pixel(x, y))) > 128;
  EXPECT_LT(different, 150) << "of 748,000 pixels";
  EXPECT_TRUE(outlines.save(pictureFile("pareto-svg-outlines.png")));
}

TEST_F(FiguresExport, APngHas300DotsPerInch) {
  const std::string png = written("pareto.png", {.width_in = 3.25}, table1Figure());
  const QImage image = QImage::fromData(QByteArray::fromStdString(png), "PNG");
  EXPECT_EQ(image.width(), 975);
  EXPECT_NEAR(image.dotsPerMeterX() * 0.0254, 300, 0.1);
  EXPECT_EQ(image.pixelColor(2, 2), QColor(Qt::white)) << "white paper in every theme";
}

TEST_F(FiguresExport, TheCsvHoldsExactlyThePlottedPoints) {
  std::vector<FigureRun> runs = table1Figure();
  runs[1].summary.perplexity.reset();
  runs[2].summary.perplexity = std::nan("");
  runs[3].summary.name = "with, comma";
  const std::string csv = written("pareto.csv", {.baseline = {1}}, runs);
  const QStringList lines = QString::fromStdString(csv).split('\n', Qt::SkipEmptyParts);
  EXPECT_EQ(lines[0], "id,name,map,kv_bytes_per_token,perplexity,family,on_frontier,perplexity_minus_baseline");
  EXPECT_EQ(lines.size(), 1 + 12) << "a run without perplexity is no point";
  EXPECT_EQ(lines[1], QString("1,H128-MHA,%1,163840,13.15,MHA,1,0").arg(QString::fromStdString(runs[0].summary.map)));
  EXPECT_TRUE(lines[2].startsWith("4,\"with, comma\",")) << lines[2].toStdString();
  EXPECT_TRUE(lines[2].contains(",10240,13.54,MQA,0,")) << lines[2].toStdString();
}

TEST_F(FiguresExport, HiddenPointsAreNotInTheDataTwinEither) {
  const std::string csv = written("frontier.csv", {.dominated = false}, table1Figure());
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 8);
  EXPECT_EQ(csv.find("H32-MQA"), std::string::npos);
  const std::string paper = written("paper.csv", {.paperTable = true}, table1Figure());
  EXPECT_EQ(std::count(paper.begin(), paper.end(), '\n'), 1 + 14 + 20);
}

TEST_F(FiguresExport, CurvesOfAnyMetricWithRawBandAndAverage) {
  FigureOptions options{.kind = FigureKind::Curves, .metric = "train/loss", .smoothing = 0.9};
  written("loss.pdf", options, losses());
  const std::string png = written("loss.png", options, losses());
  EXPECT_FALSE(png.empty());
  const std::string csv = written("loss.csv", options, losses());
  EXPECT_EQ(csv.substr(0, csv.find('\n')), "id,name,step,loss,loss_average");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 3 * 300);
  EXPECT_NE(csv.find("\n1,H128-MHA,1,"), std::string::npos);
}

TEST_F(FiguresExport, CurvesWithNaNAndInfinityAreDrawnWithGaps) {
  std::vector<FigureRun> runs = losses();
  runs[0].series.points[10].value = std::nan("");
  runs[0].series.points[11].value = INFINITY;
  const auto drawn = renderFigure("png", {.kind = FigureKind::Curves}, runs);
  ASSERT_TRUE(drawn) << drawn.error().message;
  for (FigureRun& run : runs)
    for (store::MetricPoint& point : run.series.points) point.value = std::nan("");
  const auto none = renderFigure("png", {.kind = FigureKind::Curves}, runs);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "No run has a point of train/loss yet, so there is no curve to plot.");
}

TEST_F(FiguresExport, AMillionPointsMakeASmallFile) {
  std::vector<FigureRun> runs = losses();
  for (FigureRun& run : runs) run.series = test::noisyLoss(350'000, 2.5);
  const auto drawn = renderFigure("pdf", {.kind = FigureKind::Curves, .smoothing = 0.9}, runs);
  ASSERT_TRUE(drawn) << drawn.error().message;
  EXPECT_LT(drawn->bytes.size(), 600'000) << "what no eye can see is not in the file";
}

TEST_F(FiguresExport, MapsStandSideBySideWithTheirCost) {
  std::vector<FigureRun> runs = table1Figure();
  const std::vector<FigureRun> six{runs[0], runs[3], runs[9], runs[12], runs[13], runs[1]};
  written("maps.png", {.kind = FigureKind::SharingMaps}, six);
  written("maps.svg", {.kind = FigureKind::SharingMaps}, six);
  const std::string csv = written("maps.csv", {.kind = FigureKind::SharingMaps}, six);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 6 * 20);
  EXPECT_NE(csv.find("\n10,H128-MQA-CLA2,3,2,2\n"), std::string::npos);
}

TEST_F(FiguresExport, LabelsHaveRoomAtEveryWidth) {
  for (const double width : {3.25, 5.5, 6.75}) {
    const auto drawn = renderFigure("pdf", {.width_in = width}, table1Figure());
    ASSERT_TRUE(drawn);
    EXPECT_TRUE(drawn->problems.isEmpty()) << width << " in: " << drawn->problems.join("; ").toStdString();
  }
  written("pareto-wide.png", {.width_in = 6.75, .baseline = {4}}, table1Figure());
  written("pareto-default.png", {}, table1Figure());
  written("pareto-below.png", {.font = FigureFont::Serif, .legend = FigureLegend::Below, .paperTable = true},
          table1Figure());
}

TEST_F(FiguresExport, OnePointAndEqualPointsAreFigures) {
  std::vector<FigureRun> runs = table1Figure();
  runs.resize(1);
  written("one.png", {}, runs);
  runs.push_back(runs.front());
  runs.back().summary.id = {2};
  const auto two = renderFigure("pdf", {}, runs);
  ASSERT_TRUE(two);
  EXPECT_TRUE(two->problems.isEmpty()) << two->problems.join("; ").toStdString();
}

TEST_F(FiguresExport, AFailedExportLeavesTheOldFileAndSaysWhyInOneSentence) {
  written("kept.pdf", {}, table1Figure());
  const std::string before = *readFile(file("kept.pdf"));
  const auto nothing = writeFigure(path("kept.pdf"), {}, {});
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().message, "There is no run to plot.");
  std::vector<FigureRun> untrained = table1Figure();
  for (FigureRun& run : untrained) run.summary.perplexity.reset();
  const auto pointless = writeFigure(path("kept.pdf"), {}, untrained);
  ASSERT_FALSE(pointless);
  EXPECT_EQ(pointless.error().message, "No run has a perplexity yet, so there is no point to plot.");
  EXPECT_EQ(*readFile(file("kept.pdf")), before);
  const auto elsewhere = writeFigure(path("missing/folder/kept.pdf"), {}, table1Figure());
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().code, ErrorCode::Io);
}

TEST_F(FiguresExport, RefusesAnotherEndingAndAnImpossibleWidth) {
  const auto ending = writeFigure(path("figure.docx"), {}, table1Figure());
  ASSERT_FALSE(ending);
  EXPECT_EQ(ending.error().code, ErrorCode::InvalidInput);
  EXPECT_EQ(ending.error().message, "A figure is written as .pdf, .svg, .png or .csv, not as .docx.");
  const auto none = writeFigure(path("figure"), {}, table1Figure());
  ASSERT_FALSE(none);
  EXPECT_TRUE(QString::fromStdString(none.error().message).endsWith("must end in .pdf, .svg, .png or .csv."));
  EXPECT_FALSE(writeFigure(path("figure.pdf"), {.width_in = 0}, table1Figure()));
  EXPECT_FALSE(writeFigure(path("figure.pdf"), {.width_in = std::nan("")}, table1Figure()));
}

TEST_F(FiguresExport, IsTheSameWhateverThemeAndFontTheWindowHas) {
  const QByteArray light = renderFigure("svg", {}, table1Figure())->bytes;
  Theme::setCurrent(Theme::dark_());
  setFontChoice({.adjustment_px = 4, .systemFonts = true});
  const QByteArray dark = renderFigure("svg", {}, table1Figure())->bytes;
  Theme::setCurrent(Theme::light());
  setFontChoice({});
  EXPECT_EQ(light, dark);
}

}  // namespace
}  // namespace weft::ui
