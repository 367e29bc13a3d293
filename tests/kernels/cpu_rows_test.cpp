// The loops over rows, in every version that this processor can run, against their formulas in float64.
#include "engine/kernels/cpu_rows.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace weft::kernels {
namespace {

// Below, at and above every number of lanes.
const std::vector<std::int64_t> kWidths{1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 47, 64, 65, 127, 257, 1000};

double wide(float x) { return x; }
double wide(double x) { return x; }
double wide(Bf16 x) { return std::bit_cast<float>(static_cast<std::uint32_t>(x.bits) << 16); }
template <class S>
S narrow(double x) {
  if constexpr (std::is_same_v<S, Bf16>) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
    return {static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
  } else {
    return static_cast<S>(x);
  }
}

// Of one rounding of the result, relative to the largest value; the sums inside cost float32 some units more.
template <class S>
double tolerance() {
  if constexpr (std::is_same_v<S, double>) return 1e-13;
  return std::is_same_v<S, float> ? 2e-6 : std::ldexp(1.01, -8);
}

template <class S>
class CpuRowsOf : public ::testing::Test {
 protected:
  using Wide = std::vector<double>;

  // Rounded to S, as float64 again.
  Wide random(std::int64_t size, double scale = 1) {
    std::normal_distribution<double> normal(0, scale);
    Wide values(static_cast<std::size_t>(size));
    for (double& value : values) value = wide(narrow<S>(normal(m_random)));
    return values;
  }
  template <class T = S>
  static std::vector<T> as(const Wide& values) {
    std::vector<T> all;
    for (const double value : values) all.push_back(narrow<T>(value));
    return all;
  }
  template <class T>
  static void expectNear(const std::vector<T>& got, const Wide& wanted, double allowed = tolerance<S>()) {
    double largest = 0;
    for (const double value : wanted) largest = std::max(largest, std::abs(value));
    for (std::size_t i = 0; i < wanted.size(); ++i)
      ASSERT_NEAR(wide(got[i]), wanted[i], allowed * std::max(largest, 1e-30)) << "at " << i << " of " << wanted.size();
  }
  // Every version at every width.
  template <class Check>
  void forEach(const Check& check) {
    for (const auto& version : cpuRowsVersions<S>()) {
      for (const std::int64_t width : kWidths) {
        SCOPED_TRACE(fmt::format("{}, width {}", version.name, width));
        check(*version.rows, width);
        if (this->HasFatalFailure()) return;
      }
    }
  }

