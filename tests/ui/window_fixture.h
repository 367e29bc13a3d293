// tests/ui/window_fixture.h -- a temporary project with runs as a service would have stored them, and waiting without
// sleeping.
#pragma once

#include <gtest/gtest.h>

#include <QDeadlineTimer>
#include <QEventLoop>
#include <QThread>
#include <QTimer>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/config/run_config.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_text.h"
#include "engine/store/project.h"
#include "engine/store/run_store.h"
#include "engine/store/service_writer.h"

namespace weft::ui::test {

// Runs the event loop until `is` holds; false after 10 seconds.
inline bool waitUntil(const std::function<bool()>& is) {
  const QDeadlineTimer deadline(10'000);
  while (!is()) {
    if (deadline.hasExpired()) return false;
    QEventLoop loop;
    QTimer::singleShot(5, &loop, &QEventLoop::quit);
    loop.exec();
  }
  return true;
}

struct SampleRun {
  std::string name = "MQA-CLA2";
  std::string generator = "cla2";
  int layers = 8, queryHeads = 4, kvHeads = 1, headWidth = 32;
  double kvBytesPerToken = 512;
  std::optional<double> perplexity = 13.6;
  std::vector<std::string> tags{"table-1"};
  std::int64_t steps = 300;
  std::string configToml{};  // empty: what this sample says
  std::optional<double> kvMeasured{};
  std::int64_t parameters = 1'048'576;
  std::int64_t seed = 1;
};

// Two samples are one configuration only if they differ in nothing but name, tags and seed.
inline std::string configOf(const SampleRun& sample) {
  config::RunConfig config;
  config.name = sample.name;
  config.model.layers = sample.layers;
  config.model.queryHeads = sample.queryHeads;
  config.model.kvHeads = sample.kvHeads;
  config.model.headWidth = sample.headWidth;
  config.model.sharing = sample.generator;
  config.train.steps = sample.steps;
  config.train.seed = sample.seed;
  return config::toToml(config);
}

class TestProject {
 public:
  TestProject()
      : m_folder(*TemporaryFolder::create("weft-ui")),
        m_project(*store::Project::create(m_folder.path() / "cla-1b")),
        m_store(*store::RunStore::open(m_project.database())) {}

  const store::Project& project() const { return m_project; }
  // Of the run's training.
  store::JobId jobOf(store::RunId run) {
    const auto job = m_store.training(run);
    EXPECT_TRUE(job);
    return job ? job->id : store::JobId{};
  }
  store::RunStore& store() { return m_store; }
  QString folder() const { return QString::fromStdString(m_project.folder().string()); }

  store::RunId addQueued(const SampleRun& sample, store::RunState state = store::RunState::Queued) {
    store::NewRun run;
    run.name = sample.name;
    run.generator = sample.generator;
    run.map = sharing::toText(*sharing::generate(sample.generator, sample.layers));
    run.layers = sample.layers;
    run.queryHeads = sample.queryHeads;
    run.kvHeads = sample.kvHeads;
    run.headWidth = sample.headWidth;
    run.hidden = 128;
    run.parameters = sample.parameters;
    run.seed = sample.seed;
    run.steps = sample.steps;
    run.kvBytesPerToken = sample.kvBytesPerToken;
    run.tags = sample.tags;
    run.state = state;
    run.configToml = sample.configToml.empty() ? configOf(sample) : sample.configToml;
    const auto id = m_store.addRun(run);
    EXPECT_TRUE(id) << (id ? "" : id.error().message);
    return id.value_or(store::RunId{});
  }

  // The next queued run starts and has done `steps` steps.
  store::RunId start(std::int64_t steps, const std::string& device = "cpu") {
    auto service = m_store.service();
    const auto queue = service.queue();
    EXPECT_TRUE(queue && !queue->empty());
    const store::Job job = queue->front().job;
    const store::RunId id = job.run;
    EXPECT_TRUE(service.take(job.id));
    EXPECT_TRUE(service.attemptStarted(
        {.job = job.id, .pid = 4242, .pidStart = "1", .host = "lab", .lanes = {device.substr(0, device.find(' '))}}));
    std::vector<store::Row> rows{
        store::HelloRow{.time = kTime, .attempt = 1, .build = "test", .torch = "2", .device = device}};
    for (std::int64_t step = 1; step <= steps; ++step)
      rows.emplace_back(store::MetricRow{.time = kTime + static_cast<double>(step),
                                         .step = step,
                                         .tokens = step * 2048,
                                         .values = {{"train/loss", 2.5 + 3 * std::exp(-static_cast<double>(step) / 30)},
                                                    {"train/tokens_per_second", 47'600}}});
    rows.emplace_back(store::ProgressRow{.time = kTime + static_cast<double>(steps),
                                         .phase = "train",
                                         .done = static_cast<double>(steps),
                                         .total = 300,
                                         .promise_s = 30});
    ingest(id, std::move(rows));
    return id;
  }

  // Adds a run and lets it end well.
  store::RunId addFinished(const SampleRun& sample) {
    const store::RunId id = addQueued(sample);
    // Only one run may be queued while this helper starts "the next".
    EXPECT_EQ(start(sample.steps), id);
    std::vector<store::Row> rows;
    if (sample.perplexity)
      rows.emplace_back(store::EvaluationRow{{.step = sample.steps,
                                              .split = "valid",
                                              .task = "perplexity",
                                              .loss_nats = std::log(*sample.perplexity),
                                              .perplexity = *sample.perplexity,
                                              .tokens = 16384,
                                              .time = kTime + 400}});
    if (sample.kvMeasured)
      rows.emplace_back(store::MeasurementRow{
          {.name = "kv_memory", .time = kTime + 400, .values = {{"bytes_per_token_storage", *sample.kvMeasured}}}});
    rows.emplace_back(
        store::EndRow{.time = kTime + 401, .outcome = "completed", .code = {}, .message = {}, .detail = {}});
    ingest(id, std::move(rows));
    EXPECT_TRUE(m_store.service().attemptEnded({.job = jobOf(id),
                                                .state = store::RunState::Finished,
                                                .outcome = "completed",
                                                .code = {},
                                                .failure = {},
                                                .detail = {}}));
    return id;
  }

  void fail(store::RunId id, const std::string& sentence) {
    EXPECT_TRUE(m_store.service().attemptEnded({.job = jobOf(id),
                                                .state = store::RunState::Failed,
                                                .outcome = "failed",
                                                .code = "out_of_memory",
                                                .failure = sentence,
                                                .detail = {}}));
  }

  void ingest(store::RunId id, std::vector<store::Row> rows) {
    auto service = m_store.service();
    const auto offset = service.eventsOffset(jobOf(id));
    ASSERT_TRUE(offset);
    const auto done = service.ingest({.job = jobOf(id), .from = *offset, .to = *offset + 100, .rows = std::move(rows)});
    ASSERT_TRUE(done) << done.error().message;
  }

 private:
  static constexpr double kTime = 1'790'000'000;
  TemporaryFolder m_folder;
  store::Project m_project;
  store::RunStore m_store;
};

// The rows of the paper's Table 1 (arXiv 2405.12981) that the pictures show.
inline void fillWithTable1(TestProject& project) {
  const std::vector<SampleRun> rows{
      {.name = "H128-MHA",
       .generator = "identity",
       .layers = 20,
       .queryHeads = 16,
       .kvHeads = 16,
       .headWidth = 128,
       .kvBytesPerToken = 163840,
       .perplexity = 13.15},
      {.name = "H128-GQA4",
       .generator = "identity",
       .layers = 20,
       .queryHeads = 16,
       .kvHeads = 4,
       .headWidth = 128,
       .kvBytesPerToken = 40960,
       .perplexity = 13.36},
      {.name = "H128-MQA",
       .generator = "identity",
       .layers = 20,
       .queryHeads = 16,
       .kvHeads = 1,
       .headWidth = 128,
       .kvBytesPerToken = 10240,
       .perplexity = 13.54},
      {.name = "H128-MQA-CLA2",
       .generator = "cla2",
       .layers = 20,
       .queryHeads = 16,
       .kvHeads = 1,
       .headWidth = 128,
       .kvBytesPerToken = 5120,
       .perplexity = 13.60},
      {.name = "H64-MQA",
       .generator = "identity",
       .layers = 20,
       .queryHeads = 32,
       .kvHeads = 1,
       .headWidth = 64,
       .kvBytesPerToken = 5120,
       .perplexity = 13.81},
      {.name = "H128-MQA-CLA4",
       .generator = "cla4",
       .layers = 20,
       .queryHeads = 16,
       .kvHeads = 1,
       .headWidth = 128,
       .kvBytesPerToken = 2560,
       .perplexity = 13.95,
       .tags = {"table-1", "cla4"}},
  };
  for (const SampleRun& row : rows) project.addFinished(row);
}

}  // namespace weft::ui::test
