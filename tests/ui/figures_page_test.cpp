#include "ui/figures/figures_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTest>
#include <filesystem>

#include "tests/ui/compare_fixture.h"
#include "ui/figures/figure_list.h"
#include "ui/figures/figure_panel.h"
#include "ui/figures/paper_view.h"
#include "ui/parts/filter_field.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {
namespace {

using test::TestProject;
using test::waitUntil;
using testing::ElementsAre;

class FiguresPageTest : public testing::Test {
 protected:
  void fill() {
    for (const test::SampleRun& sample : test::table1WithConfigs()) m_project.addFinished(sample);
  }
  void open() {
    m_session = std::make_unique<ProjectSession>(m_project.project());
    const auto stored = m_project.store().runs();
    ASSERT_TRUE(waitUntil([&] { return m_session->snapshot()->runs.size() == stored->size(); }));
    m_page.setSession(m_session.get());
    m_page.resize(1368, 840);
    m_page.show();
    m_page.list()->setFocus();
    ASSERT_TRUE(waitUntil([&] { return m_page.library()->isLoaded(); }));
    ASSERT_TRUE(waitUntil([&] {
      for (int i = 0; i < m_page.library()->count(); ++i)
        if (m_page.library()->isLoading(i)) return false;
      return true;
    }));
  }
  ~FiguresPageTest() override { m_page.setSession(nullptr); }

  std::filesystem::path figures() const { return m_project.project().figures(); }
  QString state() {
    for (const QLabel* label : m_page.findChildren<QLabel*>())
      if (label->text().contains("up to date") || label->text().contains("newer data, F5")) return label->text();
    return {};
  }
  QString shownText(const QString& beginning) {
    for (const QLabel* label : m_page.findChildren<QLabel*>())
      if (label->isVisible() && label->text().startsWith(beginning)) return label->text();
    return {};
  }