  std::mt19937 m_random{20261127};
};
using Types = ::testing::Types<float, double, Bf16>;
TYPED_TEST_SUITE(CpuRowsOf, Types);

double silu(double z) { return z / (1 + std::exp(-z)); }

TYPED_TEST(CpuRowsOf, NormaliseARowAndItsGradient) {
  using S = TypeParam;
  using A = typename CpuRows<S>::A;
  this->forEach([&](const CpuRows<S>& rows, std::int64_t width) {
    const auto x = this->random(width, 3), g = this->random(width), dx = this->random(width);
    double squares = 0;
    for (const double value : x) squares += value * value;
    const double r = 1 / std::sqrt(squares / static_cast<double>(width) + 1e-5);
    std::vector<S> y(x.size());
    const A scale = rows.normalise(this->as(x).data(), y.data(), width, A(1e-5));
    EXPECT_NEAR(scale, r, r * 1e-6);
    std::vector<double> wanted;
    for (const double value : x) wanted.push_back(value * r);
    this->expectNear(y, wanted);

    double mean = 0;
    for (std::size_t i = 0; i < x.size(); ++i) mean += g[i] * wide(y[i]) / static_cast<double>(width);
    std::vector<double> gradient;
    for (std::size_t i = 0; i < x.size(); ++i) gradient.push_back(dx[i] + scale * (g[i] - wide(y[i]) * mean));
    std::vector<S> got = this->as(dx);
    rows.normaliseBackward(this->as(g).data(), y.data(), scale, got.data(), width);
    this->expectNear(got, gradient, 2 * tolerance<S>());
  });
}

TYPED_TEST(CpuRowsOf, GateARowAndItsGradient) {
  using S = TypeParam;
  this->forEach([&](const CpuRows<S>& rows, std::int64_t width) {
    auto gateUp = this->random(2 * width, 4);
    gateUp[0] = 200;  // beyond what exp() can hold, on both sides
    if (width > 1) gateUp[1] = -200;
    const auto dh = this->random(width);
    std::vector<double> h, dgate, dup;
    for (std::size_t i = 0; i < dh.size(); ++i) {
      const double z = gateUp[i], up = gateUp[i + dh.size()], s = 1 / (1 + std::exp(-z));
      h.push_back(silu(z) * up);
      dgate.push_back(dh[i] * up * s * (1 + z * (1 - s)));
      dup.push_back(dh[i] * silu(z));
    }
    std::vector<S> in = this->as(gateUp), out(dh.size());
    rows.swiglu(in.data(), out.data(), width);
    this->expectNear(out, h);
    std::vector<S> gradient = this->as(dh);
    rows.swigluBackward(in.data(), gradient.data(), width);
    this->expectNear(gradient, h);
    this->expectNear(std::vector<S>(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(width)), dgate);
    this->expectNear(std::vector<S>(in.begin() + static_cast<std::ptrdiff_t>(width), in.end()), dup);
  });
}

TYPED_TEST(CpuRowsOf, TurnPairsThereAndBack) {
  using S = TypeParam;
  using A = typename CpuRows<S>::A;
  this->forEach([&](const CpuRows<S>& rows, std::int64_t half) {
    const auto x = this->random(2 * half);
    std::vector<A> cos, sin;
    std::vector<double> wanted(x.size());
    for (std::int64_t i = 0; i < half; ++i) {
      cos.push_back(static_cast<A>(std::cos(0.3 * static_cast<double>(i))));
      sin.push_back(static_cast<A>(std::sin(0.3 * static_cast<double>(i))));
      const auto low = static_cast<std::size_t>(i), high = static_cast<std::size_t>(i + half);
      wanted[low] = x[low] * cos[low] - x[high] * sin[low];
      wanted[high] = x[high] * cos[low] + x[low] * sin[low];
    }
    std::vector<S> got = this->as(x);
    rows.rotate(got.data(), cos.data(), sin.data(), A(1), half);
    this->expectNear(got, wanted);
    rows.rotate(got.data(), cos.data(), sin.data(), A(-1), half);
    this->expectNear(got, x, 3 * tolerance<S>());
  });
}

TYPED_TEST(CpuRowsOf, SumProductsIntoTheAccumulationType) {
  using S = TypeParam;
  using A = typename CpuRows<S>::A;
  this->forEach([&](const CpuRows<S>& rows, std::int64_t width) {
    const auto x = this->random(width), y = this->random(width), w = this->random(width);
    std::vector<double> product, sum, scaled;
    for (std::size_t i = 0; i < x.size(); ++i) {
      product.push_back(w[i] + x[i] * y[i]);
      sum.push_back(w[i] + x[i]);
      scaled.push_back(x[i] * w[i]);
    }
    const std::vector<S> xs = this->as(x), ys = this->as(y);
    const std::vector<A> ws = this->template as<A>(w);
    std::vector<A> sums = ws;
    rows.addProduct(xs.data(), ys.data(), sums.data(), width);
    this->expectNear(sums, product, 1e-6);
    sums = ws;
    rows.add(xs.data(), sums.data(), width);
    this->expectNear(sums, sum, 1e-6);
    std::vector<S> got(x.size());
    rows.scaleBy(xs.data(), ws.data(), got.data(), width);
    this->expectNear(got, scaled);
  });
}

TYPED_TEST(CpuRowsOf, MakeProbabilitiesOfTheSeenScoresAndTheirGradient) {
  using S = TypeParam;
  using A = typename CpuRows<S>::A;
  this->forEach([&](const CpuRows<S>& rows, std::int64_t width) {
    for (const Seen seen : {Seen{0, width, width}, Seen{width / 3, width - width / 4, width}, Seen{0, 1, width}}) {
      auto scores = this->random(width, 3), dp = this->random(width);
      for (double& score : scores) score = static_cast<A>(score + 50);
      double sum = 0;
      for (std::int64_t i = seen.begin; i < seen.end; ++i) sum += std::exp(scores[static_cast<std::size_t>(i)]);
      const double logSum = std::log(sum), delta = 0.3;
      std::vector<double> p(scores.size()), ds(scores.size());
      for (std::int64_t i = seen.begin; i < seen.end; ++i) {
        const auto at = static_cast<std::size_t>(i);
        p[at] = std::exp(scores[at] - logSum);
        ds[at] = p[at] * (dp[at] - delta);
      }
      std::vector<A> got = this->template as<A>(scores);
      const A logSums = rows.softmax(got.data(), seen);
      EXPECT_NEAR(logSums, logSum, 1e-5);
      this->expectNear(got, p, 4e-6);
      std::vector<A> again = this->template as<A>(scores), gradient = this->template as<A>(dp);
      rows.softmaxBackward(again.data(), gradient.data(), logSums, A(delta), seen);
      this->expectNear(again, p, 2e-5);  // of a score of 50, float32 has 4e-6 left
      this->expectNear(gradient, ds, 2e-5);
    }
    std::vector<A> nothing(static_cast<std::size_t>(width), A(1));
    EXPECT_EQ(rows.softmax(nothing.data(), {0, 0, width}), -std::numeric_limits<A>::infinity());
    EXPECT_EQ(*std::max_element(nothing.begin(), nothing.end()), A(0));
  });
}

TYPED_TEST(CpuRowsOf, MakeTheLossAndItsGradientInPlace) {
  using S = TypeParam;
  using A = typename CpuRows<S>::A;
  this->forEach([&](const CpuRows<S>& rows, std::int64_t width) {
    for (const std::int64_t target : {std::int64_t{0}, width / 2, width - 1}) {
      const auto logits = this->random(width, 5);
      double sum = 0;
      for (const double logit : logits) sum += std::exp(logit);
      std::vector<double> wanted;
      for (const double logit : logits) wanted.push_back(0.25 * std::exp(logit) / sum);
      wanted[static_cast<std::size_t>(target)] -= 0.25;
      std::vector<S> got = this->as(logits);
      const A loss = rows.crossEntropy(got.data(), width, target, A(0.25));
      const double expected = std::log(sum) - logits[static_cast<std::size_t>(target)];
      EXPECT_NEAR(loss, expected, 1e-5 * std::max(1.0, expected));
      // A gradient near 0 is a difference of numbers near a quarter.
      double largest = 0;
      for (const double value : wanted) largest = std::max(largest, std::abs(value));
      this->expectNear(got, wanted, tolerance<S>() + (std::is_same_v<S, double> ? 1e-14 : 3e-7) / largest);
    }
  });
}

TYPED_TEST(CpuRowsOf, KeepNotANumberWhereItIs) {
  using S = TypeParam;
  using A = typename CpuRows<S>::A;
  this->forEach([&](const CpuRows<S>& rows, std::int64_t width) {
    auto x = this->random(2 * width);
    x[0] = std::numeric_limits<double>::quiet_NaN();
    std::vector<S> in = this->as(x), out(static_cast<std::size_t>(width));
    if constexpr (std::is_same_v<S, Bf16>) in[0].bits = 0x7fc0;
    EXPECT_TRUE(std::isnan(rows.normalise(in.data(), out.data(), width, A(1e-5))));
    rows.swiglu(in.data(), out.data(), width);
    EXPECT_TRUE(std::isnan(wide(out[0])));
    EXPECT_TRUE(std::isnan(rows.crossEntropy(in.data(), width, width - 1, A(1))));
  });
}

}  // namespace
}  // namespace weft::kernels
