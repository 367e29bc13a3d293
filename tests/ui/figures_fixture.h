// tests/ui/figures_fixture.h -- the paper's Table 1 as runs (arXiv 2405.12981), files in a folder of their own, and
// where pictures are kept.
#pragma once

#include <QDir>
#include <QString>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_text.h"
#include "engine/store/run_store.h"
#include "tests/ui/window_fixture.h"
#include "ui/paper/figure.h"

namespace weft::ui::test {

inline std::vector<SampleRun> table1Samples() {
  const auto row = [](const char* name, const char* generator, int queryHeads, int kvHeads, int headWidth, double bytes,
                      double perplexity) {
    return SampleRun{.name = name,
                     .generator = generator,
                     .layers = 20,
                     .queryHeads = queryHeads,
                     .kvHeads = kvHeads,
                     .headWidth = headWidth,
                     .kvBytesPerToken = bytes,
                     .perplexity = perplexity};
  };
  return {
      row("H128-MHA", "identity", 16, 16, 128, 163840, 13.15), row("H128-GQA4", "identity", 16, 4, 128, 40960, 13.36),
      row("H128-GQA2", "identity", 16, 2, 128, 20480, 13.52),  row("H128-MQA", "identity", 16, 1, 128, 10240, 13.54),
      row("H64-MQA", "identity", 32, 1, 64, 5120, 13.81),      row("H46-MQA", "identity", 45, 1, 46, 3680, 13.96),
      row("H32-MQA", "identity", 64, 1, 32, 2560, 14.37),      row("H512-MQA-CLA2", "cla2", 4, 1, 512, 20480, 13.49),
      row("H256-MQA-CLA2", "cla2", 8, 1, 256, 10240, 13.51),   row("H128-MQA-CLA2", "cla2", 16, 1, 128, 5120, 13.60),
      row("H90-MQA-CLA2", "cla2", 22, 1, 90, 3600, 13.73),     row("H64-MQA-CLA2", "cla2", 32, 1, 64, 2560, 13.89),
      row("H128-MQA-CLA3", "cla3", 16, 1, 128, 3584, 13.77),   row("H128-MQA-CLA4", "cla4", 16, 1, 128, 2560, 13.95)};
}

inline store::RunSummary summaryOf(const SampleRun& sample, std::int64_t id) {
  store::RunSummary run;
  run.id = {id};
  run.name = sample.name;
  run.state = store::RunState::Finished;
  run.generator = sample.generator;
  run.map = sharing::toText(*sharing::generate(sample.generator, sample.layers));
  run.layers = sample.layers;
  run.queryHeads = sample.queryHeads;
  run.kvHeads = sample.kvHeads;
  run.headWidth = sample.headWidth;
  run.parameters = 945'800'000;
  run.kvBytesPerToken = sample.kvBytesPerToken;
  run.perplexity = sample.perplexity;
  run.created = run.updated = 1'790'000'000;
  return run;
}

inline std::vector<FigureRun> table1Figure() {
  std::vector<FigureRun> runs;
  std::int64_t id = 0;
  for (const SampleRun& sample : table1Samples()) runs.push_back({.summary = summaryOf(sample, ++id), .series = {}});
  return runs;
}

// A falling, noisy loss; noise without a generator, so that it is the same everywhere.
inline store::MetricSeries noisyLoss(std::int64_t steps, double floor) {
  store::MetricSeries series{.name = "train/loss", .points = {}};
  for (std::int64_t step = 1; step <= steps; ++step) {
    const auto t = static_cast<double>(step);
    series.points.push_back(
        {.step = step,
         .value = floor + 8 * std::exp(-t / 40) + 0.15 * std::sin(t * 12.9898) * std::cos(t * 78.233),
         .time = t});
  }
  return series;
}

// Where pictures are kept for people to look at: $WEFT_SCREENSHOTS, else a folder that goes with the program.
inline QString pictureFile(const QString& name) {
  const QString folder = qEnvironmentVariable("WEFT_SCREENSHOTS");
  QDir().mkpath(folder);
  return QDir(folder).filePath(name);
}

}  // namespace weft::ui::test
