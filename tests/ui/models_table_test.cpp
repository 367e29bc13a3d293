#include <gtest/gtest.h>

#include <QAbstractItemModelTester>
#include <QItemSelectionModel>
#include <QMimeData>
#include <QSignalSpy>
#include <algorithm>
#include <ctime>
#include <random>
#include <set>

#include "tests/ui/window_fixture.h"
#include "ui/models/queue_model.h"
#include "ui/models/run_sort_proxy.h"
#include "ui/models/run_table_model.h"
#include "ui/models/run_text.h"
#include "ui/models/table_export.h"
#include "ui/queue/queue_plan.h"

namespace weft::ui {
namespace {

using Tester = QAbstractItemModelTester;

store::RunSummary makeRun(std::int64_t id, store::RunState state = store::RunState::Finished,
                          std::optional<double> perplexity = std::nullopt) {
  store::RunSummary run;
  run.id = {id};
  run.name = "run-" + std::to_string(id);
  run.state = state;
  run.perplexity = perplexity;
  run.map = "0_0";
  run.parameters = 1000;
  run.steps = 100;
  run.position = id;
  return run;
}

std::shared_ptr<RunsSnapshot> snapshotOf(std::vector<store::RunSummary> runs) {
  auto snapshot = std::make_shared<RunsSnapshot>();
  std::sort(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.id > b.id; });
  snapshot->runs = RunRows(runs);
  // Their trainings, whose numbers are other ones.
  for (const store::RunSummary& run : runs) {
    if (!store::isActive(run.state) && !store::isWaiting(run.state)) continue;
    store::Job job;
    job.id = {run.id.value + 100};
    job.kind = store::kTrainKind;
    job.run = run.id;
    job.state = run.state;
    job.priority = run.priority;
    job.position = run.position;
    job.started = run.started;
    job.progress = run.progress;
    if (!run.device.empty()) job.lanes = {run.device};
    snapshot->jobs.push_back(job);
  }
  std::sort(snapshot->jobs.begin(), snapshot->jobs.end(), store::goesBefore);
  return snapshot;
}

std::vector<std::int64_t> idsOf(const QAbstractItemModel& model) {
  std::vector<std::int64_t> ids;
  for (int row = 0; row < model.rowCount(); ++row) ids.push_back(runOf(model.index(row, 0))->id.value);
  return ids;
}

TEST(RunTableModel, InsertsRemovesAndChangesSingleRowsWithoutAReset) {
  RunTableModel model;
  const Tester tester(&model, Tester::FailureReportingMode::Fatal);
  QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
  QSignalSpy changes(&model, &QAbstractItemModel::dataChanged);
  model.setSnapshot(snapshotOf({makeRun(1), makeRun(2), makeRun(4)}));
  EXPECT_EQ(idsOf(model), (std::vector<std::int64_t>{4, 2, 1}));
  EXPECT_EQ(changes.size(), 0);
  store::RunSummary moved = makeRun(2, store::RunState::Running);
  model.setSnapshot(snapshotOf({moved, makeRun(3), makeRun(5), makeRun(1)}));
  EXPECT_EQ(idsOf(model), (std::vector<std::int64_t>{5, 3, 2, 1}));
  ASSERT_EQ(changes.size(), 1) << "only run 2 differs";
  EXPECT_EQ(changes[0][0].toModelIndex().row(), 2);
  model.setSnapshot(snapshotOf({}));
  EXPECT_EQ(model.rowCount(), 0);
  EXPECT_EQ(resets.size(), 0);
}

TEST(RunTableModel, NeighboursComeAndGoTogether) {
  RunTableModel model;
  const Tester tester(&model, Tester::FailureReportingMode::Fatal);
  QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted), removed(&model, &QAbstractItemModel::rowsRemoved);
  std::vector<store::RunSummary> runs;
  for (std::int64_t id = 1; id <= 1000; ++id) runs.push_back(makeRun(id));
  model.setSnapshot(snapshotOf(runs));
  EXPECT_EQ(model.rowCount(), 1000);
  EXPECT_EQ(inserted.size(), 1) << "each insertion costs proxy and view a walk over all rows";
  std::erase_if(runs, [](const auto& run) { return run.id.value > 100 && run.id.value <= 400; });
  runs.push_back(makeRun(1001));
  runs.push_back(makeRun(1002));
  model.setSnapshot(snapshotOf(runs));
  EXPECT_EQ(removed.size(), 1);
  EXPECT_EQ(inserted.size(), 2);
  ASSERT_EQ(model.rowCount(), 702);
  EXPECT_EQ(model.runAt(0).id, store::RunId{1002});
  EXPECT_EQ(model.runAt(701).id, store::RunId{1});
  EXPECT_EQ(model.rowOf({401}), 601);
  EXPECT_EQ(model.rowOf({400}), -1);
}

