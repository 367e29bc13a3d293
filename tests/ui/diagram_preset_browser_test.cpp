// The presets browser by keys and clicks, on the page that opens it.
#include <QAbstractItemModelTester>
#include <QLineEdit>
#include <QPushButton>
#include <QTest>
#include <QTreeView>

#include "engine/config/presets.h"
#include "tests/ui/diagram_fixture.h"
#include "tests/ui/window_fixture.h"
#include "ui/diagram/design_page.h"
#include "ui/diagram/preset_browser.h"

namespace weft::ui {
namespace {

class PresetBrowserTest : public DiagramTest {
 protected:
  void SetUp() override {
    DiagramTest::SetUp();
    m_page = std::make_unique<DesignPage>();
    m_page->resize(1368, 812);
    m_page->show();
    m_page->activateWindow();
    ASSERT_TRUE(test::waitUntil([&] { return m_page->isActiveWindow(); }));
  }
  void open() {
    for (QPushButton* button : m_page->findChildren<QPushButton*>())
      if (button->text().startsWith(QStringLiteral("Presets"))) QTest::mouseClick(button, Qt::LeftButton);
  }
  PresetBrowser& browser() { return *m_page->presetBrowser(); }
  QStringList shown() const {
    QStringList names;
    const QAbstractItemModel* model = m_page->presetBrowser()->list()->model();
    for (int family = 0; family < model->rowCount(); ++family) {
      const QModelIndex parent = model->index(family, 0);
      for (int row = 0; row < model->rowCount(parent); ++row)
        names << model->index(row, 0, parent).data(PresetBrowser::NameRole).toString();
    }
    return names;
  }

  std::unique_ptr<DesignPage> m_page;
};

TEST_F(PresetBrowserTest, OffersEveryPresetInItsFamilyWithParametersAndKvBytes) {
  open();
  ASSERT_TRUE(browser().isVisible());
  QAbstractItemModel* model = browser().list()->model();
  const QAbstractItemModelTester tester(model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  EXPECT_EQ(shown().size(), static_cast<qsizetype>(config::presets().size()));
  bool isFound = false;
  for (int family = 0; family < model->rowCount(); ++family) {
    const QModelIndex parent = model->index(family, 0);
    for (int row = 0; row < model->rowCount(parent); ++row) {
      if (model->index(row, 0, parent).data().toString() != QStringLiteral("paper-1b-h128-mqa-cla2")) continue;
      isFound = true;
      EXPECT_EQ(parent.data().toString(), QStringLiteral("CLA paper, 1B: Table 1"));
      EXPECT_EQ(model->index(row, PresetBrowser::Parameters, parent).data().toString(), QStringLiteral("948.5 M"));
      EXPECT_EQ(model->index(row, PresetBrowser::KvBytes, parent).data().toString(), QStringLiteral("5,120"));
    }
  }
  EXPECT_TRUE(isFound);
}

TEST_F(PresetBrowserTest, FiltersByAllWordsAndLoadsTheChosenOneAsOneUndoStep) {
  open();
  const std::string before = m_page->document()->text();
  const int steps = m_page->document()->undo().count();
  QTest::keyClicks(browser().field(), QStringLiteral("lckv 50m"));
  EXPECT_EQ(shown(), (QStringList{QStringLiteral("lckv-50m"), QStringLiteral("lckv-50m-w2")}));
  EXPECT_TRUE(browser().hint().contains(QStringLiteral("50M"))) << browser().hint().toStdString();
  QTest::keyClick(browser().field(), Qt::Key_Down);
  QTest::keyClick(browser().field(), Qt::Key_Down);  // the last: stays
  QTest::keyClick(browser().field(), Qt::Key_Return);
  EXPECT_FALSE(browser().isVisible());
  EXPECT_EQ(m_page->document()->generator(), "lckv-w2");
  EXPECT_EQ(m_page->document()->runConfig().model.vocabulary, 32000);
  EXPECT_EQ(m_page->document()->undo().count(), steps + 1);
  m_page->document()->undo().undo();
  EXPECT_EQ(m_page->document()->text(), before);
}

TEST_F(PresetBrowserTest, SaysSoWhenNoPresetHasTheWords) {
  open();
  QTest::keyClicks(browser().field(), QStringLiteral("no such thing"));
  EXPECT_TRUE(shown().isEmpty());
  EXPECT_EQ(browser().hint(), QStringLiteral("No preset has all of these words."));
  QTest::keyClick(browser().field(), Qt::Key_Return);
  EXPECT_TRUE(browser().isVisible());
  QTest::keyClick(browser().field(), Qt::Key_Escape);
  EXPECT_FALSE(browser().isVisible());
}

TEST_F(PresetBrowserTest, AClickLoadsAndASecondOneOnTheButtonCloses) {
  open();
  open();
  EXPECT_FALSE(browser().isVisible());
  open();
  QTest::keyClicks(browser().field(), QStringLiteral("scaled-110m-mqa-cla2"));
  const QModelIndex row = browser().list()->model()->index(0, 0, browser().list()->model()->index(0, 0));
  QTest::mouseClick(browser().list()->viewport(), Qt::LeftButton, {}, browser().list()->visualRect(row).center());
  EXPECT_EQ(m_page->document()->runConfig().model.hidden, config::preset("scaled-110m-mqa-cla2").value().model.hidden);
}

TEST_F(PresetBrowserTest, IsPaintedAboveThePage) {
  open();
  QCoreApplication::processEvents();
  const QImage image = m_page->grab().toImage();
  EXPECT_TRUE(image.save(screenshotFile(QStringLiteral("design-presets"))));
  const QPoint inside = browser().geometry().center();
  EXPECT_TRUE(browser().geometry().right() < image.width() && browser().geometry().bottom() < image.height());
  EXPECT_EQ(image.pixelColor(browser().geometry().left() + 6, inside.y()), Theme::light().panel);
}

}  // namespace
}  // namespace weft::ui
