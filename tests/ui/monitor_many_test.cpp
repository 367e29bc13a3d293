// A hundred curves in one chart: each can be told from the others, the names cover nothing, and the page says how many
// there are.
#include <gtest/gtest.h>

#include <QHideEvent>
#include <QTest>
#include <set>
#include <tuple>

#include "tests/ui/monitor_fixture.h"
#include "tests/ui/scale_fixture.h"
#include "ui/plot/curve.h"

namespace weft::ui {
namespace {

using test::waitUntil;

using PenLook = std::tuple<QString, std::vector<double>, double>;
PenLook lookOf(const QPen& pen) {
  const QList<qreal> dashes = pen.dashPattern();
  return {pen.color().name(), std::vector<double>(dashes.begin(), dashes.end()), pen.widthF()};
}

TEST(StyleNumbers, AHundredCurvesLookDifferentEvenIfTheirRunsPreferOneStyle) {
  for (const int stride : {1, 4, 8, kLineStyles}) {
    std::vector<store::RunId> runs;
    for (int i = 0; i < 100; ++i) runs.push_back({1 + i * stride});
    std::set<PenLook> looks;
    std::set<int> numbers;
    for (const int number : styleNumbers(runs)) {
      numbers.insert(number);
      looks.insert(lookOf(seriesPen(lineStyle(number, Theme::light()), 1.5, Dashes::Yes)));
    }
    EXPECT_EQ(numbers.size(), 100U) << "every " << stride << "th run";
    EXPECT_EQ(looks.size(), 100U) << "every " << stride << "th run";
  }
}

TEST(StyleNumbers, EachOfTheEightHuesHasItsDashAndARunKeepsItsOwnWhileThatIsFree) {
  for (int i = 0; i < 8; ++i)
    EXPECT_EQ(lineStyle(i, Theme::light()).dash, Theme::light().series[static_cast<std::size_t>(i)].dash);
  EXPECT_EQ(styleNumbers({{5}, {7}, {12}}), (std::vector<int>{4, 6, 11}));
  EXPECT_EQ(runStyle({5}, Theme::light()).line, lineStyle(4, Theme::light()).line);
  const std::vector<int> shared = styleNumbers({{1}, {1 + kLineStyles}});
  EXPECT_EQ(shared[0], 0);
  EXPECT_EQ(lineStyle(shared[1], Theme::light()).line, lineStyle(0, Theme::light()).line) << "the next one of its hue";
}

class ManyCurves : public test::MonitorTest {
 protected:
  void openHundred() {
    for (const char* name : {"MHA", "MQA", "MQA-CLA2", "H16-MQA"}) m_project.addFinished({.name = name, .steps = 12});
    test::copyRuns(m_project, 25);
    test::stretchCurves(m_project, "id <= 50", 400);
    open();
    for (int id = 1; id <= 100; ++id) m_runs.push_back({id});
    m_page.showRuns(m_runs);
    ASSERT_TRUE(waitUntil([&] {
      return std::all_of(m_runs.begin(), m_runs.end(),
                         [&](store::RunId id) { return m_page.lossChart()->lastReading(id).has_value(); });
    }));
    QCoreApplication::processEvents();
    m_page.lossChart()->replot();
  }
  std::vector<store::RunId> m_runs;
};

TEST_F(ManyCurves, TheHeaderCountsThemAndTheListShowsEachAsItsCurveIsDrawn) {
  openHundred();
  EXPECT_EQ(m_page.strip()->titleText(), QStringLiteral("100 runs"));
  EXPECT_TRUE(
      m_page.strip()->factsText().startsWith(QStringLiteral("100 finished · current: MHA 400 steps s1, finished")))
      << m_page.strip()->factsText().toStdString();
  std::set<PenLook> looks;
  for (const ChartRun& run : m_page.lossChart()->runs()) {
    ASSERT_TRUE(run.style.has_value());
    EXPECT_EQ(m_page.jobs()->styleOf(run.id), run.style) << "card and curve";
    ASSERT_NE(m_page.jobs()->card(run.id), nullptr);
    EXPECT_TRUE(m_page.jobs()->card(run.id)->isPlotted());
  }
  for (int i = 0; i < m_page.lossChart()->plottableCount(); ++i)
    if (const auto* curve = dynamic_cast<const Curve*>(m_page.lossChart()->plottable(i));
        curve && curve->form() == Curve::Form::Line)
      looks.insert(lookOf(curve->pen()));
  EXPECT_EQ(looks.size(), 100U);
  const ReadingsModel* readings = m_page.readings()->model();
  ASSERT_TRUE(waitUntil([&] { return readings->rowCount() == 100; }));
  std::set<int> keys;
  for (int row = 0; row < 100; ++row) keys.insert(readings->styleAt(row));
  EXPECT_EQ(keys.size(), 100U);
}

TEST_F(ManyCurves, NamesStandBesideThePlotApartFromEachOtherAndTheCurrentRunsIsAmongThem) {
  openHundred();
  LossChart* chart = m_page.lossChart();
  const auto check = [&] {
    const std::vector<LossChart::NamedRun>& named = chart->namedRuns();
    ASSERT_GT(named.size(), 5U);
    ASSERT_LT(named.size(), 100U) << "not all have room";
    for (std::size_t i = 0; i < named.size(); ++i) {
      EXPECT_GE(named[i].box.left(), chart->plotArea().right()) << "not on the curves";
      EXPECT_LE(named[i].box.right(), chart->width());
      if (i > 0) {
        EXPECT_GE(named[i].box.top(), named[i - 1].box.bottom() - 1);
      }
    }
    EXPECT_TRUE(
        std::any_of(named.begin(), named.end(), [&](const auto& one) { return one.run == m_page.jobs()->current(); }));
  };
  check();
  // Another run becomes the current one by a click on its row in the table.
  QTableView* table = m_page.readings()->table();
  table->scrollTo(table->model()->index(57, 0));
  QTest::mouseClick(table->viewport(), Qt::LeftButton, {}, table->visualRect(table->model()->index(57, 0)).center());
  EXPECT_EQ(m_page.jobs()->current(), store::RunId{58});
  chart->replot();
  check();
  EXPECT_TRUE(m_page.strip()->factsText().contains(QStringLiteral("current: MQA")))
      << m_page.strip()->factsText().toStdString();
  keepPicture(QStringLiteral("monitor-hundred"));
  keepPicture(QStringLiteral("monitor-hundred-2x"), 2);
}

TEST_F(ManyCurves, OnlyTheCurrentRunHasABandAndThePageSaysSo) {
  openHundred();
  LossChart* chart = m_page.lossChart();
  int bands = 0;
  for (int i = 0; i < chart->plottableCount(); ++i)
    if (const auto* curve = dynamic_cast<const Curve*>(chart->plottable(i));
        curve && curve->form() == Curve::Form::Band)
      bands += curve->visible();
  EXPECT_EQ(bands, 1);
  ASSERT_TRUE(waitUntil([&] {
    for (const ChartTitle* title : m_page.findChildren<ChartTitle*>())
      if (title->note().contains(QStringLiteral("(of the current run)"))) return true;
    return false;
  }));
}

TEST_F(ManyCurves, TheirPlotsLayOutNoLegendThatNobodySees) {
  openHundred();
  EXPECT_EQ(m_page.lossChart()->legend->itemCount(), 0);
}

TEST_F(ManyCurves, NoSmallChartIsCutInALowWindow) {
  openHundred();
  for (const QSize size : {QSize(1368, 844), QSize(1200, 640), QSize(1200, 480)}) {
    m_page.resize(size);
    QCoreApplication::processEvents();
    const QRect seen = m_page.smallCharts()->viewport()->rect();
    int whole = 0;
    for (const std::string& metric : m_page.smallCharts()->metrics()) {
      const MetricChart* chart = m_page.smallCharts()->chart(metric);
      const QRect place(chart->mapTo(m_page.smallCharts()->viewport(), QPoint()), chart->size());
      if (!place.intersects(seen)) continue;
      EXPECT_TRUE(seen.adjusted(0, 0, 0, 2).contains(place)) << metric << " at " << size.height();
      ++whole;
    }
    EXPECT_GE(whole, 1);
    EXPECT_GE(m_page.lossChart()->height(), m_page.readings()->height() - 30)
        << "the chart gets the most, at " << size.height();
  }
}

}  // namespace
}  // namespace weft::ui
