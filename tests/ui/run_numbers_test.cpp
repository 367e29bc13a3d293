// One number, one meaning, in the window: Design, its preset list and Queue run say of a preset what its run will have,
// or name both; and Queue run says how long that takes and whether it fits.
#include <gmock/gmock.h>

#include <QApplication>
#include <QComboBox>
#include <QLineEdit>
#include <QPushButton>
#include <QTest>
#include <QTreeView>

#include "engine/base/text.h"
#include "engine/config/presets.h"
#include "engine/service/client.h"
#include "engine/service/local_executor.h"
#include "engine/store/kv_type.h"
#include "tests/ui/diagram_fixture.h"
#include "tests/ui/window_fixture.h"
#include "ui/diagram/cost_panel.h"
#include "ui/diagram/design_page.h"
#include "ui/diagram/preset_browser.h"
#include "ui/diagram/queue_panel.h"
#include "ui/diagram/run_preview.h"
#include "ui/parts/panel_parts.h"
#include "ui/queue/queue_page.h"
#include "ui/runs/runs_page.h"
#include "ui/window/app_settings.h"
#include "ui/window/main_window.h"

namespace weft::ui {
namespace {

using test::waitUntil;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::vector<std::string> kPresets{"demo-mha", "demo-mqa", "demo-mqa-cla2", "demo-h16-mqa",
                                        "paper-1b-h128-mqa-cla2"};

class RunNumbersTest : public DiagramTest {
 protected:
  void SetUp() override {
    DiagramTest::SetUp();
    qunsetenv("WEFT_WORKER");
    m_page = std::make_unique<DesignPage>();
    m_page->setAutoFillBackground(true);
    m_page->setBackgroundRole(QPalette::Base);
    m_page->resize(1368, 860);
    m_page->show();
    m_page->activateWindow();
    ASSERT_TRUE(waitUntil([&] { return m_page->isActiveWindow(); }));
  }
  void TearDown() override {
    m_page->setSession(nullptr);
    m_page.reset();
    m_session.reset();
    qunsetenv("WEFT_WORKER");
    DiagramTest::TearDown();
  }
  void openProject() {
    m_project = std::make_unique<test::TestProject>();
    m_session = std::make_unique<ProjectSession>(m_project->project());
    m_page->setSession(m_session.get());
  }
  // A worker that answers a trial with these numbers.
  void setWorker(const std::string& body) {
    const auto file = m_folder.path() / "worker.sh";
    ASSERT_TRUE(writeFileAtomically(
        file, "#!/bin/sh\nsay() { printf '%s\\n' \"$1\" >> \"$events\"; }\nevents=\"$1/events.jsonl\"\n" + body));
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    qputenv("WEFT_WORKER", QByteArray::fromStdString(file.string()));
  }
  static std::string say(decltype(protocol::Event::body) body) {
    return "say '" + protocol::toJsonLine({1000, std::move(body)}) + "'\n";
  }
  static std::string trialAt(double tokensPerSecond) {
    return say(protocol::HelloEvent{}) +
           say(protocol::FinishedEvent{
               .summary = {{"tokens_per_second", tokensPerSecond}, {"steps", 5}, {"is_scaled", 0}}});
  }
  void load(const std::string& preset) {
    document().load(config::preset(preset).value(), QStringLiteral("preset"));
    document().setRequest({.cacheType = sharing::ElementType::BFloat16, .context = 128, .batch = 1});
  }
  static service::ResolvedRun resolved(const std::string& preset) {
    return service::resolveRun(config::preset(preset).value()).value();
  }
  SharingDocument& document() { return *m_page->document(); }
  RunPreview& preview() { return *m_page->queuePanel()->preview(); }
  std::string line(int index) { return m_page->costPanel()->lines()[index]->value().toStdString(); }
  QLineEdit* field(const QString& name) {
    for (QLineEdit* edit : m_page->queuePanel()->findChildren<QLineEdit*>())
      if (edit->accessibleName() == name) return edit;
    return nullptr;
  }

