#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/ui/figures_fixture.h"
#include "ui/plot/label_placer.h"
#include "ui/plot/paper_table.h"
#include "ui/plot/pareto.h"
#include "ui/plot/smoothing.h"
#include "ui/plot/tickers.h"

namespace weft::ui {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<store::RunSummary> table1() {
  std::vector<store::RunSummary> runs;
  std::int64_t id = 0;
  for (const test::SampleRun& sample : test::table1Samples()) runs.push_back(test::summaryOf(sample, ++id));
  return runs;
}

std::vector<std::string> namesOf(const std::vector<store::RunSummary>& runs, const std::vector<std::size_t>& indices) {
  std::vector<std::string> names;
  for (const std::size_t i : indices) names.push_back(runs[i].name);
  return names;
}

TEST(Frontier, IsThatOfThePapersTable) {
  const auto runs = table1();
  EXPECT_THAT(namesOf(runs, paretoFrontier(runs)),
              ElementsAre("H64-MQA-CLA2", "H128-MQA-CLA3", "H90-MQA-CLA2", "H128-MQA-CLA2", "H256-MQA-CLA2",
                          "H512-MQA-CLA2", "H128-GQA4", "H128-MHA"));
}

TEST(Frontier, KeepsEqualPointsAndDropsThoseThatTieInOneAndLoseInTheOther) {
  EXPECT_THAT(frontierOf({{1, 5}, {1, 5}, {1, 6}, {2, 5}, {2, 4}}), ElementsAre(0, 1, 4));
  EXPECT_THAT(frontierOf({{3, 1}, {2, 2}, {1, 3}}), ElementsAre(2, 1, 0)) << "by x, whatever their order";
  EXPECT_THAT(frontierOf({{1, 1}}), ElementsAre(0));
  EXPECT_THAT(frontierOf({}), IsEmpty());
}

TEST(Frontier, IgnoresWhatIsNoNumber) {
  auto runs = table1();
  const std::size_t mha = 0;
  runs[mha].perplexity = std::nan("");
  runs[11].perplexity = std::nullopt;
  runs[12].kvBytesPerToken = 0;
  runs[8].perplexity = -1;
  EXPECT_THAT(namesOf(runs, paretoFrontier(runs)),
              ElementsAre("H128-MQA-CLA4", "H90-MQA-CLA2", "H128-MQA-CLA2", "H128-MQA", "H512-MQA-CLA2", "H128-GQA4"));
}

TEST(Frontier, EqualsItsDefinitionOnManyPointsWithTies) {
  std::vector<std::pair<double, double>> points;
  for (int i = 0; i < 400; ++i) points.emplace_back((i * 7919) % 23 + 1, (i * 104729) % 19 + 1);
  std::vector<bool> isOn(points.size(), false);
  for (const std::size_t i : frontierOf(points)) isOn[i] = true;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool isBeaten = std::any_of(points.begin(), points.end(), [&](const auto& other) {
      return other.first <= points[i].first && other.second <= points[i].second && other != points[i];
    });
    EXPECT_EQ(isOn[i], !isBeaten) << i;
  }
}

TEST(Families, FollowFromHeadsMapAndCache) {
  const auto family = [](const char* generator, int queryHeads, int kvHeads, const char* cache = "") {
    store::RunSummary run;
    run.generator = generator;
    run.queryHeads = queryHeads;
    run.kvHeads = kvHeads;
    run.cache = cache;
    return familyOf(run);
  };
  EXPECT_EQ(family("identity", 16, 16), (Family{FamilyKind::Mha, "MHA"}));
  EXPECT_EQ(family("identity", 16, 1), (Family{FamilyKind::Mqa, "MQA"}));
  EXPECT_EQ(family("identity", 16, 8), (Family{FamilyKind::Gqa4, "GQA8"}));
  EXPECT_EQ(family("cla2", 16, 1), (Family{FamilyKind::Cla2, "MQA-CLA2"}));
  EXPECT_EQ(family("cla2", 16, 4), (Family{FamilyKind::Cla2, "GQA4-CLA2"}));
  EXPECT_EQ(family("cla2", 16, 1, "int8_cache"), (Family{FamilyKind::Cla2, "MQA-CLA2, int8_cache", "int8_cache"}));
  EXPECT_EQ(family("cla5", 16, 1), (Family{FamilyKind::Uneven, "MQA-CLA5"}));
  EXPECT_EQ(family("keep-ends", 16, 1), (Family{FamilyKind::Uneven, "MQA-keep-ends"}));
  EXPECT_EQ(family("", 16, 1), (Family{FamilyKind::Uneven, "MQA-uneven"}));
}