TEST(RunsSnapshot, FindsEachRunAndNoOther) {
  const auto snapshot = snapshotOf({makeRun(2), makeRun(5), makeRun(9)});
  for (const std::int64_t id : {2, 5, 9}) {
    ASSERT_NE(snapshot->find({id}), nullptr);
    EXPECT_EQ(snapshot->find({id})->id.value, id);
  }
  for (const std::int64_t id : {1, 3, 6, 10}) EXPECT_EQ(snapshot->find({id}), nullptr);
  EXPECT_EQ(RunsSnapshot{}.find({1}), nullptr);
}

TEST(RunTableModel, KeepsTheSelectionOnItsRunWhileOthersComeAndGo) {
  RunTableModel model;
  RunSortProxy proxy;
  proxy.setSourceModel(&model);
  const Tester tester(&proxy, Tester::FailureReportingMode::Fatal);
  model.setSnapshot(snapshotOf({makeRun(1, store::RunState::Finished, 14), makeRun(2, store::RunState::Finished, 13)}));
  QItemSelectionModel selection(&proxy);
  selection.select(proxy.index(1, 0), QItemSelectionModel::Select | QItemSelectionModel::Rows);
  ASSERT_EQ(runOf(selection.selectedRows()[0])->id.value, 1);
  model.setSnapshot(snapshotOf({makeRun(1, store::RunState::Finished, 12), makeRun(2, store::RunState::Finished, 13),
                                makeRun(3, store::RunState::Running)}));
  ASSERT_EQ(selection.selectedRows().size(), 1);
  EXPECT_EQ(runOf(selection.selectedRows()[0])->id.value, 1);
  EXPECT_EQ(idsOf(proxy), (std::vector<std::int64_t>{3, 1, 2})) << "running first, then by perplexity";
}

TEST(RunTableModel, FindsARowByItsRun) {
  RunTableModel model;
  model.setSnapshot(snapshotOf({makeRun(10), makeRun(20), makeRun(30)}));
  EXPECT_EQ(model.rowOf({20}), 1);
  EXPECT_EQ(model.rowOf({25}), -1);
}

TEST(RunSortProxy, SortsBySeveralKeysAndPutsMissingValuesLastEitherWay) {
  RunTableModel model;
  RunSortProxy proxy;
  proxy.setSourceModel(&model);
  store::RunSummary a = makeRun(1, store::RunState::Finished, 13), b = makeRun(2),
                    c = makeRun(3, store::RunState::Finished, 12), d = makeRun(4, store::RunState::Finished, 13);
  a.kvBytesPerToken = 10;
  d.kvBytesPerToken = 5;
  model.setSnapshot(snapshotOf({a, b, c, d}));
  proxy.setSortKeys({{RunColumn::Perplexity, Qt::AscendingOrder}, {RunColumn::KvBytes, Qt::AscendingOrder}});
  EXPECT_EQ(idsOf(proxy), (std::vector<std::int64_t>{3, 4, 1, 2}));
  proxy.setSortKeys({{RunColumn::Perplexity, Qt::DescendingOrder}, {RunColumn::KvBytes, Qt::DescendingOrder}});
  EXPECT_EQ(idsOf(proxy), (std::vector<std::int64_t>{1, 4, 3, 2}));
}

