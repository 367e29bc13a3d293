#include <gtest/gtest.h>

#include "ui/models/run_filter.h"
#include "ui/models/run_sort_proxy.h"

namespace weft::ui {
namespace {

store::RunSummary sample() {
  store::RunSummary run;
  run.id = {7};
  run.name = "H128-MQA-CLA2";
  run.state = store::RunState::Finished;
  run.map = "0_0_2_2";
  run.generator = "cla2";
  run.tags = {"table-1", "cla2"};
  run.kvBytesPerToken = 5120;
  run.perplexity = 13.6;
  run.parameters = 948'400'000;
  run.layers = 20;
  return run;
}

bool matches(const char* text, const store::RunSummary& run) {
  const auto filter = RunFilter::parse(QString::fromUtf8(text));
  EXPECT_TRUE(filter) << text << ": " << (filter ? "" : filter.error().message.toStdString());
  return filter && filter->matches(run);
}

FilterError errorOf(const char* text) {
  const auto filter = RunFilter::parse(QString::fromUtf8(text));
  EXPECT_FALSE(filter) << text;
  return filter ? FilterError{} : filter.error();
}

TEST(RunFilter, ComparesNumbersWithEverySign) {
  const store::RunSummary run = sample();
  EXPECT_TRUE(matches("kv_bytes_per_token = 5120", run));
  EXPECT_FALSE(matches("kv_bytes_per_token != 5120", run));
  EXPECT_TRUE(matches("kv_bytes_per_token <= 5120", run));
  EXPECT_FALSE(matches("kv_bytes_per_token < 5120", run));
  EXPECT_TRUE(matches("kv_bytes_per_token >= 5,120", run));
  EXPECT_FALSE(matches("kv_bytes_per_token > 5120", run));
  EXPECT_TRUE(matches("parameters > 900M and parameters < 1G", run));
  EXPECT_TRUE(matches("perplexity <= 1.36e1", run));
}

TEST(RunFilter, NeverMatchesAMissingNumber) {
  store::RunSummary run = sample();
  run.perplexity.reset();
  EXPECT_FALSE(matches("perplexity < 100", run));
  EXPECT_FALSE(matches("perplexity >= 100", run));
  EXPECT_TRUE(matches("not perplexity < 100", run));
}

TEST(RunFilter, ComparesTextsWithoutCaseAndSearchesWithATilde) {
  const store::RunSummary run = sample();
  EXPECT_TRUE(matches("name = h128-mqa-cla2", run));
  EXPECT_FALSE(matches("name = H128", run));
  EXPECT_TRUE(matches("name ~ \"^h128\"", run));
  EXPECT_TRUE(matches("name ~ \"CLA[23]$\"", run));
  EXPECT_TRUE(matches("map ~ 0_0_2", run));
  EXPECT_TRUE(matches("cache = dense", run));
}

TEST(RunFilter, TakesTagsOneByOne) {
  const store::RunSummary run = sample();
  EXPECT_TRUE(matches("tags = cla2", run));
  EXPECT_FALSE(matches("tags = cla", run));
  EXPECT_TRUE(matches("tags ~ \"^cla\"", run));
  EXPECT_FALSE(matches("tags != cla2", run)) << "one of its tags is cla2";
  EXPECT_TRUE(matches("tags != sweep", run));
}

TEST(RunFilter, BindsNotBeforeAndBeforeOr) {
  const store::RunSummary run = sample();
  EXPECT_TRUE(matches("state = running and layers = 1 or layers = 20", run));
  EXPECT_FALSE(matches("state = running and (layers = 1 or layers = 20)", run));
  EXPECT_TRUE(matches("not archived and layers = 20", run));
  EXPECT_FALSE(matches("not (not archived and layers = 20)", run));
  EXPECT_TRUE(matches("not not layers = 20", run));
}

TEST(RunFilter, SearchesALoneWordInNameMapAndTags) {
  const store::RunSummary run = sample();
  EXPECT_TRUE(matches("mqa", run));
  EXPECT_TRUE(matches("\"table-1\" and cla2", run));
  EXPECT_FALSE(matches("gqa", run));
  EXPECT_TRUE(matches("", run));
  EXPECT_TRUE(matches("   ", run));
}

TEST(RunFilter, KnowsFlags) {
  store::RunSummary run = sample();
  EXPECT_FALSE(matches("archived", run));
  EXPECT_TRUE(matches("archived = false", run));
  run.archived = true;
  EXPECT_TRUE(matches("archived", run));
  EXPECT_FALSE(matches("archived != true", run));
}

TEST(RunFilter, NamesTheWrongCharactersAndWhatWouldBeRight) {
  FilterError error = errorOf("family = 1 and archivd");
  EXPECT_EQ(error.begin, 0);
  EXPECT_EQ(error.end, 6);
  error = errorOf("layers = 20 and archivd");
  EXPECT_EQ(error.begin, 16);
  EXPECT_EQ(error.end, 23);
  EXPECT_TRUE(error.message.contains(QStringLiteral("archived"))) << error.message.toStdString();
  error = errorOf("perplexity <= few");
  EXPECT_EQ(error.begin, 14);
  EXPECT_TRUE(error.message.contains(QStringLiteral("number")));
  EXPECT_TRUE(errorOf("state = runing").message.size() > 0);
  EXPECT_EQ(errorOf("state = runing").begin, 8);
  EXPECT_EQ(errorOf("(layers = 20").begin, 0);
  EXPECT_EQ(errorOf("layers ! 20").begin, 7);
  EXPECT_EQ(errorOf("name ~ \"[\"").begin, 7);
  EXPECT_EQ(errorOf("perplexity ~ 13").begin, 11);
}

TEST(RunFilter, RefusesHalvesWithoutLosingItsWay) {
  for (const char* text : {"layers =", "and layers = 1", "layers = 1 and", "layers = 1 layers = 2", "not", "()", ")",
                           "\"open", "perplexity", "archived > 2", "name = = 1", "#"}) {
    const FilterError error = errorOf(text);
    EXPECT_FALSE(error.message.isEmpty()) << text;
    EXPECT_LE(error.end, static_cast<int>(std::string(text).size())) << text;
    EXPECT_LE(error.begin, error.end) << text;
  }
}

TEST(RunFilter, RefusesDeepNestingInsteadOfCrashing) {
  EXPECT_TRUE(errorOf(std::string(100'000, '(').c_str()).message.contains(QStringLiteral("deep")));
  std::string nots;
  for (int i = 0; i < 50'000; ++i) nots += "not ";
  EXPECT_TRUE(errorOf((nots + "archived").c_str()).message.contains(QStringLiteral("deep")));
}

TEST(RunFilter, NamesTheClauseThatExcludesTheMost) {
  std::vector<store::RunSummary> runs(10, sample());
  for (int i = 0; i < 3; ++i) runs[static_cast<std::size_t>(i)].kvBytesPerToken = 1;
  const QString text = QStringLiteral("layers = 20 and kv_bytes_per_token <= 10 and not archived");
  const auto clause = RunFilter::parse(text)->mostExcluding(RunRows(runs));
  EXPECT_EQ(text.mid(clause.begin, clause.end - clause.begin), QStringLiteral("kv_bytes_per_token <= 10"));
  EXPECT_EQ(clause.excluded, 7);
}

TEST(RunFilter, CompletesTheValuesThatTheRunsHave) {
  EXPECT_EQ(RunFilter::values(QStringLiteral("tags"), RunRows({sample()})),
            (QStringList{QStringLiteral("cla2"), QStringLiteral("table-1")}));
  EXPECT_EQ(RunFilter::values(QStringLiteral("generator"), RunRows({sample()})), QStringList{QStringLiteral("cla2")});
  EXPECT_TRUE(RunFilter::values(QStringLiteral("no_such_field"), RunRows({sample()})).isEmpty());
}

TEST(RunSortProxy, HidesArchivedRunsUnlessTheFilterSpeaksOfThem) {
  store::RunSummary run = sample();
  run.archived = true;
  EXPECT_FALSE(RunSortProxy::accepts(RunFilter(), run));
  EXPECT_FALSE(RunSortProxy::accepts(*RunFilter::parse(QStringLiteral("layers = 20")), run));
  EXPECT_TRUE(RunSortProxy::accepts(*RunFilter::parse(QStringLiteral("layers = 20 and archived")), run));
}

}  // namespace
}  // namespace weft::ui
