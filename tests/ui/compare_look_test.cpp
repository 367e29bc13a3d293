#include <gtest/gtest.h>

#include <QComboBox>

#include "tests/ui/compare_fixture.h"
#include "ui/compare/compare_model.h"
#include "ui/compare/compare_table.h"
#include "ui/compare/pair_panel.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {
namespace {

using test::waitUntil;

class CompareLook : public test::ComparePageTest {};

TEST_F(CompareLook, IsNamedForScreenReaders) {
  open();
  for (const QWidget* widget : {static_cast<QWidget*>(m_page.plot()), static_cast<QWidget*>(m_page.table()),
                                static_cast<QWidget*>(m_page.panel())})
    EXPECT_FALSE(widget->accessibleName().isEmpty());
  EXPECT_TRUE(m_page.plot()->focusPolicy() & Qt::TabFocus);
  for (const QComboBox* box : m_page.findChildren<QComboBox*>()) EXPECT_FALSE(box->accessibleName().isEmpty());
  EXPECT_EQ(m_page.model()
                ->headerData(static_cast<int>(CompareColumn::KvBytesDelta), Qt::Horizontal, Qt::AccessibleTextRole)
                .toString(),
            "KV B/token against the baseline");
}

TEST_F(CompareLook, ThePicturesAreKeptInBothThemesAndAtBothScales) {
  ThemeController theme(ThemeChoice::Light);
  fill();
  ASSERT_TRUE(m_project.store().setBaseline(id("H128-MQA")));
  open();
  ASSERT_TRUE(waitUntil(
      [&] { return m_page.panel()->settings().settingCount() > 0 && m_page.model()->baseline().value != 0; }));
  for (const ThemeChoice choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
    theme.setChoice(choice);
    const QString name = choice == ThemeChoice::Light ? "compare-light" : "compare-dark";
    ASSERT_TRUE(waitUntil([&] { return m_page.palette().color(QPalette::Base) == Theme::current().panel; }));
    for (const int scale : {1, 2}) {
      const QImage image = picture(m_page, scale);
      EXPECT_TRUE(image.save(test::pictureFile(QStringLiteral("%1-%2x.png").arg(name).arg(scale))));
      EXPECT_EQ(image.pixelColor(m_page.plot()->mapTo(&m_page, QPoint(3, 3)) * scale), Theme::current().panel)
          << name.toStdString() << scale;
    }
  }
  theme.setChoice(ThemeChoice::Light);
}

}  // namespace
}  // namespace weft::ui
