// More curves, points and maps than a figure can hold: what is drawn, and that it says so.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/ui/figures_fixture.h"
#include "ui/figures/figure_document.h"
#include "ui/paper/curve_choice.h"
#include "ui/plot/end_labels.h"
#include "ui/plot/label_placer.h"

namespace weft::ui {
namespace {

std::vector<FigureRun> manyCurves(std::int64_t count) {
  std::vector<FigureRun> runs;
  for (std::int64_t id = 1; id <= count; ++id) {
    FigureRun run{.summary = test::summaryOf({.name = "run " + std::to_string(id)}, id), .series = {}};
    // Ends that are not in the order of the runs.
    const double end = 2 + static_cast<double>(id * 37 % count) / 50;
    run.series = test::noisyLoss(50, end);
    run.summary.lastLoss = end;
    run.summary.step = 50;
    runs.push_back(std::move(run));
  }
  return runs;
}

FigureOptions curves() {
  FigureOptions options;
  options.kind = FigureKind::Curves;
  return options;
}

TEST(EvenRanks, KeepsTheEndsAndWhatMustBeThere) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back((i * 37) % 1000);
  const std::vector<std::size_t> chosen = evenRanks(values, 10, 500);
  ASSERT_EQ(chosen.size(), 10U);
  std::set<double> shown;
  for (const std::size_t i : chosen) shown.insert(values[i]);
  EXPECT_EQ(*shown.begin(), 0);
  EXPECT_EQ(*shown.rbegin(), 999);
  EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
  EXPECT_NE(std::find(chosen.begin(), chosen.end(), 500U), chosen.end());
  double before = -1;
  for (const double value : shown) {
    if (before >= 0) {
      EXPECT_LT(value - before, 230) << "no hole in the middle";
    }
    before = value;
  }
  EXPECT_EQ(evenRanks({3, 1, 2}, 10).size(), 3U) << "few are all kept";
  EXPECT_TRUE(evenRanks({3, 1, 2}, 0).empty());
  EXPECT_EQ(evenRanks({3, 1, 2}, 1, 2), std::vector<std::size_t>{2});
}

TEST(EndLabels, AreAsManyAsHaveRoomAndNeverCoverEachOther) {
  std::vector<double> ends;
  for (int i = 0; i < 100; ++i) ends.push_back(200 + (i * 7) % 20);  // all within 20 pixels
  const std::vector<EndLabel> labels = placeEndLabels(ends, 15, 10, 400, 63);
  ASSERT_EQ(labels.size(), 26U) << "390 pixels of 15";
  bool hasCurrent = false;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    EXPECT_GE(labels[i].y - 7.5, 10 - 1e-6);
    EXPECT_LE(labels[i].y + 7.5, 400 + 1e-6);
    if (i > 0) {
      EXPECT_GE(labels[i].y - labels[i - 1].y, 15 - 1e-6);
      EXPECT_LE(ends[labels[i - 1].curve], ends[labels[i].curve])
          << "in the order of the curves' ends: leaders do not cross";
    }
    hasCurrent |= labels[i].curve == 63;
  }
  EXPECT_TRUE(hasCurrent);
  EXPECT_TRUE(placeEndLabels(ends, 15, 10, 20).empty()) << "no room for one";
  EXPECT_TRUE(placeEndLabels({}, 15, 10, 400).empty());
}

TEST(FigureThinning, DrawsFortyOfAHundredCurvesAndSaysSoInFigureAndCaption) {
  const std::vector<FigureRun> runs = manyCurves(100);
  for (const bool labels : {true, false}) {
    FigureOptions options = curves();
    options.labels = labels;
    const auto file = renderFigure(QStringLiteral("pdf"), options, runs);
    ASSERT_TRUE(file) << file.error().message;
    const QString said = file->problems.join(QStringLiteral("; "));
    EXPECT_TRUE(said.contains(
        QStringLiteral("40 of 100 curves are drawn: the lowest, the highest and evenly spaced ones between")))
        << said.toStdString();
    EXPECT_TRUE(said.contains(labels ? QStringLiteral("names had no room beside the plot")
                                     : QStringLiteral("names had no room in the legend")))
        << said.toStdString();
    EXPECT_TRUE(file->checks.contains(QStringLiteral("same bytes when exported twice")));
  }
  FigureDocument document;
  document.options = curves();
  EXPECT_TRUE(captionOf(document, runs).contains(QStringLiteral("40 of 100 curves are drawn")))
      << captionOf(document, runs).toStdString();
  const std::vector<FigureRun> few = manyCurves(40);
  EXPECT_FALSE(captionOf(document, few).contains(QStringLiteral("curves are drawn"))) << "all are there";
}

