// What the studio says of runs that differ in seed, and what it does not: through Compare's mouse, the figure's caption
// and the model behind both.
#include "ui/models/configuration_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QApplication>
#include <QClipboard>
#include <QTest>

#include "tests/ui/compare_fixture.h"
#include "ui/compare/compare_model.h"
#include "ui/compare/compare_table.h"
#include "ui/compare/pair_panel.h"
#include "ui/figures/figure_document.h"
#include "ui/figures/figure_library.h"
#include "ui/figures/figure_list.h"
#include "ui/figures/figures_page.h"
#include "ui/figures/paper_view.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {
namespace {

using test::ComparePageTest;
using test::SampleRun;
using test::waitUntil;

SampleRun mqa(std::int64_t seed, double perplexity) {
  return {.name = "MQA",
          .generator = "identity",
          .kvBytesPerToken = 1024,
          .perplexity = perplexity,
          .steps = 20,
          .seed = seed};
}
SampleRun shared(std::int64_t seed, double perplexity) {
  return {.name = "MQA-CLA2",
          .generator = "cla2",
          .kvBytesPerToken = 512,
          .perplexity = perplexity,
          .steps = 20,
          .seed = seed};
}
SampleRun narrow(std::int64_t seed, double perplexity) {
  return {.name = "H16-MQA",
          .generator = "identity",
          .headWidth = 16,
          .kvBytesPerToken = 512,
          .perplexity = perplexity,
          .steps = 20,
          .seed = seed};
}

class SeedsInCompare : public ComparePageTest {
 protected:
  void add(std::initializer_list<SampleRun> samples) {
    for (const SampleRun& sample : samples) m_ids.push_back(m_project.addFinished(sample));
  }
  void openWithGroups() {
    open();
    ASSERT_TRUE(waitUntil([&] { return !m_page.groups().groups().empty(); }));
  }
  void click(std::size_t run, Qt::KeyboardModifiers modifiers = {}) {
    m_page.plot()->replot();
    const QPointF at = m_page.plot()->pixelOf(m_ids[run]).value_or(QPointF(-1, -1));
    QTest::mouseClick(m_page.plot(), Qt::LeftButton, modifiers, at.toPoint());
  }
  // What the cursor's callout says, and beside the plot.
  QString read() {
    EXPECT_TRUE(m_page.plot()->reading());
    const QString callout = m_page.plot()->reading() ? m_page.plot()->reading()->sentence(&m_page.groups()) : QString();
    EXPECT_EQ(m_page.panel()->sentence(), callout + ".");
    return callout;
  }
  QString cell(std::size_t run, CompareColumn column, int role = Qt::DisplayRole) {
    return m_page.model()->index(m_page.model()->rowOf(m_ids[run]), static_cast<int>(column)).data(role).toString();
  }
  std::vector<store::RunId> m_ids;
};

// "MQA-CLA2 is 1.07 lower than MQA-CLA2" stood here.
TEST_F(SeedsInCompare, TwoSeedsOfOneConfigurationAreToldApartAndNotCompared) {
  add({shared(1, 7.04), shared(2, 8.11)});
  openWithGroups();
  EXPECT_EQ(m_page.selection()->a(), store::RunId{}) << "two seeds are no pair to open on";
  click(0);
  click(1, Qt::ControlModifier);
  const QString said = m_page.panel()->sentence();
  EXPECT_EQ(said,
            "MQA-CLA2 s1 against MQA-CLA2 s2: the same configuration as MQA-CLA2 s2: what they differ in is the seed.");
  EXPECT_EQ(cell(0, CompareColumn::Run), "MQA-CLA2 s1");
  EXPECT_EQ(m_page.plot()->data().find(m_ids[1])->label, "MQA-CLA2 s2");
  EXPECT_EQ(m_page.panel()->valueText(0, 0), "7.04");
  EXPECT_EQ(m_page.panel()->differenceText(0), "");
  EXPECT_TRUE(m_page.panel()->valueText(1, 0).endsWith("(2 seeds)")) << m_page.panel()->valueText(1, 0).toStdString();
  EXPECT_FALSE(said.contains("lower"));
}

TEST_F(SeedsInCompare, OneRunEachMakesNoClaim) {
  add({shared(1, 7.04), narrow(4, 10.37)});
  openWithGroups();
  click(0);
  click(1, Qt::ControlModifier);
  EXPECT_EQ(
      read(),
      "MQA-CLA2 against H16-MQA: the same KV bytes as H16-MQA; one run each, so their perplexities are not compared");
  EXPECT_EQ(m_page.panel()->valueText(0, 1), "10.37") << "the numbers stand side by side";
  EXPECT_EQ(m_page.panel()->differenceText(0), "");
  EXPECT_EQ(m_page.panel()->valueText(1, 0), "7.04");
}

TEST_F(SeedsInCompare, ThreePairedSeedsWithoutADifferenceSayThatThereIsNone) {
  add({shared(1, 6.47), shared(2, 6.28), shared(3, 6.02), narrow(1, 6.36), narrow(2, 6.49), narrow(3, 6.11)});
  openWithGroups();
  click(0);
  click(4, Qt::ControlModifier);
  const QString said = read();
  EXPECT_TRUE(said.startsWith("MQA-CLA2 against H16-MQA: the same KV bytes as H16-MQA; perplexity "))
      << said.toStdString();
  EXPECT_TRUE(said.endsWith(" (3 seeds, paired): no difference beyond the seeds")) << said.toStdString();
  EXPECT_TRUE(m_page.panel()->valueText(1, 0).startsWith("6.26 ± ")) << m_page.panel()->valueText(1, 0).toStdString();
}

TEST_F(SeedsInCompare, ThreePairedSeedsWithADifferenceSayWhichIsHigher) {
  add({mqa(1, 6.40), mqa(2, 6.61), mqa(3, 6.10), shared(1, 7.05), shared(2, 7.26), shared(3, 6.73)});
  openWithGroups();
  click(3);
  click(0, Qt::ControlModifier);
  const QString said = m_page.panel()->sentence();
  EXPECT_TRUE(
      said.startsWith("MQA-CLA2 against MQA: half of MQA's KV bytes; perplexity +10.1% ± 0.6% (3 seeds, paired)"))
      << said.toStdString();
  EXPECT_TRUE(said.endsWith(" (3 seeds, paired): higher than MQA's.")) << said.toStdString();
}

TEST_F(SeedsInCompare, ComparisonsOfTheListAreCountedAndTheBaselineHasThemInItsTooltips) {
  add({mqa(1, 6.40), mqa(2, 6.61), mqa(3, 6.10), shared(1, 7.05), shared(2, 7.26), shared(3, 6.73), narrow(1, 6.36),
       narrow(2, 6.70), narrow(3, 6.11)});
  ASSERT_TRUE(m_project.store().setBaseline(m_ids[0]));
  openWithGroups();
  ASSERT_TRUE(waitUntil([&] { return m_page.model()->baseline() == m_ids[0]; }));
  const QString tip = cell(3, CompareColumn::PerplexityDelta, Qt::ToolTipRole);
  EXPECT_TRUE(tip.endsWith("(3 seeds, paired; 2 comparisons): higher than MQA's")) << tip.toStdString();
  EXPECT_TRUE(cell(7, CompareColumn::PerplexityDelta, Qt::ToolTipRole).contains("no difference beyond the seeds"));
  EXPECT_TRUE(cell(1, CompareColumn::PerplexityDelta, Qt::ToolTipRole).contains("what they differ in is the seed"));
  // The pair against the baseline says the same.
  click(3);
  EXPECT_EQ(m_page.panel()->sentence(), tip + ".");
}

TEST_F(SeedsInCompare, NoSeedInCommonAndAnotherTextAreNamedAsWhatStandsInTheWay) {
  SampleRun elsewhere = narrow(1, 5.2);
  elsewhere.name = "elsewhere";
  config::RunConfig config = *config::parseRunConfig(test::configOf(elsewhere), "sample");
  config.evaluation.tokens *= 2;
  elsewhere.configToml = config::toToml(config);
  add({shared(1, 7.0), shared(2, 7.1), narrow(3, 6.5), narrow(4, 6.6), elsewhere});
  openWithGroups();
  click(0);
  click(2, Qt::ControlModifier);
  EXPECT_TRUE(read().endsWith("fewer than two seeds in common, so their perplexities are not compared"));
  click(4, Qt::ControlModifier);
  EXPECT_TRUE(read().endsWith(
      "their held-out texts, tokenizers or evaluations differ, so their perplexities are not compared"));
}

TEST_F(SeedsInCompare, AThirdSeedThatEndsChangesTheSentence) {
  add({mqa(1, 6.40), mqa(2, 6.61), shared(1, 7.05), shared(2, 7.26)});
  openWithGroups();
  click(2);
  click(0, Qt::ControlModifier);
  EXPECT_TRUE(m_page.panel()->sentence().contains("(2 seeds, paired)")) << m_page.panel()->sentence().toStdString();
  add({mqa(3, 6.10), shared(3, 6.73)});
  EXPECT_TRUE(waitUntil([&] { return m_page.panel()->sentence().contains("(3 seeds, paired)"); }))
      << m_page.panel()->sentence().toStdString();
}

// The page opens on two configurations, though two seeds of one lie further apart.
TEST_F(SeedsInCompare, OpensOnTwoConfigurationsAndNotOnTwoSeeds) {
  add({shared(1, 6.0), shared(2, 9.0), narrow(1, 6.5), narrow(2, 6.6)});
  openWithGroups();
  const service::RunGroup* a = m_page.groups().groupOf(m_page.selection()->a());
  const service::RunGroup* b = m_page.groups().groupOf(m_page.selection()->b());
  ASSERT_TRUE(a && b);
  EXPECT_NE(a, b);
}

TEST_F(SeedsInCompare, AValueBetweenTwoRunsIsNotCompared) {
  SampleRun small = narrow(1, 6.5), large = narrow(1, 6.2), low = shared(1, 6.4), high = shared(2, 6.1);
  small.kvBytesPerToken = 256;
  large.name = "H64-MQA";
  large.headWidth = 64;
  large.kvBytesPerToken = 1024;
  high.name = "MQA-CLA2 wide";
  high.headWidth = 64;
  high.kvBytesPerToken = 1024;
  add({small, large, low, high});
  openWithGroups();
  click(0);
  click(2, Qt::ControlModifier);
  m_page.plot()->setCursorX(768);
  ASSERT_TRUE(m_page.plot()->reading());
  ASSERT_EQ(m_page.plot()->reading()->lines.size(), 2U) << m_page.plot()->reading()->lines.front().name.toStdString();
  EXPECT_TRUE(
      m_page.plot()->reading()->sentence(&m_page.groups()).endsWith("a value between two runs is not compared"));
}

TEST_F(SeedsInCompare, ThePicturesAreKept) {
  ThemeController theme(ThemeChoice::Light);
  add({mqa(1, 6.46), mqa(2, 6.61), mqa(3, 6.10), shared(1, 6.47), shared(2, 6.28), shared(3, 6.02), narrow(1, 6.36),
       narrow(2, 6.49), narrow(3, 6.11)});
  ASSERT_TRUE(m_project.store().setBaseline(m_ids[0]));
  openWithGroups();
  ASSERT_TRUE(waitUntil([&] { return m_page.model()->baseline() == m_ids[0]; }));
  click(3);
  click(6, Qt::ControlModifier);
  ASSERT_TRUE(waitUntil([&] { return m_page.panel()->settings().settingCount() > 0; }));
  for (const ThemeChoice choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
    theme.setChoice(choice);
    ASSERT_TRUE(waitUntil([&] { return m_page.palette().color(QPalette::Base) == Theme::current().panel; }));
    for (const int scale : {1, 2}) {
      const QString name =
          QStringLiteral("compare-seeds-%1-%2x.png").arg(choice == ThemeChoice::Light ? "light" : "dark").arg(scale);
      EXPECT_TRUE(picture(m_page, scale).save(test::pictureFile(name)));
    }
  }
  theme.setChoice(ThemeChoice::Light);
}

class SeedsInFigures : public testing::Test {
 protected:
  ~SeedsInFigures() override { m_page.setSession(nullptr); }
  void open() {
    m_session = std::make_unique<ProjectSession>(m_project.project());
    m_page.setSession(m_session.get());
    m_page.resize(1368, 840);
    m_page.show();
    m_page.list()->setFocus();
    ASSERT_TRUE(waitUntil([&] { return m_page.library()->isLoaded() && !m_page.library()->runs(0).empty(); }));
  }
  // The caption of the first figure as LaTeX, copied with the keyboard once it speaks of what it knows.
  QString captionWith(const QString& part) {
    EXPECT_TRUE(waitUntil([&] { return m_page.paper()->caption().contains(part); }))
        << m_page.paper()->caption().toStdString();
    QTest::keyClick(m_page.list(), Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
    return QApplication::clipboard()->text();
  }
  test::TestProject m_project;
  std::unique_ptr<ProjectSession> m_session;
  FiguresPage m_page;
};

TEST_F(SeedsInFigures, TheCaptionNamesAPairOfEqualMemoryWithItsIntervalAndHowManyThereWere) {
  for (const SampleRun& sample : {shared(1, 6.47), shared(2, 6.28), shared(3, 6.02), narrow(1, 6.36), narrow(2, 6.49),
                                  narrow(3, 6.11), mqa(1, 6.4)})
    m_project.addFinished(sample);
  open();
  const QString latex = captionWith("no difference beyond the seeds");
  EXPECT_TRUE(latex.contains("for 7 runs of 3 configurations (1 to 3 seeds each).")) << latex.toStdString();
  EXPECT_TRUE(latex.contains("At 512 bytes per token, MQA-CLA2 against H16-MQA: perplexity -1.0\\% $\\pm$"))
      << latex.toStdString();
  EXPECT_TRUE(latex.contains("(3 seeds, paired): no difference beyond the seeds.")) << latex.toStdString();
  EXPECT_FALSE(latex.contains(" below ")) << latex.toStdString();
}

TEST_F(SeedsInFigures, OneRunEachIsSaidToBeThat) {
  for (const SampleRun& sample : {shared(1, 7.04), narrow(1, 10.37)}) m_project.addFinished(sample);
  open();
  EXPECT_TRUE(
      captionWith("one run").contains("Each configuration is one run; differences between them are not tested."));
}

TEST_F(SeedsInFigures, CurvesAndPointsOfOneNameAreCalledByTheirSeeds) {
  std::vector<FigureRun> runs;
  for (std::int64_t seed = 1; seed <= 2; ++seed) {
    FigureRun run{.summary = test::summaryOf(shared(seed, 6.4), seed), .series = test::noisyLoss(50, 2)};
    run.summary.seed = seed;
    runs.push_back(run);
  }
  for (const FigureKind kind : {FigureKind::Pareto, FigureKind::Curves}) {
    FigureOptions options{.kind = kind, .svgText = SvgText::Text};
    const auto file = renderFigure("svg", options, runs);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(file->bytes.contains("MQA-CLA2 s1")) << static_cast<int>(kind);
    EXPECT_TRUE(file->bytes.contains("MQA-CLA2 s2")) << static_cast<int>(kind);
    EXPECT_FALSE(file->bytes.contains("#2"));
  }
}

}  // namespace
}  // namespace weft::ui
