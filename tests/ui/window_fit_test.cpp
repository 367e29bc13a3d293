// No text of the studio is cut at its usual sizes: every label, button and field that is on show is at least as wide as
// what it says.
#include <gtest/gtest.h>

#include <QAbstractButton>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QStyle>
#include <QStyleOptionComboBox>
#include <QTest>

#include "tests/ui/window_fixture.h"
#include "ui/compare/compare_page.h"
#include "ui/diagram/design_page.h"
#include "ui/figures/figures_page.h"
#include "ui/measure/measure_page.h"
#include "ui/monitor/monitor_page.h"
#include "ui/parts/panel_parts.h"
#include "ui/parts/widgets.h"
#include "ui/queue/queue_page.h"
#include "ui/runs/runs_page.h"
#include "ui/window/app_settings.h"
#include "ui/window/main_window.h"
#include "ui/window/rail.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {
namespace {

using test::TestProject;
using test::waitUntil;

// A label that shortens its text says so by how little room it asks for.
bool isElided(const QLabel& label) {
  return !label.wordWrap() && label.minimumSizeHint().width() < QLabel(label.text()).sizeHint().width() / 2;
}

QString cutText(const QWidget& widget) {
  const auto needs = [&](int width, int height, const QString& text) {
    const bool isCut = widget.width() + 1 < width || widget.height() + 1 < height;
    return isCut ? QStringLiteral("“%1” has %2 x %3 of %4 x %5")
                       .arg(text)
                       .arg(widget.width())
                       .arg(widget.height())
                       .arg(width)
                       .arg(height)
                 : QString();
  };
  if (const auto* label = qobject_cast<const QLabel*>(&widget)) {
    if (label->text().isEmpty() || isElided(*label)) return {};
    if (label->wordWrap()) return needs(0, label->heightForWidth(label->width()), label->text());
    return needs(label->sizeHint().width(), label->fontMetrics().height(), label->text());
  }
  if (const auto* button = qobject_cast<const QAbstractButton*>(&widget)) {
    // The narrow rail shows its icons alone.
    if (button->text().isEmpty() || (qobject_cast<const RailButton*>(button) && button->width() <= 60)) return {};
    const int text = button->fontMetrics().horizontalAdvance(QString(button->text()).remove(u'&'));
    return needs(text + 4, button->fontMetrics().height(), button->text());
  }
  if (const auto* box = qobject_cast<const QAbstractSpinBox*>(&widget)) {
    const auto* field = box->findChild<QLineEdit*>();
    // What the field itself leaves free beside its text: its frame and two pixels on each side.
    const int text = box->fontMetrics().horizontalAdvance(box->text());
    if (!field || field->width() >= text + 12) return {};
    return QStringLiteral("“%1” has %2 of %3").arg(box->text()).arg(field->width()).arg(text + 12);
  }
  if (const auto* box = qobject_cast<const QComboBox*>(&widget)) {
    QStyleOptionComboBox option;
    option.initFrom(box);
    const int room =
        box->style()->subControlRect(QStyle::CC_ComboBox, &option, QStyle::SC_ComboBoxEditField, box).width();
    const int text = box->fontMetrics().horizontalAdvance(box->currentText());
    return room + 2 < text ? QStringLiteral("“%1” has %2 of %3").arg(box->currentText()).arg(room).arg(text)
                           : QString();
  }
  return {};
}

QStringList cutTexts(const QWidget& root) {
  QStringList cut;
  for (const QWidget* widget : root.findChildren<QWidget*>()) {
    if (!widget->isVisible() || widget->visibleRegion().isEmpty()) continue;
    if (const QString what = cutText(*widget); !what.isEmpty())
      cut << QStringLiteral("%1: %2").arg(QString::fromLatin1(widget->metaObject()->className()), what);
  }
  return cut;
}

class WindowFit : public testing::Test {
 protected:
  WindowFit() {
    for (const QString& folder : settings::recentProjects()) settings::removeRecentProject(folder);
    settings::setStartsEngine(false);
    settings::setWindowGeometry({});
    m_window = std::make_unique<MainWindow>(
        m_theme, std::vector<Page*>{new DesignPage(nullptr), new RunsPage(nullptr), new MonitorPage(nullptr),
                                    new ComparePage(nullptr), new MeasurePage(nullptr), new FiguresPage(nullptr),
                                    new QueuePage(nullptr)});
    for (const char* name : {"MHA", "MQA", "MQA-CLA2", "H16-MQA"}) m_project.addFinished({.name = name, .steps = 30});
    m_window->show();
    m_window->openProject(m_project.folder());
    EXPECT_TRUE(waitUntil([&] { return m_window->session() != nullptr; }));
  }
  ThemeController m_theme{ThemeChoice::Light};
  TestProject m_project;
  std::unique_ptr<MainWindow> m_window;
};

TEST_F(WindowFit, NoTextIsCutAtTheUsualSizes) {
  // A desktop's window, a laptop's screen, and a laptop's 1920 x 1080 at scale 2.
  for (const QSize size : {QSize(1440, 900), QSize(1280, 720), QSize(960, 540)}) {
    m_window->resize(size);
    EXPECT_EQ(m_window->size(), size) << "the window gets as small as that screen";
    for (const char* page : {"Design", "Runs", "Monitor", "Compare", "Measure", "Figures", "Queue", "Settings"}) {
      m_window->showPage(QString::fromLatin1(page));
      QCoreApplication::processEvents();
      QCoreApplication::processEvents();
      const QStringList cut = cutTexts(*m_window);
      EXPECT_TRUE(cut.isEmpty()) << page << " at " << size.width() << " x " << size.height() << ":\n"
                                 << cut.join(u'\n').toStdString();
    }
  }
}

TEST_F(WindowFit, ANumberFieldIsAsWideAsWhatItSays) {
  NumberField field(QStringLiteral("Vocabulary"), 0, 1'000'000);
  field.setSpecialValueText(QStringLiteral("tokenizer’s"));
  field.show(0);
  field.QWidget::show();
  field.resize(field.minimumSizeHint());
  EXPECT_EQ(cutText(field), QString());
  field.show(131'072);
  field.resize(field.minimumSizeHint());
  EXPECT_EQ(cutText(field), QString());
  field.resize(60, field.height());
  EXPECT_NE(cutText(field), QString()) << "this test can fail";
}

}  // namespace
}  // namespace weft::ui
