// The Design page as a person uses it: keys and clicks on the real widgets, a project to queue into.
#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QDir>
#include <QMenu>
#include <QPushButton>
#include <QTest>

#include "engine/config/run_config.h"
#include "engine/sharing/generators.h"
#include "tests/ui/diagram_fixture.h"
#include "tests/ui/window_fixture.h"
#include "ui/diagram/design_page.h"
#include "ui/diagram/generator_bar.h"
#include "ui/diagram/map_field.h"
#include "ui/diagram/map_table_model.h"
#include "ui/diagram/queue_panel.h"
#include "ui/diagram/sharing_stack.h"
#include "ui/parts/widgets.h"

namespace weft::ui {
namespace {

using test::waitUntil;

class DesignPageTest : public DiagramTest {
 protected:
  void SetUp() override {
    DiagramTest::SetUp();
    m_page = std::make_unique<DesignPage>();
    m_page->setAutoFillBackground(true);
    m_page->setBackgroundRole(QPalette::Base);
    m_page->resize(1368, 812);
    m_page->show();
    m_page->activateWindow();
    ASSERT_TRUE(waitUntil([&] { return m_page->isActiveWindow(); }));
    document().setLayerCount(8);
    document().undo().clear();
  }
  void TearDown() override {
    m_page->setSession(nullptr);
    m_page.reset();
    m_session.reset();
    DiagramTest::TearDown();
  }

  SharingDocument& document() { return *m_page->document(); }
  MapField* field() { return m_page->generatorBar()->mapField(); }
  void type(const QString& text) {
    field()->setFocus();
    field()->selectAll();
    QTest::keyClicks(field(), text);
  }
  QAction* action(const QString& text) {
    for (QAction* action : m_page->pageActions())
      if (action->text().startsWith(text)) return action;
    return nullptr;
  }
  QPushButton* button(QWidget* in, const QString& text) {
    for (QPushButton* button : in->findChildren<QPushButton*>())
      if (button->isVisible() && button->text() == text) return button;
    return nullptr;
  }
  void openProject() {
    m_project = std::make_unique<test::TestProject>();
    m_session = std::make_unique<ProjectSession>(m_project->project());
    m_page->setSession(m_session.get());
  }
  QImage keepPicture(const QString& name, double scale = 1) {
    QCoreApplication::processEvents();
    QImage image((QSizeF(m_page->size()) * scale).toSize(), QImage::Format_RGB32);
    image.setDevicePixelRatio(scale);
    m_page->render(&image);
    EXPECT_TRUE(image.save(screenshotFile(name)));
    return image;
  }