  TemporaryFolder m_folder = TemporaryFolder::create("weft-ui").value();
  std::unique_ptr<DesignPage> m_page;
  std::unique_ptr<test::TestProject> m_project;
  std::unique_ptr<ProjectSession> m_session;
};

TEST_F(RunNumbersTest, DesignSaysTheNumbersOfTheRunOrNamesBoth) {
  for (const std::string& preset : kPresets) {
    load(preset);
    const service::ResolvedRun run = resolved(preset);
    EXPECT_EQ(line(0), formatCount(static_cast<double>(run.cost.parameters.total()))) << preset;
    EXPECT_EQ(line(1),
              groupDigits(
                  sharing::cost(run.shape, run.map, {.cacheType = sharing::ElementType::BFloat16})->kv.bytesPerToken) +
                  " B")
        << preset;
    const std::string both = m_page->costPanel()->typeWords().toStdString();
    EXPECT_EQ(both, service::bytesPerTokenWords(run.shape, run.map, sharing::ElementType::BFloat16, run.types))
        << preset;
    EXPECT_THAT(both, HasSubstr(groupDigits(run.cost.kv.bytesPerToken) + " B in " + sharing::toString(run.types.cache)))
        << preset;
    EXPECT_THAT(m_page->costPanel()->vocabularyWords().toStdString(), StartsWith("with ")) << preset;
  }
  load("demo-mqa-cla2");
  EXPECT_EQ(line(0), "722,432");
  EXPECT_EQ(m_page->costPanel()->vocabularyWords(), QStringLiteral("with the byte tokenizer’s 257 ids"));
}

TEST_F(RunNumbersTest, ThePresetListSaysTheSame) {
  const QAbstractItemModel* model = m_page->presetBrowser()->list()->model();
  std::size_t found = 0;
  for (int family = 0; family < model->rowCount(); ++family) {
    const QModelIndex parent = model->index(family, 0);
    for (int row = 0; row < model->rowCount(parent); ++row) {
      const std::string name = model->index(row, 0, parent).data(PresetBrowser::NameRole).toString().toStdString();
      if (std::find(kPresets.begin(), kPresets.end(), name) == kPresets.end()) continue;
      ++found;
      load(name);
      const auto cell = [&](int column) { return model->index(row, column, parent).data().toString().toStdString(); };
      EXPECT_EQ(cell(PresetBrowser::Parameters), line(0)) << name;
      EXPECT_EQ(cell(PresetBrowser::KvBytes) + " B", line(1)) << name;
      EXPECT_THAT(cell(PresetBrowser::KvBytesHere), StartsWith(groupDigits(resolved(name).cost.kv.bytesPerToken) + " "))
          << name;
    }
  }
  EXPECT_EQ(found, kPresets.size());
}

TEST_F(RunNumbersTest, AStoredRunHasWhatTheDesignSaidOfIt) {
  openProject();
  for (const std::string& preset : kPresets) {
    load(preset);
    const store::RunSummary run =
        m_project->store()
            .run(service::submit(m_project->project(), m_project->store(), document().runConfig()).value())
            .value();
    EXPECT_EQ(formatCount(static_cast<double>(run.parameters)), line(0)) << preset;
    const std::string type = store::kvTypeOf(run) == "16-bit" ? "bfloat16" : store::kvTypeOf(run);
    EXPECT_THAT(m_page->costPanel()->typeWords().toStdString(),
                HasSubstr(groupDigits(static_cast<std::int64_t>(run.kvBytesPerToken)) + " B in " + type))
        << preset;
  }
}

TEST_F(RunNumbersTest, ATokenizerIsReadAndItsEmbeddingCounted) {
  load("demo-mqa");
  const std::string file = std::string(WEFT_TEST_SOURCE_DIR) + "/fixtures/tokenizer/tiny-tokenizer.json";
  config::RunConfig config = document().run();
  config.data.tokenizer = file;
  document().setRun(config);
  ASSERT_TRUE(waitUntil([&] {
    return m_page->costPanel()->vocabularyWords().startsWith(QStringLiteral("with the tokenizer’s"));
  })) << m_page->costPanel()->vocabularyWords().toStdString();
  EXPECT_EQ(line(0),
            formatCount(static_cast<double>(service::resolveRun(document().runConfig())->cost.parameters.total())));
  config.data.tokenizer = "/nowhere/tokenizer.json";
  document().setRun(config);
  ASSERT_TRUE(waitUntil(
      [&] { return m_page->costPanel()->vocabularyWords().startsWith(QStringLiteral("without embedding: ")); }));
  EXPECT_TRUE(m_page->costPanel()->vocabularyWords().contains(QStringLiteral("/nowhere/tokenizer.json")));
  EXPECT_EQ(line(0), "706,176");
}

TEST_F(RunNumbersTest, QueueRunSaysInWhatTheRunDiffersFromTheDesign) {
  openProject();
  for (const std::string& preset : kPresets) {
    load(preset);
    m_page->openQueue();
    const service::ResolvedRun run = resolved(preset);
    const std::string parameters = groupDigits(run.cost.parameters.total()) + " parameters, as drawn";
    ASSERT_TRUE(waitUntil([&] {
      return preview().differences().size() == 2 && preview().differences()[0].toStdString().starts_with(parameters);
    })) << preset
        << ": " << preview().differences().join(u'|').toStdString();
    EXPECT_THAT(preview().differences()[1].toStdString(),
                StartsWith(groupDigits(run.cost.kv.bytesPerToken) + " B per token"))
        << preset;
    m_page->closeQueue();
  }
  // Another tokenizer in the panel alone: the design still counts the byte tokenizer's embedding.
  load("demo-mqa");
  m_page->openQueue();
  QLineEdit* tokenizer = field(QStringLiteral("Tokenizer"));
  ASSERT_NE(tokenizer, nullptr);
  tokenizer->setFocus();
  tokenizer->selectAll();
  QTest::keyClicks(tokenizer, QString::fromLatin1(WEFT_TEST_SOURCE_DIR "/fixtures/tokenizer/tiny-tokenizer.json"));
  EXPECT_TRUE(waitUntil([&] {
    return preview().differences().value(0).contains(QStringLiteral("the design counts a vocabulary of 257"));
  })) << preview().differences().join(u'|').toStdString();
}

TEST_F(RunNumbersTest, QueueRunTriesOutAFewStepsAndSaysHowLongItTakesAndWhetherItFits) {
  setWorker(trialAt(2560));
  openProject();
  load("demo-mqa");
  m_page->openQueue();
  ASSERT_TRUE(waitUntil([&] { return preview().estimate().startsWith(QStringLiteral("about ")); }))
      << preview().estimate().toStdString();
  EXPECT_THAT(preview().estimate().toStdString(), HasSubstr(", at the 2,560 tokens/s of a trial of 5 steps"));
  EXPECT_THAT(preview().fit().toStdString(), AllOf(StartsWith("fits: 0."), HasSubstr("of this machine")));
  // Three seeds are three runs; twice the steps take twice as long, without another trial.
  qunsetenv("WEFT_WORKER");
  QLineEdit* seeds = field(QStringLiteral("Seeds: one run each, like 1, 2, 3"));
  if (seeds == nullptr) seeds = field(QStringLiteral("Seeds"));
  ASSERT_NE(seeds, nullptr);
  seeds->setFocus();
  seeds->selectAll();
  QTest::keyClicks(seeds, QStringLiteral("1, 2, 3"));
  EXPECT_TRUE(waitUntil([&] {
    return preview().estimate().contains(QStringLiteral("; 3 runs one after the other: about "));
  })) << preview().estimate().toStdString();
}

TEST_F(RunNumbersTest, QueueRunSaysWhyItDoesNotKnowTheTime) {
  setWorker(
      say(protocol::HelloEvent{}) +
      say(protocol::FailedEvent{.code = "out_of_memory", .message = "A trial of a few steps would take too much."}));
  openProject();
  load("demo-mqa");
  m_page->openQueue();
  EXPECT_TRUE(waitUntil([&] {
    return preview().estimate() ==
           QStringLiteral("How long it takes is not known: A trial of a few steps would take too much.");
  })) << preview().estimate().toStdString();
  m_page->closeQueue();
  // Beside a training nothing is tried out: both would be slower.
  m_project->addQueued({.name = "busy", .configToml = "name = \"busy\"\n[device]\ndtype = \"bfloat16\"\n"});
  m_project->start(1);
  ASSERT_TRUE(waitUntil([&] { return !m_session->snapshot()->runs.empty(); }));
  setWorker(trialAt(99));
  document().setLayerCount(6);
  m_page->openQueue();
  EXPECT_TRUE(waitUntil([&] { return preview().estimate().contains(QStringLiteral("a run trains here now")); }))
      << preview().estimate().toStdString();
}

TEST_F(RunNumbersTest, TheQueuePanelIsShownInBothThemesAndScales) {
  setWorker(trialAt(2560));
  openProject();
  load("demo-mqa-cla2");
  m_page->openQueue();
  ASSERT_TRUE(waitUntil([&] { return preview().estimate().startsWith(QStringLiteral("about ")); }))
      << preview().estimate().toStdString();
  for (const auto& [choice, name] :
       {std::pair(ThemeChoice::Light, "queue-run-light"), std::pair(ThemeChoice::Dark, "queue-run-dark")}) {
    m_theme->setChoice(choice);
    for (const int scale : {1, 2}) {
      QCoreApplication::processEvents();
      QImage image((QSizeF(m_page->size()) * scale).toSize(), QImage::Format_RGB32);
      image.setDevicePixelRatio(scale);
      m_page->render(&image);
      EXPECT_TRUE(
          image.save(screenshotFile(QString::fromLatin1(name) + (scale == 2 ? QStringLiteral("-2x") : QString()))));
    }
  }
}

// "New run..." and "Add job..." lead into the panel, not merely to the page.
class NewRunTest : public testing::Test {
 protected:
  NewRunTest() {
    settings::setStartsEngine(false);
    m_design = new DesignPage;
    m_window = std::make_unique<MainWindow>(
        m_theme, std::vector<Page*>{m_design, new RunsPage(nullptr), new QueuePage(nullptr)});
    m_window->show();
    m_window->activateWindow();
    EXPECT_TRUE(QTest::qWaitForWindowActive(m_window.get()));
  }
  QPushButton* button(const QString& page, const QString& text) {
    for (QPushButton* one : m_window->page(page)->findChildren<QPushButton*>())
      if (one->text() == text) return one;
    return nullptr;
  }
  void expectPanelFrom(const QString& page, const QString& text) {
    m_design->closeQueue();
    m_window->showPage(page);
    ASSERT_NE(button(page, text), nullptr);
    QTest::mouseClick(button(page, text), Qt::LeftButton);
    EXPECT_EQ(m_window->currentPage(), QStringLiteral("Design"));
    EXPECT_TRUE(m_design->isQueueOpen());
    ASSERT_NE(QApplication::focusWidget(), nullptr);
    EXPECT_TRUE(m_design->queuePanel()->isAncestorOf(QApplication::focusWidget())) << "the keyboard is in the panel";
    QTest::keyClicks(QApplication::focusWidget(), QStringLiteral("first"));
    EXPECT_EQ(qobject_cast<QLineEdit*>(QApplication::focusWidget())->text(), QStringLiteral("first"))
        << "the name, ready to be written over";
  }

  ThemeController m_theme{ThemeChoice::Light};
  test::TestProject m_project;
  DesignPage* m_design;
  std::unique_ptr<MainWindow> m_window;
};

TEST_F(NewRunTest, NewRunAndAddJobOpenThePanelWithTheKeyboardInIt) {
  m_window->openProject(m_project.folder());
  ASSERT_TRUE(
      waitUntil([&] { return m_window->session() != nullptr && m_window->currentPage() == QStringLiteral("Runs"); }));
  expectPanelFrom(QStringLiteral("Runs"), QStringLiteral("New run..."));
  expectPanelFrom(QStringLiteral("Queue"), QStringLiteral("Add job..."));
}

}  // namespace
}  // namespace weft::ui