TEST(Families, LookAsTheDesignSaysAndARunKeepsItsStyle) {
  const Theme& theme = Theme::light();
  EXPECT_EQ(familyStyle({FamilyKind::Mqa, "MQA"}, theme).name, "blue");
  EXPECT_EQ(familyStyle({FamilyKind::Mqa, "MQA"}, theme).dash, (QVector<qreal>{5, 3}));
  EXPECT_EQ(static_cast<Marker>(familyStyle({FamilyKind::Gqa2, ""}, theme).marker), Marker::TriangleDown);
  EXPECT_EQ(static_cast<Marker>(familyStyle({FamilyKind::Reference, ""}, theme).marker), Marker::Cross);
  const SeriesStyle cached = familyStyle({FamilyKind::Cla2, "MQA-CLA2, int8_cache", "int8_cache"}, theme);
  EXPECT_EQ(shapeOf(cached), Marker::TriangleUp);
  EXPECT_NE(cached.marker, familyStyle({FamilyKind::Cla2, "MQA-CLA2"}, theme).marker) << "told apart without colour";
  EXPECT_EQ(runStyle({3}, theme).line, runStyle({11}, theme).line) << "the ninth run begins again";
  EXPECT_NE(runStyle({3}, theme).dash, runStyle({11}, theme).dash) << "but not with the same dash";
  EXPECT_EQ(runStyle({3}, theme).name, runStyle({3}, Theme::dark_()).name);
}

TEST(ParetoData, ShortensLabelsOnlyWhileTheyStayDistinct) {
  auto runs = table1();
  runs[10].name = runs[9].name;
  const ParetoData data = paretoData(runs);
  EXPECT_EQ(data.find({4})->label, "H128") << "H128-MQA, and the legend says MQA";
  EXPECT_EQ(data.find({12})->label, "H64");
  EXPECT_EQ(data.find({10})->label, "H128 16/1×128") << "what differs among those of the name";
  EXPECT_EQ(data.find({11})->label, "H128 22/1×90");
}

TEST(ParetoData, ReadsACurveAtAPointAndBetweenPoints) {
  const ParetoData data = paretoData(table1());
  const auto curve = std::find_if(data.curves.begin(), data.curves.end(),
                                  [](const ParetoCurve& one) { return one.family.name == "MQA"; });
  ASSERT_NE(curve, data.curves.end());
  const auto at = readCurve(data, *curve, 5120);
  ASSERT_TRUE(at);
  EXPECT_EQ(at->y, 13.81);
  EXPECT_FALSE(at->isInterpolated);
  EXPECT_EQ(at->run, store::RunId{5});
  const auto between = readCurve(data, *curve, 5120 * std::sqrt(2.0));
  ASSERT_TRUE(between);
  EXPECT_TRUE(between->isInterpolated);
  EXPECT_NEAR(between->y, (13.81 + 13.54) / 2, 1e-9) << "half way in log x";
  EXPECT_FALSE(readCurve(data, *curve, 2000));
  EXPECT_FALSE(readCurve(data, *curve, 20000));
}

TEST(PaperTable, HasTheTwentyRowsWithTheirBytesFromTheCostModel) {
  const auto& rows = paperTable1();
  ASSERT_EQ(rows.size(), 20U);
  for (const test::SampleRun& sample : test::table1Samples()) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [&](const PaperRow& one) { return one.name == sample.name; });
    ASSERT_NE(row, rows.end()) << sample.name;
    EXPECT_EQ(row->kvBytesPerToken, sample.kvBytesPerToken) << sample.name;
    EXPECT_EQ(row->perplexity, *sample.perplexity) << sample.name;
  }
  const ParetoData data = paretoData(table1(), ParetoX::KvBytes, ParetoY::Perplexity, References::Show);
  EXPECT_EQ(data.points.size(), 34U);
  EXPECT_EQ(data.frontier.size(), 8U) << "a published row is never on the frontier of one's own runs";
}

TEST(LabelPlacer, CoversNeitherLabelsNorMarkersNorWhatIsTaken) {
  std::vector<LabelRequest> requests;
  for (int i = 0; i < 40; ++i)
    requests.push_back({.point = QPointF(40 + (i * 37) % 500, 30 + (i * 91) % 320),
                        .radius = 5,
                        .size = QSizeF(30 + i % 5 * 6, 12),
                        .priority = i % 3});
  const QRectF bounds(0, 0, 600, 400), legend(450, 0, 150, 90);
  const auto placed = placeLabels(requests, {.bounds = bounds, .taken = {legend}, .lines = {}});
  int shown = 0;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (!placed[i].isShown) continue;
    ++shown;
    EXPECT_TRUE(bounds.contains(placed[i].box));
    EXPECT_FALSE(legend.intersects(placed[i].box));
    for (std::size_t j = 0; j < placed.size(); ++j) {
      EXPECT_FALSE(placed[i].box.intersects(QRectF(requests[j].point - QPointF(5, 5), QSizeF(10, 10))))
          << i << " over marker " << j;
      if (j != i && placed[j].isShown) {
        EXPECT_FALSE(placed[i].box.intersects(placed[j].box)) << i << " over " << j;
      }
    }
  }
  EXPECT_GT(shown, 32);
}