TEST(RunSortProxy, FiltersTenThousandRuns) {
  RunTableModel model;
  RunSortProxy proxy;
  proxy.setSourceModel(&model);
  std::vector<store::RunSummary> runs;
  for (int i = 1; i <= 10'000; ++i) runs.push_back(makeRun(i, store::RunState::Finished, 10 + i % 97));
  model.setSnapshot(snapshotOf(std::move(runs)));
  proxy.setFilter(*RunFilter::parse(QStringLiteral("perplexity < 20 and not archived")));
  EXPECT_EQ(proxy.rowCount(), static_cast<int>(std::count_if(model.snapshot().runs.begin(), model.snapshot().runs.end(),
                                                             [](const auto& r) { return *r.perplexity < 20; })));
}

TEST(RunText, WritesNumbersAsTheTableShowsThem) {
  store::RunSummary run = makeRun(1);
  run.queryHeads = 16;
  run.kvHeads = 1;
  run.headWidth = 128;
  EXPECT_EQ(headsText(run), QStringLiteral("16 / 1 × 128"));
  EXPECT_EQ(rateText(47'600.0), QStringLiteral("47.6 k"));
  EXPECT_EQ(rateText(std::nullopt), QStringLiteral("–"));
  EXPECT_EQ(bytesPerTokenText(163'840.0), QStringLiteral("163,840"));
  EXPECT_EQ(bytesPerTokenText(66.5), QStringLiteral("66.50"));
  EXPECT_EQ(durationText(67 * 3600), QStringLiteral("2 d 19 h"));
  EXPECT_EQ(ageText(1000, 1030), QStringLiteral("now"));
  EXPECT_EQ(ageText(1000, 1000 + 4 * 3600), QStringLiteral("4 h"));
  run.state = store::RunState::Stopped;
  run.progress = 0.319;
  EXPECT_EQ(progressText(run), QStringLiteral("at 31%, resumable")) << "31.9% done is not 32% done";
}

TEST(RunText, GivesEveryStateAShapeAndAWordOfItsOwn) {
  std::set<QString> shapes, words;
  for (int i = 0; i <= static_cast<int>(store::RunState::Lost); ++i) {
    shapes.insert(stateIconName(static_cast<store::RunState>(i)));
    words.insert(stateLabel(static_cast<store::RunState>(i)));
  }
  EXPECT_EQ(shapes.size(), 12u);
  EXPECT_EQ(words.size(), 12u);
}

TEST(TableExport, QuotesWhatACsvReaderWouldMisread) {
  store::RunSummary run = makeRun(1, store::RunState::Finished, 13.5);
  run.name = "a, \"b\"";
  run.note = "two\nlines";
  const QString csv = runsAsCsv({run});
  EXPECT_TRUE(csv.contains(QStringLiteral("\"a, \"\"b\"\"\""))) << csv.toStdString();
  EXPECT_TRUE(csv.contains(QStringLiteral("\"two\nlines\"")));
  EXPECT_TRUE(csv.startsWith(QStringLiteral("id,name,state,")));
}

std::vector<std::int64_t> waitingIds(const QueueModel& model) {
  std::vector<std::int64_t> ids;
  for (int row = 0; row < model.rowCount(); ++row)
    if (model.runAt(row) && model.sectionOf(row) == QueueSection::Queued) ids.push_back(model.runAt(row)->id.value);
  return ids;
}

TEST(QueueModel, MovesRowsInsteadOfResettingWhenTheOrderChanges) {
  QueueModel model;
  const Tester tester(&model, Tester::FailureReportingMode::Fatal);
  QSignalSpy resets(&model, &QAbstractItemModel::modelReset), moves(&model, &QAbstractItemModel::rowsMoved);
  std::vector<store::RunSummary> runs{makeRun(1, store::RunState::Queued), makeRun(2, store::RunState::Queued),
                                      makeRun(3, store::RunState::Queued), makeRun(4, store::RunState::Running),
                                      makeRun(5, store::RunState::Held)};
  model.setSnapshot(snapshotOf(runs), {});
  EXPECT_EQ(model.rowCount(), 8) << "five jobs and three headings";
  EXPECT_TRUE(model.isHeading(0));
  EXPECT_EQ(waitingIds(model), (std::vector<std::int64_t>{1, 2, 3}));
  runs[2].position = 0;
  model.setSnapshot(snapshotOf(runs), {});
  EXPECT_EQ(waitingIds(model), (std::vector<std::int64_t>{3, 1, 2}));
  EXPECT_EQ(moves.size(), 1);
  model.setSnapshot(snapshotOf({}), {});
  EXPECT_EQ(model.rowCount(), 0);
  EXPECT_EQ(resets.size(), 0);
}

TEST(QueueModel, FollowsAnyChangeRowByRow) {
  QueueModel model;
  const Tester tester(&model, Tester::FailureReportingMode::Fatal);
  QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
  std::mt19937 random(5);
  const auto any = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
  for (int round = 0; round < 300; ++round) {
    std::vector<store::RunSummary> runs;
    for (std::int64_t id = 1; id <= 12; ++id) {
      store::RunSummary run =
          makeRun(id, std::vector{store::RunState::Queued, store::RunState::Running, store::RunState::Held,
                                  store::RunState::Finished}[static_cast<std::size_t>(any(0, 3))]);
      run.position = any(1, 30);
      runs.push_back(run);
    }
    const auto snapshot = snapshotOf(runs);
    model.setSnapshot(snapshot, {});
    std::vector<std::int64_t> expected;
    for (const store::Job& job : snapshot->jobs)
      if (job.state == store::JobState::Queued) expected.push_back(job.run.value);
    ASSERT_EQ(waitingIds(model), expected) << round;
    const auto open = static_cast<int>(snapshot->jobs.size());
    ASSERT_EQ(
        std::count_if(runs.begin(), runs.end(), [](const auto& run) { return run.state != store::RunState::Finished; }),
        open);
  }
  EXPECT_EQ(resets.size(), 0);
}

TEST(QueueModel, OfTenThousandWaitingJobsIsFollowedInOneWalk) {
  QueueModel model;
  QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted);
  std::vector<store::RunSummary> runs;
  for (std::int64_t id = 1; id <= 10'000; ++id) runs.push_back(makeRun(id, store::RunState::Queued));
  const auto snapshot = snapshotOf(runs);
  const auto begin = std::clock();
  model.setSnapshot(snapshot, {});
  for (int row = 0; row < model.rowCount(); ++row) model.index(row, static_cast<int>(QueueColumn::Position)).data();
  EXPECT_EQ(inserted.size(), 1) << "neighbours come together";
  EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 0.5)
      << "seconds, if each row looks for its own";
}

TEST(QueueModel, AsksForAMoveWhenARowIsDroppedAndMovesNothingItself) {
  QueueModel model;
  model.setSnapshot(snapshotOf({makeRun(1, store::RunState::Queued), makeRun(2, store::RunState::Queued),
                                makeRun(3, store::RunState::Running)}),
                    {});
  std::vector<std::pair<std::int64_t, std::int64_t>> asked;
  QObject::connect(&model, &QueueModel::moveRequested,
                   [&](store::JobId job, store::JobId before) { asked.emplace_back(job.value, before.value); });
  const std::unique_ptr<QMimeData> second(model.mimeData({model.index(model.rowOf(store::RunId{2}), 0)}));
  EXPECT_FALSE(model.dropMimeData(second.get(), Qt::MoveAction, model.rowOf(store::RunId{1}), 0, {}))
      << "true would make the view remove the row";
  const std::unique_ptr<QMimeData> first(model.mimeData({model.index(model.rowOf(store::RunId{1}), 0)}));
  EXPECT_FALSE(model.dropMimeData(first.get(), Qt::MoveAction, model.rowCount(), 0, {}));
  EXPECT_FALSE(model.canDropMimeData(first.get(), Qt::MoveAction, 1, 0, {})) << "above the running job";
  EXPECT_EQ(asked, (std::vector<std::pair<std::int64_t, std::int64_t>>{{102, 101}, {101, 0}}));
  EXPECT_EQ(waitingIds(model), (std::vector<std::int64_t>{1, 2}));
  EXPECT_FALSE(model.flags(model.index(model.rowOf(store::RunId{3}), 0)) & Qt::ItemIsDragEnabled);
}

TEST(QueuePlan, StartsWaitingJobsInOrderOnTheDeviceThatIsFreeFirst) {
  const double now = 10'000;
  store::RunSummary done = makeRun(1);
  done.started = 1000;
  done.ended = 2000;
  done.step = 100;  // 10 s a step at 1000 parameters
  store::RunSummary running = makeRun(2, store::RunState::Running);
  running.device = "cuda:0";
  running.started = now - 500;
  running.step = 50;
  running.progress = 0.5;
  store::RunSummary first = makeRun(3, store::RunState::Queued), urgent = makeRun(4, store::RunState::Queued);
  urgent.priority = 10;
  auto snapshot = snapshotOf({done, running, first, urgent});
  snapshot->engine.devices = {"cuda:0 H100", "cuda:1 H100", "cpu 16 cores"};
  const QueuePlan plan = planQueue(*snapshot, now);
  ASSERT_EQ(plan.jobs.size(), 3u);
  EXPECT_EQ(plan.jobs[0].run.value, 2);
  EXPECT_EQ(plan.jobs[0].lanes, std::vector<int>{0});
  EXPECT_DOUBLE_EQ(plan.jobs[0].end_s, now + 500) << "half done after 500 s";
  EXPECT_EQ(plan.jobs[1].run.value, 4) << "higher priority first";
  EXPECT_EQ(plan.jobs[1].lanes, std::vector<int>{1});
  EXPECT_DOUBLE_EQ(plan.jobs[1].start_s, now);
  EXPECT_DOUBLE_EQ(plan.jobs[1].end_s, now + 1000);
  EXPECT_EQ(plan.jobs[2].lanes, std::vector<int>{0}) << "cuda:0 is free after 500 s, cuda:1 only after 1000";
  EXPECT_DOUBLE_EQ(plan.jobs[2].start_s, now + 500);
  ASSERT_TRUE(plan.end_s);
  EXPECT_DOUBLE_EQ(*plan.end_s, now + 1500);
}

TEST(QueuePlan, PromisesAJobOnlyTheLanesThatItAsksFor) {
  store::RunSummary running = makeRun(1, store::RunState::Running);
  running.device = "cuda:0";
  auto snapshot = snapshotOf({running, makeRun(2, store::RunState::Queued), makeRun(3, store::RunState::Queued),
                              makeRun(4, store::RunState::Queued), makeRun(5, store::RunState::Queued)});
  snapshot->engine.devices = {"cuda:0 H100", "cpu 16 cores"};
  snapshot->jobs[2].resources.device = "cpu";
  snapshot->jobs[3].resources.devices = 4;
  snapshot->jobs[4].needs = {snapshot->jobs[2].id};
  snapshot->jobs[4].resources.device = "cpu";
  const QueuePlan plan = planQueue(*snapshot, 1000);
  const auto lanesOf = [&](std::int64_t job) {
    const PlannedJob* planned = plan.find({job});
    return planned ? planned->lanes : std::vector<int>{};
  };
  EXPECT_EQ(lanesOf(102), std::vector<int>{0}) << "for a GPU it waits, though the CPU is free";
  EXPECT_GT(plan.find({102})->start_s, 1000);
  EXPECT_EQ(lanesOf(103), std::vector<int>{1});
  EXPECT_EQ(plan.find({103})->start_s, 1000);
  EXPECT_EQ(plan.find({104}), nullptr) << "this machine never has four GPUs";
  EXPECT_EQ(plan.find({105})->start_s, plan.find({103})->end_s) << "it needs that one";
}

TEST(QueuePlan, PromisesNoEndBeforeAnythingHasTrained) {
  const QueuePlan plan = planQueue(*snapshotOf({makeRun(1, store::RunState::Queued)}), 1000);
  ASSERT_EQ(plan.jobs.size(), 1u);
  EXPECT_FALSE(plan.jobs[0].isLengthKnown);
  EXPECT_FALSE(plan.end_s);
  EXPECT_EQ(plan.lanes, std::vector<std::string>{"CPU"}) << "without an engine there is still this machine";
}

}  // namespace
}  // namespace weft::ui