TEST(FigureThinning, LoadsOnlyTheCurvesThatAreDrawn) {
  std::vector<FigureRun> runs = manyCurves(10'000);
  runs[17].summary.lastLoss = std::nullopt;
  FigureOptions options = curves();
  options.baseline = {4'321};
  const std::vector<std::size_t> needed = leaveOutCurves(options, runs);
  ASSERT_EQ(needed.size(), kMostCurves);
  double lowest = 1e9, highest = 0;
  std::set<std::size_t> chosen(needed.begin(), needed.end());
  for (const FigureRun& run : runs)
    if (run.summary.lastLoss) {
      lowest = std::min(lowest, *run.summary.lastLoss);
      highest = std::max(highest, *run.summary.lastLoss);
    }
  double drawnLowest = 1e9, drawnHighest = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!chosen.contains(i)) {
      runs[i].series = {};
      EXPECT_EQ(runs[i].isLeftOut, i != 17) << "a run without a curve is not one that is left out";
      continue;
    }
    EXPECT_FALSE(runs[i].isLeftOut);
    drawnLowest = std::min(drawnLowest, *runs[i].summary.lastLoss);
    drawnHighest = std::max(drawnHighest, *runs[i].summary.lastLoss);
  }
  EXPECT_EQ(drawnLowest, lowest);
  EXPECT_EQ(drawnHighest, highest);
  EXPECT_TRUE(chosen.contains(4'320)) << "the baseline is always there";
  const auto file = renderFigure(QStringLiteral("svg"), options, runs);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(file->problems.join(u' ').contains(QStringLiteral("40 of 9,999 curves")))
      << file->problems.join(u' ').toStdString();
}

TEST(FigureThinning, EqualMapsOfManyRunsAreOneDiagram) {
  std::vector<FigureRun> runs;
  const char* generators[] = {"identity", "cla2", "cla4"};
  for (std::int64_t id = 1; id <= 300; ++id)
    runs.push_back({.summary = test::summaryOf({.generator = generators[id % 3]}, id), .series = {}});
  FigureOptions options;
  options.kind = FigureKind::SharingMaps;
  options.svgText = SvgText::Text;
  const auto file = renderFigure(QStringLiteral("svg"), options, runs);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->bytes.count("(100 runs)"), 3);
  EXPECT_TRUE(file->problems.isEmpty()) << file->problems.join(u' ').toStdString();
}

TEST(FigureThinning, ManyPointsOnOnePlaceAreOneMarkerAndFewLabels) {
  std::vector<FigureRun> once = test::table1Figure(), often;
  for (int copy = 0; copy < 200; ++copy)
    for (const FigureRun& run : once) {
      often.push_back(run);
      often.back().summary.id = {static_cast<std::int64_t>(often.size())};
    }
  FigureOptions options;
  options.labels = false;
  const auto few = renderFigure(QStringLiteral("svg"), options, once);
  const auto many = renderFigure(QStringLiteral("svg"), options, often);
  ASSERT_TRUE(few && many);
  EXPECT_LT(many->bytes.size(), few->bytes.size() * 105 / 100) << "the same picture, not 2,800 markers";
  options.labels = true;
  const auto labelled = renderFigure(QStringLiteral("svg"), options, often);
  ASSERT_TRUE(labelled);
  EXPECT_TRUE(labelled->problems.join(u' ').contains(QStringLiteral("labels had no room")))
      << labelled->problems.join(u' ').toStdString();
}

TEST(FrozenFigure, SurvivesItsFileAndKeepsWhatItsRunsHadReached) {
  RunsSnapshot snapshot;
  store::RunSummary a = test::summaryOf({.name = "a", .perplexity = 14.0}, 1);
  const store::RunSummary b = test::summaryOf({.name = "b"}, 2);
  a.step = 120;
  snapshot.runs = RunRows({b, a});
  FigureDocument figure;
  freeze(figure, snapshot, 1'800'000'000);
  const auto read = figuresFromJson(figuresToJson({figure}).toUtf8());
  ASSERT_TRUE(read && read->size() == 1);
  ASSERT_TRUE(read->front().isFrozen());
  a.perplexity = 9.0;
  a.step = 500;
  snapshot.runs = RunRows({test::summaryOf({.name = "c"}, 3), b, a});
  const std::vector<store::RunSummary> drawn = runsOf(read->front(), snapshot);
  ASSERT_EQ(drawn.size(), 2U);
  EXPECT_EQ(drawn[0].name, "a");
  EXPECT_EQ(drawn[0].perplexity, 14.0);
  EXPECT_EQ(drawn[0].step, 120);
  EXPECT_EQ(drawn[1].bestPerplexity, std::nullopt);
  EXPECT_NE(fingerprint(figure, liveRunsOf(figure, snapshot)), fingerprint(figure, {&drawn[0], &drawn[1]}));
}

}  // namespace
}  // namespace weft::ui