  std::unique_ptr<DesignPage> m_page;
  std::unique_ptr<test::TestProject> m_project;
  std::unique_ptr<ProjectSession> m_session;
};

TEST_F(DesignPageTest, TakesAMapAsItIsTypedAndUndoesItInOneStep) {
  const std::string before = document().text();
  type(QStringLiteral("0_0_0_0_4_4_4_4"));
  EXPECT_TRUE(document().isValid());
  EXPECT_EQ(document().generator(), "cla4");
  EXPECT_EQ(field()->text(), QStringLiteral("0_0_0_0_4_4_4_4"));
  EXPECT_EQ(document().undo().count(), 1) << "a word is one step";
  m_page->stack()->setFocus();
  QTest::keyClick(m_page->stack(), Qt::Key_Z, Qt::ControlModifier);
  EXPECT_EQ(document().text(), before);
  EXPECT_EQ(field()->text().toStdString(), before) << "the field shows what undo gave back";
  QTest::keyClick(m_page->stack(), Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
  EXPECT_EQ(document().generator(), "cla4");
}

TEST_F(DesignPageTest, SaysWhatAMapOfTheSecondEditionIsAndKeepsItWhenOtherLayersAreEdited) {
  const QString gemma = QStringLiteral("0s_1s_2h1d256=_3s_4r0_0:0_0+4_2");
  document().changeModel(QStringLiteral("heads"), [](config::ModelConfig& model) {
    model.queryHeads = 4;
    model.kvHeads = 2;
    model.window = 1024;
  });
  type(gemma);
  ASSERT_TRUE(document().isValid()) << document().error()->error.message;
  EXPECT_TRUE(document().staleCosts().isEmpty()) << document().staleCosts().toStdString();
  EXPECT_EQ(document().generator(), "");
  EXPECT_EQ(m_page->generatorBar()->verdict(), QStringLiteral("Valid, not trained yet"));

  // Each row in words: where the mouse rests, and what a screen reader is told.
  const auto row = [&](int layer) { return document().describeLayer(layer).toStdString(); };
  EXPECT_EQ(row(2),
            "Layer 2 keeps its own KV, also read by layer 7: 1 KV head, full attention, heads 256 wide, V := K");
  EXPECT_EQ(row(4),
            "Layer 4 keeps its own KV, also read by layer 6: 2 KV heads, full attention, a residual of layer 0's KV "
            "under one gate");
  EXPECT_EQ(row(5), "Layer 5 reads as K and V head 0 of layer 0: 1 KV head, full attention");
  EXPECT_EQ(row(6), "Layer 6 reads as K and V a gated mixture of layer 0 and layer 4: 2 KV heads, full attention");
  const MapTableModel table(&document());
  EXPECT_EQ(table.index(2, MapTableModel::KvHeads).data().toString(), QStringLiteral("1, heads 256 wide, V := K"));
  EXPECT_EQ(table.index(2, MapTableModel::KvHeads).data(Qt::EditRole).toString(), QStringLiteral("1"));
  EXPECT_EQ(table.index(6, MapTableModel::Source).data().toString(), QStringLiteral("0+4"));
  EXPECT_EQ(table.index(5, MapTableModel::Source).data().toString(), QStringLiteral("0:0"));

  // Its slot is drawn by its own width: 1 head of 256 kept once, 2 bytes each.
  EXPECT_EQ(document().costs()->perLayer[2].bytesPerToken, 2 * 256);
  const QImage drawn = keepPicture(QStringLiteral("design-second-edition"));
  type(QStringLiteral("0s_1s_2_3s_4_0_0_2"));
  EXPECT_NE(keepPicture(QStringLiteral("design-first-edition")), drawn);
  type(gemma);

  // Another layer is given a source by click and digits, and a window by its key: the rest of the text stays.
  SharingStack* stack = m_page->stack();
  QTest::mouseClick(stack->viewport(), Qt::LeftButton, {}, stack->sceneLayout().row(3).center().toPoint());
  ASSERT_EQ(stack->selection(), LayerSet{3});
  QTest::keyClicks(stack, QStringLiteral("1"));
  QTest::keyClick(stack, Qt::Key_Return);
  EXPECT_EQ(document().text(), "0s_1s_2h1d256=_1s_4r0_0:0_0+4_2");
  EXPECT_EQ(field()->text(), QStringLiteral("0s_1s_2h1d256=_1s_4r0_0:0_0+4_2"));
  QTest::keyClick(stack, Qt::Key_Z, Qt::ControlModifier);
  EXPECT_EQ(document().text(), gemma.toStdString());

  // A layer that loses its own KV takes along what only a producer is.
  QTest::mouseClick(stack->viewport(), Qt::LeftButton, {}, stack->sceneLayout().row(2).center().toPoint());
  QTest::keyClicks(stack, QStringLiteral("1"));
  QTest::keyClick(stack, Qt::Key_Return);
  EXPECT_EQ(document().text(), "0s_1s_1_3s_4r0_0:0_0+4_1");
}

TEST_F(DesignPageTest, OffersEveryPublishedPatternAndUpwardOnesOnlyOnPurpose) {
  QMenu* menu = m_page->generatorBar()->patternMenu();
  const auto entry = [&](const QString& title) -> QAction* {
    for (QAction* action : menu->actions()) {
      if (action->text() == title && action->isVisible()) return action;
    }
    return nullptr;
  };
  for (const sharing::Generator& generator : sharing::generators()) {
    const QString title = QString::fromStdString(generator.title);
    QAction* action = entry(title);
    EXPECT_TRUE(action != nullptr || button(m_page.get(), title) != nullptr) << generator.title;
    EXPECT_TRUE(!action || action->isEnabled() != generator.readsUpward) << generator.title;
  }
  entry(QStringLiteral("YOCO"))->trigger();
  EXPECT_EQ(document().generator(), "yoco");
  EXPECT_TRUE(entry(QStringLiteral("YOCO"))->isChecked());
  entry(QStringLiteral("Allow upward reads"))->trigger();
  ASSERT_TRUE(entry(QStringLiteral("LCKV"))->isEnabled());
  entry(QStringLiteral("LCKV"))->trigger();
  EXPECT_EQ(document().generator(), "lckv-w2");
  EXPECT_EQ(m_page->generatorBar()->verdict(), QStringLiteral("Valid, reads upwards"));
  keepPicture(QStringLiteral("design-lckv"));
  entry(QStringLiteral("Allow upward reads"))->trigger();
  EXPECT_FALSE(document().isValid());
  EXPECT_FALSE(entry(QStringLiteral("LCKV"))->isEnabled());
}

TEST_F(DesignPageTest, ANarrowWindowMovesPatternsIntoTheMenuInsteadOfCuttingTheirNames) {
  QMenu* menu = m_page->generatorBar()->patternMenu();
  for (const int width : {1368, 1100, 900, 760}) {
    SCOPED_TRACE(width);
    m_page->resize(width, 640);
    QCoreApplication::processEvents();
    int offered = 0;
    for (const sharing::Generator& generator : sharing::generators()) {
      const QString title = QString::fromStdString(generator.title);
      QPushButton* own = button(m_page->generatorBar(), title);
      if (own && own->menu()) own = nullptr;  // the menu's button has the name of the pattern that is shown
      const auto actions = menu->actions();
      const bool isInMenu = std::any_of(actions.begin(), actions.end(), [&](QAction* action) {
        return action->isVisible() && action->text() == title;
      });
      EXPECT_NE(own != nullptr, isInMenu) << generator.title << " is offered once";
      offered += own != nullptr ? 1 : 0;
      if (own) {
        EXPECT_GE(own->width(), own->sizeHint().width()) << generator.title << " is not cut";
      }
    }
    EXPECT_EQ(offered == 5, width >= 1300) << offered;
    EXPECT_GE(field()->width(), 100);
    keepPicture(QStringLiteral("design-%1").arg(width));
  }
}

TEST_F(DesignPageTest, UnderlinesTheWrongTokenOffersAFixAndDoesNotQueueMeanwhile) {
  type(QStringLiteral("0_0_2_2_4_7_6_6"));
  ASSERT_FALSE(document().isValid());
  EXPECT_EQ(field()->underlined(), std::pair(10, 11)) << "layer 5 reads 7, which comes later";
  EXPECT_FALSE(action(QStringLiteral("Queue run"))->isEnabled());
  EXPECT_FALSE(button(m_page.get(), QStringLiteral("Queue run…"))->isEnabled());
  EXPECT_FALSE(document().staleCosts().isEmpty()) << "the costs are marked as those of the last valid map";
  EXPECT_LE(m_page->generatorBar()->minimumSizeHint().width(), 1050)
      << "the fixes of texts on the way to this one are gone";
  keepPicture(QStringLiteral("design-invalid"));
  ASSERT_TRUE(action(QStringLiteral("Apply the first fix"))->isEnabled());
  QTest::keyClick(field(), Qt::Key_Return, Qt::AltModifier);
  EXPECT_TRUE(document().isValid()) << document().text();
  EXPECT_EQ(field()->underlined().first, field()->underlined().second);
  EXPECT_TRUE(button(m_page.get(), QStringLiteral("Queue run…"))->isEnabled());
}

TEST_F(DesignPageTest, GivesARowASourceByClickAndDigits) {
  SharingStack* stack = m_page->stack();
  QTest::mouseClick(stack->viewport(), Qt::LeftButton, {}, stack->sceneLayout().row(3).center().toPoint());
  EXPECT_EQ(stack->selection(), LayerSet{3});
  QTest::keyClicks(stack, QStringLiteral("0"));
  QTest::keyClick(stack, Qt::Key_Return);
  EXPECT_EQ(document().map().layers()[3].kSource, 0);
  EXPECT_EQ(document().undo().undoText(), QStringLiteral("source of layer 3: 2 to 0"));
  QTest::keyClick(stack, Qt::Key_Up, Qt::ShiftModifier);
  EXPECT_EQ(stack->selection(), (LayerSet{3, 4}));
  QTest::keyClick(stack, Qt::Key_U);
  EXPECT_EQ(document().map().layers()[3].kSource, 3) << "separated";
}

// As README.md says: click a layer, press G.
TEST_F(DesignPageTest, GroupsTheClickedLayerWithTheOneBelowOnG) {
  document().setMapText("0_1_2_3_4_5_6_7");
  document().undo().clear();
  SharingStack* stack = m_page->stack();
  QString said;
  QObject::connect(m_page.get(), &Page::messageRaised, [&](const QString& sentence, bool) { said = sentence; });
  const auto click = [&](int layer) {
    QTest::mouseClick(stack->viewport(), Qt::LeftButton, {}, stack->sceneLayout().row(layer).center().toPoint());
  };
  EXPECT_GT(stack->sceneLayout().rowTop(2), stack->sceneLayout().rowTop(3)) << "layer 2 lies below layer 3";
  const auto shownKeys = [&] {
    QString keys;
    for (const KeyHints* hints : m_page->findChildren<KeyHints*>())
      if (hints->isVisible()) keys += hints->accessibleName();
    return keys;
  };
  click(3);
  EXPECT_TRUE(shownKeys().contains(QStringLiteral("G group with below"))) << shownKeys().toStdString();
  QTest::keyClick(stack, Qt::Key_Up, Qt::ShiftModifier);
  EXPECT_TRUE(shownKeys().contains(QStringLiteral("G group U"))) << "several become one group";
  click(3);
  QTest::keyClick(stack, Qt::Key_G);
  EXPECT_EQ(document().text(), "0_1_2_2_4_5_6_7");
  EXPECT_EQ(document().undo().undoText(), QStringLiteral("group layer 3 with layer 2"));
  EXPECT_EQ(stack->selection(), LayerSet{3});
  click(4);
  QTest::keyClick(stack, Qt::Key_G);
  EXPECT_EQ(document().text(), "0_1_2_2_2_5_6_7") << "it joins the group";
  EXPECT_EQ(said, QString());
  QTest::keyClick(stack, Qt::Key_G);
  EXPECT_EQ(said, QStringLiteral("Layers 3 and 4 share their K and V already."));
  click(0);
  QTest::keyClick(stack, Qt::Key_G);
  EXPECT_EQ(said, QStringLiteral("Layer 0 is the lowest; there is no layer below it to group it with."));
  EXPECT_EQ(document().undo().count(), 2) << "what is refused is no step";
  QTest::keyClick(stack, Qt::Key_Escape);
  QTest::keyClick(stack, Qt::Key_G);
  EXPECT_EQ(said, QStringLiteral("Select a layer to group it with the one below, or several to group them."));
}

TEST_F(DesignPageTest, DragsARingOntoTheRowThatItShallRead) {
  SharingStack* stack = m_page->stack();
  const SceneLayout& layout = stack->sceneLayout();
  const QPoint from(static_cast<int>(layout.ringX), static_cast<int>(layout.rowMiddle(5)));
  const QPoint to(static_cast<int>(layout.ringX), static_cast<int>(layout.rowMiddle(2)));
  QTest::mousePress(stack->viewport(), Qt::LeftButton, {}, from);
  for (int i = 1; i <= 4; ++i) QTest::mouseMove(stack->viewport(), from + (to - from) * i / 4);
  QTest::mouseRelease(stack->viewport(), Qt::LeftButton, {}, to);
  EXPECT_EQ(document().map().layers()[5].kSource, 2);
  EXPECT_EQ(document().undo().count(), 1) << "a drag is one step";
}

TEST_F(DesignPageTest, QueuesOneRunForEachSeedAndSaysSo) {
  openProject();
  type(QStringLiteral("0_0_0_3_3_3_6_6"));
  ASSERT_TRUE(document().isValid());
  QTest::mouseClick(button(m_page.get(), QStringLiteral("Queue run…")), Qt::LeftButton);
  ASSERT_TRUE(m_page->isQueueOpen());
  QLineEdit* seeds = nullptr;
  for (QLineEdit* edit : m_page->queuePanel()->findChildren<QLineEdit*>())
    if (edit->accessibleName() == QStringLiteral("Seeds")) seeds = edit;
  ASSERT_NE(seeds, nullptr);
  seeds->setFocus();
  seeds->selectAll();
  QTest::keyClicks(seeds, QStringLiteral("7, x"));
  EXPECT_FALSE(m_page->queuePanel()->configs());
  seeds->selectAll();
  QTest::keyClicks(seeds, QStringLiteral("7, 8"));
  QString said;
  QObject::connect(m_page.get(), &Page::messageRaised, [&](const QString& sentence, bool isError) {
    if (!isError) said = sentence;
  });
  QPushButton* queue = button(m_page->queuePanel(), QStringLiteral("Queue 2 runs"));
  ASSERT_NE(queue, nullptr);
  QTest::mouseClick(queue, Qt::LeftButton);
  ASSERT_TRUE(waitUntil([&] { return said.contains(QStringLiteral("queued as runs 1, 2")); })) << said.toStdString();
  EXPECT_FALSE(m_page->isQueueOpen()) << "the panel gives way to the costs";
  const auto runs = m_project->store().runs();
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->size(), 2u);
  EXPECT_EQ((*runs)[0].map, "0_0_0_3_3_3_6_6");
  EXPECT_EQ((*runs)[0].state, store::RunState::Queued);
  EXPECT_EQ((*runs)[0].seed, 7);
  EXPECT_EQ((*runs)[1].seed, 8);
  const auto toml = m_project->store().configToml((*runs)[1].id);
  ASSERT_TRUE(toml);
  const auto config = config::parseRunConfig(*toml, "run 2");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->model.layers, 8);
  EXPECT_EQ(config->train.seed, 8);
}

TEST_F(DesignPageTest, OpensTheConfigurationOfARunAsOneStep) {
  openProject();
  type(QStringLiteral("0_0_0_3_3_3_6_6"));
  const auto submitted = [&] {
    std::optional<store::RunId> id;
    m_session->submit(document().runConfig(), m_page.get(),
                      [&](Result<store::RunId> answer) { id = answer.value_or(store::RunId{-1}); });
    EXPECT_TRUE(waitUntil([&] { return id.has_value(); }));
    return id.value_or(store::RunId{});
  }();
  ASSERT_GT(submitted.value, 0);
  document().applyGenerator("identity");
  const int steps = document().undo().count();
  m_page->showRuns({submitted});
  ASSERT_TRUE(waitUntil([&] { return document().text() == "0_0_0_3_3_3_6_6"; })) << document().text();
  EXPECT_EQ(document().undo().count(), steps + 1);
  document().undo().undo();
  EXPECT_EQ(document().generator(), "identity");
}

TEST_F(DesignPageTest, SaysWhatIsMissingWhenNoProjectIsOpen) {
  m_page->openQueue();
  QPushButton* open = button(m_page->queuePanel(), QStringLiteral("Open a project…"));
  ASSERT_NE(open, nullptr) << "the design itself needs none";
  QString page;
  QObject::connect(m_page.get(), &Page::openPageRequested, [&](PageId id) { page = id.name(); });
  QTest::mouseClick(open, Qt::LeftButton);
  EXPECT_FALSE(page.isEmpty());
  QTest::keyClick(m_page->queuePanel(), Qt::Key_Escape);
  EXPECT_FALSE(m_page->isQueueOpen());
}

TEST_F(DesignPageTest, CopiesTheMapAsText) {
  action(QStringLiteral("Copy map as text"))->trigger();
  EXPECT_EQ(QApplication::clipboard()->text(), QStringLiteral("0_0_2_2_4_4_6_6"));
}

TEST_F(DesignPageTest, IsPaintedInBothThemesAndScales) {
  const QImage light = keepPicture(QStringLiteral("design-light"));
  keepPicture(QStringLiteral("design-light-2x"), 2);
  m_theme->setChoice(ThemeChoice::Dark);
  const QImage dark = keepPicture(QStringLiteral("design-dark"));
  m_theme->setChoice(ThemeChoice::Light);
  EXPECT_EQ(light.pixelColor(20, 400), Theme::light().panel);
  EXPECT_EQ(dark.pixelColor(20, 400), Theme::dark_().panel);
}

}  // namespace
}  // namespace weft::ui
