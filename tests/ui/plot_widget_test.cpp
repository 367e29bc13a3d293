#include <gtest/gtest.h>

#include <QApplication>
#include <QClipboard>
#include <QImage>
#include <QTest>
#include <QWheelEvent>

#include "tests/ui/window_fixture.h"
#include "ui/plot/axis_ticker.h"
#include "ui/plot/curve.h"
#include "ui/plot/plot.h"
#include "ui/plot/shared_cursor.h"
#include "ui/window/theme_controller.h"

namespace weft::ui {
namespace {

std::shared_ptr<CurveData> line() {
  auto data = std::make_shared<CurveData>();
  for (int i = 0; i <= 100; ++i) data->append(i, i * 0.5);
  return data;
}

class PlotTest : public testing::Test {
 protected:
  PlotTest() {
    m_plot.resize(600, 400);
    (new Curve(&m_plot, Curve::Form::Line))->setData(line());
    m_plot.fit();
    m_plot.show();
    m_plot.replot();
  }
  QPoint at(double x, double y) const {
    return QPointF(m_plot.xAxis->coordToPixel(x), m_plot.yAxis->coordToPixel(y)).toPoint();
  }
  void wheel(QPoint position, int notches, Qt::KeyboardModifiers modifiers = {}) {
    QWheelEvent event(position, m_plot.mapToGlobal(position), {}, QPoint(0, 120 * notches), Qt::NoButton, modifiers,
                      Qt::NoScrollPhase, false);
    QApplication::sendEvent(&m_plot, &event);
  }
  Plot m_plot{QStringLiteral("Loss over steps")};
};

TEST_F(PlotTest, FitsAllDataAndLeavesAMarginAround) {
  EXPECT_LT(m_plot.xAxis->range().lower, 0);
  EXPECT_GT(m_plot.xAxis->range().upper, 100);
  EXPECT_LT(m_plot.xAxis->range().size(), 115);
  EXPECT_TRUE(m_plot.isFitted());
}

TEST_F(PlotTest, ZoomsAtThePointerWithTheWheel) {
  const QPoint pointer = at(30, 10);
  const double x = m_plot.xAxis->pixelToCoord(pointer.x()), y = m_plot.yAxis->pixelToCoord(pointer.y());
  const double before = m_plot.xAxis->range().size();
  wheel(pointer, 2);
  EXPECT_LT(m_plot.xAxis->range().size(), before * 0.8);
  EXPECT_NEAR(m_plot.xAxis->pixelToCoord(pointer.x()), x, 1e-9) << "what is under the pointer stays there";
  EXPECT_NEAR(m_plot.yAxis->pixelToCoord(pointer.y()), y, 1e-9);
  EXPECT_FALSE(m_plot.isFitted());
  wheel(pointer, -2);
  EXPECT_NEAR(m_plot.xAxis->range().size(), before, 1e-9);
}

TEST_F(PlotTest, ZoomsOneAxisOverItsNumbers) {
  const QCPRange x = m_plot.xAxis->range(), y = m_plot.yAxis->range();
  wheel({4, 200}, 1);
  EXPECT_EQ(m_plot.xAxis->range(), x);
  EXPECT_LT(m_plot.yAxis->range().size(), y.size());
  wheel({300, 396}, 1);
  EXPECT_LT(m_plot.xAxis->range().size(), x.size());
}

TEST_F(PlotTest, PansWithADragAndClicksWithoutOne) {
  int clicks = 0;
  QObject::connect(&m_plot, &Plot::clicked, [&] { ++clicks; });
  const QCPRange before = m_plot.xAxis->range();
  const double perPixel = before.size() / m_plot.plotArea().width();
  QTest::mousePress(&m_plot, Qt::LeftButton, {}, {200, 200});
  QTest::mouseMove(&m_plot, {250, 200});
  EXPECT_TRUE(m_plot.isDragging());
  QTest::mouseRelease(&m_plot, Qt::LeftButton, {}, {250, 200});
  EXPECT_FALSE(m_plot.isDragging());
  EXPECT_NEAR(m_plot.xAxis->range().lower, before.lower - 50 * perPixel, 1e-6);
  EXPECT_EQ(clicks, 0) << "a drag is no click";
  QTest::mouseClick(&m_plot, Qt::LeftButton, {}, {200, 200});
  EXPECT_EQ(clicks, 1);
}

TEST_F(PlotTest, FitsWithADoubleClickAndWithZero) {
  const QCPRange fitted = m_plot.xAxis->range();
  wheel(at(30, 10), 3);
  QTest::mouseDClick(&m_plot, Qt::LeftButton, {}, {200, 200});
  EXPECT_EQ(m_plot.xAxis->range(), fitted);
  EXPECT_TRUE(m_plot.isFitted());
  QTest::keyClick(&m_plot, Qt::Key_Plus);
  EXPECT_NE(m_plot.xAxis->range(), fitted);
  QTest::keyClick(&m_plot, Qt::Key_Right, Qt::ControlModifier);
  QTest::keyClick(&m_plot, Qt::Key_0);
  EXPECT_EQ(m_plot.xAxis->range(), fitted);
}

TEST_F(PlotTest, ZoomsALogarithmicAxisByItsLogarithm) {
  m_plot.setScale(m_plot.xAxis, Plot::Scale::Logarithmic);
  m_plot.xAxis->setRange(1, 100);
  m_plot.zoom(Qt::Horizontal, 0.5, {m_plot.xAxis->coordToPixel(10), 100});
  EXPECT_NEAR(m_plot.xAxis->range().lower, std::sqrt(10), 1e-6);
  EXPECT_NEAR(m_plot.xAxis->range().upper, 10 * std::sqrt(10), 1e-6);
}

TEST_F(PlotTest, TellsTheModifiersOfAZoomSoThatAltCanKeepItToOnePlot) {
  Qt::KeyboardModifiers told;
  QObject::connect(&m_plot, &Plot::viewChanged,
                   [&](Qt::Orientations, Qt::KeyboardModifiers modifiers) { told = modifiers; });
  wheel(at(30, 10), 1, Qt::AltModifier);
  EXPECT_TRUE(told & Qt::AltModifier);
}

TEST_F(PlotTest, IsReachedWithTabAndHasAName) {
  EXPECT_TRUE(m_plot.focusPolicy() & Qt::TabFocus);
  EXPECT_EQ(m_plot.accessibleName(), QStringLiteral("Loss over steps"));
}

TEST_F(PlotTest, RepaintsInTheNewThemeAndBack) {
  const auto ground = [&] { return m_plot.grab().toImage().pixelColor(m_plot.plotArea().topLeft() + QPoint(3, 3)); };
  ThemeController theme(ThemeChoice::Light);
  EXPECT_EQ(ground(), Theme::light().panel);
  theme.setChoice(ThemeChoice::Dark);
  QCoreApplication::processEvents();
  EXPECT_EQ(ground(), Theme::dark_().panel);
  EXPECT_EQ(m_plot.xAxis->tickLabelColor(), Theme::dark_().text2);
  theme.setChoice(ThemeChoice::Light);
  EXPECT_EQ(ground(), Theme::light().panel);
}

TEST_F(PlotTest, IsDrawnAtTheScaleOfThePictureItIsRenderedInto) {
  const auto render = [&](double scale) {
    QImage image((QSizeF(m_plot.size()) * scale).toSize(), QImage::Format_RGB32);
    image.setDevicePixelRatio(scale);
    m_plot.render(&image);
    return image;
  };
  const QImage once = render(1), twice = render(2);
  // Enlarged pixels would come in equal pairs.
  int different = 0;
  for (int y = 0; y < twice.height(); ++y)
    for (int x = 0; x + 1 < twice.width(); x += 2) different += twice.pixel(x, y) != twice.pixel(x + 1, y);
  EXPECT_GT(different, 200);
  EXPECT_EQ(render(1), once) << "and the window's own scale afterwards";
}

class SharedCursorTest : public testing::Test {
 protected:
  SharedCursorTest() {
    for (Plot* plot : {&m_loss, &m_rate}) {
      plot->resize(500, 300);
      (new Curve(plot, Curve::Form::Line))->setData(line());
      plot->show();
      plot->fit();
      plot->replot();
    }
    m_cursor.add(&m_loss, SharedCursor::Tag::Yes);
    m_cursor.add(&m_rate, SharedCursor::Tag::No);
    m_cursor.setTagText([](double x) { return QString::number(std::round(x)); });
    m_cursor.setReadings([](double x) { return QStringLiteral("step\t%1").arg(std::round(x)); });
  }
  // Does the plot show a dashed or full vertical line at this x?
  static bool hasLineAt(Plot& plot, double x) {
    const QImage image = plot.grab().toImage();
    const int column = static_cast<int>(std::floor(plot.xAxis->coordToPixel(x)));
    const QColor ground = Theme::current().panel, grid = Theme::current().grid;
    int marked = 0;
    for (int y = plot.plotArea().top(); y < plot.plotArea().bottom(); ++y) {
      const QColor pixel = image.pixelColor(column, y);
      marked += pixel != ground && pixel != grid;
    }
    return marked > plot.plotArea().height() / 3;
  }
  Plot m_loss{QStringLiteral("Loss")}, m_rate{QStringLiteral("Rate")};
  SharedCursor m_cursor;
};

TEST_F(SharedCursorTest, DrawsThePointersXInEveryPlot) {
  const QPoint pointer(250, 150);
  const double x = m_loss.xAxis->pixelToCoord(pointer.x());
  EXPECT_FALSE(hasLineAt(m_rate, x));
  QTest::mouseMove(&m_loss, pointer);
  ASSERT_TRUE(m_cursor.x());
  EXPECT_NEAR(*m_cursor.x(), x, 1e-9);
  EXPECT_TRUE(hasLineAt(m_loss, x));
  EXPECT_TRUE(hasLineAt(m_rate, x));
  QEvent leave(QEvent::Leave);
  QApplication::sendEvent(&m_loss, &leave);
  EXPECT_FALSE(m_cursor.x());
  EXPECT_FALSE(hasLineAt(m_rate, x));
}

TEST_F(SharedCursorTest, StaysWhereItWasClickedUntilItsLineIsClicked) {
  QTest::mouseMove(&m_loss, {250, 150});
  QTest::mouseClick(&m_loss, Qt::LeftButton, {}, {250, 150});
  EXPECT_TRUE(m_cursor.isPinned());
  const double pinned = *m_cursor.x();
  QTest::mouseMove(&m_rate, {100, 100});
  EXPECT_EQ(m_cursor.x(), pinned) << "the pointer no longer moves it";
  QTest::mouseClick(&m_loss, Qt::LeftButton, {}, {300, 150});
  EXPECT_TRUE(m_cursor.isPinned()) << "a click elsewhere pins it there";
  EXPECT_GT(*m_cursor.x(), pinned);
  QTest::mouseClick(&m_loss, Qt::LeftButton, {}, {301, 150});
  EXPECT_FALSE(m_cursor.isPinned());
}

TEST_F(SharedCursorTest, CopiesItsReadingsWithCtrlC) {
  QApplication::clipboard()->setText(QStringLiteral("before"));
  QTest::keyClick(&m_rate, Qt::Key_C, Qt::ControlModifier);
  EXPECT_EQ(QApplication::clipboard()->text(), QStringLiteral("before")) << "no cursor, nothing to copy";
  m_cursor.pin(42);
  QTest::keyClick(&m_rate, Qt::Key_C, Qt::ControlModifier);
  EXPECT_EQ(QApplication::clipboard()->text(), QStringLiteral("step\t42"));
}

TEST_F(SharedCursorTest, MovesWithTheArrowKeysAndGoesWithEscape) {
  QTest::keyClick(&m_loss, Qt::Key_Right);
  ASSERT_TRUE(m_cursor.x()) << "the first key puts it into the middle";
  const double from = *m_cursor.x();
  QTest::keyClick(&m_loss, Qt::Key_Right, Qt::ShiftModifier);
  EXPECT_NEAR(m_loss.xAxis->coordToPixel(*m_cursor.x()) - m_loss.xAxis->coordToPixel(from), 20, 1e-6);
  QTest::keyClick(&m_loss, Qt::Key_Return);
  EXPECT_TRUE(m_cursor.isPinned());
  QTest::keyClick(&m_loss, Qt::Key_Escape);
  EXPECT_FALSE(m_cursor.x());
}

TEST_F(SharedCursorTest, SurvivesAPlotThatIsDestroyed) {
  {
    Plot gone(QStringLiteral("Gone"));
    m_cursor.add(&gone, SharedCursor::Tag::No);
    m_cursor.moveTo(10);
  }
  m_cursor.moveTo(20);
  EXPECT_EQ(m_cursor.x(), 20);
}

TEST(AxisNumber, WritesEveryQuantityAsItIsRead) {
  EXPECT_EQ(axisNumber(2.8, 0.2, 4.2, Quantity::Number), QStringLiteral("2.8"));
  EXPECT_EQ(axisNumber(3, 0.2, 4.2, Quantity::Number), QStringLiteral("3.0")) << "one axis, one number of decimals";
  EXPECT_EQ(axisNumber(4000, 1000, 7000, Quantity::Count), QStringLiteral("4,000"));
  EXPECT_EQ(axisNumber(40'000, 40'000, 80'000, Quantity::Count), QStringLiteral("40 k"));
  EXPECT_EQ(axisNumber(5e9, 5e9, 2e10, Quantity::Count), QStringLiteral("5 B"));
  EXPECT_EQ(axisNumber(0, 5e9, 2e10, Quantity::Count), QStringLiteral("0"));
  EXPECT_EQ(axisNumber(2.5e9, 2.5e9, 2e10, Quantity::Count), QStringLiteral("2.5 B"));
  EXPECT_EQ(axisNumber(3e-4, 1e-4, 3e-4, Quantity::Number), QStringLiteral("3e-4"));
  EXPECT_EQ(axisNumber(900, 300, 3000, Quantity::Duration), QStringLiteral("15 min"));
  EXPECT_EQ(axisNumber(5400, 1800, 9000, Quantity::Duration), QStringLiteral("1.5 h"));
  EXPECT_EQ(axisNumber(172'800, 43'200, 200'000, Quantity::Duration), QStringLiteral("2.0 d"));
}

TEST(AxisTicker, HasTicksOnALogarithmicAxisOfAnyExtent) {
  Plot plot(QStringLiteral("Loss"));
  plot.resize(400, 400);
  plot.setScale(plot.yAxis, Plot::Scale::Logarithmic);
  for (const auto& [low, high] : {std::pair{2.6, 4.2}, std::pair{1.0, 12.0}, std::pair{1e-4, 1e4}}) {
    plot.yAxis->setRange(low, high);
    plot.replot();
    int inside = 0;
    for (const double tick : plot.yAxis->tickVector()) inside += tick >= low && tick <= high;
    EXPECT_GE(inside, 3) << low << " to " << high;
    EXPECT_LE(inside, 12) << low << " to " << high;
  }
}

}  // namespace
}  // namespace weft::ui
