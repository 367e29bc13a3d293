// Everything below torch: what an edit and an event cost.
#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>
#include <string>

#include "engine/base/files.h"
#include "engine/config/presets.h"
#include "engine/service/client.h"
#include "engine/service/event_reader.h"
#include "engine/sharing/generators.h"
#include "engine/sharing/map_text.h"
#include "engine/store/service_writer.h"
#include "tests/bench/side_by_side.h"

namespace weft::bench {
namespace {

// One keystroke in the map field of a 64-layer model: parse, print, cost.
void mapEdit(benchmark::State& state) {
  const std::string text = sharing::toText(sharing::parseMap("cla2", {.layers = 64}).value());
  sharing::ModelShape shape = config::shapeOf(config::preset("llama-3.1-8b").value().model);
  shape.layers = 64;
  for (auto _ : state) {
    const sharing::SharingMap map = sharing::parseMap(text, {.layers = 64}).value();
    benchmark::DoNotOptimize(sharing::cost(shape, map, {}).value());
    benchmark::DoNotOptimize(sharing::toText(map));
  }
}
BENCHMARK(mapEdit)->Unit(benchmark::kMicrosecond);

// A map of 1,024 layers that no generator makes: every candidate is tried, while somebody types.
void generatorSearch(benchmark::State& state) {
  std::vector<int> sources;
  for (int layer = 0; layer < 1024; ++layer) sources.push_back(layer < 512 ? 0 : 512);
  sources[1023] = 1023;
  const sharing::SharingMap map = sharing::SharingMap::fromSources(sources).value();
  for (auto _ : state) benchmark::DoNotOptimize(sharing::describeGenerator(map));
}
BENCHMARK(generatorSearch)->Unit(benchmark::kMillisecond);

// An event line, against the same line parsed into a bare JSON value.
void eventParse(benchmark::State& state) {
  const std::string line = protocol::toJsonLine(
      {1.5, protocol::MetricEvent{
                .step = 7, .tokens = 1000, .values = {{"train/loss", 2.5}, {"train/learning_rate", 3e-4}}}});
  sideBySide(
      state,
      [&] {
        for (int i = 0; i < 1000; ++i) benchmark::DoNotOptimize(protocol::parseEvent(line));
      },
      [&] {
        for (int i = 0; i < 1000; ++i) benchmark::DoNotOptimize(nlohmann::json::parse(line));
      });
}
BENCHMARK(eventParse)->UseManualTime()->Unit(benchmark::kMillisecond);

// From the file to the store, with the offset, 1000 steps of four metrics a batch.
void ingest(benchmark::State& state) {
  const TemporaryFolder folder = TemporaryFolder::create("weft-bench").value();
  const store::Project project = store::Project::create(folder.path() / "p").value();
  store::RunStore store = store::RunStore::open(project.database()).value();
  const store::RunId id = service::submit(project, store, config::preset("demo-mqa").value()).value();
  const store::JobId job = store.training(id)->id;
  std::int64_t step = 0, offset = 0;
  for (auto _ : state) {
    std::vector<protocol::Event> events;
    for (int i = 0; i < 1000; ++i) {
      ++step;
      events.push_back({1.0, protocol::MetricEvent{.step = step,
                                                   .tokens = step,
                                                   .values = {{"train/loss", 2.0},
                                                              {"train/learning_rate", 1.0},
                                                              {"train/gradient_norm", 1.0},
                                                              {"train/tokens_per_second", 1.0}}}});
    }
    const Result<void> stored =
        store.service().ingest({.job = job, .from = offset, .to = offset + 1000, .rows = service::toRows(events)});
    if (!stored) return state.SkipWithError(stored.error().message.c_str());
    offset += 1000;
  }
  state.SetItemsProcessed(state.iterations() * 1000);
}
BENCHMARK(ingest)->Unit(benchmark::kMillisecond);

// The run list of a store with 400,000 points, against that of the same runs without a point: what nobody asked for
// must cost nothing.
void storeRunList(benchmark::State& state) {
  const TemporaryFolder folder = TemporaryFolder::create("weft-bench").value();
  const auto filled = [&](const char* name, std::int64_t steps) {
    const store::Project project = store::Project::create(folder.path() / name).value();
    store::RunStore store = store::RunStore::open(project.database()).value();
    for (int run = 0; run < 200; ++run) {
      const store::RunId id = service::submit(project, store, config::preset("demo-mqa").value()).value();
      std::vector<store::Row> rows;
      for (std::int64_t step = 1; step <= steps; ++step)
        rows.emplace_back(store::MetricRow{
            .time = 1, .step = step, .tokens = step, .values = {{"a", 1.0}, {"b", 1.0}, {"c", 1.0}, {"d", 1.0}}});
      if (rows.empty()) continue;
      if (!store.service().ingest({.job = store.training(id)->id, .from = 0, .to = 1, .rows = std::move(rows)}))
        state.SkipWithError("the points are not stored");
    }
    return store;
  };
  store::RunStore with = filled("with", 500), without = filled("without", 0);
  if (with.runs()->size() != 200 || with.metric(store::RunId{100}, "a")->points.size() != 500)
    return state.SkipWithError("the store is wrong");
  sideBySide(
      state, [&] { benchmark::DoNotOptimize(with.runs()); }, [&] { benchmark::DoNotOptimize(without.runs()); });
}
BENCHMARK(storeRunList)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft::bench