  TestProject m_project;
  std::unique_ptr<ProjectSession> m_session;
  FiguresPage m_page;
};

TEST_F(FiguresPageTest, BeginsWithPointsCurvesAndMapsOfAllRuns) {
  fill();
  open();
  ASSERT_EQ(m_page.library()->count(), 3);
  EXPECT_EQ(m_page.current(), 0);
  EXPECT_TRUE(m_page.paper()->message().isEmpty()) << m_page.paper()->message().toStdString();
  EXPECT_EQ(m_page.library()->runs(0).size(), 14U);
  EXPECT_EQ(m_page.library()->runs(1)[0].series.points.size(), 20U) << "curves are loaded through the session";
  EXPECT_EQ(state(), "✓ up to date with the store");
}

TEST_F(FiguresPageTest, ShowsTheFigureAtItsRealWidthTimesTheZoom) {
  fill();
  open();
  m_page.paper()->setZoom(1);
  EXPECT_NEAR(m_page.paper()->figureBox().width(), 5.5 * 96, 0.01);
  for (QPushButton* button : m_page.panel()->findChildren<QPushButton*>())
    if (button->text() == "3.25") QTest::mouseClick(button, Qt::LeftButton);
  EXPECT_EQ(m_page.library()->figure(0).options.width_in, 3.25);
  EXPECT_NEAR(m_page.paper()->figureBox().width(), 3.25 * 96, 0.01);
  m_page.paper()->setZoom(2);
  EXPECT_NEAR(m_page.paper()->figureBox().width(), 3.25 * 192, 0.01);
}

TEST_F(FiguresPageTest, TheHandleDragsTheHeightWhileTheWidthStays) {
  fill();
  open();
  PaperView* paper = m_page.paper();
  paper->setZoom(1);
  const QPoint handle = paper->handleBox().center().toPoint();
  QTest::mousePress(paper->viewport(), Qt::LeftButton, {}, handle);
  QTest::mouseMove(paper->viewport(), handle + QPoint(0, 30));
  QTest::mouseMove(paper->viewport(), handle + QPoint(0, 58));
  QTest::mouseRelease(paper->viewport(), Qt::LeftButton, {}, handle + QPoint(0, 58));
  EXPECT_NEAR(m_page.library()->figure(0).options.height_in, 4.0, 0.051);
  EXPECT_EQ(m_page.library()->figure(0).options.width_in, 5.5);
}

TEST_F(FiguresPageTest, AFrozenFigureWaitsSaysThatThereIsNewerDataAndDrawsItAtF5) {
  fill();
  open();
  QTest::mouseClick(m_page.freezeButton(), Qt::LeftButton);
  ASSERT_TRUE(m_page.library()->figure(0).isFrozen());
  EXPECT_TRUE(shownText("frozen on ").size() > 12);
  const auto before = m_page.library()->runs(0).size();
  m_project.addFinished({.name = "later", .kvBytesPerToken = 1280, .perplexity = 15, .steps = 5});
  ASSERT_TRUE(waitUntil([&] { return m_page.library()->hasNewerData(0); }));
  EXPECT_EQ(m_page.library()->runs(0).size(), before) << "the figure stays as it is";
  EXPECT_EQ(state(), "frozen; newer data, F5 draws it");
  EXPECT_TRUE(m_page.list()->model()->index(0, 0).data(FigureListModel::NewerRole).toBool());
  m_page.list()->setFocus();
  QTest::keyClick(m_page.list(), Qt::Key_F5);
  EXPECT_EQ(m_page.library()->runs(0).size(), before + 1);
  EXPECT_FALSE(m_page.library()->hasNewerData(0));
  EXPECT_TRUE(m_page.library()->figure(0).isFrozen()) << "frozen anew";
  QTest::keyClick(m_page.list(), Qt::Key_L, Qt::ControlModifier);
  EXPECT_FALSE(m_page.library()->figure(0).isFrozen());
  EXPECT_FALSE(m_page.freezeButton()->isChecked());
  EXPECT_EQ(state(), "✓ up to date with the store");
  m_page.library()->setFrozen(0, true);
  m_page.hide();
  m_project.addFinished({.name = "latest", .kvBytesPerToken = 1280, .perplexity = 16, .steps = 5});
  ASSERT_TRUE(waitUntil([&] { return m_session->snapshot()->runs.size() == before + 2; }));
  m_page.show();
  EXPECT_EQ(m_page.library()->runs(0).size(), before + 1) << "nor does it change when it is shown";
  EXPECT_TRUE(m_page.library()->hasNewerData(0));
}

TEST_F(FiguresPageTest, AFrozenFigureIsTheSameAfterTheProjectWasClosed) {
  fill();
  const store::RunId live = m_project.addQueued({.name = "live", .perplexity = std::nullopt});
  ASSERT_EQ(m_project.start(20), live);
  open();
  m_page.library()->setFrozen(1, true);
  ASSERT_TRUE(waitUntil([&] { return !m_page.library()->isLoading(1); }));
  ASSERT_EQ(m_page.library()->runs(1).back().series.points.size(), 20U);
  ASSERT_TRUE(waitUntil([&] {
    const auto text = readFile(figures() / "figures.json");
    return text && text->find("\"frozen\"") != std::string::npos;
  }));
  std::vector<store::Row> rows;
  for (std::int64_t step = 21; step <= 60; ++step)
    rows.emplace_back(store::MetricRow{.time = 1.8e9 + double(step), .step = step, .values = {{"train/loss", 2.0}}});
  m_project.ingest(live, std::move(rows));
  m_page.setSession(nullptr);
  open();
  ASSERT_TRUE(waitUntil([&] {
    return m_page.library()->isLoaded() && !m_page.library()->runs(1).empty() && !m_page.library()->isLoading(1);
  }));
  EXPECT_EQ(m_page.library()->runs(1).back().series.points.size(), 20U) << "without the steps since";
  EXPECT_TRUE(m_page.library()->hasNewerData(1));
}

TEST_F(FiguresPageTest, DrawsWhatIsThereWhenItIsShown) {
  const store::RunId run = m_project.addQueued({.name = "first"});
  open();
  EXPECT_EQ(m_page.paper()->message(), "No run has a perplexity yet, so there is no point to plot.");
  m_page.hide();
  ASSERT_EQ(m_project.start(30), run);
  m_project.ingest(run, {store::EvaluationRow{{.step = 30,
                                               .split = "valid",
                                               .task = "perplexity",
                                               .loss_nats = 2.6,
                                               .perplexity = 13.5,
                                               .tokens = 100,
                                               .time = 1.8e9}}});
  ASSERT_TRUE(waitUntil([&] { return m_session->snapshot()->find(run)->perplexity.has_value(); }));
  m_page.show();
  EXPECT_TRUE(m_page.paper()->message().isEmpty()) << m_page.paper()->message().toStdString();
}

TEST_F(FiguresPageTest, FollowsTheStoreWhileItIsOnShow) {
  fill();
  open();
  m_page.library()->setFollowDelay(0);
  const auto before = m_page.library()->runs(0).size();
  m_project.addFinished({.name = "later", .kvBytesPerToken = 1280, .perplexity = 15, .steps = 5});
  EXPECT_TRUE(waitUntil([&] { return m_page.library()->runs(0).size() == before + 1; })) << "without a key";
  EXPECT_TRUE(waitUntil([&] { return m_page.library()->hasNewerData(2); }))
      << "the others are drawn when they are chosen";
  m_page.list()->setCurrent(2);
  EXPECT_EQ(m_page.library()->runs(2).size(), before + 1);
}

TEST_F(FiguresPageTest, WhatDoesNotChangeTheFigureIsNoNewerData) {
  fill();
  open();
  m_page.library()->setFrozen(0, true);
  ASSERT_TRUE(m_project.store().setNote(store::RunId{1}, "a note"));
  ASSERT_TRUE(waitUntil([&] { return m_session->snapshot()->find({1})->note == "a note"; }));
  EXPECT_FALSE(m_page.library()->hasNewerData(0));
  ASSERT_TRUE(m_project.store().setArchived(store::RunId{1}, true));
  EXPECT_TRUE(waitUntil([&] { return m_page.library()->hasNewerData(0); })) << "a run that leaves does";
}

TEST_F(FiguresPageTest, ExportsEachFormatIntoTheProjectAndStatesWhatWasChecked) {
  fill();
  open();
  QString said;
  bool isError = true;
  QObject::connect(&m_page, &Page::messageRaised, [&](const QString& sentence, bool error) {
    said = sentence;
    isError = error;
  });
  for (const char* format : {"pdf", "svg", "png", "csv"}) {
    said.clear();
    m_page.panel()->setFormat(format);
    QTest::keyClick(m_page.list(), Qt::Key_E, Qt::ControlModifier);
    ASSERT_TRUE(waitUntil([&] { return !said.isEmpty(); })) << format;
    EXPECT_FALSE(isError) << said.toStdString();
    EXPECT_TRUE(std::filesystem::exists(figures() / ("kv-memory-against-perplexity." + std::string(format))))
        << said.toStdString();
  }
  m_page.panel()->setFormat("pdf");
  ASSERT_TRUE(
      waitUntil([&] { return m_page.panel()->shownChecks().contains("fonts embedded as TrueType, no Type 3"); }));
  EXPECT_TRUE(m_page.panel()->shownChecks().contains("5.500 in wide, 3.403 in high"))
      << m_page.panel()->shownChecks().join("; ").toStdString();
  EXPECT_TRUE(m_page.panel()->shownChecks().contains("same bytes when exported twice"));
}

TEST_F(FiguresPageTest, ExportsAllAndNamesThoseThatCannotBeDrawn) {
  open();
  QString said;
  QObject::connect(&m_page, &Page::messageRaised, [&](const QString& sentence, bool) { said = sentence; });
  for (QPushButton* button : m_page.findChildren<QPushButton*>())
    if (button->text() == "Export all figures") QTest::mouseClick(button, Qt::LeftButton);
  ASSERT_TRUE(waitUntil([&] { return !said.isEmpty(); }));
  EXPECT_TRUE(said.startsWith("Exported 0 figures")) << said.toStdString();
  EXPECT_TRUE(said.contains("KV memory against perplexity: There is no run to plot.")) << said.toStdString();
}

TEST_F(FiguresPageTest, AnEmptyProjectSaysSoOnThePaper) {
  open();
  EXPECT_EQ(m_page.paper()->message(), "There is no run to plot.");
  m_project.addQueued({.name = "waiting", .perplexity = std::nullopt});
  ASSERT_TRUE(waitUntil([&] { return m_page.library()->runs(0).size() == 1; }))
      << "an empty figure takes its first runs by itself";
  EXPECT_EQ(m_page.paper()->message(), "No run has a perplexity yet, so there is no point to plot.");
  m_page.setSession(nullptr);
  EXPECT_TRUE(m_page.paper()->message().startsWith("No project is open."));
}

TEST_F(FiguresPageTest, KeepsItsFiguresInTheProject) {
  fill();
  open();
  m_page.panel()->titleField()->setText("Headline");
  Q_EMIT m_page.panel()->titleField()->textEdited("Headline");
  m_page.panel()->kindBox()->setCurrentIndex(2);
  EXPECT_EQ(m_page.library()->figure(0).options.kind, FigureKind::SharingMaps);
  QTest::keyClick(m_page.list(), Qt::Key_D, Qt::ControlModifier);
  EXPECT_EQ(m_page.library()->count(), 4);
  EXPECT_EQ(m_page.current(), 3);
  ASSERT_TRUE(waitUntil([&] {
    const auto text = readFile(figures() / "figures.json");
    return text && text->find("Headline copy") != std::string::npos;
  }));
  FiguresPage other;
  other.setSession(m_session.get());
  ASSERT_TRUE(waitUntil([&] { return other.library()->isLoaded(); }));
  ASSERT_EQ(other.library()->count(), 4);
  EXPECT_EQ(other.library()->figure(0).title, "Headline");
  EXPECT_EQ(other.library()->figure(0).options.kind, FigureKind::SharingMaps);
  other.setSession(nullptr);
}

TEST_F(FiguresPageTest, ADamagedListOfFiguresIsOneSentenceAndTheUsualFigures) {
  ASSERT_TRUE(createFolders(figures()));
  ASSERT_TRUE(writeFileAtomically(figures() / "figures.json", "{\"figures\": 7"));
  QString said;
  QObject::connect(&m_page, &Page::messageRaised, [&](const QString& sentence, bool) { said = sentence; });
  open();
  EXPECT_TRUE(said.startsWith("The saved figures (figures/figures.json) cannot be read: ")) << said.toStdString();
  EXPECT_EQ(m_page.library()->count(), 3);
  EXPECT_EQ(*readFile(figures() / "figures.json"), "{\"figures\": 7") << "and the file is left alone";
}

TEST_F(FiguresPageTest, DrawsChosenRunsOnly) {
  fill();
  open();
  FigureDocument figure = m_page.library()->figure(0);
  figure.which = FigureRuns::Filter;
  figure.filter = "generator = cla2";
  m_page.library()->change(0, figure);
  EXPECT_EQ(m_page.library()->runs(0).size(), 5U);
  m_page.showRuns({{1}, {4}, {10}});
  EXPECT_EQ(m_page.current(), 3);
  EXPECT_EQ(m_page.library()->runs(3).size(), 3U);
  EXPECT_EQ(m_page.library()->figure(3).which, FigureRuns::Listed);
}

TEST_F(FiguresPageTest, DrawsValidationCurvesFromTheEvaluations) {
  fill();
  open();
  FigureDocument figure = m_page.library()->figure(1);
  figure.options.metric = "valid/perplexity";
  m_page.library()->change(1, figure);
  ASSERT_TRUE(waitUntil([&] { return !m_page.library()->isLoading(1); }));
  ASSERT_EQ(m_page.library()->runs(1)[3].series.points.size(), 1U);
  EXPECT_EQ(m_page.library()->runs(1)[3].series.points[0].value, 13.54);
}

TEST_F(FiguresPageTest, CopiesALatexFigureWithItsCaption) {
  fill();
  open();
  ASSERT_TRUE(waitUntil([&] { return m_page.paper()->caption().contains("one run"); }))
      << m_page.paper()->caption().toStdString();
  QTest::keyClick(m_page.list(), Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
  const QString latex = QApplication::clipboard()->text();
  EXPECT_TRUE(latex.contains("\\includegraphics[width=5.5in]{figures/kv-memory-against-perplexity.pdf}"))
      << latex.toStdString();
  EXPECT_TRUE(latex.contains("for 14 runs.")) << latex.toStdString();
  EXPECT_TRUE(latex.contains("Each configuration is one run; differences between them are not tested."))
      << latex.toStdString();
  EXPECT_FALSE(latex.contains("H32-MQA")) << "no pair is named without a test";
}

TEST_F(FiguresPageTest, RemovesAFigureWithDelAndKeepsItsFiles) {
  fill();
  open();
  m_page.exportTo(m_page.exportPath(0, "csv"));
  ASSERT_TRUE(waitUntil([&] { return std::filesystem::exists(figures() / "kv-memory-against-perplexity.csv"); }));
  QTest::keyClick(m_page.list(), Qt::Key_Delete);
  EXPECT_EQ(m_page.library()->count(), 2);
  EXPECT_EQ(m_page.library()->figure(m_page.current()).title, "Training loss");
  EXPECT_TRUE(std::filesystem::exists(figures() / "kv-memory-against-perplexity.csv"));
}

TEST_F(FiguresPageTest, ThePicturesAreKeptAndPaperIsWhiteInTheDarkToo) {
  ThemeController theme(ThemeChoice::Light);
  fill();
  open();
  ASSERT_TRUE(waitUntil([&] { return m_page.panel()->shownChecks().size() >= 3; }));
  for (const ThemeChoice choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
    theme.setChoice(choice);
    const QString name = choice == ThemeChoice::Light ? "figures-light" : "figures-dark";
    ASSERT_TRUE(waitUntil([&] { return m_page.palette().color(QPalette::Base) == Theme::current().panel; }));
    const QPoint inside =
        m_page.paper()->viewport()->mapTo(&m_page, m_page.paper()->figureBox().topLeft().toPoint() + QPoint(3, 3));
    for (const int scale : {1, 2}) {
      const QImage image = test::ComparePageTest::picture(m_page, scale);
      EXPECT_TRUE(image.save(test::pictureFile(QStringLiteral("%1-%2x.png").arg(name).arg(scale))));
      EXPECT_EQ(image.pixelColor(inside * scale), QColor(Qt::white)) << name.toStdString() << scale;
    }
  }
  theme.setChoice(ThemeChoice::Light);
}

TEST(FigureDocuments, SurviveTheirJson) {
  FigureDocument figure = usualFigures()[1];
  figure.title = "Quotes \" and \\ and é";
  figure.which = FigureRuns::Listed;
  figure.listed = {{3}, {1'000'000'007}};
  figure.options.baseline = {3};
  figure.options.legend = FigureLegend::Below;
  figure.options.svgText = SvgText::Text;
  figure.options.smoothing = 0.95;
  const auto read = figuresFromJson(figuresToJson({figure, usualFigures()[0]}).toUtf8());
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].title, figure.title);
  EXPECT_EQ((*read)[0].listed, figure.listed);
  EXPECT_EQ((*read)[0].options.legend, FigureLegend::Below);
  EXPECT_EQ((*read)[0].options.svgText, SvgText::Text);
  EXPECT_EQ((*read)[0].options.smoothing, 0.95);
  EXPECT_EQ((*read)[0].options.baseline, store::RunId{3});
  EXPECT_EQ(figuresToJson(*read), figuresToJson({figure, usualFigures()[0]}));
}

TEST(FigureDocuments, WrongFieldsBecomeUsualOnes) {
  const auto read = figuresFromJson(
      R"({"figures": [{"title": 5, "kind": 99, "width_in": 1e9, "font_size_pt": -3, "x": "no", "listed": "no"}, 7]})");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].options.kind, FigureKind::Pareto);
  EXPECT_EQ((*read)[0].options.width_in, 40);
  EXPECT_EQ((*read)[0].options.fontSize_pt, 4);
  EXPECT_FALSE(figuresFromJson("[]"));
  EXPECT_FALSE(figuresFromJson("not json"));
}

TEST(FigureDocuments, AreNamedAfterTheirTitle) {
  FigureDocument figure;
  figure.title = "  KV bytes: ½ of MQA / 1B! ";
  EXPECT_EQ(figure.fileName(), "kv-bytes-of-mqa-1b");
  figure.title = "../../etc/passwd";
  EXPECT_EQ(figure.fileName(), "etc-passwd");
  figure.title = "図";
  EXPECT_EQ(figure.fileName(), "figure");
}

}  // namespace
}  // namespace weft::ui
