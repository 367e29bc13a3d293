// engine/infer/spread.h -- the middle of some readings and how far they lie apart: median and quartiles, linear between
// neighbours (Hyndman and Fan 1996, definition 7).
#pragma once

#include <vector>

namespace weft::infer {

struct Spread {
  double median = 0, low = 0, high = 0;  // low, high: the quartiles
  double range() const { return high - low; }
};

// Of any order; zeros if there are none.
Spread spreadOf(std::vector<double> readings);

}  // namespace weft::infer