TEST(LabelPlacer, LeavesTheLeastImportantOutWhenThereIsNoRoom) {
  std::vector<LabelRequest> requests(
      6, LabelRequest{.point = QPointF(25, 12), .radius = 4, .size = QSizeF(14, 9), .priority = 0});
  requests[4].priority = 2;
  const auto placed = placeLabels(requests, {.bounds = QRectF(0, 0, 50, 24), .taken = {}, .lines = {}});
  EXPECT_TRUE(placed[4].isShown);
  EXPECT_LT(std::count_if(placed.begin(), placed.end(), [](const PlacedLabel& label) { return label.isShown; }), 6);
}

TEST(Smoothing, StartsAtTheFirstValueAndSkipsNaN) {
  const std::vector<store::MetricPoint> points{{1, 4, 0}, {2, 2, 0}, {3, std::nan(""), 0}, {4, 2, 0}};
  const auto average = movingAverage(points, 0.5);
  EXPECT_EQ(average[0], 4);
  EXPECT_NEAR(average[1], 4 / 17.0 + 2 * 16 / 17.0, 1e-12);
  EXPECT_TRUE(std::isnan(average[2]));
  EXPECT_NEAR(average[3], average[1] / 9 + 2 * 8 / 9.0, 1e-12) << "the third of its values";
  EXPECT_EQ(movingAverage(points, 0)[1], 2);
}

TEST(Smoothing, NeverTrailsAYoungCurveByMoreThanAShareOfItsLengthAndReachesItsWeight) {
  MovingAverage average(0.9);
  double last = 0;
  for (int i = 0; i < 40; ++i) last = average.next(-i);
  EXPECT_NEAR(last, -39, 39 / 16.0);
  for (int i = 40; i < 1000; ++i) last = average.next(-i);
  EXPECT_NEAR(last, -999 + 9, 0.01) << "w / (1 - w) behind a straight line";
}

TEST(Smoothing, RangesKeepEveryExtreme) {
  const store::MetricSeries loss = test::noisyLoss(1000, 2);
  const auto ranges = valueRanges(loss.points, 30);
  ASSERT_EQ(ranges.size(), 30U);
  const auto [low, high] = std::minmax_element(loss.points.begin(), loss.points.end(),
                                               [](const auto& a, const auto& b) { return a.value < b.value; });
  double lowest = 1e9, highest = -1e9;
  for (const ValueRange& range : ranges) {
    lowest = std::min(lowest, range.low);
    highest = std::max(highest, range.high);
  }
  EXPECT_EQ(lowest, low->value);
  EXPECT_EQ(highest, high->value);
}

TEST(Smoothing, ThinningKeepsEveryExtremeTheEndsAndGaps) {
  store::MetricSeries loss = test::noisyLoss(100'000, 2);
  loss.points[54'321].value = 99;
  loss.points[70'000].value = std::nan("");
  const std::vector<double> values = movingAverage(loss.points, 0);
  const auto kept = thinned(loss.points, values, 500);
  EXPECT_LE(kept.size(), 5U * 501U);
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
  EXPECT_EQ(kept.front(), 0U);
  EXPECT_EQ(kept.back(), loss.points.size() - 1);
  for (const std::size_t place : {std::size_t{54'321}, std::size_t{70'000}})
    EXPECT_TRUE(std::binary_search(kept.begin(), kept.end(), place)) << place;
  EXPECT_EQ(thinned(loss.points, values, 50'000).size(), loss.points.size()) << "few points stay as they are";
}

TEST(Tickers, WriteAsManyDecimalsAsTheStepNeeds) {
  EXPECT_EQ(tickText(13.25, 0.25), "13.25");
  EXPECT_EQ(tickText(13, 0.25), "13.00");
  EXPECT_EQ(tickText(4000, 1000), "4,000");
  EXPECT_EQ(tickText(1e-17, 0.5), "0.0");
}

TEST(Tickers, DoubleFromTheBaseThatMostValuesShare) {
  DoublingTicker ticker;
  ticker.setValues({3600, 2560, 5120, 10240, 163840});
  EXPECT_EQ(ticker.base(), 2560);
  QVector<double> ticks;
  QVector<QString> labels;
  ticker.generate(QCPRange(2000, 200000), QLocale::c(), 'g', 6, ticks, nullptr, &labels);
  EXPECT_EQ(labels, (QVector<QString>{"2,560", "5,120", "10,240", "20,480", "40,960", "81,920", "163,840"}));
}

}  // namespace
}  // namespace weft::ui
