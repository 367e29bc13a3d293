// n rows, d hidden, f feed-forward, V vocabulary, D head width.
#include "engine/kernels/buffer_operations.h"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/kernels/cpu_storage.h"
#include "engine/kernels/dispatch.h"

namespace weft::kernels {

namespace {

// Columns that one thread sums over all rows: a multiple of a cache line.
constexpr std::int64_t kColumns = 64;

// f(first column, columns) over ranges of the columns, in parallel.
template <class F>
void forEachColumns(std::int64_t rows, std::int64_t columns, const F& f) {
  const std::int64_t parts = (columns + kColumns - 1) / kColumns;
  at::parallel_for(0, parts, grain(rows * kColumns), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin * kColumns;
    f(first, std::min(end * kColumns, columns) - first);
  });
}

template <class F>
void forEachRow(std::int64_t rows, std::int64_t width, const F& f) {
  at::parallel_for(0, rows, grain(width), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) f(row);
  });
}

// Row h of position n of x_nHD.
template <class T>
RowStorage<T>* headOf(const at::Tensor& x_nHD, std::int64_t row) {
  const std::int64_t heads = x_nHD.size(1);
  auto* data = static_cast<RowStorage<T>*>(const_cast<void*>(x_nHD.const_data_ptr()));
  return data + row / heads * x_nHD.stride(0) + row % heads * x_nHD.stride(1);
}

}  // namespace

void normalise(const at::Tensor& x_nd, double epsilon, at::Tensor& y_nd, at::Tensor& r_n) {
  dispatch(x_nd, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const auto& row = cpuRows<RowStorage<T>>();
    const auto* x = rowsOf<T>(x_nd);
    auto* y = mutableRowsOf<T>(y_nd);
    A* r = r_n.mutable_data_ptr<A>();
    const std::int64_t width = x_nd.size(1);
    forEachRow(x_nd.size(0), width, [&](std::int64_t i) {
      r[i] = row.normalise(x + i * width, y + i * width, width, static_cast<A>(epsilon));
    });
  });
}

void normaliseBackward(const at::Tensor& dy_nd, const at::Tensor& y_nd, const at::Tensor& r_n, at::Tensor& dx_nd) {
  dispatch(dy_nd, [&](auto element) {
    using T = decltype(element);
    const auto& row = cpuRows<RowStorage<T>>();
    const auto *dy = rowsOf<T>(dy_nd), *y = rowsOf<T>(y_nd);
    auto* dx = mutableRowsOf<T>(dx_nd);
    const auto* r = r_n.const_data_ptr<Accumulate<T>>();
    const std::int64_t width = dy_nd.size(1);
    forEachRow(dy_nd.size(0), width, [&](std::int64_t i) {
      row.normaliseBackward(dy + i * width, y + i * width, r[i], dx + i * width, width);
    });
  });
}

void normaliseHeads(at::Tensor& x_nHD, const at::Tensor& weight_D, double epsilon, at::Tensor& normal_nHD,
                    at::Tensor& r_nH) {
  dispatch(x_nHD, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const auto& row = cpuRows<RowStorage<T>>();
    auto* normal = mutableRowsOf<T>(normal_nHD);
    A* r = r_nH.mutable_data_ptr<A>();
    const A* weight = weight_D.const_data_ptr<A>();
    const std::int64_t width = x_nHD.size(2);
    forEachRow(x_nHD.size(0) * x_nHD.size(1), width, [&](std::int64_t i) {
      RowStorage<T>* x = headOf<T>(x_nHD, i);
      r[i] = row.normalise(x, normal + i * width, width, static_cast<A>(epsilon));
      row.scaleBy(normal + i * width, weight, x, width);
    });
  });
}

void normaliseHeadsBackward(at::Tensor& dx_nHD, const at::Tensor& weight_D, const at::Tensor& normal_nHD,
                            const at::Tensor& r_nH, at::Tensor& dweight_D) {
  constexpr std::int64_t kParts = 16;  // partial sums, whatever the number of threads
  dispatch(dx_nHD, [&](auto element) {
    using T = decltype(element);
    using S = RowStorage<T>;
    using A = Accumulate<T>;
    const auto& row = cpuRows<S>();
    const S* normal = rowsOf<T>(normal_nHD);
    const A *r = r_nH.const_data_ptr<A>(), *weight = weight_D.const_data_ptr<A>();
    const std::int64_t width = dx_nHD.size(2), rows = dx_nHD.size(0) * dx_nHD.size(1);
    std::vector<A> sums(static_cast<std::size_t>(kParts * width), A(0));
    at::parallel_for(0, kParts, grain(width * ((rows + kParts - 1) / kParts)),
                     [&](std::int64_t begin, std::int64_t end) {
                       std::vector<S> ofNormal(static_cast<std::size_t>(width));
                       for (std::int64_t part = begin; part < end; ++part) {
                         for (std::int64_t i = rows * part / kParts; i < rows * (part + 1) / kParts; ++i) {
                           S* dx = headOf<T>(dx_nHD, i);
                           row.addProduct(dx, normal + i * width, sums.data() + part * width, width);
                           row.scaleBy(dx, weight, ofNormal.data(), width);
                           std::fill_n(dx, width, S{});
                           row.normaliseBackward(ofNormal.data(), normal + i * width, r[i], dx, width);
                         }
                       }
                     });
    A* dweight = dweight_D.mutable_data_ptr<A>();
    for (std::int64_t part = 0; part < kParts; ++part) {
      for (std::int64_t i = 0; i < width; ++i) dweight[i] += sums[static_cast<std::size_t>(part * width + i)];
    }
  });
}

