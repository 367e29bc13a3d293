#include <gtest/gtest.h>

#include <QImage>
#include <QPainter>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "ui/plot/curve.h"
#include "ui/plot/plot.h"

namespace weft::ui {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A loss curve with noise; the same numbers every time.
std::shared_ptr<CurveData> noisyLoss(std::size_t points, std::uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, 0.05);
  auto data = std::make_shared<CurveData>();
  for (std::size_t i = 0; i < points; ++i) {
    const double x = static_cast<double>(i);
    data->append(x, 2.5 + 6 * std::exp(-x * 20 / static_cast<double>(points)) + noise(random));
  }
  return data;
}

Extremes byLookingAtEach(const CurveData& data, std::size_t begin, std::size_t end) {
  Extremes found;
  for (std::size_t i = begin; i < std::min(end, data.size()); ++i) found.add(data.y(i));
  return found;
}

void expectEqual(const Extremes& a, const Extremes& b) {
  EXPECT_EQ(a.isEmpty, b.isEmpty);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
}

TEST(CurveData, FindsTheExtremesOfAnyStretchAsIfItLookedAtEachPoint) {
  std::mt19937 random(7);
  std::normal_distribution<double> value;
  CurveData data;
  for (int i = 0; i < 40'000; ++i) data.append(i, i % 97 == 0 ? kNaN : value(random));
  std::uniform_int_distribution<std::size_t> position(0, data.size());
  for (int i = 0; i < 400; ++i) {
    std::size_t begin = position(random), end = position(random);
    if (begin > end) std::swap(begin, end);
    expectEqual(data.extremes(begin, end), byLookingAtEach(data, begin, end));
  }
  expectEqual(data.extremes(0, data.size() + 5), byLookingAtEach(data, 0, data.size()));
  EXPECT_TRUE(data.extremes(97, 98).isEmpty) << "a stretch of gaps has no extremes";
  EXPECT_TRUE(data.extremes(50, 50).isEmpty);
}

TEST(CurveData, ForgetsWhatWasCutOffAndGoesOnFromThere) {
  for (const std::size_t kept :
       {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{32}, std::size_t{33}, std::size_t{1024},
        std::size_t{1025}, std::size_t{2000}, std::size_t{32768}, std::size_t{33000}}) {
    SCOPED_TRACE(kept);
    CurveData data;
    for (int i = 0; i < 40'000; ++i) data.append(i, i);  // the highest values are those that go
    data.truncate(kept);
    ASSERT_EQ(data.size(), kept);
    expectEqual(data.extremes(0, kept), byLookingAtEach(data, 0, kept));
    for (int i = 0; i < 3000; ++i) data.append(static_cast<double>(kept) + i, -i);
    expectEqual(data.extremes(0, data.size()), byLookingAtEach(data, 0, data.size()));
    expectEqual(data.extremes(kept / 2, kept + 1500), byLookingAtEach(data, kept / 2, kept + 1500));
  }
}

TEST(CurveData, FindsTheNearestPoint) {
  CurveData data;
  for (const double x : {1.0, 2.0, 4.0, 8.0}) data.append(x, 0);
  EXPECT_EQ(data.nearest(-3), 0u);
  EXPECT_EQ(data.nearest(2.9), 1u);
  EXPECT_EQ(data.nearest(3.1), 2u);
  EXPECT_EQ(data.nearest(99), 3u);
  EXPECT_EQ(CurveData().nearest(1), 0u);
}

TEST(CurveColumns, KeepOneOutlierInAHundredThousandPointsAtEveryZoom) {
  auto data = std::make_shared<CurveData>();
  for (int i = 0; i < 100'000; ++i) data->append(i, i == 61'803 ? 50 : 1);
  for (double span = 100'000; span > 2; span /= 3) {
    for (const int width : {101, 400, 901}) {
      std::vector<double> edges;
      for (int i = 0; i <= width; ++i) edges.push_back(61'803.5 - span / 2 + span * i / width);
      double high = 0;
      for (const Column& column : columns(*data, edges)) high = std::max(high, column.extremes.high);
      EXPECT_EQ(high, 50) << "span " << span << ", width " << width;
    }
  }
}

TEST(CurveColumns, LeaveOutColumnsWithoutAFiniteValue) {
  CurveData data;
  data.append(0.5, 1);
  data.append(1.5, kNaN);
  data.append(3.5, 2);
  const std::vector<Column> found = columns(data, {0, 1, 2, 3, 4});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].column, 0u);
  EXPECT_EQ(found[1].column, 3u);
  EXPECT_TRUE(columns(data, {}).empty());
  EXPECT_TRUE(columns(CurveData(), {0, 1}).empty());
}

class CurveDrawing : public testing::Test {
 protected:
  CurveDrawing() {
    m_plot.resize(900, 500);
    m_plot.show();
  }
  QImage picture(double scale = 1) {
    QImage image((QSizeF(m_plot.size()) * scale).toSize(), QImage::Format_RGB32);
    image.setDevicePixelRatio(scale);
    m_plot.replot();
    m_plot.render(&image);
    return image;
  }
  Curve* add(std::shared_ptr<const CurveData> data, Curve::Form form, const QColor& color) {
    auto* curve = new Curve(&m_plot, form);
    curve->setData(std::move(data));
    curve->setPen(QPen(color, 1.5));
    curve->setBrush(color);
    return curve;
  }
  // Pixels of about this colour in the rows from `top` to `bottom`.
  static int count(const QImage& image, const QColor& color, int top, int bottom) {
    int found = 0;
    for (int y = top; y < bottom; ++y)
      for (int x = 0; x < image.width(); ++x) {
        const QColor pixel = image.pixelColor(x, y);
        found += std::abs(pixel.red() - color.red()) + std::abs(pixel.green() - color.green()) +
                     std::abs(pixel.blue() - color.blue()) <
                 90;
      }
    return found;
  }
  Plot m_plot{QStringLiteral("Loss")};
};

TEST_F(CurveDrawing, ShowsASpikeOfASinglePointAmongAMillion) {
  auto data = std::make_shared<CurveData>();
  for (int i = 0; i < 1'000'000; ++i) data->append(i, i == 700'000 ? 10 : 1);
  for (const Curve::Form form : {Curve::Form::Line, Curve::Form::Band}) {
    m_plot.clearPlottables();
    add(data, form, Qt::red);
    m_plot.xAxis->setRange(0, 1'000'000);
    m_plot.yAxis->setRange(0, 11);
    // Half way up the spike there is nothing else.
    const int middle = static_cast<int>(m_plot.yAxis->coordToPixel(5));
    EXPECT_GT(count(picture(), Qt::red, middle - 5, middle + 5), 3) << (form == Curve::Form::Line ? "line" : "band");
  }
}

TEST_F(CurveDrawing, ShowsTheRawLineWhereABandHasTooFewPoints) {
  auto data = std::make_shared<CurveData>();
  for (int i = 0; i < 20; ++i) data->append(i, i % 2);
  add(data, Curve::Form::Band, Qt::blue);
  m_plot.xAxis->setRange(0, 20);
  m_plot.yAxis->setRange(-0.1, 1.1);
  const QImage image = picture();
  const int all = count(image, Qt::blue, 0, image.height());
  EXPECT_GT(all, 200) << "the line is there";
  EXPECT_LT(all, image.width() * image.height() / 8) << "and it is no filled area";
}

TEST_F(CurveDrawing, BreaksAtAValueThatIsNotANumber) {
  auto data = std::make_shared<CurveData>();
  for (int i = 0; i <= 10; ++i) data->append(i, i == 5 ? kNaN : 1);
  add(data, Curve::Form::Line, Qt::red);
  m_plot.xAxis->setRange(0, 10);
  m_plot.yAxis->setRange(0, 2);
  const QImage image = picture();
  const int row = static_cast<int>(m_plot.yAxis->coordToPixel(1));
  const auto columnHas = [&](double x) {
    const int column = static_cast<int>(m_plot.xAxis->coordToPixel(x));
    for (int y = row - 2; y <= row + 2; ++y)
      if (image.pixelColor(column, y).green() < 200) return true;
    return false;
  };
  EXPECT_TRUE(columnHas(2));
  EXPECT_FALSE(columnHas(5));
  EXPECT_TRUE(columnHas(8));
}

// How long such a frame takes: ./dev bench ui.
TEST_F(CurveDrawing, DrawsTenCurvesOfAMillionPointsAtEveryZoom) {
  for (std::uint32_t i = 0; i < 10; ++i) {
    const auto data = noisyLoss(1'000'000, i + 1);
    QColor fill = QColor::fromHsv(static_cast<int>(i) * 36, 200, 200);
    add(data, Curve::Form::Line, fill);
    fill.setAlpha(60);
    add(data, Curve::Form::Band, fill);
  }
  m_plot.rescaleAxes();
  for (int zoom = 0; zoom < 3; ++zoom) {
    const QImage image = picture();
    for (int i = 0; i < 10; i += 3)
      EXPECT_GT(count(image, QColor::fromHsv(i * 36, 200, 200), 0, image.height()), 50)
          << "curve " << i << " at zoom " << zoom;
    m_plot.zoom(Qt::Horizontal, 0.5, QPointF(m_plot.plotArea().center()));
  }
}

}  // namespace
}  // namespace weft::ui
