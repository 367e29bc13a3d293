#include "ui/compare/compare_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QTest>
#include <cmath>

#include "tests/ui/figures_fixture.h"
#include "ui/compare/compare_plot.h"
#include "ui/compare/memory_reading.h"
#include "ui/compare/setting_model.h"

namespace weft::ui {
namespace {

using testing::ElementsAre;

TEST(CompareModel, KeepsItsRowsWhenRunsChangeAndPassesTheModelTester) {
  PairSelection selection;
  CompareModel model(&selection);
  QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  std::vector<store::RunSummary> runs;
  std::int64_t next = 0;
  for (const test::SampleRun& sample : test::table1Samples()) runs.push_back(test::summaryOf(sample, ++next));
  int resets = 0;
  QObject::connect(&model, &QAbstractItemModel::modelReset, [&] { ++resets; });
  model.setRuns(runs);
  EXPECT_EQ(model.rowCount(), 14);
  runs[3].perplexity = 13.1;
  std::swap(runs[0], runs[5]);
  runs.erase(runs.begin() + 7);
  model.setRuns(runs);
  EXPECT_EQ(model.rowCount(), 13);
  EXPECT_EQ(model.placeOf({4}), CompareModel::Place::OnFrontier);
  model.setBaseline(runs[1]);
  model.setRuns({});
  EXPECT_EQ(model.rowCount(), 0);
  EXPECT_EQ(resets, 0);
}

TEST(ComparePlotSize, AThousandRunsAreDrawnAndAnUnchangedSnapshotDrawsNothing) {
  PairSelection selection;
  ComparePlot plot(&selection);
  plot.resize(900, 420);
  plot.show();
  std::vector<store::RunSummary> runs;
  const auto samples = test::table1Samples();
  for (std::int64_t i = 0; i < 1000; ++i) {
    store::RunSummary run = test::summaryOf(samples[static_cast<std::size_t>(i) % samples.size()], i + 1);
    run.perplexity = *run.perplexity + 0.001 * static_cast<double>(i % 97);
    run.kvBytesPerToken += static_cast<double>(i / 14);
    runs.push_back(run);
  }
  plot.setRuns(runs);
  plot.replot();
  EXPECT_EQ(plot.data().points.size(), 1000U);
  // What showing the window and the first runs still have to draw.
  ASSERT_TRUE(QTest::qWaitForWindowExposed(&plot));
  QCoreApplication::processEvents();
  int drawn = 0;
  QObject::connect(&plot, &QCustomPlot::afterReplot, [&] { ++drawn; });
  for (int i = 0; i < 10; ++i) plot.setRuns(runs);
  QCoreApplication::processEvents();
  EXPECT_EQ(drawn, 0) << "an unchanged snapshot redraws nothing";
  runs[0].perplexity = 20;
  plot.setRuns(runs);
  ASSERT_TRUE(test::waitUntil([&] { return drawn > 0; }));
}

TEST(CompareDeltas, AreShortAndNeverLie) {
  EXPECT_EQ(deltaText(0.004, CompareColumn::PerplexityDelta), "0");
  EXPECT_EQ(deltaText(-0.4812, CompareColumn::PerplexityDelta), "−0.48");
  EXPECT_EQ(deltaText(std::nullopt, CompareColumn::PerplexityDelta), "–");
  EXPECT_EQ(deltaText(std::nan(""), CompareColumn::KvBytesDelta), "–");
  EXPECT_EQ(deltaText(-0.5, CompareColumn::KvBytesDelta), "−50%");
  EXPECT_EQ(deltaText(0.012, CompareColumn::SpeedDelta), "+1.2%");
  EXPECT_EQ(deltaText(15, CompareColumn::KvBytesDelta), "×16.0");
  store::RunSummary run, baseline;
  run.perplexity = 13;
  EXPECT_FALSE(deltaOf(run, baseline, CompareColumn::PerplexityDelta))
      << "a baseline without a value gives no difference";
  baseline.perplexity = std::nan("");
  EXPECT_FALSE(deltaOf(run, baseline, CompareColumn::PerplexityDelta));
}

TEST(PairSelection, IsOneRunOrTwoAndNeverTheSameTwice) {
  PairSelection pair;
  int changes = 0;
  QObject::connect(&pair, &PairSelection::changed, [&] { ++changes; });
  pair.toggle({1});
  pair.toggle({2});
  pair.toggle({3});
  EXPECT_THAT(pair.runs(), ElementsAre(store::RunId{1}, store::RunId{3}));
  pair.toggle({1});
  EXPECT_THAT(pair.runs(), ElementsAre(store::RunId{3}));
  pair.chooseSecond({3});
  EXPECT_THAT(pair.runs(), ElementsAre(store::RunId{3}));
  pair.setRuns({{7}, {3}, {9}});
  EXPECT_EQ(pair.a(), store::RunId{3}) << "A stays A where it can";
  EXPECT_NE(pair.b(), store::RunId{3});
  pair.keepOnly({{9}, {7}});
  EXPECT_EQ(pair.runs().size(), 1U);
  const int before = changes;
  pair.choose(pair.a());
  EXPECT_EQ(changes, before) << "no change, no signal";
}

TEST(MemoryReading, TellsTheChosenPairOrTheTwoBestCurves) {
  std::vector<store::RunSummary> runs;
  std::int64_t next = 0;
  for (const test::SampleRun& sample : test::table1Samples()) runs.push_back(test::summaryOf(sample, ++next));
  const ParetoData data = paretoData(runs);
  const MemoryReading best = readMemory(data, 5120, {});
  ASSERT_EQ(best.lines.size(), 2U);
  EXPECT_EQ(best.lines[0].name, "H128-MQA-CLA2");
  EXPECT_EQ(best.lines[1].name, "H64-MQA");
  const MemoryReading pair = readMemory(data, 5120, {{7}, {14}});
  ASSERT_EQ(pair.lines.size(), 1U) << "CLA4 has no curve here";
  EXPECT_EQ(pair.lines[0].name, "H64-MQA") << "H32's curve goes through it";
  EXPECT_EQ(readMemory(data, 100, {}).headline("B"), "at 100 B/token: no curve");
  const MemoryReading same = readMemory(data, 7000, {{5}, {4}});
  EXPECT_EQ(same.lines.size(), 1U) << "two runs of one curve are one reading between its points";
}

TEST(CompareSettings, AWrongConfigurationIsOneSentence) {
  const auto wrong = compareSettings("name = \"a\"\n", "[model]\nlayerz = 3\n");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("layerz"), std::string::npos);
  const auto same = compareSettings("name = \"a\"\n", "name = \"b\"\n");
  ASSERT_TRUE(same);
  EXPECT_TRUE(std::none_of(same->begin(), same->end(), [](const Setting& setting) { return setting.differs(); }))
      << "a name is no setting";
}

}  // namespace
}  // namespace weft::ui