void swigluInto(const at::Tensor& gateUp, at::Tensor& h_nf) {
  dispatch(gateUp, [&](auto element) {
    using T = decltype(element);
    const auto& row = cpuRows<RowStorage<T>>();
    const auto* in = rowsOf<T>(gateUp);
    auto* h = mutableRowsOf<T>(h_nf);
    const std::int64_t width = h_nf.size(1);
    forEachRow(h_nf.size(0), width, [&](std::int64_t i) { row.swiglu(in + 2 * i * width, h + i * width, width); });
  });
}

void swigluBackwardInPlace(at::Tensor& gateUp, at::Tensor& dh_nf) {
  dispatch(gateUp, [&](auto element) {
    using T = decltype(element);
    const auto& row = cpuRows<RowStorage<T>>();
    auto *in = mutableRowsOf<T>(gateUp), *dh = mutableRowsOf<T>(dh_nf);
    const std::int64_t width = dh_nf.size(1);
    forEachRow(dh_nf.size(0), width,
               [&](std::int64_t i) { row.swigluBackward(in + 2 * i * width, dh + i * width, width); });
  });
}

void ropeInPlace(at::Tensor& x_BTHD, const RopeTable& table, Turn turn) {
  const std::int64_t tokens = x_BTHD.size(1), heads = x_BTHD.size(2), half = x_BTHD.size(3) / 2;
  if (table.cos_TD.size(0) != tokens || table.cos_TD.size(1) != half) {
    throw std::invalid_argument(
        fmt::format("rope: a table {} does not fit x {}", shapeText(table.cos_TD), shapeText(x_BTHD)));
  }
  dispatch(x_BTHD, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const auto& row = cpuRows<RowStorage<T>>();
    auto* x = mutableRowsOf<T>(x_BTHD);
    const A *cos = table.cos_TD.const_data_ptr<A>(), *sin = table.sin_TD.const_data_ptr<A>();
    const std::int64_t strideB = x_BTHD.stride(0), strideT = x_BTHD.stride(1), strideH = x_BTHD.stride(2);
    forEachRow(x_BTHD.size(0) * tokens, heads * half, [&](std::int64_t i) {
      const std::int64_t t = i % tokens;
      auto* position = x + i / tokens * strideB + t * strideT;
      for (std::int64_t head = 0; head < heads; ++head)
        row.rotate(position + head * strideH, cos + t * half, sin + t * half, turn == Turn::Forward ? A(1) : A(-1),
                   half);
    });
  });
}

void embed(const at::Tensor& ids_n, const at::Tensor& table_Vd, at::Tensor& x_nd) {
  const std::int64_t rows = ids_n.size(0), vocabulary = table_Vd.size(0), width = table_Vd.size(1);
  const auto* ids = ids_n.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < rows; ++i) {
    if (ids[i] < 0 || ids[i] >= vocabulary)
      throw std::out_of_range(
          fmt::format("embed: id {} of row {} is not below the {} of the vocabulary", ids[i], i, vocabulary));
  }
  dispatch(table_Vd, [&](auto element) {
    using T = decltype(element);
    const auto* table = rowsOf<T>(table_Vd);
    auto* x = mutableRowsOf<T>(x_nd);
    forEachRow(rows, width, [&](std::int64_t i) { std::copy_n(table + ids[i] * width, width, x + i * width); });
  });
}

void embedBackward(const at::Tensor& ids_n, const at::Tensor& dx_nd, at::Tensor& dtable_Vd) {
  dispatch(dx_nd, [&](auto element) {
    using T = decltype(element);
    const auto& row = cpuRows<RowStorage<T>>();
    const auto* ids = ids_n.const_data_ptr<std::int64_t>();
    const auto* dx = rowsOf<T>(dx_nd);
    auto* dtable = dtable_Vd.mutable_data_ptr<Accumulate<T>>();
    const std::int64_t rows = dx_nd.size(0), width = dx_nd.size(1);
    forEachColumns(rows, width, [&](std::int64_t first, std::int64_t columns) {
      for (std::int64_t i = 0; i < rows; ++i) row.add(dx + i * width + first, dtable + ids[i] * width + first, columns);
    });
  });
}

void scaleColumns(const at::Tensor& x_nd, const at::Tensor& weight_d, at::Tensor& y_nd) {
  dispatch(x_nd, [&](auto element) {
    using T = decltype(element);
    const auto& row = cpuRows<RowStorage<T>>();
    const auto* x = rowsOf<T>(x_nd);
    auto* y = mutableRowsOf<T>(y_nd);
    const auto* weight = weight_d.const_data_ptr<Accumulate<T>>();
    const std::int64_t width = x_nd.size(1);
    forEachRow(x_nd.size(0), width, [&](std::int64_t i) { row.scaleBy(x + i * width, weight, y + i * width, width); });
  });
}

void addColumnProducts(const at::Tensor& x_nd, const at::Tensor& y_nd, at::Tensor& sum_d) {
  dispatch(x_nd, [&](auto element) {
    using T = decltype(element);
    const auto& row = cpuRows<RowStorage<T>>();
    const auto *x = rowsOf<T>(x_nd), *y = rowsOf<T>(y_nd);
    auto* sum = sum_d.mutable_data_ptr<Accumulate<T>>();
    const std::int64_t rows = x_nd.size(0), width = x_nd.size(1);
    forEachColumns(rows, width, [&](std::int64_t first, std::int64_t columns) {
      for (std::int64_t i = 0; i < rows; ++i)
        row.addProduct(x + i * width + first, y + i * width + first, sum + first, columns);
    });
  });
}

void addColumnSums(const at::Tensor& x_nd, at::Tensor& sum_d) {
  dispatch(x_nd, [&](auto element) {
    using T = decltype(element);
    const auto& row = cpuRows<RowStorage<T>>();
    const auto* x = rowsOf<T>(x_nd);
    auto* sum = sum_d.mutable_data_ptr<Accumulate<T>>();
    const std::int64_t rows = x_nd.size(0), stride = x_nd.stride(0);
    forEachColumns(rows, x_nd.size(1), [&](std::int64_t first, std::int64_t columns) {
      for (std::int64_t i = 0; i < rows; ++i) row.add(x + i * stride + first, sum + first, columns);
    });
  });
}

double crossEntropyInPlace(at::Tensor& logits_nV, const at::Tensor& targets_n, double share, at::Tensor& losses_n) {
  const std::int64_t rows = logits_nV.size(0), width = logits_nV.size(1);
  const auto* targets = targets_n.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < rows; ++i) {
    if (targets[i] >= width)
      throw std::out_of_range(
          fmt::format("crossEntropy: target {} in row {} is not below the {} classes", targets[i], i, width));
  }
  double sum = 0;
  dispatch(logits_nV, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const auto& row = cpuRows<RowStorage<T>>();
    auto* logits = mutableRowsOf<T>(logits_nV);
    A* losses = losses_n.mutable_data_ptr<A>();
    forEachRow(rows, width, [&](std::int64_t i) {
      losses[i] = 0;
      if (targets[i] < 0) {
        std::fill_n(logits + i * width, width, RowStorage<T>{});
      } else {
        losses[i] = row.crossEntropy(logits + i * width, width, targets[i], static_cast<A>(share));
      }
    });
    for (std::int64_t i = 0; i < rows; ++i) sum += losses[i];
  });
  return sum;
}

void foldNorm(const at::Tensor& weight_rd, const at::Tensor& norm_d, at::Tensor& folded_rd) {
  const std::int64_t width = weight_rd.size(1);
  dispatch(folded_rd, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const A *weight = weight_rd.const_data_ptr<A>(), *norm = norm_d.const_data_ptr<A>();
    T* folded = folded_rd.mutable_data_ptr<T>();
    forEachRow(weight_rd.size(0), width, [&](std::int64_t i) {
      for (std::int64_t column = i * width; column < (i + 1) * width; ++column)
        folded[column] = static_cast<T>(weight[column] * norm[column - i * width]);
    });
  });
}

void unfoldNorm(const at::Tensor& weight_rd, const at::Tensor& norm_d, at::Tensor& dweight_rd, at::Tensor& dnorm_d) {
  dispatch(weight_rd, [&](auto element) {
    using T = decltype(element);
    using A = Accumulate<T>;
    const auto& row = cpuRows<RowStorage<A>>();
    const A *weight = weight_rd.const_data_ptr<A>(), *norm = norm_d.const_data_ptr<A>();
    A *dweight = dweight_rd.mutable_data_ptr<A>(), *dnorm = dnorm_d.mutable_data_ptr<A>();
    const std::int64_t rows = weight_rd.size(0), width = weight_rd.size(1);
    forEachColumns(rows, width, [&](std::int64_t first, std::int64_t columns) {
      for (std::int64_t i = 0; i < rows; ++i) {
        A* gradient = dweight + i * width + first;
        row.addProduct(gradient, weight + i * width + first, dnorm + first, columns);
        row.scaleBy(gradient, norm + first, gradient, columns);
      }
    });
  });
}

}  // namespace weft::kernels
